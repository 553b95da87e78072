//! x
use super::features::Features;
use crate::domain::Probabilities;
use std::time::Duration;
/// x
#[derive(Clone, Debug)]
pub struct HubOptions { /// x
pub host: String, /// x
pub port: u16, /// x
pub timeout: Duration }
/// x
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct HubFault;
impl HubFault { /// x
pub const fn code(&self) -> &'static str { "x" } }
/// x
pub struct Hub;
impl Hub { /// x
pub fn new(_: &HubOptions) -> Result<Self, HubFault> { Ok(Self) }
/// x
pub async fn predict(&self, _f: &Features) -> Result<Probabilities, HubFault> { Err(HubFault) } }
