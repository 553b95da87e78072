//! What listeners are told of a flood: a bounded part of it. What is left out
//! is counted and said among the lines; their numbers show the hole too.

use crate::domain::mission::{ConsoleLine, LineLevel};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Lines told at once when none were for a while.
const BURST: u32 = 10_000;
/// Lines told each second of a flood.
const STEADY: u32 = 25_000;
/// Of the burst, what only a line that failed may use.
const RESERVE: u32 = 1_000;
/// So often what was left out is said.
const SAID: Duration = Duration::from_secs(1);

/// The gate to the listeners.
#[derive(Debug)]
pub struct Tell {
    left: u32,
    filled: Instant,
    batch: Vec<ConsoleLine>,
    missed: BTreeMap<u16, u64>,
    said: Option<Instant>,
}

impl Tell {
    /// A gate that is open.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self { left: BURST, filled: now, batch: Vec::new(), missed: BTreeMap::new(), said: None }
    }

    /// Time went on.
    pub fn refill(&mut self, now: Instant) {
        let ms = u32::try_from(now.duration_since(self.filled).as_millis()).unwrap_or(u32::MAX);
        if ms > 0 {
            self.left = self.left.saturating_add(ms.saturating_mul(STEADY / 1_000)).min(BURST);
            self.filled = now;
        }
    }

    /// Whether a line so loud is told; else it was left out, and counted.
    pub fn admits(&mut self, who: u16, level: LineLevel) -> bool {
        let floor = if level >= LineLevel::Error { 0 } else { RESERVE };
        if self.left > floor {
            self.left -= 1;
            return true;
        }
        *self.missed.entry(who).or_default() += 1;
        false
    }

    /// A line to be told.
    pub fn push(&mut self, line: ConsoleLine) {
        self.batch.push(line);
    }

    /// What came together since the last call.
    pub fn take(&mut self) -> Vec<ConsoleLine> {
        std::mem::take(&mut self.batch)
    }

    /// Lines left out of each process, once a second of a flood.
    pub fn missed(&mut self, now: Instant) -> BTreeMap<u16, u64> {
        if self.missed.is_empty() || self.said.is_some_and(|said| now - said < SAID) {
            return BTreeMap::new();
        }
        self.said = Some(now);
        std::mem::take(&mut self.missed)
    }

    /// When there will be something to say by [`Tell::missed`].
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let said = self.said.filter(|_| !self.missed.is_empty());
        said.map(|said| said + SAID)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_sampled_errors_last_and_the_rest_is_counted() {
        let now = Instant::now();
        let mut tell = Tell::new(now);
        let told = (0..50_000).filter(|_| tell.admits(1, LineLevel::Info)).count();
        assert_eq!(told, 9_000);
        assert!(tell.admits(1, LineLevel::Error));
        assert_eq!(tell.missed(now), BTreeMap::from([(1, 41_000)]));
        assert!(!tell.admits(1, LineLevel::Info));
        assert_eq!(tell.missed(now), BTreeMap::new(), "once a second");
        assert_eq!(tell.due(), Some(now + SAID));
        tell.refill(now + Duration::from_millis(40));
        let told = (0..50_000).filter(|_| tell.admits(1, LineLevel::Info)).count();
        assert_eq!(told, 999);
    }
}
