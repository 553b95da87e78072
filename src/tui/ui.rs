//! What the operator did to the screen: focus, zoom, rows, overlays.
//!
//! Not part of State: it is not recorded and proves nothing. The run loop
//! changes it, views only read it.

mod layout;
mod mission;
mod order;
mod pane;
mod timeline;

pub use layout::Layout;
pub use mission::{MissionPage, MissionUi, ProcessKey};
pub use order::{Key as SortKey, PositionKey, Sort, TickKey, passes};
pub use pane::Pane;
pub use timeline::{Motion, Shows, Timeline};

use super::diagnostics::{Counts, Snapshot};
use super::overlay::ticket::Ticket as Draft;
use super::prompt::Prompt;
use crate::domain::{Stamp, Symbol, Text, Ticket};
use crate::event::Level;
use crate::state::{Period, Series};

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

/// What the chart is drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChartStyle {
    /// Candles of the bid.
    #[default]
    Candles,
    /// Lines of bid and ask.
    Lines,
}

impl ChartStyle {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Candles => Self::Lines,
            Self::Lines => Self::Candles,
        }
    }
}

/// Longest filter, in characters.
const FILTER: usize = 40;

/// What the operator did to the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that have nothing to do with each other"
)]
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
    /// The line is slow: what moves without need stands still.
    pub slow: bool,
    /// Every alarm of a flood is listed.
    pub flood: bool,
    /// The order ticket, while it is open.
    pub ticket: Option<Draft>,
    /// Who has the place that panes without one of their own share, while the
    /// pane of the focus has another.
    pub guest: Option<Pane>,
    /// What rows must hold to be shown, by pane, see [`Ui::filter`].
    pub filters: [Text; Pane::ALL.len()],
    /// The pane whose filter takes the keys.
    pub typing: Option<Pane>,
    /// Log lines below this are not shown.
    pub log_level: Level,
    /// The order of the quotes.
    pub tick_sort: Sort<TickKey>,
    /// The order of the positions.
    pub position_sort: Sort<PositionKey>,
    /// The quote that was selected; it stays so wherever its row goes.
    pub symbol: Option<Symbol>,
    /// Its feed, for a symbol that two of them quote.
    pub feed: u16,
    /// The position that was selected, with its gateway; likewise.
    pub position: Option<(u16, Ticket)>,
    /// The key of the alarm that was selected; likewise.
    pub alarm: Option<Text>,
    /// How long a candle of the chart is.
    pub period: Period,
    /// What the chart is drawn with.
    pub style: ChartStyle,
    /// From the receipt of the newest tick to the frame that shows it: of this
    /// screen, so no part of State.
    pub screen_lag: Series,
    /// Where in time the panes are, while they show the past.
    pub time: Option<Timeline>,
    /// The Processes pane.
    pub mission: MissionUi,
}

impl Ui {
    /// The row of `pane`: counted from the first, or backwards from the
    /// newest where the pane follows. Views clamp it to what is there.
    #[must_use]
    pub fn row(&self, pane: Pane) -> usize {
        self.rows.get(pane as usize).copied().unwrap_or(0)
    }

    /// The filter of `pane`, empty for none.
    #[must_use]
    pub fn filter(&self, pane: Pane) -> &str {
        self.filters.get(pane as usize).map_or("", Text::as_str)
    }

    /// Sets it.
    pub fn set_filter(&mut self, pane: Pane, filter: &str) {
        if let Some(slot) = self.filters.get_mut(pane as usize) {
            *slot = Text::limited(filter, FILTER);
        }
    }

    /// Sorts the focused pane by its next column, or the one before.
    pub fn step_sort(&mut self, forward: bool) {
        match self.focus {
            Pane::Ticks => self.tick_sort.step(forward),
            Pane::Positions => self.position_sort.step(forward),
            Pane::Processes => self.mission.sort.step(forward),
            _ => {}
        }
    }

    /// Turns the order of the focused pane.
    pub const fn reverse_sort(&mut self) {
        match self.focus {
            Pane::Ticks => self.tick_sort.reversed = !self.tick_sort.reversed,
            Pane::Positions => self.position_sort.reversed = !self.position_sort.reversed,
            Pane::Processes => self.mission.sort.reversed = !self.mission.sort.reversed,
            _ => {}
        }
    }

    /// All lines of the log, warnings and alarms, or alarms.
    pub const fn next_level(&mut self) {
        self.log_level = match self.log_level {
            Level::Info => Level::Warn,
            Level::Warn => Level::Alarm,
            Level::Alarm => Level::Info,
        };
    }

    /// Puts the row of `pane` at `row`.
    pub fn set_row(&mut self, pane: Pane, row: usize) {
        if let Some(slot) = self.rows.get_mut(pane as usize) {
            *slot = row;
        }
    }

    /// Moves the focused pane's row towards the top (`up`) or the bottom of
    /// the screen by `by`, within `count` rows.
    pub fn scroll(&mut self, up: bool, by: usize, count: usize) {
        let last = count.saturating_sub(1);
        let towards_zero = up != self.follows(self.focus);
        if let Some(row) = self.rows.get_mut(self.focus as usize) {
            let at = (*row).min(last);
            *row = if towards_zero { at.saturating_sub(by) } else { (at + by).min(last) };
        }
    }

    /// Whether the newest row of `pane` is its last one: its output is a log.
    #[must_use]
    pub fn follows(&self, pane: Pane) -> bool {
        let output = pane == Pane::Processes && self.mission.page == MissionPage::Output;
        pane.follows() || output
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
        assert_eq!(Pane::Alarms.next(), Pane::Positions);
        assert_eq!(Pane::Positions.previous(), Pane::Alarms);
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
