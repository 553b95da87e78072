//! When a cycle begins. Pure: the clock is an argument.

use crate::domain::UtcMicros;
use std::time::Duration;

/// A minute.
const MINUTE: Duration = Duration::from_mins(1);
/// The shortest pace that can be asked for.
pub const SHORTEST: Duration = Duration::from_millis(100);

/// The rhythm of cycles, by the wall clock (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each minute at this second.
    Minute {
        /// 0 to 59.
        second: u8,
    },
    /// Each time this has passed, counted from 1970.
    Every(Duration),
}

impl Pace {
    /// From one beginning to the next.
    #[must_use]
    pub fn period(self) -> Duration {
        match self {
            Self::Minute { .. } => MINUTE,
            Self::Every(period) => period.max(SHORTEST),
        }
    }

    /// The first beginning after `now`.
    #[must_use]
    pub fn after(self, now: UtcMicros) -> UtcMicros {
        let period = micros(self.period());
        let first = match self {
            Self::Minute { second } => i64::from(second.min(59)) * 1_000_000,
            Self::Every(_) => 0,
        };
        let past = now.0.saturating_sub(first).rem_euclid(period);
        UtcMicros(now.0.saturating_add(period - past))
    }

    /// Beginnings after `began` and up to `now`: what a cycle that took too
    /// long has missed.
    #[must_use]
    pub fn missed(self, began: UtcMicros, now: UtcMicros) -> u64 {
        let span = now.0.saturating_sub(self.after(began).0);
        if span < 0 {
            return 0;
        }
        u64::try_from(span / micros(self.period())).unwrap_or(0).saturating_add(1)
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(iso: &str) -> UtcMicros {
        UtcMicros::from_iso(iso).unwrap()
    }

    #[test]
    fn each_minute_at_second_58() {
        let pace = Pace::Minute { second: 58 };
        for (now, next) in [
            ("2026-01-14T13:56:58.000000Z", "2026-01-14T13:57:58.000000Z"),
            ("2026-01-14T13:56:57.999999Z", "2026-01-14T13:56:58.000000Z"),
            ("2026-01-14T23:59:59Z", "2026-01-15T00:00:58.000000Z"),
        ] {
            assert_eq!(pace.after(at(now)).iso(), next);
        }
        assert_eq!(pace.period(), MINUTE);
    }

    #[test]
    fn a_faster_pace_keeps_its_grid_and_has_a_floor() {
        let pace = Pace::Every(Duration::from_millis(250));
        assert_eq!(pace.after(UtcMicros(1_000_000)).0, 1_250_000);
        assert_eq!(pace.after(UtcMicros(1_249_999)).0, 1_250_000);
        assert_eq!(Pace::Every(Duration::ZERO).period(), SHORTEST);
    }

    #[test]
    fn a_cycle_that_took_too_long_has_missed_some() {
        let pace = Pace::Every(Duration::from_secs(1));
        let began = UtcMicros(10_000_000);
        for (now, missed) in [(10_999_999, 0), (11_000_000, 1), (13_500_000, 3), (9_000_000, 0)] {
            assert_eq!(pace.missed(began, UtcMicros(now)), missed, "{now}");
        }
    }
}
