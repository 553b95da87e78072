//! Every pane in every state at every size, by a loop: what must hold of each
//! frame, and a picture of the wide screen, which has all panes at once, in
//! each state.

use crate::picture::{frame, picture, rows};
use crate::scene::{self, Session};
use crs::domain::LatchPhase;
use crs::event::{Level, LinkState};
use crs::tui::ui::{Pane, Ui};
use ratatui::buffer::Buffer;

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 40), (80, 24), (40, 12)];

/// The last good day, and a gateway that has answered nothing since.
fn gone() -> Session {
    let mut s = scene::calm();
    s.feed(LinkState::Down).positions_fault("no answer within 3 s");
    s.account_fault("no answer within 3 s").pass(20_000);
    s
}

/// A thousand ticks of fifty symbols, and as many lines of the log.
fn flood() -> Session {
    let mut s = scene::calm();
    for n in 0..1_000_u32 {
        let bid = 10_000 + n % 777;
        s.tick(&format!("SYM{:02}", n % 50), &format!("1.{bid}"), &format!("1.{}", bid + 3));
        s.log(Level::Warn, "feed", &format!("line {n}"));
    }
    s.latch(LatchPhase::Safe, "", "").pass(200);
    s
}

fn filtered() -> Ui {
    let mut ui = Ui::default();
    for pane in Pane::ALL.into_iter().filter(|pane| pane.filters()) {
        ui.set_filter(pane, "usdj");
    }
    ui
}

/// A state: its name, what is known, what was done to the screen, the words
/// of mode and breaker.
fn states() -> Vec<(&'static str, Session, Ui, [&'static str; 2])> {
    let usual = Ui::default;
    let mut blocked = scene::calm();
    blocked.latch(LatchPhase::EngagedExternal, "touched by hand", "uid 1001").pass(100);
    vec![
        ("empty", Session::new(None), usual(), ["LIVE?", "BLOCKED"]),
        ("normal", scene::calm(), usual(), ["PAPER", "SAFE"]),
        ("gone", gone(), usual(), ["PAPER", "BLOCKED"]),
        ("engaged", blocked, usual(), ["PAPER", "ENGAGED"]),
        ("killing", scene::killing(), usual(), ["PAPER", "LATCHED"]),
        ("unconfirmed", scene::unconfirmed(), usual(), ["PAPER", "ENGAGED"]),
        ("proven", scene::verified(), usual(), ["PAPER", "ENGAGED"]),
        ("filtered", scene::calm(), filtered(), ["PAPER", "SAFE"]),
        ("flood", flood(), usual(), ["PAPER", "SAFE"]),
    ]
}

/// Headings of prices, at the right edge of their columns.
const PRICES: [&str; 4] = ["OPEN", "CURRENT", "BID", "ASK"];

/// Below each heading of prices the points stand in one column, and no number
/// goes on beyond the heading.
fn aligned(at: &str, lines: &[String]) {
    let all = lines.join("\n");
    let cells: Vec<Vec<char>> = lines.iter().map(|line| line.chars().collect()).collect();
    let Some(y) = lines.iter().position(|line| PRICES.iter().any(|word| line.contains(word)))
    else {
        return;
    };
    for word in PRICES {
        let Some(byte) = lines[y].find(word) else { continue };
        let end = lines[y][..byte].chars().count() + word.len();
        let mut point = None;
        for row in cells.iter().skip(y + 1) {
            let column: String = row[end - 10..end].iter().collect();
            let column = column.rsplit_once("  ").map_or(&*column, |(_, last)| last);
            let blank = column.trim().is_empty() || column.contains(|c: char| c.is_alphabetic());
            if blank {
                break;
            }
            assert!(!row[end].is_ascii_digit(), "{at}: {word} is too narrow:\n{all}");
            if let Some(left) = column.chars().rev().position(|c| c == '.') {
                assert_eq!(*point.get_or_insert(left), left, "{at}: {word}:\n{all}");
            }
        }
    }
}

/// What must hold of every frame.
fn holds(at: &str, buffer: &Buffer, strip: [&str; 2]) {
    let lines = rows(buffer);
    let all = lines.join("\n");
    let (first, last) = (&lines[0], &lines[lines.len() - 1]);
    for word in strip {
        assert!(first.contains(word), "{at}: no {word} in the strip:\n{all}");
    }
    assert!(last.contains("Ctrl-K"), "{at}: no chord of the kill in the last row:\n{all}");
    // Every frame that begins at the left edge ends at the right one, and a
    // row between has its border there.
    for line in &lines[1..lines.len() - 1] {
        let ends: Vec<char> =
            [line.chars().next(), line.chars().last()].into_iter().flatten().collect();
        let whole = matches!(ends[..], ['│', '│'] | ['╭', '╮'] | ['╰', '╯'] | ['├', '┤'])
            || matches!(ends[..], [a, b] if "│╭╰├".contains(a) && "│╮╯┤".contains(b));
        assert!(whole, "{at}: {line}\n{all}");
    }
    assert!(!all.contains('\u{1b}'), "{at}");
}

#[test]
fn every_pane_in_every_state_at_every_size_holds() {
    for (name, session, usual, strip) in states() {
        for pane in Pane::ALL {
            for zoom in [false, true] {
                for (width, height) in SIZES {
                    let ui = Ui { focus: pane, zoom, ..usual.clone() };
                    let buffer = frame(&session.state, &ui, &scene::hints(), width, height);
                    let at = format!("{name}, {pane:?}, zoom {zoom}, {width}×{height}");
                    holds(&at, &buffer, strip);
                    // Narrower columns have no room to pad.
                    if zoom && width >= 80 && matches!(pane, Pane::Positions | Pane::Ticks) {
                        aligned(&at, &rows(&buffer));
                    }
                    // A filter that hides rows is to be seen wherever it does.
                    let shown = zoom || (width >= 180);
                    if name == "filtered" && pane.filters() && shown {
                        let all = rows(&buffer).join("\n");
                        let filters = all.matches("/usdj").count();
                        let wanted = if zoom { 1 } else { 5 };
                        assert!(filters >= wanted, "{at}: {filters} filters:\n{all}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_wide_screen_in_every_state() {
    for (name, session, ui, _) in states().into_iter().filter(|(name, ..)| *name != "normal") {
        let buffer = frame(&session.state, &ui, &scene::hints(), 200, 60);
        insta::assert_snapshot!(format!("matrix_{name}_200x60"), picture(&buffer));
    }
}

#[test]
fn a_filter_is_seen_at_every_size() {
    let session = scene::calm();
    for pane in Pane::ALL.into_iter().filter(|pane| pane.filters()) {
        for (width, height) in SIZES {
            let ui = Ui { focus: pane, zoom: true, ..filtered() };
            let buffer = frame(&session.state, &ui, &scene::hints(), width, height);
            let all = rows(&buffer).join("\n");
            assert!(all.contains("/usdj"), "{pane:?} {width}×{height}:\n{all}");
            assert!(!all.contains("no decision heard"), "{pane:?} {width}×{height}:\n{all}");
        }
    }
}
