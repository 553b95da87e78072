//! The order ticket, its preview under the guard, and what became of orders.

use crate::panes::shoot;
use crate::picture::{frame, rows};
use crate::scene::{self, Session};
use crs::control::ticket::{Draft, Entry, Field};
use crs::domain::{
    Lots, Mode, OrderBy, OrderFate, OrderKind, OrderNews, Side, Symbol, Text, Ticket as Number,
    UtcMicros,
};
use crs::event::{CommandPhase, CommandReport, Event, GuardPhase, GuardedVerb};
use crs::tui::overlay::ticket::Ticket;
use crs::tui::ui::Ui;

/// A ticket with these lots, price, SL and TP.
fn ticket(kind: OrderKind, lots: &str, price: &str, sl: &str, tp: &str) -> Ticket {
    let mut draft = Draft::new(0, Symbol::new("EURUSD").ok().as_ref());
    draft.kind = kind;
    draft.lots = Entry::of(lots);
    draft.price = Entry::of(price);
    draft.sl = Entry::of(sl);
    draft.tp = Entry::of(tp);
    Ticket { draft, said: Text::default() }
}

fn with(ticket: Ticket) -> Ui {
    Ui { ticket: Some(ticket), ..Ui::default() }
}

/// At our paper gateway, with enough ticks that decimals are believed.
fn paper() -> Session {
    let mut s = scene::calm();
    for _ in 0..10 {
        s.tick("EURUSD", "1.08503", "1.08513");
    }
    s.account("crs-paper 0.1.0");
    s
}

#[test]
fn an_empty_ticket_says_what_it_waits_for() {
    shoot("ticket_empty", &paper(), &with(Ticket::new(0, None)));
}

#[test]
fn a_filled_ticket_shows_what_it_would_cost() {
    let t = ticket(OrderKind::Market, "0.10", "", "1.08013", "1.09013");
    shoot("ticket_filled", &paper(), &with(t));
}

#[test]
fn faults_stand_beside_their_fields() {
    let mut t = ticket(OrderKind::Limit, "0.015", "1.08600", "1.09", "");
    t.draft.field = Field::Price;
    t.said = Text::new("lots: in steps of 0.01");
    shoot("ticket_faults", &paper(), &with(t));
}

#[test]
fn what_was_never_quoted_is_said_once_and_whole_at_every_size() {
    const WORDS: &str = "never quoted here: take one from Ticks";
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        let mut t = ticket(OrderKind::Market, "1", "", "1.09", "");
        (t.draft.symbol, t.draft.field) = (Entry::of("XXXUSD"), Field::Symbol);
        let shown = |t: &Ticket| {
            let ui = with(t.clone());
            let all = rows(&frame(&paper().state, &ui, &scene::hints(), width, height));
            let all: Vec<&str> = all.iter().map(|row| row.trim_matches(['│', ' '])).collect();
            all.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let all = shown(&t);
        assert_eq!(all.matches(WORDS).count(), 1, "{width}×{height}\n{all}");
        assert!(all.contains("margin not known: never quoted here"), "{all}");
        // As Enter says it: below the fields, on a small screen nowhere else.
        t.said = Text::new(&format!("symbol: {WORDS}"));
        let all = shown(&t);
        let twice = usize::from(width > 40);
        assert_eq!(all.matches(WORDS).count(), 1 + twice, "{width}×{height}\n{all}");
    }
}

#[test]
fn real_money_has_a_field_of_its_own() {
    let mut s = paper();
    s.account("Broker-Live");
    let mut t = ticket(OrderKind::Stop, "1", "1.09", "", "");
    (t.draft.side, t.draft.field) = (Side::Buy, Field::Word);
    t.draft.word = Entry::of("LIV");
    shoot("ticket_live", &s, &with(t));
}

#[test]
fn a_held_switch_is_said_before_the_first_key() {
    let mut s = paper();
    s.latch(crs::domain::LatchPhase::Disarmed, "armed by nobody yet", "").pass(100);
    let ui = with(ticket(OrderKind::Market, "0.10", "", "", ""));
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        let buffer = frame(&s.state, &ui, &scene::hints(), width, height);
        let said = rows(&buffer).iter().any(|row| row.contains("orders are denied now: DISARMED"));
        assert!(said, "{width}×{height}");
    }
}

#[test]
fn the_preview_under_the_guard() {
    let mut s = paper();
    s.guard(GuardedVerb::Order, GuardPhase::Armed).pass(800);
    let t = ticket(OrderKind::Market, "0.10", "", "1.08013", "1.09013");
    shoot("ticket_preview", &s, &with(t));
}

#[test]
fn the_mode_is_on_every_preview_in_large_letters() {
    for (mode, large) in [
        (Mode::Sim, "S I M"),
        (Mode::Paper, "P A P E R"),
        (Mode::DemoAccount, "D E M O   A C C T"),
        (Mode::Live, "L I V E"),
        (Mode::LiveUnknown, "L I V E ?"),
        (Mode::Drill, "D R I L L"),
    ] {
        let mut s = Session::new(Some(mode));
        s.guard(GuardedVerb::Order, GuardPhase::Armed).pass(200);
        let ui = with(ticket(OrderKind::Market, "0.10", "", "", ""));
        for (width, height) in [(120, 40), (80, 24), (40, 12)] {
            let buffer = frame(&s.state, &ui, &scene::hints(), width, height);
            let all = rows(&buffer).join("\n");
            assert!(all.contains(large), "{width}×{height}\n{all}");
            for word in ["BUY 0.10 EURUSD", "at market", "sends it, other keys stand down"] {
                assert!(all.contains(word), "{width}×{height} {word}\n{all}");
            }
        }
    }
}

#[test]
fn nothing_is_made_up_where_nothing_is_known() {
    let mut s = Session::new(None);
    s.pass(300);
    let ui = with(ticket(OrderKind::Market, "0.10", "", "1.08", ""));
    let all = rows(&frame(&s.state, &ui, &scene::hints(), 120, 40)).join("\n");
    for word in [
        "L I V E ?",
        "never quoted here: take one from Ticks",
        "margin  not known: account not read",
    ] {
        assert!(all.contains(word), "{word}\n{all}");
    }
}

#[test]
fn a_kill_guard_has_the_screen_before_the_ticket() {
    let mut s = paper();
    s.guard(GuardedVerb::Kill, GuardPhase::Armed).pass(300);
    let ui = with(ticket(OrderKind::Market, "0.10", "", "", ""));
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        let all = rows(&frame(&s.state, &ui, &scene::hints(), width, height)).join("\n");
        assert!(all.contains("stop trading, close everything"), "{all}");
        assert!(!all.contains("Order ticket"), "{all}");
    }
}

fn command(s: &mut Session, id: &str, phase: CommandPhase, note: &str) {
    s.put(Event::Command(Box::new(CommandReport {
        req_id: Text::new(id),
        what: Text::new("OPEN_ORDER EURUSD BUY 0.1 lots sl 1.08013"),
        phase,
        note: Text::new(note),
    })));
}

fn on_record(s: &mut Session, id: &str, fate: OrderFate) {
    s.put(Event::Order(Box::new(OrderNews {
        by: OrderBy::Operator,
        id: Text::new(id),
        symbol: Text::new("EURUSD"),
        side: Some(Side::Buy),
        lots: Lots::parse("0.1").ok(),
        pending: false,
        ticket: None,
        gateway: None,
        fate,
        at: Some(UtcMicros(s.at.utc.0)),
    })));
}

#[test]
fn orders_on_their_way_filled_refused_and_denied() {
    let mut s = paper();
    command(&mut s, "a", CommandPhase::Denied, "denied: engaged: operator");
    command(&mut s, "b", CommandPhase::Done, "filled as 7 at 1.08514, slippage 1 point worse");
    command(&mut s, "c", CommandPhase::Sent, "to main");
    s.pass(400);
    shoot("orders_three", &s, &Ui::default());
    // An outcome goes after a minute; what is on its way stays.
    for _ in 0..8 {
        s.pass(10_000);
    }
    let all = rows(&frame(&s.state, &Ui::default(), &scene::hints(), 120, 40)).join("\n");
    assert!(all.contains("ORDER sending") && !all.contains("ORDER filled"), "{all}");
}

#[test]
fn an_unknown_order_stays_until_reads_tell() {
    let mut s = paper();
    command(&mut s, "r-1", CommandPhase::Unknown, "no answer within 10 s");
    on_record(&mut s, "r-1", OrderFate::Unknown);
    s.pass(300);
    shoot("orders_unknown", &s, &Ui::default());
    for _ in 0..12 {
        s.pass(10_000);
    }
    let shown =
        |s: &Session| rows(&frame(&s.state, &Ui::default(), &scene::hints(), 120, 40)).join("\n");
    assert_eq!(shown(&s).matches("UNKNOWN").count(), 1, "{}", shown(&s));
    // Trusted reads that began long after it show no such position.
    s.positions(Vec::new()).account("crs-paper 0.1.0").pass(300);
    assert!(shown(&s).contains("left no position, by reads"), "{}", shown(&s));
    for _ in 0..7 {
        s.pass(10_000);
    }
    assert!(!shown(&s).contains("left no position"), "told for a minute");
}

#[test]
fn an_unknown_order_that_came_after_all_is_named_by_its_ticket() {
    let mut s = paper();
    command(&mut s, "r-1", CommandPhase::Unknown, "no answer within 10 s");
    on_record(&mut s, "r-1", OrderFate::Unknown);
    s.pass(2_000);
    let mut open = s.state.gateways[0].positions.as_ref().unwrap().value.clone();
    let mut new = open[0].clone();
    (new.ticket, new.symbol, new.side) = (Number(4_711), Text::new("EURUSD"), Side::Buy);
    new.lots = Lots::parse("0.1").unwrap();
    open.push(new);
    s.positions(open).pass(300);
    let all = rows(&frame(&s.state, &Ui::default(), &scene::hints(), 120, 40)).join("\n");
    assert!(all.contains("ORDER came as 4711, it was UNKNOWN: EURUSD BUY 0.1"), "{all}");
    let log: Vec<_> = s.state.log.iter().map(|l| l.value.text.to_string()).collect();
    assert!(log.iter().any(|l| l.contains("position 4711 came after it")), "{log:?}");
}
