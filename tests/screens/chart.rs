//! The chart: candles, lines, gaps, marks, and prices of every size.

use crate::panes::shoot;
use crate::picture::{frame, picture, role_of, rows};
use crate::scene::{self, Session, hints, position};
use crs::domain::{Decision, DecisionSource, LatchPhase, Side, Text};
use crs::event::{GuardPhase, GuardedVerb, LinkState};
use crs::state::Period;
use crs::tui::theme::{Charset, Role, Theme};
use crs::tui::ui::{ChartStyle, Pane, Ui};
use crs::tui::view::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A price that wanders, without a clock and without chance.
fn walk(n: i64) -> i64 {
    let wave = |period: i64, height: i64| {
        let at = n % period;
        (at.min(period - at) * 4 - period) * height / period
    };
    108_500 + wave(97, 30) + wave(31, 11) + wave(7, 4) + wave(211, 40)
}

fn decided(s: &mut Session, side: Option<Side>, action: &str) {
    s.decision(Decision {
        source: DecisionSource::Engine,
        at: None,
        symbol: Text::new("EURUSD"),
        side,
        probabilities: None,
        threshold: None,
        action: Text::new(action),
        why: Text::new("below threshold"),
        lag_us: Some(900),
        ..Decision::default()
    });
}

/// Ten minutes of EURUSD with a silence of forty seconds, two positions, one
/// far away, and three decisions.
fn minutes() -> Session {
    let mut s = Session::new(None);
    s.agent(true).latch(LatchPhase::Safe, "", "").feed(LinkState::Up);
    for n in 0..600 {
        if !(430..470).contains(&n) {
            let bid = walk(n);
            s.tick("EURUSD", &format!("1.{:05}", bid - 100_000), &format!("1.{:05}", bid - 99_992));
        }
        if n % 60 == 0 {
            s.heartbeat(31_000).latch(LatchPhase::Safe, "", "");
        }
        match n {
            300 => decided(&mut s, Some(Side::Buy), "ORDER_GENERATED"),
            400 => decided(&mut s, None, "NO_ORDER"),
            500 => decided(&mut s, Some(Side::Sell), "BLOCKED"),
            _ => {}
        }
        s.pass(1_000);
    }
    let book = vec![
        position(1_000_003, "EURUSD", Side::Buy, "0.10", "1.08490", "1.08512", "22.00"),
        position(1_000_005, "EURUSD", Side::Sell, "0.20", "1.08531", "1.08512", "38.00"),
        position(1_000_006, "EURUSD", Side::Sell, "1.00", "1.07100", "1.08512", "-1412.00"),
        position(1_000_007, "USDJPY", Side::Buy, "0.01", "157.204", "157.150", "-0.50"),
    ];
    s.heartbeat(31_000).latch(LatchPhase::Safe, "", "").feed(LinkState::Up);
    s.positions(book).account("crs-paper 0.1.0");
    let bid = walk(600);
    s.tick("EURUSD", &format!("1.{:05}", bid - 100_000), &format!("1.{:05}", bid - 99_992));
    s.pass(300);
    s
}

fn on_chart() -> Ui {
    Ui { focus: Pane::Chart, ..Ui::default() }
}

#[test]
fn candles_in_every_size() {
    let s = minutes();
    shoot("chart", &s, &on_chart());
    shoot("chart_zoom", &s, &Ui { zoom: true, ..on_chart() });
    let buffer = frame(&s.state, &on_chart(), &hints(), 200, 60);
    insta::assert_snapshot!("chart_200x60", picture(&buffer));
    shoot("chart_lines", &s, &Ui { style: ChartStyle::Lines, zoom: true, ..on_chart() });
}

#[test]
fn every_period_has_its_own_candles_and_times() {
    let s = minutes();
    let mut all = String::new();
    for period in Period::ALL {
        let ui = Ui { zoom: true, period, ..on_chart() };
        let shown = rows(&frame(&s.state, &ui, &hints(), 80, 16)).join("\n");
        assert!(shown.contains(&format!("Chart EURUSD {} ", period.word())), "{shown}");
        all += &shown;
        all += "\n";
    }
    insta::assert_snapshot!("chart_periods_80x16", all);
}

/// Columns in which something but marks was drawn, from the right edge of the
/// plot: candles have the look of a rise, a fall, or neither.
fn columns(buffer: &Buffer, marks: [&str; 8]) -> Vec<bool> {
    let area = buffer.area;
    let drawn = |x, y| {
        let cell = buffer.cell((x, y)).unwrap();
        let role = role_of(cell);
        marks.contains(&cell.symbol())
            && matches!(role, Role::PnlUp | Role::PnlDown | Role::PnlFlat)
    };
    (2..area.width - 10).map(|x| (3..area.height - 3).any(|y| drawn(x, y))).collect()
}

#[test]
fn silence_is_a_gap_and_nothing_leads_over_it() {
    let s = minutes();
    let ui = Ui { zoom: true, period: Period::S5, ..on_chart() };
    let buffer = frame(&s.state, &ui, &hints(), 160, 40);
    let drawn = columns(&buffer, ["╷", "╻", "╵", "│", "╽", "╹", "╿", "┃"]);
    let first = drawn.iter().position(|d| *d).unwrap();
    let last = drawn.iter().rposition(|d| *d).unwrap();
    let gap = drawn[first..=last].iter().filter(|d| !**d).count();
    assert_eq!(gap, 8, "forty seconds are eight candles of 5 s: {drawn:?}");
    // As lines, two candles share a column.
    let ui = Ui { style: ChartStyle::Lines, ..ui };
    let buffer = frame(&s.state, &ui, &hints(), 160, 40);
    let dotted = |x: u16| {
        (3..37).any(|y| {
            ('\u{2801}'..='\u{28ff}').contains(&buffer[(x, y)].symbol().chars().next().unwrap())
        })
    };
    let drawn: Vec<_> = (2..150).map(dotted).collect();
    let first = drawn.iter().position(|d| *d).unwrap();
    let last = drawn.iter().rposition(|d| *d).unwrap();
    let gap = drawn[first..=last].iter().filter(|d| !**d).count();
    assert!((3..=4).contains(&gap), "{gap}: {drawn:?}");
}

#[test]
fn a_long_silence_says_so_and_shows_the_last_that_was_heard() {
    let mut s = minutes();
    s.pass(900_000);
    let ui = Ui { zoom: true, ..on_chart() };
    shoot("chart_silent", &s, &ui);
    let all = rows(&frame(&s.state, &ui, &hints(), 80, 24)).join("\n");
    assert!(all.contains("no tick for 15m") && all.contains("┃"), "{all}");
}

#[test]
fn a_kill_has_its_mark_and_word_in_every_symbol() {
    let mut s = minutes();
    s.guard(GuardedVerb::Kill, GuardPhase::Armed).pass(600);
    s.guard(GuardedVerb::Kill, GuardPhase::Fired);
    s.latch(LatchPhase::Latched, "operator", "ops@inf").kill(|_| {}).pass(200);
    for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
        let ui = Ui { zoom: width < 200, ..on_chart() };
        let all = rows(&frame(&s.state, &ui, &hints(), width, height)).join("\n");
        assert!(all.contains("KILL┊") || all.contains("┊KILL"), "{width}×{height}\n{all}");
    }
    shoot("chart_kill", &s, &Ui { zoom: true, ..on_chart() });
}

#[test]
fn the_past_can_be_gone_back_to_and_ends_where_it_began() {
    let s = minutes();
    let mut ui = Ui { zoom: true, ..on_chart() };
    let count = crs::tui::view::row_count(&s.state, &ui, Pane::Chart);
    assert_eq!(count, 121, "ten minutes in candles of 5 s");
    ui.scroll(true, usize::MAX / 2, count);
    let all = rows(&frame(&s.state, &ui, &hints(), 80, 24)).join("\n");
    assert!(all.contains("14:00:00"), "{all}");
}

#[test]
fn the_chart_follows_the_selected_symbol() {
    let s = scene::calm();
    for symbol in ["EURUSD", "USDJPY", "XAUUSD"] {
        let ui = Ui { symbol: symbol.parse().ok(), zoom: true, ..on_chart() };
        let all = rows(&frame(&s.state, &ui, &hints(), 80, 24)).join("\n");
        assert!(all.contains(&format!("Chart {symbol} 5s")), "{all}");
    }
}

#[test]
fn it_is_ascii_where_the_terminal_is() {
    let s = minutes();
    let mut all = String::new();
    for style in [ChartStyle::Candles, ChartStyle::Lines] {
        let ui = Ui { style, zoom: true, ..on_chart() };
        let area = Rect::new(0, 0, 80, 16);
        let mut buffer = Buffer::empty(area);
        draw(&s.state, &ui, &Theme::plain(Charset::Ascii), &hints(), area, &mut buffer);
        assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
        all += &rows(&buffer).join("\n");
        all += "\n";
    }
    insta::assert_snapshot!("chart_ascii_80x16", all);
}

#[test]
fn prices_of_every_size_fit_or_are_left_out() {
    for (low, high) in [
        ("0.00000001", "0.00000002"),
        ("0.00000001", "1000000000"),
        ("999999999.99999999", "1000000000"),
        ("1", "92233720368.5"),
        ("150", "150"),
        // A market that is crossed.
        ("1.1", "1.0"),
    ] {
        let mut s = Session::new(None);
        s.feed(LinkState::Up).tick("X", low, high).pass(6_000).tick("X", low, low).pass(100);
        s.positions(vec![position(1, "X", Side::Buy, "0.01", high, low, "-1.00")]);
        for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12), (24, 5)] {
            for style in [ChartStyle::Candles, ChartStyle::Lines] {
                let ui = Ui { style, zoom: true, ..on_chart() };
                let all = rows(&frame(&s.state, &ui, &hints(), width, height)).join("\n");
                assert!(!all.contains("##"), "half a number\n{all}");
            }
        }
    }
}
