//! Hourly bars, and why some of them can't be used.
//!
//! What belongs here: what a bar is, and reading and judging lists of them.
//! What does not: where they come from, and the time. A bar that is judged
//! unfit is told, never repaired by a guess.

pub mod csv;
mod fault;
pub mod json;
pub mod mend;

pub use fault::BarsFault;

use crate::domain::UtcMicros;

/// Seconds of one bar.
pub const HOUR: i64 = 3_600;
/// Prices above this are none, and would leave the range of 32-bit features.
const MAX_PRICE: f64 = 1e10;
/// Neither is a volume above this one.
const MAX_VOLUME: f64 = 1e15;

/// One bar of one hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// When it begins, in seconds since 1970, UTC.
    pub at: i64,
    /// First price, in the quote currency.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Volume as the source counts it; 0 where it counts none.
    pub volume: f64,
}

impl Bar {
    /// What is wrong with it; none for a bar that can be used. An open outside
    /// of high and low is let pass: sources differ about it, no feature reads it.
    #[must_use]
    pub fn flaw(&self) -> Option<&'static str> {
        let prices = [self.open, self.high, self.low, self.close];
        if prices.iter().any(|price| !price.is_finite()) {
            return Some("a price is no number");
        }
        if prices.iter().any(|price| *price <= 0.0) {
            return Some("a price is not above 0");
        }
        if prices.iter().any(|price| *price > MAX_PRICE) {
            return Some("a price is too large");
        }
        if self.high < self.low {
            return Some("high is below low");
        }
        if self.close > self.high || self.close < self.low {
            return Some("close lies outside of high and low");
        }
        if !self.volume.is_finite() || self.volume < 0.0 || self.volume > MAX_VOLUME {
            return Some("its volume is no number, below 0 or too large");
        }
        None
    }
}

/// A bar's time as an operator reads it: `2026-11-27 14:00`, UTC.
#[must_use]
pub fn shown(at: i64) -> String {
    let seconds = iso(at);
    seconds.strip_suffix(":00").map(str::to_owned).unwrap_or(seconds)
}

/// A bar's time as files have it: `2026-11-27 14:00:00`, UTC.
#[must_use]
pub fn iso(at: i64) -> String {
    let iso = moment(at).naive_iso().replace('T', " ");
    iso.split_once('.').map_or(iso.clone(), |(seconds, _)| seconds.to_owned())
}

fn moment(at: i64) -> UtcMicros {
    UtcMicros(at.saturating_mul(1_000_000))
}
