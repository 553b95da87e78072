//! The screen of the console: views, and what the operator did to them.

use super::chords;
use super::diagnostics::Keeper;
use super::keymap::Context;
use super::overlay;
use super::screen::{Frame, Screen};
use super::ui::{Pane, Ui};
use super::view::{self, Scene};
use crate::config::Card;
use crate::control::Action;
use crate::domain::{EngageId, Text, Ticket};
use crate::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Focus, rows, zoom and help, and the card that no view may lack.
#[derive(Clone, Debug, Default)]
pub struct Cockpit {
    ui: Ui,
    card: Card,
    /// Where the last frame was drawn; a page is as long as its pane.
    area: Rect,
    /// The last row the help can begin with.
    help_end: usize,
    /// Who had the keys before the proof took them.
    before_proof: Option<(Pane, bool)>,
    /// The decision that the proof was last opened for.
    proved: Option<EngageId>,
    /// Where the log's second page comes from.
    diagnostics: Keeper,
}

impl Cockpit {
    /// A screen with nothing moved, and the out-of-band card of the settings.
    #[must_use]
    pub fn new(card: Card) -> Self {
        Self { card, ..Self::default() }
    }

    /// With the program's own words on the log's second page.
    #[must_use]
    pub fn with_diagnostics(self, diagnostics: Keeper) -> Self {
        Self { diagnostics, ..self }
    }

    /// Turns the log's page, or brings the log where it can't be seen.
    fn turn_log(&mut self, state: &State) {
        let shown = |ui: &Ui| view::areas(self.area, ui, view::stage(state, ui)).pane(Pane::Log);
        if shown(&self.ui).is_some() {
            self.ui.turn_log(state.now);
            return;
        }
        self.bring(Pane::Log, state);
    }

    /// Gives `pane` the keys, and room where it has none.
    fn bring(&mut self, pane: Pane, state: &State) {
        self.ui.help = false;
        self.ui.focus = pane;
        // A kill takes the only pane of a small screen.
        let places = self.places(state);
        self.ui.zoom |= places.pane(pane).is_none();
    }

    fn places(&self, state: &State) -> view::Areas {
        view::areas(self.area, &self.ui, view::stage(state, &self.ui))
    }

    /// Shows the proof of flat, or puts it away, with the keys back where they
    /// were.
    fn turn_proof(&mut self, state: &State) {
        if self.places(state).pane(Pane::Proof).is_some() {
            self.ui.proof_away = true;
            if self.ui.focus == Pane::Proof {
                let (focus, zoom) = self.before_proof.take().unwrap_or_default();
                (self.ui.focus, self.ui.zoom) = (focus, zoom);
            }
            return;
        }
        self.ui.proof_away = false;
        if self.places(state).pane(Pane::Proof).is_none() {
            self.before_proof = Some((self.ui.focus, self.ui.zoom));
            self.bring(Pane::Proof, state);
        }
    }

    /// A new decision opens the proof again, and so does the next latch.
    fn open_proof(&mut self, state: &State) {
        let decision = state.engagement.as_ref().map(|engagement| engagement.id);
        if !view::engaged(state) || self.proved != decision {
            self.proved = decision;
            self.ui.proof_away = false;
        }
    }

    fn scroll(&mut self, up: bool, by: usize, state: &State) {
        if self.ui.help {
            let row = self.ui.help_row.min(self.help_end);
            self.ui.help_row =
                if up { row.saturating_sub(by) } else { row.saturating_add(by).min(self.help_end) };
            return;
        }
        self.ui.scroll(up, by, view::row_count(state, &self.ui, self.ui.focus));
    }

    /// Rows of the focused pane, without its frame and heading.
    fn page(&self, state: &State) -> usize {
        let places = self.places(state);
        let pane = if self.ui.help { Some(places.body) } else { places.pane(self.ui.focus) };
        pane.map_or(1, |area| usize::from(area.height.saturating_sub(3)).max(1))
    }

    fn is_hidden(&self, state: &State) -> bool {
        view::Size::of(self.area) == view::Size::Single
            && self.places(state).pane(self.ui.focus).is_none()
    }

    fn back(&mut self) {
        if self.ui.help && !self.ui.help_search.is_empty() {
            self.ui.help_search = Text::default();
        } else if self.ui.help {
            self.ui.help = false;
        } else {
            self.ui.zoom = false;
        }
    }
}

impl Screen for Cockpit {
    fn draw(&mut self, frame: Frame<'_>, area: Rect, buf: &mut Buffer) {
        self.area = area;
        self.ui.pending = Text::new(frame.pending);
        self.ui.notice = Text::new(frame.notice);
        self.ui.prompt = frame.prompt.cloned();
        self.ui.log.diagnostics = self.diagnostics.snapshot();
        let mut hints = chords::hints(frame.keymap, self.context(), &self.card, frame.state);
        if frame.waits {
            hints.following = chords::following(frame.keymap, self.context(), frame.pending);
        }
        self.open_proof(frame.state);
        let scene = Scene { state: frame.state, ui: &self.ui, hints: &hints };
        let body = self.places(frame.state).body;
        self.help_end = overlay::help::last_first_row(scene, body);
        view::draw(frame.state, &self.ui, frame.theme, &hints, area, buf);
    }

    fn act(&mut self, action: Action, state: &State) {
        let page = self.page(state);
        match action {
            Action::Help => {
                self.ui.help = !self.ui.help;
                self.ui.help_row = 0;
                self.ui.help_search = Text::default();
            }
            Action::Back => self.back(),
            Action::Zoom => self.ui.zoom = !self.ui.zoom,
            // Where a kill took the only pane, the focused one comes back first.
            Action::FocusNext | Action::FocusPrevious if self.is_hidden(state) => {
                self.ui.zoom = true;
            }
            Action::LogPage => self.turn_log(state),
            Action::WhoObeys => self.bring(Pane::Obey, state),
            Action::Proof => self.turn_proof(state),
            Action::FocusNext => self.ui.focus = self.ui.focus.next(),
            Action::FocusPrevious => self.ui.focus = self.ui.focus.previous(),
            Action::RowDown => self.scroll(false, 1, state),
            Action::RowUp => self.scroll(true, 1, state),
            Action::PageDown => self.scroll(false, page, state),
            Action::PageUp => self.scroll(true, page, state),
            Action::FirstRow => self.scroll(true, usize::MAX / 2, state),
            Action::LastRow => self.scroll(false, usize::MAX / 2, state),
            // What acts is the run loop's.
            _ => {}
        }
    }

    fn tell(&mut self, action: Action, told: &str, state: &State) -> Result<(), Text> {
        match action {
            Action::Pane => {
                let named = |pane: &&Pane| pane.word() == told;
                let pane = Pane::ALL.iter().find(named).ok_or_else(|| Text::new("no such pane"))?;
                self.bring(*pane, state);
            }
            other => self.act(other, state),
        }
        Ok(())
    }

    fn choices(&self, action: Action, _state: &State) -> Vec<String> {
        match action {
            Action::Pane => Pane::ALL.iter().map(|pane| pane.word()).collect(),
            _ => Vec::new(),
        }
    }

    fn search(&mut self, words: &str) {
        self.ui.help = true;
        self.ui.help_row = 0;
        self.ui.help_search = Text::new(words);
    }

    fn context(&self) -> Context {
        if self.ui.help {
            return Context::Help;
        }
        match self.ui.focus {
            Pane::Positions => Context::Positions,
            Pane::Ticks => Context::Ticks,
            Pane::Gateway => Context::Gateway,
            Pane::Kill => Context::Kill,
            Pane::Proof => Context::Proof,
            Pane::Obey => Context::Obey,
            Pane::Decisions => Context::Decisions,
            Pane::Lag => Context::Lag,
            Pane::Log => Context::Log,
        }
    }

    fn selected_position(&self, state: &State) -> Option<Ticket> {
        if self.ui.focus != Pane::Positions || self.ui.help {
            return None;
        }
        view::positions::selected(state, &self.ui).map(|(_, ticket)| ticket)
    }
}

#[cfg(test)]
mod told;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Lots, Money, Position, Price, Side};
    use crate::tui::keymap::Keymap;
    use crate::tui::theme::Theme;
    use crate::tui::ui::LogPage;

    fn state() -> State {
        let mut state = State::default();
        let position = |n| Position {
            ticket: Ticket(n),
            symbol: Text::new("EURUSD"),
            side: Side::Buy,
            lots: Lots::ZERO,
            open: Price::ZERO,
            current: None,
            profit: Money::ZERO,
            sl: None,
            tp: None,
        };
        let mut pane = crate::state::GatewayPane::default();
        let value = (1..=30).map(position).collect();
        pane.positions = Some(crate::state::Aged { value, ..Default::default() });
        state.gateways.push(pane);
        state
    }

    fn drawn(cockpit: &mut Cockpit, state: &State) -> String {
        drawn_at(cockpit, state, 80, 24)
    }

    fn drawn_at(cockpit: &mut Cockpit, state: &State, width: u16, height: u16) -> String {
        let (theme, keymap) = (Theme::default(), Keymap::default());
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        let (pending, notice, prompt) = ("g", "", None);
        let frame =
            Frame { state, theme: &theme, keymap: &keymap, pending, waits: false, prompt, notice };
        cockpit.draw(frame, area, &mut buf);
        buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn rows_and_pages_move_the_selection() {
        let (mut cockpit, state) = (Cockpit::default(), state());
        drawn(&mut cockpit, &state);
        assert_eq!(cockpit.selected_position(&state), Some(Ticket(1)));
        cockpit.act(Action::RowDown, &state);
        assert_eq!(cockpit.selected_position(&state), Some(Ticket(2)));
        cockpit.act(Action::PageDown, &state);
        assert_eq!(cockpit.selected_position(&state), Some(Ticket(7)));
        cockpit.act(Action::LastRow, &state);
        assert_eq!(cockpit.selected_position(&state), Some(Ticket(30)));
        cockpit.act(Action::FirstRow, &state);
        assert_eq!(cockpit.selected_position(&state), Some(Ticket(1)));
    }

    #[test]
    fn no_position_is_selected_while_it_can_not_be_seen() {
        let (mut cockpit, state) = (Cockpit::default(), state());
        cockpit.act(Action::Help, &state);
        assert_eq!((cockpit.selected_position(&state), cockpit.context()), (None, Context::Help));
        cockpit.act(Action::Back, &state);
        cockpit.act(Action::FocusNext, &state);
        assert_eq!((cockpit.selected_position(&state), cockpit.context()), (None, Context::Ticks));
    }

    #[test]
    fn a_small_screen_gives_the_pane_back_that_a_kill_took() {
        let (mut cockpit, mut state) = (Cockpit::default(), state());
        state.latch.value.phase = crate::domain::LatchPhase::Durable;
        assert!(drawn_at(&mut cockpit, &state, 40, 12).contains(" Kill "));
        cockpit.act(Action::FocusNext, &state);
        assert!(drawn_at(&mut cockpit, &state, 40, 12).contains(" Positions "));
        cockpit.act(Action::FocusNext, &state);
        assert!(drawn_at(&mut cockpit, &state, 40, 12).contains(" Ticks "));
        cockpit.act(Action::Back, &state);
        assert!(drawn_at(&mut cockpit, &state, 40, 12).contains(" Kill "));
    }

    #[test]
    fn the_log_is_turned_where_it_is_seen_and_brought_where_it_is_not() {
        let (mut cockpit, mut state) = (Cockpit::default(), state());
        let page = |c: &Cockpit| (c.ui.focus, c.ui.log.shown);
        drawn(&mut cockpit, &state);
        cockpit.act(Action::LogPage, &state);
        assert_eq!(page(&cockpit), (Pane::Positions, LogPage::Diagnostics));
        assert!(drawn(&mut cockpit, &state).contains(" Log: diagnostics "));
        cockpit.act(Action::LogPage, &state);
        assert_eq!(page(&cockpit), (Pane::Positions, LogPage::Events));
        // One pane only: the first key brings the log, the next one turns it.
        drawn_at(&mut cockpit, &state, 40, 12);
        cockpit.act(Action::LogPage, &state);
        assert!(drawn_at(&mut cockpit, &state, 40, 12).contains(" Log: events "));
        cockpit.act(Action::LogPage, &state);
        assert!(drawn_at(&mut cockpit, &state, 40, 12).contains(" Log: diagnostics "));
        state.latch.value.phase = crate::domain::LatchPhase::Durable;
        assert!(drawn_at(&mut cockpit, &state, 40, 12).contains(" Kill "));
        cockpit.act(Action::LogPage, &state);
        assert!(drawn_at(&mut cockpit, &state, 40, 12).contains(" Log: diagnostics "));
    }

    #[test]
    fn who_obeys_is_one_key_away_on_every_screen() {
        for (width, height) in [(120, 40), (80, 24), (40, 12)] {
            for phase in [crate::domain::LatchPhase::Safe, crate::domain::LatchPhase::Durable] {
                let (mut cockpit, mut state) = (Cockpit::default(), state());
                state.latch.value.phase = phase;
                drawn_at(&mut cockpit, &state, width, height);
                cockpit.act(Action::WhoObeys, &state);
                assert_eq!(cockpit.context(), Context::Obey);
                let all = drawn_at(&mut cockpit, &state, width, height);
                for who in [" Who obeys ", "engine", "sentinel", "gateway", "agent", "console"] {
                    assert!(all.contains(who), "{width}×{height}: {who}");
                }
            }
        }
    }

    #[test]
    fn the_proof_opens_with_a_kill_and_a_key_turns_it_at_every_size() {
        const TITLE: &str = " Proof of flat ";
        for (width, height, by_itself) in [(120, 40, true), (80, 24, false), (40, 12, false)] {
            let (mut cockpit, mut state) = (Cockpit::default(), state());
            let shown = |c: &mut Cockpit, s: &State| drawn_at(c, s, width, height).contains(TITLE);
            assert!(!shown(&mut cockpit, &state));
            cockpit.act(Action::Proof, &state);
            assert!(shown(&mut cockpit, &state), "{width}×{height}");
            cockpit.act(Action::Proof, &state);
            assert!(!shown(&mut cockpit, &state));
            assert_eq!((cockpit.ui.focus, cockpit.ui.zoom), (Pane::Positions, false));
            let engaged = |state: &mut State, n| {
                state.latch.value.phase = crate::domain::LatchPhase::Durable;
                state.engagement = Some(crate::state::switch::Engagement {
                    id: crate::domain::EngageId::from_parts(n, 1),
                    since: crate::domain::Stamp::default(),
                });
            };
            engaged(&mut state, 1);
            assert_eq!(shown(&mut cockpit, &state), by_itself);
            cockpit.act(Action::Proof, &state);
            assert_eq!(shown(&mut cockpit, &state), !by_itself);
            cockpit.act(Action::Proof, &state);
            assert_eq!(shown(&mut cockpit, &state), by_itself);
            // Put away, and opened again by the next decision.
            if by_itself {
                cockpit.act(Action::Proof, &state);
                assert!(!shown(&mut cockpit, &state));
                engaged(&mut state, 2);
                assert!(shown(&mut cockpit, &state));
            }
        }
    }

    #[test]
    fn help_shows_the_keymaps_keys_and_scrolls_to_its_end_only() {
        let (mut cockpit, state) = (Cockpit::default(), state());
        cockpit.act(Action::Help, &state);
        assert!(drawn(&mut cockpit, &state).contains("Leave; agent and latch stay"));
        cockpit.act(Action::LastRow, &state);
        let end = cockpit.ui.help_row;
        cockpit.act(Action::RowDown, &state);
        assert_eq!(cockpit.ui.help_row, end);
        let last = Action::ALL.last().unwrap().name();
        assert!(drawn(&mut cockpit, &state).contains(&format!(":{last}")));
    }
}
