//! How late everything is: integer histograms, so that a digest can hold.

use serde::{Deserialize, Serialize};

/// Durations in microseconds, counted in buckets of a quarter octave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Samples.
    pub count: u64,
    /// The last one.
    pub last_us: Option<u64>,
    /// The greatest one.
    pub max_us: u64,
    /// Counts by bucket.
    pub buckets: Vec<u64>,
}

/// The series of the Lag pane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// Gap between two ticks of one symbol.
    pub tick_gap: Series,
    /// Tick lag above the best offset seen.
    pub tick_lag: Series,
    /// Heartbeat round trip.
    pub heartbeat: Series,
    /// Engine: tick to log entry.
    pub engine: Series,
}
