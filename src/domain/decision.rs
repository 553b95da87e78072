//! What an automatic trader decided, and why.

use super::{Ratio, Side, Text, UtcMicros};
use serde::{Deserialize, Serialize};

/// Who decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionSource {
    /// The live engine.
    #[default]
    Engine,
    /// The sentinel, ours or the Python daemon's log.
    Sentinel,
    /// The signal source of `crs demo`.
    Demo,
}

impl DecisionSource {
    /// The word on the screen: `engine`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Sentinel => "sentinel",
            Self::Demo => "demo",
        }
    }

    /// The same in three letters, for a column.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Engine => "eng",
            Self::Sentinel => "sen",
            Self::Demo => "dem",
        }
    }
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

/// How long one step on the way to a decision took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionStep {
    /// Which: `bars`, `features`, `model`, `order`.
    pub name: Text,
    /// Microseconds, by the trader's monotonic clock.
    pub us: u64,
}

/// One decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Number of the decision within the trader's run: an engine's `tick_id`,
    /// a sentinel's cycle. With source, symbol and `at` it tells that a log
    /// and a telemetry port speak of one decision.
    #[serde(default)]
    pub number: Option<u64>,
    /// What became of it: `ORD_000004`, `ticket 10000042`; empty where no
    /// order was made.
    #[serde(default)]
    pub order: Text,
    /// How long each step took, in the order they were taken; bounded.
    #[serde(default)]
    pub steps: Vec<DecisionStep>,
    /// That orders of this trader leave the process; none where it is not told.
    #[serde(default)]
    pub live: Option<bool>,
    /// Host that the trader runs on; empty where it is not told.
    #[serde(default)]
    pub host: Text,
    /// Its process id there; none where it is not told. With source and host it
    /// says which of several traders of one kind decided.
    #[serde(default)]
    pub pid: Option<u64>,
}
