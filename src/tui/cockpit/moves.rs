//! What moves the screen: focus, rows, order, filters, the mouse.

use super::Cockpit;
use crate::control::Action;
use crate::domain::Text;
use crate::state::{Period, State};
use crate::tui::keymap::Key;
use crate::tui::screen::{Frame, Point, Pointed};
use crate::tui::theme::Theme;
use crate::tui::ui::{Pane, Shows, Ui};
use crate::tui::view::{self, Hints, Scene, Size, alarms, positions, ticks};
use ratatui::layout::Position;

/// Rows that one turn of the wheel moves.
const WHEEL: usize = 3;

/// The pane that a verb goes to.
pub(super) const fn goes_to(action: Action) -> Option<Pane> {
    Some(match action {
        Action::PanePositions => Pane::Positions,
        Action::PaneTicks => Pane::Ticks,
        Action::PaneChart => Pane::Chart,
        Action::PaneGateway => Pane::Gateway,
        Action::PaneKill => Pane::Kill,
        Action::WhoObeys => Pane::Obey,
        Action::PaneMesh => Pane::Mesh,
        Action::PaneDecisions => Pane::Decisions,
        Action::PaneLag => Pane::Lag,
        Action::PaneProcesses => Pane::Processes,
        Action::PaneLog => Pane::Log,
        _ => return None,
    })
}

impl Cockpit {
    /// Gives `pane` the keys. Whoever has the guest's place then keeps it.
    pub(super) fn focus(&mut self, pane: Pane, state: &State) {
        self.ui.focus = pane;
        self.called = None;
        self.ui.typing = None;
        let guest = self.places(state).guest;
        if guest == Some(pane) {
            self.ui.guest = guest;
        }
    }

    /// Gives `pane` the keys, and room where it has none.
    pub(super) fn bring(&mut self, pane: Pane, state: &State) {
        self.ui.help = false;
        self.focus(pane, state);
        // A kill takes the only pane of a small screen.
        self.ui.zoom |= self.places(state).pane(pane).is_none();
    }

    /// To `pane`; once more zooms it, or back. Who came there by another way has
    /// not called it yet, and where one pane is all there is nothing to zoom.
    pub(super) fn go(&mut self, pane: Pane, state: &State) {
        let here = self.ui.focus == pane && !self.ui.help;
        let shown = here && self.places(state).pane(pane).is_some();
        let single = Size::of(self.area) == Size::Single && !view::engaged(state);
        if shown && !single && (self.ui.zoom || self.called == Some(pane)) {
            self.ui.zoom = !self.ui.zoom;
            return;
        }
        self.bring(pane, state);
        self.called = Some(pane);
    }

    pub(super) fn scroll(&mut self, up: bool, by: usize, state: &State) {
        if self.ui.help {
            let row = self.ui.help_row.min(self.help_end);
            self.ui.help_row =
                if up { row.saturating_sub(by) } else { row.saturating_add(by).min(self.help_end) };
            return;
        }
        // What is selected may have wandered: the way goes from where it is.
        match self.ui.focus {
            Pane::Ticks => {
                let rows = ticks::listed(state, &self.ui);
                self.ui.set_row(Pane::Ticks, ticks::row(&rows, &self.ui));
                self.ui.scroll(up, by, rows.len());
                let row = self.ui.row(Pane::Ticks);
                let chosen = rows.get(row).map(|(symbol, quote)| (**symbol, quote.feed));
                self.ui.symbol = chosen.map(|(symbol, _)| symbol);
                self.ui.feed = chosen.map_or(0, |(_, feed)| feed);
            }
            Pane::Positions => {
                let rows = positions::rows(state, &self.ui);
                self.ui.set_row(Pane::Positions, positions::row(&rows, &self.ui));
                self.ui.scroll(up, by, rows.len());
                let row = self.ui.row(Pane::Positions);
                self.ui.position = rows.get(row).map(|(gateway, p)| (*gateway, p.ticket));
            }
            Pane::Alarms => {
                let (rows, _) = alarms::listed(state, &self.ui);
                self.ui.set_row(Pane::Alarms, alarms::row(&rows, &self.ui));
                self.ui.scroll(up, by, rows.len());
                let row = self.ui.row(Pane::Alarms);
                self.ui.alarm = rows.get(row).map(|alarm| alarm.key.clone());
            }
            Pane::Processes => self.scroll_processes(up, by, state),
            pane => self.ui.scroll(up, by, view::row_count(state, &self.ui, pane)),
        }
    }

    /// Keeps hold of the alarm that is about to be shown as selected: one that
    /// comes above it must not come under the operator's hand.
    pub(super) fn hold_alarm(&mut self, state: &State) {
        if self.ui.focus != Pane::Alarms {
            return;
        }
        let (rows, _) = alarms::listed(state, &self.ui);
        let row = alarms::row(&rows, &self.ui);
        self.ui.alarm = rows.get(row).map(|alarm| alarm.key.clone());
        self.ui.set_row(Pane::Alarms, row);
    }

    /// The selected alarm is being taken on: selects the next that is nobody's.
    pub(super) fn select_next_alarm(&mut self, state: &State) {
        let (rows, _) = alarms::listed(state, &self.ui);
        let row = alarms::row(&rows, &self.ui);
        let after = rows.iter().enumerate().cycle().skip(row + 1).take(rows.len());
        let next = after.filter(|(at, alarm)| *at != row && alarm.is_open()).map(|(_, a)| a).next();
        if let Some(next) = next {
            self.ui.alarm = Some(next.key.clone());
        }
    }

    /// Changes the order of the focused pane and shows its beginning, where
    /// what is looked for now stands.
    pub(super) fn sort(&mut self, change: impl FnOnce(&mut Ui), state: &State) {
        let sorts = matches!(self.ui.focus, Pane::Ticks | Pane::Positions | Pane::Processes);
        if self.ui.help || !sorts {
            return;
        }
        change(&mut self.ui);
        self.scroll(true, usize::MAX / 2, state);
    }

    /// Other candles: a place in the past of the old ones means nothing there.
    pub(super) fn period(&mut self, period: Period) {
        self.ui.period = period;
        self.ui.set_row(Pane::Chart, 0);
    }

    /// Closes what lies on top: help, filter, zoom.
    pub(super) fn back(&mut self) {
        let pane = self.ui.focus;
        if self.ui.help && !self.ui.help_search.is_empty() {
            self.ui.help_search = Text::default();
        } else if self.ui.help {
            self.ui.help = false;
        } else if !self.ui.filter(pane).is_empty() {
            self.ui.set_filter(pane, "");
        } else {
            self.ui.zoom = false;
        }
    }

    /// A key of the filter that is being written.
    pub(super) fn type_in(&mut self, key: Key) -> bool {
        let Some(pane) = self.ui.typing else { return false };
        let is = |name| Key::named(name) == Some(key);
        let mut filter = self.ui.filter(pane).to_owned();
        match key.plain_char() {
            Some(letter) => filter.push(letter),
            None if is("space") => filter.push(' '),
            None if is("backspace") => {
                filter.pop();
            }
            None if is("esc") => {
                filter.clear();
                self.ui.typing = None;
            }
            None if is("enter") => self.ui.typing = None,
            None => return false,
        }
        self.ui.set_filter(pane, &filter);
        if self.ui.follows(pane) {
            self.ui.set_row(pane, 0);
        }
        true
    }

    /// A click gives the keys to a pane and selects a row of it; the wheel
    /// scrolls what is under it.
    pub(super) fn point(&mut self, point: Point, state: &State, theme: &Theme) {
        let at = Position { x: point.x, y: point.y };
        let under = self.places(state).panes.into_iter().find(|(_, area)| area.contains(at));
        let covered = self.ui.help || self.ui.ticket.is_some();
        let (false, Some((pane, area))) = (covered, under) else { return };
        if point.what == Pointed::Drag {
            return;
        }
        self.focus(pane, state);
        match point.what {
            Pointed::Up => self.scroll(true, WHEEL, state),
            Pointed::Down => self.scroll(false, WHEEL, state),
            Pointed::Drag => {}
            Pointed::Click => {
                // Giving it the keys may have moved it: then the row is not
                // the one that was clicked.
                if self.places(state).pane(pane) != Some(area) {
                    return;
                }
                let hints = Hints::default();
                let scene = Scene { state, ui: &self.ui, hints: &hints };
                match pane {
                    Pane::Ticks => {
                        if let Some((symbol, feed)) = ticks::at(area, point.y, scene) {
                            (self.ui.symbol, self.ui.feed) = (Some(symbol), feed);
                        }
                    }
                    Pane::Positions => {
                        let ticket = positions::at(area, point.y, scene, theme.glyphs());
                        self.ui.position = ticket.or(self.ui.position);
                    }
                    Pane::Decisions => {
                        let row = view::decisions::at(area, point.y, scene, theme.glyphs());
                        if let Some(row) = row {
                            self.ui.set_row(Pane::Decisions, row);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// How long the newest tick took to the frame that shows it first. A
    /// recording was heard long ago: it tells nothing of this screen.
    pub(super) fn measure(&mut self, frame: Frame<'_>) {
        let newest = frame.state.gateways.iter().filter_map(|pane| pane.last_tick);
        let Some(newest) = newest.max_by_key(|at| at.mono_ns) else { return };
        let replay = frame.time.is_some_and(|time| time.shows == Shows::Recording);
        if replay || newest.mono_ns <= self.drawn.mono_ns {
            return;
        }
        self.drawn = newest;
        let us = u64::try_from(frame.now.since(newest).as_micros()).unwrap_or(u64::MAX);
        self.ui.screen_lag.record(us);
    }
}
