//! Features.
use super::bars::Bar;
/// x
pub const WIDTH: usize = 23;
/// x
#[derive(Clone, Debug)]
pub struct Features { /// x
pub last_bar: i64, /// x
pub tabular: [f64; WIDTH], /// x
pub sequence: Vec<[f32; WIDTH]> }
/// x
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct BarsFault;
/// x
pub fn build(_b: &[Bar]) -> Result<Features, BarsFault> { Err(BarsFault) }
