//! Fold of ticks into candles: a ring for each period of each symbol.
//!
//! A candle belongs to a whole period of UTC, counted on by the monotonic
//! clock from where the session began, so that a wall clock that is set moves
//! none. A period without a tick has no candle: silence stays a gap. Rings
//! grow with what comes, and are shorter where there are many symbols:
//!
//! | symbols | candles a period | all rings full |
//! |---|---|---|
//! | up to 64 | 240 | 6 MB |
//! | up to 256 | 120 | 12 MB |
//! | up to 1,024 | 60 | 24 MB |

use super::State;
use crate::domain::{Price, Stamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How long a candle is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// One second.
    S1,
    /// Five seconds.
    #[default]
    S5,
    /// Fifteen seconds.
    S15,
    /// One minute.
    M1,
    /// Five minutes.
    M5,
    /// A quarter of an hour.
    M15,
    /// One hour.
    H1,
}

impl Period {
    /// All of them, shortest first.
    pub const ALL: [Self; 7] =
        [Self::S1, Self::S5, Self::S15, Self::M1, Self::M5, Self::M15, Self::H1];

    /// Its length in microseconds.
    #[must_use]
    pub const fn us(self) -> i64 {
        1_000_000
            * match self {
                Self::S1 => 1,
                Self::S5 => 5,
                Self::S15 => 15,
                Self::M1 => 60,
                Self::M5 => 300,
                Self::M15 => 900,
                Self::H1 => 3_600,
            }
    }

    /// As an operator writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::S1 => "1s",
            Self::S5 => "5s",
            Self::S15 => "15s",
            Self::M1 => "1m",
            Self::M5 => "5m",
            Self::M15 => "15m",
            Self::H1 => "1h",
        }
    }

    /// The next longer one; the longest stays.
    #[must_use]
    pub fn longer(self) -> Self {
        Self::ALL.into_iter().find(|p| *p > self).unwrap_or(self)
    }

    /// The next shorter one; the shortest stays.
    #[must_use]
    pub fn shorter(self) -> Self {
        Self::ALL.into_iter().rev().find(|p| *p < self).unwrap_or(self)
    }

    /// The beginning of the period that `us` lies in, both in UTC microseconds.
    #[must_use]
    pub const fn begin(self, us: i64) -> i64 {
        us.saturating_sub(us.rem_euclid(self.us()))
    }
}

/// What the bid did in one period, and where the ask ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candle {
    /// When its period began, in UTC microseconds.
    pub begin: i64,
    /// First bid.
    pub open: Price,
    /// Highest bid.
    pub high: Price,
    /// Lowest bid.
    pub low: Price,
    /// Last bid.
    pub close: Price,
    /// Last ask.
    pub ask: Price,
    /// Ticks in it.
    pub ticks: u32,
}

/// The candles of one symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candles {
    rings: [VecDeque<Candle>; Period::ALL.len()],
}

impl Candles {
    /// Those of one period, oldest first.
    #[must_use]
    pub fn of(&self, period: Period) -> &VecDeque<Candle> {
        // The rings stand in the order of the periods.
        let [s1, s5, s15, m1, m5, m15, h1] = &self.rings;
        match period {
            Period::S1 => s1,
            Period::S5 => s5,
            Period::S15 => s15,
            Period::M1 => m1,
            Period::M5 => m5,
            Period::M15 => m15,
            Period::H1 => h1,
        }
    }

    /// Takes in a quote of the moment `us`; a ring keeps `depth` candles.
    pub(super) fn take(&mut self, us: i64, bid: Price, ask: Price, depth: usize) {
        for (period, ring) in Period::ALL.into_iter().zip(&mut self.rings) {
            match ring.back_mut() {
                // What comes late still belongs to the newest: its own may
                // have been closed by a tick of another thread.
                Some(last) if us < last.begin.saturating_add(period.us()) => {
                    last.high = last.high.max(bid);
                    last.low = last.low.min(bid);
                    (last.close, last.ask) = (bid, ask);
                    last.ticks = last.ticks.saturating_add(1);
                }
                _ => {
                    while ring.len() >= depth {
                        ring.pop_front();
                    }
                    let begin = period.begin(us);
                    ring.push_back(Candle {
                        begin,
                        open: bid,
                        high: bid,
                        low: bid,
                        close: bid,
                        ask,
                        ticks: 1,
                    });
                }
            }
        }
    }
}

/// Candles a ring keeps where there are so many symbols.
#[must_use]
pub const fn depth(symbols: usize) -> usize {
    match symbols {
        0..=64 => 240,
        65..=256 => 120,
        _ => 60,
    }
}

impl State {
    /// `at` in UTC microseconds as the candles count it: by the monotonic
    /// clock from where the session began.
    #[must_use]
    pub fn chart_time(&self, at: Stamp) -> i64 {
        steady(self.began, at)
    }
}

/// `at` in UTC microseconds by the monotonic clock, so that a wall clock that
/// is set during the session moves nothing. What was before the session began
/// counts backwards from there.
pub(super) fn steady(began: Stamp, at: Stamp) -> i64 {
    let us = |d: std::time::Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
    began.utc.0.saturating_add(us(at.since(began))).saturating_sub(us(began.since(at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price(raw: i64) -> Price {
        Price::from_raw(raw)
    }

    fn fed(ticks: &[(i64, i64)], depth: usize) -> Candles {
        let mut candles = Candles::default();
        for (s, bid) in ticks {
            candles.take(s * 1_000_000, price(*bid), price(bid + 2), depth);
        }
        candles
    }

    #[test]
    fn a_period_begins_where_utc_has_it() {
        let at = 1_768_399_277_123_456;
        assert_eq!(Period::S1.begin(at), 1_768_399_277_000_000);
        assert_eq!(Period::M1.begin(at) % 60_000_000, 0);
        assert_eq!(Period::H1.begin(-1), -3_600_000_000);
        assert_eq!((Period::S1.shorter(), Period::S1.longer()), (Period::S1, Period::S5));
        assert_eq!((Period::H1.longer(), Period::H1.shorter()), (Period::H1, Period::M15));
    }

    #[test]
    fn a_candle_opens_runs_and_closes() {
        let candles = fed(&[(60, 5), (61, 9), (64, 3), (64, 4), (65, 7)], 240);
        let five: Vec<_> = candles.of(Period::S5).iter().copied().collect();
        let first = five[0];
        assert_eq!((first.open, first.high), (price(5), price(9)));
        assert_eq!((first.low, first.close, first.ask), (price(3), price(4), price(6)));
        assert_eq!((first.ticks, five.len()), (4, 2));
        assert_eq!(candles.of(Period::H1).len(), 1);
    }

    #[test]
    fn silence_has_no_candle() {
        let candles = fed(&[(0, 5), (7, 6)], 240);
        let begins: Vec<_> = candles.of(Period::S1).iter().map(|c| c.begin / 1_000_000).collect();
        assert_eq!(begins, [0, 7]);
    }

    #[test]
    fn a_wall_clock_that_was_set_moves_nothing() {
        let at = |mono_ns, utc| Stamp { mono_ns, utc: crate::domain::UtcMicros(utc) };
        let began = at(5_000_000_000, 1_000_000_000);
        assert_eq!(steady(began, at(7_000_000_000, 0)), 1_002_000_000);
        assert_eq!(steady(began, at(4_000_000_000, 0)), 999_000_000);
    }

    proptest! {
        #[test]
        fn rings_are_bounded_ordered_and_whole(
            ticks in prop::collection::vec((any::<i32>(), any::<i64>()), 0..400),
            depth in 1_usize..50,
        ) {
            let mut candles = Candles::default();
            for (s, bid) in ticks {
                candles.take(i64::from(s) * 1_000_000, price(bid), price(bid), depth);
            }
            for period in Period::ALL {
                let ring = candles.of(period);
                prop_assert!(ring.len() <= depth);
                for c in ring {
                    prop_assert!(c.low <= c.open.min(c.close) && c.high >= c.open.max(c.close));
                    prop_assert!(c.begin.rem_euclid(period.us()) == 0 && c.ticks > 0);
                }
                let all: Vec<_> = ring.iter().map(|c| c.begin).collect();
                prop_assert!(all.windows(2).all(|w| w[0] < w[1]));
            }
        }
    }
}
