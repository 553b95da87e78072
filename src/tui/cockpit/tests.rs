//! The screen's own memory: rows, focus, zoom, filters.

use super::*;
use crate::domain::{
    Endpoint, GatewayAddr, Heard, Lots, Money, Position, Price, Side, Symbol, Tick, TickBatch,
    TickShape,
};
use crate::event::{Event, Stamped};
use crate::tui::keymap::Keymap;
use crate::tui::screen::Pointed;
use crate::tui::theme::Theme;
use crate::tui::ui::{LogPage, Timeline};
use std::time::Duration;

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
    let frame = Frame {
        state,
        theme: &theme,
        keymap: &keymap,
        pending: "g",
        slow: false,
        now,
        waits: false,
        prompt: None,
        notice: "",
        past: None,
        time: None,
    };
    cockpit.draw(frame, area, &mut buf);
    buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
}

#[test]
fn rows_and_pages_move_the_selection() {
    let (mut cockpit, state) = (Cockpit::default(), state());
    drawn(&mut cockpit, &state);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(1))));
    cockpit.act(Action::RowDown, &state);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(2))));
    cockpit.act(Action::PageDown, &state);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(8))));
    cockpit.act(Action::LastRow, &state);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(30))));
    cockpit.act(Action::FirstRow, &state);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(1))));
}

#[test]
fn of_two_gateways_with_the_same_numbers_the_selected_row_says_which() {
    let (mut cockpit, mut state) = (Cockpit::default(), state());
    state.gateways.push(state.gateways[0].clone());
    drawn(&mut cockpit, &state);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(1))));
    cockpit.act(Action::LastRow, &state);
    assert_eq!(cockpit.selected_position(&state), Some((1, Ticket(30))));
}

#[test]
fn two_gateways_that_quote_one_symbol_are_told_apart() {
    let (mut cockpit, mut state) = (Cockpit::default(), State::default());
    let at = Endpoint::new("127.0.0.1", 5_555).unwrap();
    let named = |name| GatewayAddr { name: Text::new(name), cmd: at.clone(), data: at.clone() };
    state.session.gateways = vec![named("one"), named("two")];
    for (feed, bid) in [(0, "1.0851"), (1, "1.2001")] {
        let (symbol, price) = (Symbol::new("EURUSD").unwrap(), Price::parse(bid).unwrap());
        let shape = TickShape::T2;
        let tick = Tick { symbol, bid: price, ask: price, time: None, seq: None, shape };
        let at = state.now.plus(Duration::from_millis(500));
        let ticks = vec![Heard { tick, after_us: 0 }];
        let batch = TickBatch { feed, base: at, ticks, ..TickBatch::default() };
        let (seq, event) = (state.seq + 1, Event::Ticks(batch));
        state.apply(&Stamped { seq, at, event }).unwrap();
    }
    cockpit.act(Action::FocusNext, &state);
    cockpit.act(Action::Zoom, &state);
    let all = drawn_at(&mut cockpit, &state, 120, 40);
    assert!(all.contains("EURUSD    one") && all.contains("EURUSD    two"), "{all}");
    // The narrowest has room for a number.
    let all = drawn_at(&mut cockpit, &state, 40, 12);
    assert!(all.contains("EURUSD  1") && all.contains("EURUSD  2"), "{all}");
    cockpit.act(Action::RowDown, &state);
    assert_eq!((cockpit.ui.symbol, cockpit.ui.feed), (Symbol::new("EURUSD").ok(), 1));
    assert!(drawn_at(&mut cockpit, &state, 120, 40).contains("1.2001"));
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
fn the_card_is_one_key_away_on_every_screen_and_at_every_time() {
    let phone = Text::new("dial 0815 and say the account");
    let card = Card { broker_phone: phone, ..Card::default() };
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        for phase in [crate::domain::LatchPhase::Safe, crate::domain::LatchPhase::Durable] {
            for (card, words) in [(card.clone(), "dial 0815"), (Card::default(), "no card")] {
                let (mut cockpit, mut state) = (Cockpit::new(card), state());
                state.latch.value.phase = phase;
                let shown = |c: &mut Cockpit, s: &State| {
                    drawn_at(c, s, width, height).contains(" By hand ")
                };
                drawn_at(&mut cockpit, &state, width, height);
                cockpit.act(Action::Card, &state);
                let all = drawn_at(&mut cockpit, &state, width, height);
                assert!(shown(&mut cockpit, &state) && all.contains(words), "{all}");
                cockpit.act(Action::Card, &state);
                assert!(!shown(&mut cockpit, &state));
                // From the keys to the card, and away.
                cockpit.act(Action::Help, &state);
                if !shown(&mut cockpit, &state) {
                    cockpit.act(Action::Card, &state);
                }
                assert!(shown(&mut cockpit, &state));
                cockpit.act(Action::Back, &state);
                assert!(!shown(&mut cockpit, &state));
            }
        }
    }
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
    // Those of mission control are shown where one is followed.
    let last = Action::ALL.iter().rfind(|action| !action.is_mission()).unwrap().name();
    let all = drawn(&mut cockpit, &state);
    assert!(all.contains(&format!(":{last}")) && all.contains("By hand"), "{all}");
}

fn press(cockpit: &mut Cockpit, name: &str) -> bool {
    cockpit.typed(Key::named(name).unwrap(), &state()) != Typed::Not
}

#[test]
fn a_filter_takes_letters_and_leaves_every_other_key_alone() {
    let (mut cockpit, state) = (Cockpit::default(), state());
    assert!(!press(&mut cockpit, "y"), "no text, no letters");
    cockpit.act(Action::Filter, &state);
    for letter in ["2", "y", "backspace"] {
        assert!(press(&mut cockpit, letter));
    }
    for other in ["down", "tab", "ctrl-c", "f1", "pagedown"] {
        assert!(!press(&mut cockpit, other), "{other}");
    }
    let all = drawn_at(&mut cockpit, &state, 120, 40);
    // 2, 12, 20 to 29.
    assert!(all.contains("/2_ 12 of 30") && all.contains(TYPING), "{all}");
    cockpit.act(Action::LastRow, &state);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(29))));
    assert!(press(&mut cockpit, "enter") && !press(&mut cockpit, "2"));
    assert!(drawn_at(&mut cockpit, &state, 120, 40).contains("/2 12 of 30"));
    cockpit.act(Action::Back, &state);
    assert!(!drawn_at(&mut cockpit, &state, 120, 40).contains("of 30"));
    // What was selected stays so when the rest comes back.
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(29))));
    cockpit.act(Action::Filter, &state);
    press(&mut cockpit, "7");
    assert!(press(&mut cockpit, "esc"));
    assert!(cockpit.ui.filter(Pane::Positions).is_empty() && cockpit.ui.typing.is_none());
}

#[test]
fn the_selected_position_stays_selected_wherever_its_row_goes() {
    let (mut cockpit, mut state) = (Cockpit::default(), state());
    for _ in 0..3 {
        cockpit.act(Action::SortNext, &state);
    }
    cockpit.act(Action::RowDown, &state);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(2))));
    let list = &mut state.gateways[0].positions.as_mut().unwrap().value;
    list[20].profit = Money::from_raw(-50_000);
    list[1].profit = Money::from_raw(70_000);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(2))), "now the last row");
    cockpit.act(Action::FirstRow, &state);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(21))), "the greatest loss");
    cockpit.act(Action::SortReverse, &state);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(2))));
}

#[test]
fn a_number_goes_to_its_pane_and_once_more_zooms_it() {
    let (mut cockpit, state) = (Cockpit::default(), state());
    drawn_at(&mut cockpit, &state, 120, 40);
    cockpit.act(Action::PaneChart, &state);
    assert_eq!((cockpit.context(), cockpit.ui.zoom), (Context::Chart, false));
    // The guest stays when the keys go on, and passing others takes nothing.
    for action in [Action::PanePositions, Action::PaneLog, Action::PaneTicks] {
        cockpit.act(action, &state);
        assert!(drawn_at(&mut cockpit, &state, 120, 40).contains(" Chart "), "{action:?}");
    }
    cockpit.act(Action::PaneTicks, &state);
    assert!(cockpit.ui.zoom);
    assert!(!drawn_at(&mut cockpit, &state, 120, 40).contains(" Chart "));
    cockpit.act(Action::PaneMesh, &state);
    assert!(drawn_at(&mut cockpit, &state, 120, 40).contains(" Mesh "));
}

#[test]
fn the_first_press_of_a_number_never_zooms_and_a_single_pane_has_nothing_to_zoom() {
    let (mut cockpit, state) = (Cockpit::default(), state());
    drawn_at(&mut cockpit, &state, 120, 40);
    // Positions have the keys from the start: nobody has called them.
    cockpit.act(Action::PanePositions, &state);
    assert!(!cockpit.ui.zoom);
    cockpit.act(Action::PanePositions, &state);
    assert!(cockpit.ui.zoom);
    cockpit.act(Action::PanePositions, &state);
    assert!(!cockpit.ui.zoom, "and back");
    // Nor whoever was reached by the way round.
    cockpit.act(Action::FocusNext, &state);
    cockpit.act(Action::PaneTicks, &state);
    assert!(!cockpit.ui.zoom);
    drawn_at(&mut cockpit, &state, 40, 12);
    for _ in 0..3 {
        cockpit.act(Action::PaneLag, &state);
        assert_eq!((cockpit.context(), cockpit.ui.zoom), (Context::Lag, false));
    }
}

#[test]
fn a_ticket_is_for_the_selected_row_however_the_rows_are_sorted() {
    let (mut cockpit, mut state) = (Cockpit::default(), state());
    let read = state.gateways[0].positions.as_mut().unwrap();
    read.value[7].symbol = Text::new("GBPUSD");
    read.value[7].profit = Money::from_raw(-1);
    drawn(&mut cockpit, &state);
    let named = |cockpit: &mut Cockpit| {
        cockpit.act(Action::OrderTicket, &state);
        let ticket = cockpit.ui.ticket.take();
        ticket.map(|ticket| ticket.draft.symbol.text().to_owned())
    };
    assert_eq!(named(&mut cockpit).as_deref(), Some("EURUSD"));
    cockpit.tell(Action::Sort, "pnl", &state).unwrap();
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(8))));
    assert_eq!(named(&mut cockpit).as_deref(), Some("GBPUSD"));
    cockpit.tell(Action::Filter, "EUR", &state).unwrap();
    assert_eq!(named(&mut cockpit).as_deref(), Some("EURUSD"));
}

#[test]
fn the_mouse_moves_the_screen_and_does_nothing_else() {
    let (mut cockpit, state) = (Cockpit::default(), state());
    let theme = Theme::default();
    let all = drawn_at(&mut cockpit, &state, 120, 40);
    let rows: Vec<String> =
        all.chars().collect::<Vec<_>>().chunks(120).map(|row| row.iter().collect()).collect();
    let y = rows.iter().position(|row| row.contains("    3 EURUSD")).unwrap();
    let y = u16::try_from(y).unwrap();
    let point = |x, y, what, cockpit: &mut Cockpit| {
        cockpit.pointed(Point { x, y, what }, &state, &theme);
    };
    point(5, y, Pointed::Click, &mut cockpit);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(3))));
    point(5, y, Pointed::Down, &mut cockpit);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(6))));
    point(5, y, Pointed::Up, &mut cockpit);
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(3))));
    // A ticket lies over the panes: nothing below it moves.
    cockpit.act(Action::OrderTicket, &state);
    point(5, y, Pointed::Down, &mut cockpit);
    cockpit.ui.ticket = None;
    assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(3))));
    // Frame, strip and what is under the help select nothing.
    for y in [0, 1, 39] {
        point(5, y, Pointed::Click, &mut cockpit);
        assert_eq!(cockpit.selected_position(&state), Some((0, Ticket(3))));
    }
    point(100, 35, Pointed::Click, &mut cockpit);
    assert_eq!(cockpit.context(), Context::Lag);
    cockpit.act(Action::Help, &state);
    point(5, y, Pointed::Click, &mut cockpit);
    assert_eq!(cockpit.context(), Context::Help);
}

#[test]
fn only_a_frame_that_shows_a_newer_tick_is_measured_and_no_recording() {
    let (mut cockpit, mut state) = (Cockpit::default(), state());
    let at = |ms: u64| Stamp { mono_ns: 1_000_000_000 + ms * 1_000_000, ..Stamp::default() };
    let (theme, keymap) = (Theme::default(), Keymap::default());
    let area = Rect::new(0, 0, 80, 24);
    let mut buf = Buffer::empty(area);
    let mut frame = |cockpit: &mut Cockpit, state: &State, ms, time: Option<&Timeline>| {
        let frame = Frame {
            state,
            theme: &theme,
            keymap: &keymap,
            pending: "",
            slow: false,
            now: at(ms),
            waits: false,
            prompt: None,
            notice: "",
            past: None,
            time,
        };
        cockpit.draw(frame, area, &mut buf);
        (cockpit.ui.screen_lag.count, cockpit.ui.screen_lag.last_us)
    };
    assert_eq!(frame(&mut cockpit, &state, 1, None), (0, None));
    state.gateways[0].last_tick = Some(at(5));
    assert_eq!(frame(&mut cockpit, &state, 12, None), (1, Some(7_000)));
    assert_eq!(frame(&mut cockpit, &state, 99, None), (1, Some(7_000)));
    state.gateways[0].last_tick = Some(at(100));
    let time = Timeline::default();
    assert_eq!(frame(&mut cockpit, &state, 101, Some(&time)), (1, Some(7_000)));
}

fn alarm(number: u64) -> crate::state::Alarm {
    crate::state::Alarm {
        number,
        key: Text::new(&format!("alarm {number}")),
        standing: true,
        ..crate::state::Alarm::default()
    }
}

/// Between the look and the key another one may come on top.
#[test]
fn the_alarm_that_was_shown_as_selected_is_the_one_that_keys_mean() {
    let (mut cockpit, mut state) = (Cockpit::default(), state());
    state.alarms.list = (1..=3).map(alarm).collect();
    cockpit.act(Action::Alarms, &state);
    drawn(&mut cockpit, &state);
    let meant = |cockpit: &Cockpit, state: &State| cockpit.selected_alarm(state).unwrap();
    assert_eq!(meant(&cockpit, &state).as_str(), "alarm 3");
    state.alarms.list.push(alarm(4));
    drawn(&mut cockpit, &state);
    assert_eq!(meant(&cockpit, &state).as_str(), "alarm 3", "not the new one above it");
    cockpit.act(Action::RowUp, &state);
    assert_eq!(meant(&cockpit, &state).as_str(), "alarm 4");
    cockpit.act(Action::LastRow, &state);
    assert_eq!(meant(&cockpit, &state).as_str(), "alarm 1");
    // One that leaves gives its place to whichever stands there then.
    state.alarms.list.remove(0);
    drawn(&mut cockpit, &state);
    assert_eq!(meant(&cockpit, &state).as_str(), "alarm 2");
}

#[test]
fn after_an_alarm_was_taken_on_the_next_is_selected() {
    let (mut cockpit, mut state) = (Cockpit::default(), state());
    state.alarms.list = (1..=3).map(alarm).collect();
    cockpit.act(Action::Alarms, &state);
    let mut order = Vec::new();
    for _ in 0..3 {
        drawn(&mut cockpit, &state);
        let key = cockpit.selected_alarm(&state).unwrap();
        cockpit.act(Action::Acknowledge, &state);
        let mut list = state.alarms.list.iter_mut();
        list.find(|a| a.key == key).unwrap().acknowledged = Some(crate::domain::Stamp::default());
        order.push(key.to_string());
    }
    assert_eq!(order, ["alarm 3", "alarm 2", "alarm 1"]);
}
