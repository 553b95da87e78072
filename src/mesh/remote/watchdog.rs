//! When to start a gateway that fell silent. Pure: heartbeats and readings of
//! the clock in, a verdict out.

use std::collections::VecDeque;
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
/// Starts are counted over so long.
const HOUR: u64 = 3_600 * SECOND;
/// From one start to the next; doubles with each that brought no heartbeat.
const FIRST: u64 = 10 * SECOND;
/// And no longer than this.
const LONGEST: u64 = 600 * SECOND;

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it answers, or too few were missed.
    Wait,
    /// Look, and start it if nobody is there and the latch allows it.
    Start,
    /// It should be started, but the last try is too fresh.
    Backoff {
        /// How long until the next.
        left: Duration,
    },
    /// It should be started, but was so often within the hour that a human
    /// has to look.
    Limit {
        /// How long until the next.
        left: Duration,
    },
}

/// Counts missed heartbeats and starts.
#[derive(Clone, Debug)]
pub struct Watchdog {
    after: u32,
    per_hour: usize,
    missed: u32,
    /// Tries since the last good heartbeat.
    tries: u32,
    /// When the last was, nanoseconds since boot.
    last: Option<u64>,
    /// Starts, nanoseconds since boot; at most `per_hour`.
    starts: VecDeque<u64>,
}

impl Watchdog {
    /// Starts after `after` missed heartbeats (never for 0), `per_hour` times
    /// in an hour at most.
    #[must_use]
    pub fn new(after: u32, per_hour: u32) -> Self {
        let per_hour = usize::try_from(per_hour).unwrap_or(usize::MAX);
        Self { after, per_hour, missed: 0, tries: 0, last: None, starts: VecDeque::new() }
    }

    /// Heartbeats missed in a row.
    #[must_use]
    pub const fn missed(&self) -> u32 {
        self.missed
    }

    /// Hears of one heartbeat at `now` (nanoseconds since boot).
    pub fn beat(&mut self, alive: bool, now: u64) -> Verdict {
        if alive {
            (self.missed, self.tries) = (0, 0);
            return Verdict::Wait;
        }
        self.missed = self.missed.saturating_add(1);
        if self.after == 0 || self.missed < self.after {
            return Verdict::Wait;
        }
        self.starts.retain(|at| now.saturating_sub(*at) < HOUR);
        let left = |since: u64, span: u64| {
            Duration::from_nanos(span.saturating_sub(now.saturating_sub(since)))
        };
        if self.starts.len() >= self.per_hour {
            let oldest = self.starts.front().copied().unwrap_or(now);
            return Verdict::Limit { left: left(oldest, HOUR) };
        }
        let pause = match self.tries {
            0 => 0,
            n => FIRST.saturating_mul(1 << (n - 1).min(10)).min(LONGEST),
        };
        match self.last {
            Some(last) if now.saturating_sub(last) < pause => {
                Verdict::Backoff { left: left(last, pause) }
            }
            _ => Verdict::Start,
        }
    }

    /// A start was tried at `now`, whatever came of it.
    pub fn tried(&mut self, now: u64) {
        self.starts.push_back(now);
        self.refused(now);
    }

    /// It was looked at, and nothing was done: the next look waits, the hour
    /// does not count it.
    pub fn refused(&mut self, now: u64) {
        self.last = Some(now);
        self.tries = self.tries.saturating_add(1);
        self.missed = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_starts_after_so_many_and_then_waits_longer_each_time() {
        let mut dog = Watchdog::new(3, 5);
        let mut now = 5 * HOUR;
        let verdicts: Vec<_> = (0..3).map(|i| dog.beat(false, now + i)).collect();
        assert_eq!(verdicts, [Verdict::Wait, Verdict::Wait, Verdict::Start]);
        dog.tried(now);
        for _ in 0..2 {
            assert_eq!(dog.beat(false, now + SECOND), Verdict::Wait);
        }
        assert!(matches!(dog.beat(false, now + SECOND), Verdict::Backoff { .. }));
        now += FIRST;
        assert_eq!(dog.beat(false, now), Verdict::Start);
        dog.tried(now);
        let _ = (dog.beat(false, now), dog.beat(false, now));
        assert!(matches!(dog.beat(false, now + FIRST), Verdict::Backoff { .. }));
        assert_eq!(dog.beat(false, now + 2 * FIRST), Verdict::Start);
    }

    #[test]
    fn a_heartbeat_begins_the_count_anew_and_not_the_hour() {
        let mut dog = Watchdog::new(1, 2);
        for n in 0..2 {
            assert_eq!(dog.beat(false, n * 60 * SECOND), Verdict::Start);
            dog.tried(n * 60 * SECOND);
            assert_eq!(dog.beat(true, n * 60 * SECOND + 1), Verdict::Wait);
        }
        let limit = Verdict::Limit { left: Duration::from_mins(58) };
        assert_eq!(dog.beat(false, 120 * SECOND), limit);
        assert_eq!(dog.beat(false, HOUR), Verdict::Start);
    }

    proptest! {
        /// Whatever is heard when: never more starts in an hour than allowed,
        /// none when it is off, none before enough were missed.
        #[test]
        fn never_too_often(
            after in 0_u32..5,
            per_hour in 1_u32..6,
            beats in proptest::collection::vec((any::<bool>(), 0_u64..200), 1..400),
        ) {
            let mut dog = Watchdog::new(after, per_hour);
            let (mut now, mut missed, mut starts) = (0, 0, Vec::new());
            for (alive, pause) in beats {
                now += pause * SECOND;
                missed = if alive { 0 } else { missed + 1 };
                if dog.beat(alive, now) == Verdict::Start {
                    prop_assert!(after > 0 && missed >= after);
                    dog.tried(now);
                    missed = 0;
                    starts.push(now);
                }
            }
            for (n, at) in starts.iter().enumerate() {
                let within = starts[n..].iter().filter(|later| **later - at < HOUR).count();
                prop_assert!(within <= usize::try_from(per_hour).unwrap());
            }
        }
    }
}
