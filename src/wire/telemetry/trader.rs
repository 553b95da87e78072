//! What an automatic trader tells on its telemetry port: each decision, and
//! now and then a word about itself.
//!
//! Shares and thresholds are basis points (0.6 is 6,000), times microseconds
//! UTC, durations microseconds: whole numbers that every MessagePack reader
//! takes as they are.

use super::VERSION;
use crate::domain::{
    Decision, DecisionSource, DecisionStep, Probabilities, Ratio, Side, Text, TraderStatus,
    UtcMicros,
};
use serde::{Deserialize, Serialize};

/// Topic of [`TraderDecision`].
pub const TRADER_DECISION: &str = "trader.decision";
/// Topic of [`TraderStatusTold`].
pub const TRADER_STATUS: &str = "trader.status";
/// Steps that are taken of one decision.
const MAX_STEPS: usize = 8;

/// One decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraderDecision {
    /// [`VERSION`].
    pub v: u16,
    /// `engine`, `sentinel` or `demo`.
    pub source: DecisionSource,
    /// Instrument.
    pub symbol: Text,
    /// Number within the trader's run: `tick_id`, or the cycle.
    pub number: Option<u64>,
    /// `BUY`, `SELL`, or nothing for hold.
    pub side: Option<Side>,
    /// Sell, hold, buy in basis points, where there is a model.
    #[serde(default)]
    pub shares_bp: Option<[i64; 3]>,
    /// Threshold in basis points.
    #[serde(default)]
    pub threshold_bp: Option<i64>,
    /// `ORDER_GENERATED`, `NO_ORDER`, `BLOCKED`, `SKIPPED`, `ERROR`, …
    pub action: Text,
    /// Why, or why not.
    #[serde(default)]
    pub why: Text,
    /// `ORD_000004`, `ticket 10000042`; empty where no order was made.
    #[serde(default)]
    pub order: Text,
    /// From tick to log entry, microseconds.
    #[serde(default)]
    pub lag_us: Option<u64>,
    /// Steps and how long each took, microseconds.
    #[serde(default)]
    pub steps: Vec<(Text, u64)>,
    /// Orders leave the process (else a dry run).
    #[serde(default)]
    pub live: Option<bool>,
    /// Host that the trader runs on, as in its status; empty from older ones.
    #[serde(default)]
    pub host: Text,
    /// Its process id there, as in its status; nothing from older ones.
    #[serde(default)]
    pub pid: Option<u64>,
    /// When it was decided.
    pub time_us: UtcMicros,
}

/// A trader about itself: [`TraderStatus`] with a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraderStatusTold {
    /// [`VERSION`].
    pub v: u16,
    /// The fields of [`TraderStatus`], at the level of `v`.
    #[serde(flatten)]
    pub status: TraderStatus,
}

impl From<&Decision> for TraderDecision {
    fn from(d: &Decision) -> Self {
        Self {
            v: VERSION,
            source: d.source,
            symbol: d.symbol.clone(),
            number: d.number,
            side: d.side,
            shares_bp: d.probabilities.map(|p| [p.sell.raw(), p.hold.raw(), p.buy.raw()]),
            threshold_bp: d.threshold.map(Ratio::raw),
            action: d.action.clone(),
            why: d.why.clone(),
            order: d.order.clone(),
            lag_us: d.lag_us,
            steps: d.steps.iter().map(|step| (step.name.clone(), step.us)).collect(),
            live: d.live,
            host: d.host.clone(),
            pid: d.pid,
            time_us: d.at.unwrap_or_default(),
        }
    }
}

impl From<TraderDecision> for Decision {
    fn from(told: TraderDecision) -> Self {
        let step = |(name, us)| DecisionStep { name, us };
        let shares = |[sell, hold, buy]: [i64; 3]| Probabilities {
            sell: Ratio::from_raw(sell),
            hold: Ratio::from_raw(hold),
            buy: Ratio::from_raw(buy),
        };
        Self {
            source: told.source,
            at: Some(told.time_us),
            symbol: told.symbol,
            side: told.side,
            probabilities: told.shares_bp.map(shares),
            threshold: told.threshold_bp.map(Ratio::from_raw),
            action: told.action,
            why: told.why,
            lag_us: told.lag_us,
            number: told.number,
            order: told.order,
            steps: told.steps.into_iter().take(MAX_STEPS).map(step).collect(),
            live: told.live,
            host: told.host,
            pid: told.pid,
        }
    }
}

impl From<TraderStatus> for TraderStatusTold {
    fn from(status: TraderStatus) -> Self {
        Self { v: VERSION, status }
    }
}
