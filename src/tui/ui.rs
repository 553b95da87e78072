//! What the operator did to the screen: focus, zoom, rows, overlays.
//!
//! Not part of State: it is not recorded and proves nothing. The run loop
//! changes it, views only read it.

use super::diagnostics::{Counts, Snapshot};
use super::prompt::Prompt;
use crate::domain::{Stamp, Text};

/// The panes, in the order of the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// Open positions and the account.
    #[default]
    Positions,
    /// Quotes.
    Ticks,
    /// The gateways' links, identities and counters.
    Gateway,
    /// The switch, and the kill that runs.
    Kill,
    /// Proof of flat.
    Proof,
    /// Who obeys the latch.
    Obey,
    /// What automatic traders decided.
    Decisions,
    /// How late everything is.
    Lag,
    /// What happened.
    Log,
}

impl Pane {
    /// All of them, in the order of the focus.
    pub const ALL: [Self; 9] = [
        Self::Positions,
        Self::Ticks,
        Self::Gateway,
        Self::Kill,
        Self::Proof,
        Self::Obey,
        Self::Decisions,
        Self::Lag,
        Self::Log,
    ];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Positions => "Positions",
            Self::Ticks => "Ticks",
            Self::Gateway => "Gateway",
            Self::Kill => "Kill",
            Self::Proof => "Proof of flat",
            Self::Obey => "Who obeys",
            Self::Decisions => "Decisions",
            Self::Lag => "Lag",
            Self::Log => "Log",
        }
    }

    /// Whether its newest row is the last one, so that the view stays there
    /// until it is scrolled away.
    #[must_use]
    pub const fn follows(self) -> bool {
        matches!(self, Self::Decisions | Self::Log)
    }

    /// Its title as one word, for the command line: `proof-of-flat`.
    #[must_use]
    pub fn word(self) -> String {
        self.title().to_lowercase().replace(' ', "-")
    }

    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        self.stepped(1)
    }

    /// The one before.
    #[must_use]
    pub fn previous(self) -> Self {
        self.stepped(Self::ALL.len() - 1)
    }

    fn stepped(self, by: usize) -> Self {
        let at = (self as usize + by) % Self::ALL.len();
        Self::ALL.get(at).copied().unwrap_or_default()
    }
}

/// The two pages of the Log pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogPage {
    /// What happened, from State.
    #[default]
    Events,
    /// What the program says of itself.
    Diagnostics,
}

impl LogPage {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Diagnostics => "diagnostics",
        }
    }

    /// The one that is not shown.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Events => Self::Diagnostics,
            Self::Diagnostics => Self::Events,
        }
    }
}

/// The Log pane's pages: which is shown, and how far the other was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPages {
    /// The page that is shown.
    pub shown: LogPage,
    /// What the second one holds.
    pub diagnostics: Snapshot,
    /// When the first one was left; later events are news.
    pub events_left: Stamp,
    /// What the second one had counted when it was left.
    pub diagnostics_left: Counts,
    /// The row of the page that is not shown.
    other_row: usize,
}

/// What the operator did to the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ui {
    /// The pane that takes the keys.
    pub focus: Pane,
    /// It fills the screen.
    pub zoom: bool,
    /// The proof of flat, which a kill opens by itself, was put away.
    pub proof_away: bool,
    /// The help lies over the panes.
    pub help: bool,
    /// First row of the help shown.
    pub help_row: usize,
    /// Words that the help is searched for; empty for all of it.
    pub help_search: Text,
    /// The text field, while it is open.
    pub prompt: Option<Prompt>,
    /// Keys of a sequence that was begun, as `g`; empty when none was.
    pub pending: Text,
    /// One line for the operator, in place of the hints; empty for none.
    pub notice: Text,
    /// The row of each pane, see [`Ui::row`].
    pub rows: [usize; Pane::ALL.len()],
    /// The pages of the Log pane.
    pub log: LogPages,
}

impl Ui {
    /// The row of `pane`: counted from the first, or backwards from the
    /// newest where the pane follows. Views clamp it to what is there.
    #[must_use]
    pub fn row(&self, pane: Pane) -> usize {
        self.rows.get(pane as usize).copied().unwrap_or(0)
    }

    /// Moves the focused pane's row towards the top (`up`) or the bottom of
    /// the screen by `by`, within `count` rows.
    pub fn scroll(&mut self, up: bool, by: usize, count: usize) {
        let last = count.saturating_sub(1);
        let towards_zero = up != self.focus.follows();
        if let Some(row) = self.rows.get_mut(self.focus as usize) {
            let at = (*row).min(last);
            *row = if towards_zero { at.saturating_sub(by) } else { (at + by).min(last) };
        }
    }

    /// Turns the Log pane to its other page, at `now` as State has it. Each
    /// page keeps its row.
    pub fn turn_log(&mut self, now: Stamp) {
        let log = &mut self.log;
        match log.shown {
            LogPage::Events => log.events_left = now,
            LogPage::Diagnostics => log.diagnostics_left = log.diagnostics.counts,
        }
        log.shown = log.shown.other();
        if let Some(row) = self.rows.get_mut(Pane::Log as usize) {
            std::mem::swap(row, &mut log.other_row);
        }
    }

    /// To the first (`up`) or the last row of `count`.
    pub fn scroll_to_end(&mut self, up: bool, count: usize) {
        self.scroll(up, usize::MAX / 2, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_focus_goes_round_both_ways() {
        assert_eq!(Pane::Log.next(), Pane::Positions);
        assert_eq!(Pane::Positions.previous(), Pane::Log);
        assert!(Pane::ALL.iter().all(|p| p.next().previous() == *p));
    }

    #[test]
    fn each_page_of_the_log_keeps_its_row_and_what_was_read() {
        let mut ui = Ui { focus: Pane::Log, ..Ui::default() };
        ui.scroll(true, 2, 10);
        let now = Stamp { mono_ns: 7, ..Stamp::default() };
        ui.turn_log(now);
        assert_eq!((ui.log.shown, ui.row(Pane::Log)), (LogPage::Diagnostics, 0));
        assert_eq!(ui.log.events_left, now);
        ui.log.diagnostics.counts = Counts { errors: 1, warnings: 2 };
        ui.turn_log(Stamp::default());
        assert_eq!((ui.log.shown, ui.row(Pane::Log)), (LogPage::Events, 2));
        assert_eq!((ui.log.diagnostics_left, ui.log.events_left), (ui.log.diagnostics.counts, now));
    }

    #[test]
    fn rows_stay_within_what_is_there() {
        let mut ui = Ui::default();
        ui.scroll(false, 3, 2);
        assert_eq!(ui.row(Pane::Positions), 1);
        ui.scroll(true, 9, 2);
        assert_eq!(ui.row(Pane::Positions), 0);
        ui.scroll(false, 1, 0);
        assert_eq!(ui.row(Pane::Positions), 0);
    }

    #[test]
    fn a_log_is_counted_from_its_newest_line() {
        let mut ui = Ui { focus: Pane::Log, ..Ui::default() };
        ui.scroll(true, 2, 10);
        assert_eq!(ui.row(Pane::Log), 2);
        ui.scroll(false, 1, 10);
        assert_eq!(ui.row(Pane::Log), 1);
        ui.scroll_to_end(true, 10);
        assert_eq!(ui.row(Pane::Log), 9);
        ui.scroll_to_end(false, 10);
        assert_eq!(ui.row(Pane::Log), 0);
    }
}
