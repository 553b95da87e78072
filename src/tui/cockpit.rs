//! The screen of the console: views, and what the operator did to them.

mod line;
mod mission;
mod moves;
#[cfg(test)]
mod tests;
mod ticket;
#[cfg(test)]
mod told;

use super::chords;
use super::diagnostics::Keeper;
use super::keymap::{Context, Key};
use super::overlay;
use super::screen::{Frame, Point, Screen, Typed};
use super::theme::Theme;
use super::ui::{Layout, Pane, Ui};
use super::view::{self, Scene, WayBack};
use crate::config::Card;
use crate::control::{Action, MissionAsk};
use crate::domain::{EngageId, Stamp, Text, Ticket, UtcMicros};
use crate::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ticket::Under;

/// In place of the hints while a filter is written.
const TYPING: &str = "filter: Enter keeps it, Esc clears it";

/// Focus, rows, zoom and help, and the card that no view may lack.
#[derive(Clone, Debug, Default)]
pub struct Cockpit {
    ui: Ui,
    card: Card,
    /// What leads back after a kill, typed in a shell.
    way_back: WayBack,
    /// Where the last frame was drawn; a page is as long as its pane.
    area: Rect,
    /// The last row the help can begin with.
    help_end: usize,
    /// The row with which it shows the card.
    card_row: usize,
    /// The room that these two were found for while the help was closed.
    help_room: Option<Rect>,
    /// Who had the keys before the proof took them, the zoom, and the guest.
    before_proof: Option<(Pane, bool, Option<Pane>)>,
    /// The same before the alarms took them.
    before_alarms: Option<(Pane, bool, Option<Pane>)>,
    /// The decision that the proof was last opened for.
    proved: Option<EngageId>,
    /// Where the log's second page comes from.
    diagnostics: Keeper,
    /// The latch as it was when the ticket was last looked at.
    ticket_under: Under,
    /// What the last key could not do, until the next one.
    remark: Text,
    /// The pane that a key of its own gave the keys to last.
    called: Option<Pane>,
    /// The newest tick that was drawn.
    drawn: Stamp,
    /// How it stands is kept for the next session.
    keeps: bool,
    /// Whether the switch holds now, while the panes show the past.
    held: Option<bool>,
    /// Where the bar of the timeline was drawn.
    bar: Rect,
}

impl Cockpit {
    /// A screen with nothing moved, and the out-of-band card of the settings.
    #[must_use]
    pub fn new(card: Card) -> Self {
        Self { card, ..Self::default() }
    }

    /// With what leads back after a kill.
    #[must_use]
    pub fn leading_back(self, way_back: WayBack) -> Self {
        Self { way_back, ..self }
    }

    /// With the program's own words on the log's second page.
    #[must_use]
    pub fn with_diagnostics(self, diagnostics: Keeper) -> Self {
        Self { diagnostics, ..self }
    }

    /// As the last session left it, and kept for the next.
    #[must_use]
    pub fn left_as(mut self, layout: &Layout) -> Self {
        layout.put(&mut self.ui);
        self.keeps = true;
        self
    }

    /// Turns the log's page, or brings the log where it can't be seen.
    fn turn_log(&mut self, state: &State) {
        if self.places(state).pane(Pane::Log).is_some() {
            self.ui.turn_log(state.now);
            return;
        }
        self.bring(Pane::Log, state);
    }

    fn places(&self, state: &State) -> view::Areas {
        let held = self.held.unwrap_or_else(|| view::engaged(state));
        view::areas(self.area, &self.ui, view::stage_of(held, &self.ui))
    }

    /// Shows the proof of flat, or puts it away, with the keys back where they
    /// were.
    fn turn_proof(&mut self, state: &State) {
        if self.places(state).pane(Pane::Proof).is_some() {
            self.ui.proof_away = true;
            self.ui.guest = self.ui.guest.filter(|guest| *guest != Pane::Proof);
            if self.ui.focus == Pane::Proof {
                let (focus, zoom, guest) = self.before_proof.take().unwrap_or_default();
                (self.ui.focus, self.ui.zoom, self.ui.guest) = (focus, zoom, guest);
            }
            return;
        }
        self.ui.proof_away = false;
        if self.places(state).pane(Pane::Proof).is_none() {
            self.before_proof = Some((self.ui.focus, self.ui.zoom, self.ui.guest));
            self.bring(Pane::Proof, state);
        }
    }

    /// Shows the alarms, or gives the keys back.
    fn turn_alarms(&mut self, state: &State) {
        if self.ui.focus == Pane::Alarms && !self.ui.help {
            let (focus, zoom, guest) = self.before_alarms.take().unwrap_or_default();
            (self.ui.focus, self.ui.zoom, self.ui.guest) = (focus, zoom, guest);
            return;
        }
        self.before_alarms = Some((self.ui.focus, self.ui.zoom, self.ui.guest));
        self.ui.alarm = None;
        self.ui.set_row(Pane::Alarms, 0);
        self.bring(Pane::Alarms, state);
    }

    /// A new decision opens the proof again, and so does the next latch.
    fn open_proof(&mut self, state: &State) {
        let decision = state.engagement.as_ref().map(|engagement| engagement.id);
        if !view::engaged(state) || self.proved != decision {
            self.proved = decision;
            self.ui.proof_away = false;
        }
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
}

impl Screen for Cockpit {
    fn draw(&mut self, frame: Frame<'_>, area: Rect, buf: &mut Buffer) {
        self.area = area;
        self.ui.time = frame.time.cloned();
        self.follow_mission(frame.past.unwrap_or(frame.state));
        self.held = frame.past.map(|_| view::engaged(frame.state));
        self.measure(frame);
        self.drop_ticket(frame.state);
        // What was begun by keys is over once letters go into a text.
        let pending = if self.ui.typing.is_some() { "" } else { frame.pending };
        self.ui.pending = Text::new(pending);
        self.ui.slow = frame.slow;
        let notice = match (frame.notice, &self.ui.typing) {
            (_, Some(_)) => Text::new(TYPING),
            ("", None) => self.remark.clone(),
            (words, None) => Text::new(words),
        };
        self.ui.notice = notice;
        self.ui.prompt = frame.prompt.cloned();
        self.ui.log.diagnostics = self.diagnostics.snapshot();
        let mut hints = chords::hints(frame.keymap, self.context(), &self.card, frame.state);
        hints.way_back = self.way_back.clone();
        if self.ui.ticket.is_some() && !self.ui.help {
            hints.live = ticket::hints();
        }
        if let Some(time) = frame.time.filter(|_| !self.ui.help) {
            hints.live = chords::replay(frame.keymap, time);
        }
        if frame.waits {
            hints.following = chords::following(frame.keymap, self.context(), frame.pending);
        }
        self.open_proof(frame.state);
        self.hold_alarm(frame.state);
        self.hold_processes(frame.past.unwrap_or(frame.state));
        let body = self.places(frame.state).body;
        if self.ui.help || self.help_room != Some(body) {
            hints = chords::with_help(hints, frame.keymap, self.ui.mission.followed);
            let scene = Scene { state: frame.state, ui: &self.ui, hints: &hints };
            (self.help_end, self.card_row) = overlay::help::ends(scene, body);
            self.help_room = (!self.ui.help).then_some(body);
        }
        let status = self.places(frame.state).status;
        let scene = Scene { state: frame.state, ui: &self.ui, hints: &hints };
        self.bar = view::timeline::bar(frame.theme.glyphs(), status, scene);
        let past = frame.past.unwrap_or(frame.state);
        view::draw_past(frame.state, past, &self.ui, frame.theme, &hints, area, buf);
    }

    fn act(&mut self, action: Action, state: &State) {
        let page = self.page(state);
        match action {
            Action::Help => {
                self.ui.help = !self.ui.help;
                self.ui.help_row = 0;
                self.ui.help_search = Text::default();
            }
            Action::Card => {
                let shown = self.ui.help && self.ui.help_row == self.card_row;
                self.ui.help_search = Text::default();
                (self.ui.help, self.ui.help_row) = (!shown, self.card_row);
            }
            Action::Back => self.back(),
            Action::Zoom => self.ui.zoom = !self.ui.zoom,
            // Where a kill took the only pane, the focused one comes back first.
            Action::FocusNext | Action::FocusPrevious if self.is_hidden(state) => {
                self.ui.zoom = true;
            }
            Action::LogPage => self.turn_log(state),
            Action::Proof => self.turn_proof(state),
            Action::Alarms => self.turn_alarms(state),
            Action::Acknowledge => self.select_next_alarm(state),
            Action::Flood => self.ui.flood = !self.ui.flood,
            Action::FocusNext => self.focus(self.beside(Pane::next), state),
            Action::FocusPrevious => self.focus(self.beside(Pane::previous), state),
            Action::SortNext => self.sort(|ui| ui.step_sort(true), state),
            Action::SortPrevious => self.sort(|ui| ui.step_sort(false), state),
            Action::SortReverse => self.sort(Ui::reverse_sort, state),
            Action::Filter if self.ui.help || self.ui.ticket.is_some() => {}
            Action::Filter if !self.ui.focus.filters() => {
                self.remark = line::no_filter(self.ui.focus, self.ui.mission.followed);
            }
            Action::Filter => self.ui.typing = Some(self.ui.focus),
            Action::LogLevel if self.ui.focus == Pane::Processes => self.next_line_level(),
            Action::LogLevel => self.ui.next_level(),
            Action::ProcessPage => self.turn_process_page(state),
            Action::OnlyProcess => self.turn_only(state),
            Action::PeriodLonger => self.period(self.ui.period.longer()),
            Action::PeriodShorter => self.period(self.ui.period.shorter()),
            Action::ChartStyle => self.ui.style = self.ui.style.other(),
            Action::RowDown => self.scroll(false, 1, state),
            Action::RowUp => self.scroll(true, 1, state),
            Action::PageDown => self.scroll(false, page, state),
            Action::PageUp => self.scroll(true, page, state),
            Action::FirstRow => self.scroll(true, usize::MAX / 2, state),
            Action::LastRow => self.scroll(false, usize::MAX / 2, state),
            Action::OrderTicket => self.open_ticket(state),
            _ => {
                // What acts is the run loop's.
                if let Some(pane) = moves::goes_to(action) {
                    self.go(pane, state);
                }
            }
        }
    }

    fn pointed(&mut self, point: Point, state: &State, theme: &Theme) {
        self.point(point, state, theme);
    }

    fn moment(&self, point: Point) -> Option<UtcMicros> {
        let on = self.bar.contains(Position { x: point.x, y: point.y });
        let time = self.ui.time.as_ref().filter(|_| on)?;
        Some(view::timeline::moment(self.bar, point.x, time))
    }

    fn lies_open(&self) -> bool {
        let ui = &self.ui;
        ui.help || ui.zoom || ui.typing.is_some() || !ui.filter(ui.focus).is_empty()
    }

    fn fills_in(&self) -> bool {
        self.ui.ticket.is_some()
    }

    fn tell(&mut self, action: Action, told: &str, state: &State) -> Result<(), Text> {
        self.obey(action, told, state)
    }

    fn choices(&self, action: Action, state: &State) -> Vec<String> {
        self.offered(action, state)
    }

    fn search(&mut self, words: &str) {
        self.ui.help = true;
        self.ui.help_row = 0;
        self.ui.help_search = Text::new(words);
    }

    fn layout(&self) -> Option<Layout> {
        self.keeps.then(|| Layout::of(&self.ui))
    }

    fn context(&self) -> Context {
        if self.ui.help {
            return Context::Help;
        }
        if self.ui.ticket.is_some() {
            return Context::Global;
        }
        match self.ui.focus {
            Pane::Positions => Context::Positions,
            Pane::Ticks => Context::Ticks,
            Pane::Chart => Context::Chart,
            Pane::Gateway => Context::Gateway,
            Pane::Kill => Context::Kill,
            Pane::Proof => Context::Proof,
            Pane::Obey => Context::Obey,
            Pane::Mesh => Context::Mesh,
            Pane::Decisions => Context::Decisions,
            Pane::Lag => Context::Lag,
            Pane::Processes => Context::Processes,
            Pane::Log => Context::Log,
            Pane::Alarms => Context::Alarms,
        }
    }

    fn selected_position(&self, state: &State) -> Option<(u16, Ticket)> {
        if self.ui.focus != Pane::Positions || self.ui.help || self.ui.ticket.is_some() {
            return None;
        }
        view::positions::selected(state, &self.ui)
    }

    fn selected_alarm(&self, state: &State) -> Option<Text> {
        if self.ui.focus != Pane::Alarms || self.ui.help || self.ui.ticket.is_some() {
            return None;
        }
        view::alarms::selected(state, &self.ui).map(|alarm| alarm.key.clone())
    }

    fn selected_process(&self, state: &State) -> Option<Text> {
        if self.ui.focus != Pane::Processes || self.ui.help || self.ui.ticket.is_some() {
            return None;
        }
        view::processes::selected(state, &self.ui).map(|record| record.name.clone())
    }

    fn selected_alert(&self, state: &State) -> Option<u64> {
        if self.ui.focus != Pane::Processes || self.ui.help || self.ui.ticket.is_some() {
            return None;
        }
        view::processes::selected_alert(state, &self.ui).map(|alert| alert.id)
    }

    fn asks(&mut self, ask: &MissionAsk) {
        self.ui.mission.open = Some(ask.clone());
    }

    fn asked(&mut self, ask: &MissionAsk, state: &State) {
        self.show_asked(ask, state);
    }

    fn typed(&mut self, key: Key, state: &State) -> Typed {
        self.type_key(key, state)
    }

    fn say(&mut self, words: &Text) {
        self.remark(words);
    }

    fn ordered(&mut self) {
        self.ui.ticket = None;
    }
}
