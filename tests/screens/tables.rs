//! Order, filters and masses of rows.

use crate::panes::shoot;
use crate::picture::{frame, role_of, rows};
use crate::scene::{self, Session, hints, position};
use crs::domain::{Decision, DecisionSource, Lots, Money, Position, Price, Side, Text, Ticket};
use crs::event::{Level, LinkState};
use crs::tui::theme::Role;
use crs::tui::ui::{Pane, PositionKey, Sort, TickKey, Ui};

/// Symbols of which each is first by another key.
fn quotes() -> Session {
    let mut s = Session::new(None);
    s.feed(LinkState::Up);
    for n in 0..10 {
        s.tick("WIDE", "1.10000", "1.10900").tick("CALM", "2.00000", "2.00001");
        if n % 5 == 0 {
            s.tick("OLD", "3.00000", "3.00002");
        }
        let up = 40_000 + n * 900;
        s.tick("RISE", &format!("1.{up}"), &format!("1.{}", up + 4));
        for _ in 0..3 {
            s.tick("BUSY", "5.00000", "5.00003");
        }
        s.pass(500);
    }
    s
}

fn first(s: &Session, ui: &Ui) -> String {
    let all = rows(&frame(&s.state, ui, &hints(), 120, 24));
    let row = &all[3];
    row.chars().skip(4).take_while(|c| !c.is_whitespace()).collect()
}

#[test]
fn ticks_stand_in_the_order_that_was_asked_for() {
    let s = quotes();
    for (key, top, bottom) in [
        (TickKey::Symbol, "BUSY", "WIDE"),
        (TickKey::Spread, "WIDE", "CALM"),
        (TickKey::Age, "OLD", "RISE"),
        (TickKey::Rate, "BUSY", "OLD"),
        (TickKey::Change, "RISE", "BUSY"),
    ] {
        for (reversed, wanted) in [(false, top), (true, bottom)] {
            let tick_sort = Sort { key, reversed };
            let ui = Ui { focus: Pane::Ticks, zoom: true, tick_sort, ..Ui::default() };
            let found = first(&s, &ui);
            // Of equal ones any may stand first when it is turned.
            assert!(found == wanted || reversed, "{key:?} {reversed}: {found}, not {wanted}");
        }
    }
    let tick_sort = Sort { key: TickKey::Spread, reversed: true };
    shoot(
        "ticks_by_spread",
        &s,
        &Ui { focus: Pane::Ticks, zoom: true, tick_sort, ..Ui::default() },
    );
}

#[test]
fn the_greatest_loss_is_found_at_a_glance() {
    let mut s = scene::calm();
    let mut book = scene::book();
    book.push(position(1_000_009, "GBPUSD", Side::Sell, "2.00", "1.26710", "1.26755", "-90.00"));
    s.positions(book).pass(100);
    for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
        let buffer = frame(&s.state, &Ui::default(), &hints(), width, height);
        let all = rows(&buffer);
        let told = all.iter().any(|row| row.contains("worst 1000009 -90.00"));
        assert!(told, "{width}×{height}\n{}", all.join("\n"));
        let row = all.iter().position(|row| row.contains("1000009 GBPUSD"));
        let y = u16::try_from(row.unwrap()).unwrap();
        let marked = (0..4).any(|x| {
            let cell = &buffer[(x, y)];
            cell.symbol() == "!" && role_of(cell) == Role::PnlDown
        });
        assert!(marked, "{width}×{height}\n{}", all.join("\n"));
    }
    // By profit it stands first, and the sum is of all whatever the filter.
    let position_sort = Sort { key: PositionKey::Profit, reversed: false };
    let mut ui = Ui { position_sort, ..Ui::default() };
    let all = rows(&frame(&s.state, &ui, &hints(), 120, 40));
    assert!(all[3].contains("1000009"), "{}", all.join("\n"));
    let sum = all.iter().find(|row| row.contains("total")).unwrap().clone();
    ui.set_filter(Pane::Positions, "eur");
    let all = rows(&frame(&s.state, &ui, &hints(), 120, 40));
    assert!(all[1].contains("/eur 1 of 4"), "{}", all[1]);
    let only = all.iter().find(|row| row.contains("4 open")).unwrap();
    assert!(sum.contains(" +33.45 ") && only.contains(" +33.45 "), "{sum}\n{only}");
    assert!(only.contains("sum of all"), "{only}");
    let zoom = Ui { zoom: true, ..ui };
    shoot("positions_filtered", &s, &zoom);
}

#[test]
fn a_filter_says_what_it_hides() {
    let s = scene::calm();
    for pane in Pane::ALL.into_iter().filter(|pane| pane.filters()) {
        let mut ui = Ui { focus: pane, zoom: true, typing: Some(pane), ..Ui::default() };
        ui.set_filter(pane, "nothing has this");
        let all = rows(&frame(&s.state, &ui, &hints(), 80, 24)).join("\n");
        assert!(all.contains("/nothing has this_ 0 of "), "{pane:?}\n{all}");
    }
}

#[test]
fn the_log_can_be_kept_to_what_is_loud() {
    let mut s = scene::calm();
    s.log(Level::Warn, "x", "look when you can").log(Level::Alarm, "x", "look now");
    let mut ui = Ui { focus: Pane::Log, zoom: true, ..Ui::default() };
    let shown = |ui: &Ui| rows(&frame(&s.state, ui, &hints(), 120, 24)).join("\n");
    assert!(shown(&ui).contains("link up"));
    ui.next_level();
    let all = shown(&ui);
    assert!(all.contains("look when") && all.contains("look now") && !all.contains("link up"));
    assert!(all.contains("Log: events, warnings and alarms"));
    ui.next_level();
    assert!(!shown(&ui).contains("look when") && shown(&ui).contains("look now"));
    ui.set_filter(Pane::Log, "no such word");
    assert!(shown(&ui).contains("no line passes level and filter"));
}

#[test]
fn why_the_last_decision_did_not_trade_is_told_in_full() {
    let mut s = scene::calm();
    let why = "the model is sure, but the spread of 31 points is above the limit of 12 that was \
        set for this hour, and the account has 0.00 of free margin left for it";
    s.decision(Decision {
        source: DecisionSource::Engine,
        at: None,
        symbol: Text::new("XAUUSD"),
        side: None,
        probabilities: None,
        threshold: None,
        action: Text::new("NO_ORDER"),
        why: Text::new(why),
        lag_us: None,
        ..Decision::default()
    });
    for (width, height, column) in [(200, 60, 88), (120, 40, 75)] {
        let all = rows(&frame(&s.state, &Ui::default(), &hints(), width, height));
        let left = |row: &String| row.chars().take(column).collect::<String>().replace('│', " ");
        let joined = all.iter().map(left).collect::<String>();
        let joined = joined.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(joined.contains("XAUUSD NO_ORDER: the model is sure"), "{}", all.join("\n"));
        assert!(joined.contains("margin left for it"), "{}", all.join("\n"));
    }
    shoot("decision_told", &s, &Ui { focus: Pane::Decisions, ..Ui::default() });
}

pub fn crowd() -> Session {
    let mut s = Session::new(None);
    s.feed(LinkState::Up);
    let prices = [("0.00000001", "0.00000003"), ("1.08510", "1.08520"), ("999999999.5", "1e9")];
    for n in 0..1_000_usize {
        let (bid, ask) = prices[n % prices.len()];
        // Every seventh market is crossed.
        let (bid, ask) = if n % 7 == 0 { (ask, bid) } else { (bid, ask) };
        s.tick(&format!("SYM{n:04}.suffix"), bid, ask);
    }
    let long = "N".repeat(5_000);
    let book = (0..10_000_u64).map(|n| Position {
        ticket: Ticket(if n % 2 == 0 { n } else { u64::MAX - n }),
        symbol: Text::new(if n % 3 == 0 { &long } else { "EURUSD" }),
        side: if n % 2 == 0 { Side::Buy } else { Side::Sell },
        lots: Lots::from_raw(i64::try_from(n).unwrap() * 1_000_003),
        open: Price::parse(["0.00000001", "1000000000", "1.0851"][usize::try_from(n % 3).unwrap()])
            .unwrap(),
        current: None,
        profit: Money::from_raw((i64::try_from(n).unwrap() - 5_000) * 1_000_000_007),
        sl: None,
        tp: None,
    });
    s.positions(book.collect()).account(&long);
    s.log(Level::Alarm, &long, &long).pass(100);
    s
}

#[test]
fn masses_of_rows_and_monstrous_names_stay_in_their_columns() {
    let s = crowd();
    for focus in Pane::ALL {
        for zoom in [false, true] {
            for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12), (1, 1)] {
                let mut ui = Ui { focus, zoom, ..Ui::default() };
                for end in [false, true] {
                    if end {
                        let count = crs::tui::view::row_count(&s.state, &ui, focus);
                        ui.scroll_to_end(focus.follows(), count);
                    }
                    let buffer = frame(&s.state, &ui, &hints(), width, height);
                    for row in
                        rows(&buffer).iter().skip(1).take(usize::from(height).saturating_sub(2))
                    {
                        let last = row.chars().last().unwrap();
                        let frames = ['│', '╮', '╯', '┃'];
                        assert!(width < 24 || frames.contains(&last), "{focus:?} {width}: {row}");
                    }
                }
            }
        }
    }
    let ui = Ui { focus: Pane::Ticks, zoom: true, ..Ui::default() };
    shoot("crowd_ticks", &s, &ui);
    let position_sort = Sort { key: PositionKey::Profit, reversed: false };
    shoot("crowd_positions", &s, &Ui { zoom: true, position_sort, ..Ui::default() });
}
