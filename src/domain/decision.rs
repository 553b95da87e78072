//! What an automatic trader decided, and why.

use super::{Ratio, Side, Text, UtcMicros};
use serde::{Deserialize, Serialize};

/// Who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionSource {
    /// The live engine's JSON lines.
    Engine,
    /// The sentinel, ours or the Python daemon's log.
    Sentinel,
    /// The signal source of `crs demo`.
    Demo,
}

/// Sell, hold, buy, in units of 1e-4 (0.6 is 6,000).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probabilities {
    /// Share for selling.
    pub sell: Ratio,
    /// Share for holding.
    pub hold: Ratio,
    /// Share for buying.
    pub buy: Ratio,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who.
    pub source: DecisionSource,
    /// When, on its own clock.
    pub at: Option<UtcMicros>,
    /// Instrument.
    pub symbol: Text,
    /// Buy, sell, or none for hold.
    pub side: Option<Side>,
    /// The model's word, where there is a model.
    pub probabilities: Option<Probabilities>,
    /// Threshold it was held against.
    pub threshold: Option<Ratio>,
    /// What was done: `ORDER_GENERATED`, `BLOCKED`, `NO_ORDER`, …
    pub action: Text,
    /// Why, or why not.
    pub why: Text,
    /// From tick to log entry, in microseconds.
    pub lag_us: Option<u64>,
}
