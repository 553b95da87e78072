//! Bars.
/// Bar.
#[derive(Clone, Debug)]
pub struct Bar { /// x
pub at: i64, /// x
pub open: f64, /// x
pub high: f64, /// x
pub low: f64, /// x
pub close: f64, /// x
pub volume: f64 }
