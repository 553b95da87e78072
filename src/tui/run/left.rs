//! How the screen is left, for the next session: handed to the thread of the
//! looks when nothing has moved for a moment, and at the end.
//!
//! The loop compares and hands over; it waits for no disk but at the very end,
//! when keys are over, and not for long.

use super::Round;
use crate::domain::Stamp;
use crate::tui::ui::Layout;
use std::time::Duration;

/// So long nothing may have moved.
const SETTLED: Duration = Duration::from_secs(1);
/// How long the last write may take.
pub(super) const PATIENCE: Duration = Duration::from_millis(250);

/// What was handed over last, and since when something else may stand.
#[derive(Debug, Default)]
pub(super) struct Left {
    kept: Option<Layout>,
    moved: Option<Stamp>,
}

impl Left {
    /// What is kept already.
    pub fn begin(&mut self, kept: Option<Layout>) {
        self.kept = kept;
    }

    /// A key, a click or a verb may have moved something.
    pub const fn touch(&mut self, now: Stamp) {
        self.moved = Some(now);
    }

    fn is_due(&self, now: Option<Stamp>) -> bool {
        match (self.moved, now) {
            (None, _) => false,
            (Some(moved), Some(now)) => now.since(moved) >= SETTLED,
            (Some(_), None) => true,
        }
    }
}

impl Round {
    /// Hands over what has settled by `now`; whatever there is for none.
    pub(super) fn keep_layout(&mut self, now: Option<Stamp>) {
        if !self.left.is_due(now) {
            return;
        }
        let layout = self.screen.layout();
        if layout == self.left.kept {
            self.left.moved = None;
        } else if layout.as_ref().is_some_and(|layout| self.looks.leave(layout)) {
            (self.left.kept, self.left.moved) = (layout, None);
        } else {
            // A thread that is behind is asked again later.
            self.left.moved = now;
        }
    }
}
