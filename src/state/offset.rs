//! The offset of a peer's clock, estimated from the smallest difference seen.
//!
//! Receipt minus claim is delay plus clock offset; the least of them holds
//! the least delay, so what a tick has above it is lag. That is an estimate
//! and the screen says so. Two things would spoil it for good and are handled:
//! one tick from the future, and a clock that was set (daylight saving).

use serde::{Deserialize, Serialize};

/// Further ahead of the best offset than this is a claim about the future.
const FUTURE_US: i64 = 60_000_000;
/// Further behind than this is no delay: the peer's clock was set back.
const SET_BACK_US: i64 = 900_000_000;
/// So many in a row are believed.
const BELIEVED: u8 = 8;

/// The estimator's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// Smallest difference, in microseconds.
    pub best_us: Option<i64>,
    /// Smallest difference of the run that contradicts `best_us`.
    other_us: i64,
    /// Length of that run.
    run: u8,
}

impl Offset {
    /// The lag of a tick received at `received` and claimed for `claimed`, both
    /// in microseconds; none while the claim contradicts all before it.
    pub fn lag(&mut self, received: i64, claimed: i64) -> Option<u64> {
        let difference = received.saturating_sub(claimed);
        let best = *self.best_us.get_or_insert(difference);
        let above = difference.saturating_sub(best);
        if (-FUTURE_US..=SET_BACK_US).contains(&above) {
            self.run = 0;
        } else {
            let fits = difference.abs_diff(self.other_us) <= FUTURE_US.unsigned_abs();
            (self.other_us, self.run) = if self.run > 0 && fits {
                (self.other_us.min(difference), self.run.saturating_add(1))
            } else {
                (difference, 1)
            };
            if self.run < BELIEVED {
                return None;
            }
            self.run = 0;
            self.best_us = Some(self.other_us);
        }
        let best = self.best_us.map_or(difference, |best| best.min(difference));
        self.best_us = Some(best);
        u64::try_from(difference.saturating_sub(best)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn lag_is_what_a_tick_has_above_the_best() {
        // The broker's clock is two hours ahead of ours.
        let mut offset = Offset::default();
        assert_eq!(offset.lag(1_000, 2 * HOUR), Some(0));
        assert_eq!(offset.lag(11_000, 2 * HOUR + 3_000), Some(7_000));
        assert_eq!(offset.lag(20_000, 2 * HOUR + 20_000), Some(0));
        assert_eq!(offset.best_us, Some(-2 * HOUR));
    }

    #[test]
    fn one_tick_from_the_future_spoils_nothing() {
        let mut offset = Offset::default();
        assert_eq!(offset.lag(HOUR, HOUR), Some(0));
        assert_eq!(offset.lag(HOUR + 10, 25 * HOUR), None);
        assert_eq!(offset.lag(HOUR + 20, HOUR + 15), Some(5));
    }

    #[test]
    fn a_clock_that_was_set_is_believed_after_a_while() {
        for shift in [HOUR, -HOUR] {
            let mut offset = Offset::default();
            assert_eq!(offset.lag(HOUR, HOUR), Some(0));
            let lags: Vec<_> = (0..10)
                .map(|i| offset.lag(HOUR + i * 100_000, HOUR + i * 100_000 + shift))
                .collect();
            assert!(lags.iter().take(7).all(Option::is_none), "{lags:?}");
            assert!(lags.iter().skip(7).all(|l| *l == Some(0)), "{lags:?}");
        }
    }

    proptest! {
        #[test]
        fn no_claim_makes_it_fail(pairs in prop::collection::vec((any::<i64>(), any::<i64>()), 0..40)) {
            let mut offset = Offset::default();
            for (received, claimed) in pairs {
                offset.lag(received, claimed);
            }
        }
    }
}
