//! An automatic trader about itself: the engine, the sentinel.

use super::{DecisionSource, Ratio, Text, UtcMicros};
use serde::{Deserialize, Serialize};

/// One trader's word about itself. A claim, as everything a peer says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraderStatus {
    /// Which kind.
    pub source: DecisionSource,
    /// Host it runs on.
    pub host: Text,
    /// Its process id there, so that two of one kind on one host are two.
    pub pid: u64,
    /// What it trades, as the operator reads it: `EURUSD, USDJPY`.
    pub symbols: Text,
    /// Strategy or model: `threshold`, `moving-average`, the HUB's address.
    pub strategy: Text,
    /// Orders leave the process (else it is a dry run).
    pub live: bool,
    /// Orders pass now; else `why` says what denies them.
    pub safe: bool,
    /// Why orders don't pass, or why the last cycle was skipped; empty: nothing.
    pub why: Text,
    /// Threshold that a sentinel holds its model against.
    pub threshold: Option<Ratio>,
    /// When it began.
    pub started: UtcMicros,
    /// An engine's ticks, a sentinel's cycles.
    pub cycles: u64,
    /// Cycles that were skipped or failed.
    pub failed: u64,
    /// Orders it made (dry ones, too).
    pub orders: u64,
    /// What the latch blocked.
    pub blocked: u64,
    /// Decisions that left on its telemetry port before this word.
    pub told: u64,
    /// Entries that a full disk or a slow reader cost.
    pub lost: u64,
    /// When it last decided (an engine), or last ended a cycle (a sentinel).
    pub last: Option<UtcMicros>,
    /// When the next cycle is due; an engine has none.
    pub next: Option<UtcMicros>,
    /// When it said this, by its own clock.
    pub said: UtcMicros,
}
