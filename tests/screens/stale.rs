//! What is old or out of view is found at a glance, in every layout.

use crate::panes::shoot;
use crate::picture::{frame, role_of, rows};
use crate::scene::{self, Session, hints, position};
use crs::domain::{LatchPhase, Position, Side, Symbol};
use crs::event::{Event, LinkState};
use crs::tui::theme::{Charset, Role, Theme};
use crs::tui::ui::{Pane, PositionKey, Sort, Ui};
use crs::tui::view::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 40), (80, 24), (40, 12)];

/// Everything but the symbols goes on for so many seconds; EURUSD too.
fn go_on(s: &mut Session, seconds: u64, list: &[Position]) {
    for n in 0..seconds {
        s.latch(LatchPhase::Safe, "", "").heartbeat(30_000);
        s.positions(list.to_vec()).account("crs-paper 0.1.0");
        s.tick("EURUSD", &format!("1.085{:02}", 10 + n % 7), "1.08590").pass(1_000);
    }
}

/// USDJPY and XAUUSD have stopped, EURUSD goes on.
fn stopped() -> Session {
    let mut s = scene::calm();
    go_on(&mut s, 20, &scene::book());
    s
}

fn shown(s: &Session, focus: Pane, (width, height): (u16, u16)) -> Vec<String> {
    rows(&frame(&s.state, &Ui { focus, ..Ui::default() }, &hints(), width, height))
}

/// The text between the borders of the pane at the left.
fn inner(row: &str) -> String {
    row.chars().skip(2).collect()
}

#[test]
fn a_stale_symbol_has_a_mark_that_is_no_colour() {
    let s = stopped();
    for size in SIZES {
        let area = Rect::new(0, 0, size.0, size.1);
        for (charset, mark) in [(Charset::Unicode, '◐'), (Charset::Ascii, '~')] {
            let theme = Theme::plain(charset);
            let mut buffer = Buffer::empty(area);
            let ui = Ui { focus: Pane::Ticks, ..Ui::default() };
            draw(&s.state, &ui, &theme, &hints(), area, &mut buffer);
            let all = rows(&buffer);
            let starts = |symbol: &str| {
                let mut found = all.iter().map(|row| inner(row));
                let row =
                    found.find(|row| row.chars().skip(2).collect::<String>().starts_with(symbol));
                let row = row.unwrap_or_else(|| panic!("{all:#?}"));
                row.chars().next().unwrap()
            };
            assert_eq!((starts("USDJPY"), starts("XAUUSD")), (mark, mark), "{all:#?}");
            assert_ne!(starts("EURUSD"), mark, "{all:#?}");
            assert!(all.iter().any(|r| r.contains("3 symbols, 2 stale")), "{all:#?}");
        }
    }
    shoot("stale", &s, &Ui::default());
    shoot("stale_ticks", &s, &Ui { focus: Pane::Ticks, ..Ui::default() });
}

#[test]
fn a_selected_symbol_is_as_dim_as_the_rest_when_it_is_stale() {
    let s = stopped();
    for (symbol, wanted) in [("USDJPY", Role::TextDim), ("EURUSD", Role::Accent)] {
        let ui = Ui { symbol: Symbol::new(symbol).ok(), ..Ui::default() };
        let buffer = frame(&s.state, &ui, &hints(), 120, 40);
        let all = rows(&buffer);
        let y = all
            .iter()
            .rposition(|row| inner(row).starts_with(['◐', '▲', '▼', '·']) && row.contains(symbol));
        let cell = &buffer[(4, u16::try_from(y.unwrap()).unwrap())];
        assert_eq!((cell.symbol(), role_of(cell)), (&symbol[..1], wanted), "{all:#?}");
    }
}

#[test]
fn a_position_at_an_old_price_says_so() {
    let mut s = stopped();
    for size in SIZES {
        let all = shown(&s, Pane::Kill, size);
        let all = if size.0 == 40 { shown(&s, Pane::Positions, size) } else { all };
        let row = |ticket: &str| all.iter().find(|row| row.contains(ticket)).unwrap().clone();
        assert!(row("1000004 ").contains('◐') && row("1000007 XAU").contains('◐'), "{all:#?}");
        assert!(!row("1000003").contains('◐'), "{all:#?}");
        let told = |row: &String| row.contains("◐ 2 at an old quote: XAUUSD");
        assert!(all.iter().any(told), "{all:#?}");
    }
    // The sum is as old as its oldest part.
    let role = |s: &Session| {
        let buffer = frame(&s.state, &Ui::default(), &hints(), 120, 40);
        let y = rows(&buffer).iter().position(|row| row.contains("total")).unwrap();
        role_of(&buffer[(72, u16::try_from(y).unwrap())])
    };
    assert_eq!(role(&s), Role::TextDim);
    s.tick("USDJPY", "157.200", "157.210").tick("XAUUSD", "2650.10", "2650.50");
    assert_eq!(role(&s), Role::PnlUp);
    let all = shown(&s, Pane::Positions, (120, 40)).join("\n");
    assert!(!all.contains("old quote") && !all.contains("stale"), "{all}");
}

#[test]
fn a_stale_symbol_with_a_position_is_an_alarm_until_its_quote_comes() {
    let alarm = |s: &Session, key: &str| {
        let found = s.state.alarms.list.iter().find(|alarm| alarm.key.as_str() == key);
        found.map(|alarm| (alarm.standing, alarm.advice.to_string()))
    };
    let mut s = scene::calm();
    go_on(&mut s, 5, &scene::book());
    assert_eq!(alarm(&s, "quote USDJPY"), None, "a pause is no alarm");
    go_on(&mut s, 20, &scene::book());
    let (standing, advice) = alarm(&s, "quote USDJPY").unwrap();
    assert!(standing && advice.contains("crs close"), "{advice}");
    assert!(alarm(&s, "quote XAUUSD").unwrap().0);
    assert_eq!(alarm(&s, "quote EURUSD"), None);
    for _ in 0..8 {
        s.tick("USDJPY", "157.200", "157.210");
        go_on(&mut s, 1, &scene::book());
    }
    assert!(!alarm(&s, "quote USDJPY").unwrap().0, "its quote came");
    assert!(alarm(&s, "quote XAUUSD").unwrap().0);

    // Nothing is open in it, or its market is closed: nobody needs to act.
    let mut s = scene::calm();
    go_on(&mut s, 25, &scene::book()[..1]);
    assert_eq!(alarm(&s, "quote USDJPY"), None);
    let mut s = scene::calm();
    let mut info = s.state.session.clone();
    let market = &mut info.calendar.market;
    market.zone = "utc".parse().unwrap();
    market.open = "thu 05:00".parse().unwrap();
    market.close = "wed 14:00".parse().unwrap();
    s.put(Event::Session(Box::new(info)));
    for _ in 0..25 {
        s.latch(LatchPhase::Safe, "", "").heartbeat(30_000);
        s.positions(scene::book()).account("crs-paper 0.1.0").pass(1_000);
    }
    assert_eq!(alarm(&s, "quote USDJPY"), None);
}

#[test]
fn many_stale_symbols_with_positions_are_one_alarm() {
    let mut s = scene::calm();
    let names: Vec<String> = (0..8).map(|n| format!("SYM{n}")).collect();
    let mut book = Vec::new();
    for (n, name) in (1..).zip(&names) {
        s.tick(name, "1.00000", "1.00010");
        book.push(position(n, name, Side::Buy, "0.10", "1.00000", "1.00000", "0.00"));
    }
    go_on(&mut s, 25, &book);
    let keys: Vec<_> = s.state.alarms.list.iter().map(|a| a.key.as_str()).collect();
    assert_eq!(keys, ["quotes main"]);
    let text = s.state.alarms.list[0].text.as_str();
    assert!(text.contains("8 symbols with open positions"), "{text}");
}

#[test]
fn a_position_whose_symbol_never_had_a_quote_says_so() {
    let mut s = scene::calm();
    go_on(&mut s, 60, &four());
    let told = |s: &Session| s.state.alarms.list.iter().any(|a| a.key.as_str() == "quote GBPUSD");
    assert!(!told(&s), "a console that starts waits for slow symbols");
    let all = shown(&s, Pane::Positions, (40, 12));
    assert!(all.iter().any(|row| row.contains("◐ 3 at an old quote: GBPUSD none")), "{all:#?}");
    assert!(all.iter().any(|row| row.contains("1000009 GBPUSD") && row.contains("◐ -90.00")));
    go_on(&mut s, 70, &four());
    assert!(told(&s));
}

/// More positions than any pane has rows; the last one loses most.
fn many() -> Session {
    let mut s = scene::calm();
    let mut book: Vec<_> = (1..=40)
        .map(|n| position(1_000_000 + n, "EURUSD", Side::Buy, "0.10", "1.08510", "1.08520", "10"))
        .collect();
    book.push(position(1_000_099, "EURUSD", Side::Sell, "0.50", "1.08510", "1.08750", "-120"));
    s.positions(book).pass(100);
    s
}

#[test]
fn no_row_is_hidden_without_a_word_and_the_worst_not_without_its_name() {
    let s = many();
    for (width, height) in SIZES {
        let mut ui = Ui::default();
        let at = |ui: &Ui| rows(&frame(&s.state, ui, &hints(), width, height));
        let all = at(&ui);
        let seen =
            all.iter().filter(|row| row.contains("EURUSD") && row.contains(" 10000")).count();
        let told = format!("{} more below, worst 1000099 -120.00", 41 - seen);
        let short = format!("{} more, worst 1000099 -120.00", 41 - seen);
        let said = |row: &String| row.contains(&told) || row.contains(&short);
        assert!(all.iter().any(said), "{told}\n{all:#?}");
        // Scrolled down it is in view, and what is above is counted.
        ui.scroll_to_end(false, 41);
        let all = at(&ui);
        let told = |row: &String| row.contains("more above") && !row.contains("worst");
        assert!(all.iter().any(told), "{all:#?}");
        assert!(all.iter().any(|row| row.contains("1000099 EURUSD")), "{all:#?}");
        // And in the middle both are.
        ui.position = None;
        ui.scroll(true, 15, 41);
        let all = at(&ui);
        assert!(all.iter().any(|row| row.contains("more")), "{all:#?}");
    }
    shoot("positions_more", &s, &Ui::default());
}

fn four() -> Vec<Position> {
    let mut book = scene::book();
    book.push(position(1_000_009, "GBPUSD", Side::Sell, "2.00", "1.26710", "1.26755", "-90.00"));
    book
}

#[test]
fn a_gateway_that_is_gone_takes_no_row_away() {
    let fault = "no answer within 3 s from tcp://127.0.0.1:5555: the link is down, is the gateway \
        running? it was asked four times";
    let mut calm = scene::calm();
    calm.positions(four()).pass(100);
    calm.feed(LinkState::Down).positions_fault(fault).account_fault(fault).pass(20_000);
    for (width, height) in SIZES {
        for zoom in [false, true] {
            let ui = Ui { zoom, ..Ui::default() };
            let all = rows(&frame(&calm.state, &ui, &hints(), width, height));
            for p in four() {
                let row = |row: &String| row.contains(&format!("{} {}", p.ticket, p.symbol));
                assert!(all.iter().any(row), "{width}×{height} {}\n{all:#?}", p.ticket);
            }
            assert!(all.iter().any(|row| row.contains("last known 20s ago: no")), "{all:#?}");
            assert!(all.iter().any(|row| row.contains("read") && row.contains("20s")), "{all:#?}");
        }
    }
    shoot("gateway_gone", &calm, &Ui::default());
}

#[test]
fn a_filter_takes_no_age_away() {
    let s = scene::calm();
    for (width, height) in SIZES {
        for filter in ["eur", "nothing has this in it"] {
            let mut ui = Ui { typing: Some(Pane::Positions), ..Ui::default() };
            ui.set_filter(Pane::Positions, filter);
            let all = rows(&frame(&s.state, &ui, &hints(), width, height));
            let tail = &filter[filter.len().saturating_sub(2)..];
            let title =
                |row: &String| row.contains(&format!("{tail}_ ")) && row.contains(" of 3  read");
            assert!(all.iter().any(title), "{width}×{height} {filter}\n{all:#?}");
            assert!(all.iter().any(|row| row.contains("sum of all")), "{all:#?}");
        }
    }
}

#[test]
fn an_arrow_down_is_a_price_that_fell_and_nothing_else() {
    let mut s = scene::calm();
    // The last tick of each rose.
    s.positions(four()).pass(100).tick("EURUSD", "1.09000", "1.09010");
    let position_sort = Sort { key: PositionKey::Lots, reversed: false };
    for size in SIZES {
        for focus in Pane::ALL {
            let ui = Ui { focus, position_sort, ..Ui::default() };
            let all = rows(&frame(&s.state, &ui, &hints(), size.0, size.1));
            assert!(!all.join("").contains('▼'), "{focus:?} {all:#?}");
        }
    }
    s.pass(100).tick("EURUSD", "1.08000", "1.08010");
    let all = shown(&s, Pane::Ticks, (80, 24)).join("\n");
    assert!(all.contains("▼ EURUSD") && all.matches('▼').count() == 1, "{all}");
}

/// Where each heading ends, and what stands in its last column and after it.
fn ends(header: &str, words: &[&str]) -> Vec<usize> {
    let header: Vec<char> = header.chars().collect();
    let found = words.iter().filter_map(|word| {
        let word: Vec<char> = word.chars().collect();
        let at = header.windows(word.len()).rposition(|part| part == word)?;
        Some(at + word.len() - 1)
    });
    found.collect()
}

#[test]
fn columns_stand_below_their_headings_whatever_they_hold() {
    let s = crate::tables::crowd();
    for (width, height) in SIZES {
        for (focus, words) in [
            (Pane::Ticks, ["SPR", "AGE"].as_slice()),
            (Pane::Positions, ["LOTS", "P/L"].as_slice()),
        ] {
            for zoom in [false, true] {
                let ui = Ui { focus, zoom, ..Ui::default() };
                let all = rows(&frame(&s.state, &ui, &hints(), width, height));
                let at = all.iter().position(|row| row.contains(words[0])).unwrap();
                let ends = ends(&all[at], words);
                assert_eq!(ends.len(), words.len(), "{all:#?}");
                let body = all[at + 1..].iter().map(|row| row.chars().collect::<Vec<_>>());
                let body: Vec<_> = body
                    .take_while(|row| row[0] == '│')
                    .filter(|row| {
                        let text: String = row[..30].iter().collect();
                        text.contains("SYM") || text.contains("EURUSD") || text.contains("NNN")
                    })
                    .collect();
                assert!(!body.is_empty(), "{all:#?}");
                for row in &body {
                    for end in &ends {
                        assert!(row[*end] != ' ', "{width} {focus:?} {end}\n{all:#?}");
                        let next = row[*end + 1];
                        assert!(next == ' ' || next == '◐', "{width} {focus:?} {end}\n{all:#?}");
                    }
                }
                if focus == Pane::Ticks {
                    // A crossed market has a spread below zero.
                    let crossed = |row: &Vec<char>| row.iter().collect::<String>().contains(" -");
                    assert!(body.iter().any(crossed), "{all:#?}");
                }
            }
        }
    }
}

/// A sum and an equity of two moments don't belong together, and say so.
#[test]
fn a_sum_and_an_equity_of_two_moments_say_which_is_the_older() {
    let look = |s: &Session, (width, height)| {
        let ui = Ui { zoom: true, ..Ui::default() };
        let buffer = frame(&s.state, &ui, &hints(), width, height);
        let all = rows(&buffer);
        let role = |words: &str| {
            let (y, row) = all.iter().enumerate().find(|(_, row)| row.contains(words)).unwrap();
            let x = row.split(words).next().unwrap().chars().count();
            role_of(&buffer[(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())])
        };
        let roles = (role("+123.45"), role("100,123.45"));
        (all.join("\n"), roles)
    };
    let mut together = scene::calm();
    together.pass(500);
    let mut account = scene::calm();
    account.pass(4_000).positions(scene::book()).pass(100);
    let mut sum = scene::calm();
    sum.pass(4_000).account("crs-paper 0.1.0").tick("EURUSD", "1.08543", "1.08553").pass(100);
    for size in [(200, 60), (80, 24), (40, 12)] {
        let (all, roles) = look(&together, size);
        assert_eq!(roles, (Role::PnlUp, Role::TextStrong), "{all}");
        assert!(!all.contains("before the total") && !all.contains(" ago"), "{all}");
        let (all, roles) = look(&account, size);
        assert_eq!(roles.1, Role::TextDim, "{all}");
        assert!(size.0 < 80 || all.contains("s before the total"), "{all}");
        let (all, roles) = look(&sum, size);
        assert_eq!(roles, (Role::TextDim, Role::TextStrong), "{all}");
        let told = if size.0 < 80 { "total 4." } else { "s ago" };
        assert!(all.contains(told), "{all}");
    }
}
