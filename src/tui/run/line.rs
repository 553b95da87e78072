//! Whether the line to the terminal keeps up, and what follows from it.
//!
//! Frames that were overtaken before the writer came for them are the sign: a
//! line that is slow gets fewer frames, which say so, and is tried at the
//! usual rate again after a while, ever more seldom if that goes wrong.

use crate::config::LineChoice;
use crate::domain::Stamp;
use crate::tui::writer::{Stats, Writer};
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// A slow line is tried again after so long; first and longest.
const TRY: (Duration, Duration) = (Duration::from_mins(1), Duration::from_mins(10));

/// What the writer had done at the last look.
#[derive(Debug, Default)]
pub(super) struct Line {
    choice: LineChoice,
    looked: Stamp,
    seen: Stats,
    /// Since when it is slow by its own doing.
    slow: Option<Stamp>,
    /// Time until the next try.
    pause: Duration,
}

impl Line {
    pub fn new(choice: LineChoice) -> Self {
        Self { choice, ..Self::default() }
    }

    /// Whether fewer frames go out.
    pub const fn is_slow(&self) -> bool {
        match self.choice {
            LineChoice::Auto => self.slow.is_some(),
            LineChoice::Slow => true,
            LineChoice::Fast => false,
        }
    }

    /// The other one, by the operator's word, until it is turned again.
    pub const fn turn(&mut self) {
        self.choice = if self.is_slow() { LineChoice::Fast } else { LineChoice::Slow };
    }

    /// Compares with the last look, when it is time for one; true when the
    /// line became slow or is tried again.
    pub fn look(&mut self, writer: &Writer, now: Stamp) -> bool {
        if now.since(self.looked) < EVERY {
            return false;
        }
        self.looked = now;
        let stats = writer.stats();
        let behind = behind(self.seen, stats);
        self.seen = stats;
        if let Some((lost, of)) = behind {
            tracing::warn!("the terminal is slow: {lost} of {of} frames were overtaken by a newer");
        }
        self.judge(behind.is_some(), now)
    }

    fn judge(&mut self, behind: bool, now: Stamp) -> bool {
        let was = self.is_slow();
        match self.slow {
            None if behind => {
                self.slow = Some(now);
                self.pause = (self.pause * 2).clamp(TRY.0, TRY.1);
            }
            // Even the few frames are too many: no time for a try.
            Some(_) if behind => self.slow = Some(now),
            Some(since) if now.since(since) >= self.pause => self.slow = None,
            _ => {}
        }
        self.is_slow() != was
    }
}

/// Frames that were overtaken since `before`, of how many, when it was more
/// than one in four; a key now and then overtakes one on any line.
fn behind(before: Stats, now: Stats) -> Option<(u64, u64)> {
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
        assert_eq!(behind(at(0, 0), at(100, 40)), Some((40, 100)));
        assert_eq!(behind(at(100, 40), at(200, 60)), None);
        assert_eq!(behind(at(100, 40), at(104, 44)), None);
        assert_eq!(behind(at(100, 40), at(106, 46)), Some((6, 6)));
    }

    #[test]
    fn a_line_that_fell_behind_is_tried_again_ever_more_seldom() {
        let at = |s| Stamp::default().plus(Duration::from_secs(s));
        let mut line = Line::default();
        assert!(!line.judge(false, at(5)) && !line.is_slow());
        assert!(line.judge(true, at(10)) && line.is_slow());
        assert!(!line.judge(false, at(60)) && line.is_slow());
        assert!(line.judge(false, at(70)) && !line.is_slow(), "tried after a minute");
        assert!(line.judge(true, at(75)) && line.is_slow());
        assert!(!line.judge(false, at(190)) && line.is_slow());
        assert!(line.judge(false, at(195)) && !line.is_slow(), "then after two");
    }

    #[test]
    fn the_operators_word_stands() {
        let mut line = Line::new(LineChoice::Fast);
        line.judge(true, Stamp::default());
        assert!(!line.is_slow());
        line.turn();
        assert!(line.is_slow());
        line.turn();
        assert!(!line.is_slow());
    }
}
