//! The lag on standard error, rarely: of every tick the log and the telemetry
//! have it.

use crate::engine::Entry;
use std::time::{Duration, Instant};

/// The documented limit from tick to log entry, in nanoseconds.
const LIMIT_NS: u64 = 10_000_000;
/// Looked at so often.
const LOOK: Duration = Duration::from_secs(1);
/// And said anew so often though nothing changed.
const ANEW: Duration = Duration::from_mins(1);

/// `Lag: 0.01ms`: of the first tick, when a tick was above the documented limit
/// and when all of a second were below it again, and else once a minute.
#[derive(Default)]
pub struct LagLine {
    looked: Option<Instant>,
    /// When it was said, and whether it was above the limit then.
    said: Option<(Instant, bool)>,
    /// The slowest tick since it was looked at.
    worst_ns: u64,
}

impl LagLine {
    /// The line, where this tick makes one due.
    pub fn of(&mut self, entry: &Entry) -> Option<String> {
        self.worst_ns = self.worst_ns.max(entry.lag_ns);
        // A clock is read for one tick in many only.
        let rests =
            !entry.tick_id.is_multiple_of(16) && entry.gap_ns.is_none_or(|gap| gap < 1_000_000);
        if self.looked.is_some() && rests {
            return None;
        }
        self.at(entry, Instant::now())
    }

    fn at(&mut self, entry: &Entry, now: Instant) -> Option<String> {
        if self.looked.is_some_and(|looked| now.duration_since(looked) < LOOK) {
            return None;
        }
        self.looked = Some(now);
        let worst = Entry { lag_ns: std::mem::take(&mut self.worst_ns), ..entry.clone() };
        let above = worst.lag_ns > LIMIT_NS;
        let same = |(at, was): (Instant, bool)| was == above && now.duration_since(at) < ANEW;
        if self.said.is_some_and(same) {
            return None;
        }
        self.said = Some((now, above));
        Some(worst.lag_line())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Symbol, UtcMicros};
    use crate::engine::Outcome;

    fn entry(lag_us: u64) -> Entry {
        Entry {
            at: UtcMicros(0),
            tick_id: 16,
            symbol: Symbol::new("EURUSD").unwrap(),
            signal: None,
            outcome: Outcome::NoOrder(None),
            lag_ns: lag_us * 1_000,
            gap_ns: None,
            live: false,
        }
    }

    #[test]
    fn it_is_said_at_first_when_it_changes_its_class_and_once_a_minute() {
        let (mut line, begin) = (LagLine::default(), Instant::now());
        let mut said = Vec::new();
        for second in 0..150 {
            let lag = if (20..23).contains(&second) { 12_340 } else { 1_950 };
            let entry = entry(lag);
            line.worst_ns = line.worst_ns.max(entry.lag_ns);
            let told = line.at(&entry, begin + Duration::from_secs(second));
            said.extend(told.map(|told| (second, told)));
        }
        let (well, late) = ("Lag: 1.95ms", "Lag: 12.34ms");
        let want = [(0, well), (20, late), (23, well), (83, well), (143, well)];
        assert_eq!(said, want.map(|(second, told)| (second, told.to_owned())));
    }

    #[test]
    fn one_slow_tick_among_many_is_not_missed() {
        let mut line = LagLine::default();
        assert_eq!(line.of(&entry(1_950)).as_deref(), Some("Lag: 1.95ms"));
        let slow = Entry { tick_id: 17, gap_ns: Some(1_000), ..entry(12_340) };
        assert_eq!(line.of(&slow), None, "no clock is read");
        let next = line.at(&entry(1_950), Instant::now() + LOOK);
        assert_eq!(next.as_deref(), Some("Lag: 12.34ms"));
    }
}
