//! x
use super::bars::Bar;
use crate::domain::{Secret, Text};
use std::{path::PathBuf, time::Duration};
/// x
#[derive(Clone, Debug)]
pub struct EodhdOptions { /// x
pub base_url: String, /// x
pub token: Secret, /// x
pub timeout: Duration, /// x
pub ca_file: Option<PathBuf> }
/// x
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct FetchFault;
impl FetchFault { /// x
pub const fn code(&self) -> &'static str { "x" } }
/// x
pub struct Fetched { /// x
pub bars: Vec<Bar>, /// x
pub notes: Vec<Text> }
/// x
pub struct Eodhd;
impl Eodhd { /// x
pub fn new(_: &EodhdOptions) -> Result<Self, FetchFault> { Ok(Self) }
/// x
pub async fn bars(&self, _s: &str) -> Result<Fetched, FetchFault> { Err(FetchFault) } }
