//! The screen's own memory: rows, focus, zoom, filters.

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
    let now = state.now;
    let frame = Frame { state, theme: &theme, keymap: &keymap, pending: "g", now };
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
    assert!(drawn(&mut cockpit, &state).contains("Close the help."));
}
