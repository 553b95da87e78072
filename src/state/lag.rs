//! How late everything is: integer histograms, so that a digest can hold.

use super::State;
use crate::domain::{Decision, DecisionSource};
use serde::{Deserialize, Serialize};

/// A round trip above this, in microseconds, is the documents' alarm line.
pub const RTT_LIMIT_US: u64 = 100_000;
/// The engine's documented limit in microseconds, tick to log entry.
pub const ENGINE_LIMIT_US: u64 = 10_000;
/// A model's documented time to answer, in microseconds.
pub const MODEL_LIMIT_US: u64 = 1_000_000;
/// Samples in one generation of a [`Rolling`].
const GENERATION: u64 = 1_024;

/// Durations in microseconds, counted in buckets of a quarter octave.
///
/// A percentile is the upper edge of its bucket (never above the maximum), so
/// it is at most a quarter too high and never too low.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Samples.
    pub count: u64,
    /// The last one.
    pub last_us: Option<u64>,
    /// The greatest one.
    pub max_us: u64,
    /// Counts by bucket; as long as its last bucket in use.
    pub buckets: Vec<u64>,
}

impl Series {
    /// Counts one duration, in microseconds.
    pub fn record(&mut self, us: u64) {
        let index = bucket_of(us);
        if self.buckets.len() <= index {
            self.buckets.resize(index + 1, 0);
        }
        if let Some(slot) = self.buckets.get_mut(index) {
            *slot = slot.saturating_add(1);
        }
        self.count = self.count.saturating_add(1);
        self.last_us = Some(us);
        self.max_us = self.max_us.max(us);
    }

    /// The duration that `permille` of 1,000 samples do not exceed, in
    /// microseconds; none without samples.
    #[must_use]
    pub fn percentile(&self, permille: u32) -> Option<u64> {
        percentile_of(self.count, permille, &self.buckets, &[]).map(|us| us.min(self.max_us))
    }

    /// The bucket that a duration of `us` microseconds is counted in.
    #[must_use]
    pub fn bucket(us: u64) -> usize {
        bucket_of(us)
    }

    /// Median in microseconds.
    #[must_use]
    pub fn p50(&self) -> Option<u64> {
        self.percentile(500)
    }

    /// 90th percentile in microseconds.
    #[must_use]
    pub fn p90(&self) -> Option<u64> {
        self.percentile(900)
    }

    /// 99th percentile in microseconds.
    #[must_use]
    pub fn p99(&self) -> Option<u64> {
        self.percentile(990)
    }

    /// Greatest, in microseconds; none without samples.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max_us)
    }
}

/// The last one to two thousand samples: the older generation goes as a whole
/// when the younger one is full, so a market that wakes up is noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rolling {
    /// Being filled.
    pub young: Series,
    /// Full, or empty at the start.
    pub old: Series,
}

impl Rolling {
    /// Counts one duration, in microseconds.
    pub fn record(&mut self, us: u64) {
        if self.young.count >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.record(us);
    }

    /// As [`Series::percentile`], over both generations.
    #[must_use]
    pub fn percentile(&self, permille: u32) -> Option<u64> {
        let count = self.young.count.saturating_add(self.old.count);
        percentile_of(count, permille, &self.young.buckets, &self.old.buckets)
            .map(|us| us.min(self.young.max_us.max(self.old.max_us)))
    }
}

/// The series of the Lag pane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// Gap between two ticks of one symbol.
    pub tick_gap: Series,
    /// Tick lag above the best offset seen.
    pub tick_lag: Series,
    /// Heartbeat round trip, of all gateways; each one's own is in its pane.
    pub heartbeat: Series,
    /// Engine: tick to log entry.
    pub engine: Series,
    /// Engine: from one decision to the next of the same symbol.
    #[serde(default)]
    pub engine_gap: Series,
    /// Sentinel: what its cycle is made of.
    #[serde(default)]
    pub sentinel: Steps,
}

/// The steps of a sentinel's cycle, and all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// Market data.
    pub bars: Series,
    /// What the model is asked with.
    pub features: Series,
    /// The model's answer.
    pub model: Series,
    /// The order's round trip.
    pub order: Series,
    /// From the first step to the decision.
    pub cycle: Series,
}

impl State {
    /// Counts what a decision says of its time, and the gap before it.
    pub(super) fn lag_of(&mut self, decision: &Decision, gap_us: Option<u64>) {
        if decision.source == DecisionSource::Engine {
            if let Some(us) = decision.lag_us {
                self.lag.engine.record(us);
            }
            if let Some(us) = gap_us {
                self.lag.engine_gap.record(us);
            }
            return;
        }
        let all = &mut self.lag.sentinel;
        for step in &decision.steps {
            let series = match step.name.as_str() {
                "bars" => &mut all.bars,
                "features" => &mut all.features,
                "model" => &mut all.model,
                "order" => &mut all.order,
                _ => continue,
            };
            series.record(step.us);
        }
        let sum = || decision.steps.iter().fold(0_u64, |sum, step| sum.saturating_add(step.us));
        let whole = decision.lag_us.or_else(|| (!decision.steps.is_empty()).then(sum));
        if let Some(us) = whole {
            all.cycle.record(us);
        }
    }
}

fn percentile_of(count: u64, permille: u32, a: &[u64], b: &[u64]) -> Option<u64> {
    if count == 0 {
        return None;
    }
    let wanted = (u128::from(count) * u128::from(permille.min(1_000))).div_ceil(1_000).max(1);
    let mut seen = 0_u128;
    for index in 0..a.len().max(b.len()) {
        let at = |s: &[u64]| u128::from(s.get(index).copied().unwrap_or(0));
        seen += at(a) + at(b);
        if seen >= wanted {
            return Some(upper_edge(index));
        }
    }
    None
}

/// Below 4 each value has a bucket; above, an octave has four of equal width.
fn bucket_of(us: u64) -> usize {
    let octave = us.checked_ilog2().unwrap_or(0);
    let index =
        if octave < 2 { us } else { u64::from(octave) * 4 - 4 + ((us >> (octave - 2)) & 3) };
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The greatest value of a bucket.
fn upper_edge(index: usize) -> u64 {
    let next = u128::try_from(index).unwrap_or(u128::MAX).saturating_add(1);
    if next <= 4 {
        return u64::try_from(next - 1).unwrap_or(u64::MAX);
    }
    let (octave, quarter) = ((next + 4) / 4, (next + 4) % 4);
    let lower_of_next =
        u32::try_from(octave - 2).ok().and_then(|shift| (4 + quarter).checked_shl(shift));
    u64::try_from(lower_of_next.unwrap_or(u128::MAX) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(values: impl IntoIterator<Item = u64>) -> Series {
        let mut s = Series::default();
        values.into_iter().for_each(|v| s.record(v));
        s
    }

    #[test]
    fn nothing_recorded_is_unknown_not_zero() {
        let s = Series::default();
        assert_eq!((s.p50(), s.p99(), s.max(), s.last_us), (None, None, None, None));
    }

    #[test]
    fn percentiles_of_a_thousand_round_trips() {
        let s = series(1..=1_000);
        assert_eq!(s.percentile(500), Some(511));
        assert_eq!(s.percentile(990), Some(1_000));
        assert_eq!(s.max(), Some(1_000));
        assert_eq!(series([30_000]).p99(), Some(30_000));
    }

    #[test]
    fn a_rolling_series_forgets() {
        let mut r = Rolling::default();
        (0..GENERATION).for_each(|_| r.record(60_000_000));
        assert_eq!(r.percentile(990), Some(60_000_000));
        (0..2 * GENERATION).for_each(|_| r.record(1_000));
        assert_eq!(r.percentile(990), Some(1_000));
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_values_and_is_a_quarter_wide(us in any::<u64>()) {
            let index = bucket_of(us);
            prop_assert!(index < 252);
            let upper = upper_edge(index);
            prop_assert!(upper >= us);
            prop_assert!(upper - us <= us / 4 + 1);
            prop_assert!(index == 0 || upper_edge(index - 1) < us);
        }

        #[test]
        fn a_percentile_is_never_too_low(mut v in prop::collection::vec(0_u64..10_000_000, 1..200), p in 1_u32..1_000) {
            let s = series(v.iter().copied());
            v.sort_unstable();
            let rank = (v.len() * p as usize).div_ceil(1_000).max(1) - 1;
            let shown = s.percentile(p).unwrap();
            prop_assert!(shown >= v[rank] && shown <= v[rank] + v[rank] / 4 + 1);
        }
    }
}
