//! Frames that a slow terminal never saw, told to an engineer.

use crate::domain::Stamp;
use crate::tui::writer::{Stats, Writer};
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(10);

/// What the writer had done at the last look.
#[derive(Debug, Default)]
pub(super) struct Frames {
    looked: Stamp,
    seen: Stats,
}

impl Frames {
    /// Compares with the last look, when it is time for one.
    pub(super) fn look(&mut self, writer: &Writer, now: Stamp) {
        if now.since(self.looked) < EVERY {
            return;
        }
        self.looked = now;
        let stats = writer.stats();
        if let Some((lost, of)) = slow(self.seen, stats) {
            tracing::warn!("the terminal is slow: {lost} of {of} frames were overtaken by a newer");
        }
        self.seen = stats;
    }
}

/// Frames that were overtaken since `before`, of how many, when it was more
/// than one in four; a key now and then overtakes one on any line.
fn slow(before: Stats, now: Stats) -> Option<(u64, u64)> {
    let lost = now.coalesced.saturating_sub(before.coalesced);
    let put = now.put.saturating_sub(before.put);
    (lost > 4 && lost.saturating_mul(4) > put).then_some((lost, put))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_slow_terminal_is_told() {
        let at = |put, coalesced| Stats { put, coalesced, ..Stats::default() };
        assert_eq!(slow(at(0, 0), at(100, 40)), Some((40, 100)));
        assert_eq!(slow(at(100, 40), at(200, 60)), None);
        assert_eq!(slow(at(100, 40), at(104, 44)), None);
        assert_eq!(slow(at(100, 40), at(106, 46)), Some((6, 6)));
    }
}
