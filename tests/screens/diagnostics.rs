//! The second page of the Log pane.

use crate::picture::{frame, picture, rows};
use crate::scene::{self, Session};
use crs::domain::{Stamp, Text, UtcMicros};
use crs::event::Level as Loud;
use crs::tui::diagnostics::{Counts, Level, Said, Snapshot};
use crs::tui::theme::{Charset, Theme};
use crs::tui::ui::{LogPage, Pane, Ui};
use crs::tui::view::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// 2026-01-14T14:00:00Z.
const START_US: i64 = 1_768_399_200_000_000;

fn snapshot(said: &[(Level, &str, &str)]) -> Snapshot {
    let mut counts = Counts::default();
    let lines = (0_i64..)
        .zip(said)
        .map(|(n, (level, source, text))| {
            counts.add(*level);
            let at = UtcMicros(START_US + n * 1_000_000);
            Said { at, level: *level, source: Text::new(source), text: Text::new(text) }
        })
        .collect();
    Snapshot { lines, counts }
}

fn a_bad_minute() -> Snapshot {
    snapshot(&[
        (Level::Info, "cli::session", "configuration: /etc/crs/config.toml"),
        (Level::Info, "feeds::ticks", "feed main: link up"),
        (Level::Debug, "control::kill::hand::meet", "agent: connected"),
        (Level::Info, "control::kill::hand::meet", "agent: met, process 4711"),
        (Level::Warn, "feeds::ticks", "feed main: socket built anew for: protocol error"),
        (
            Level::Warn,
            "feeds::polls::told",
            "gateway main: positions failed: no answer from gateway 127.0.0.1:5555 \
             within 3 s (the next like it are left out for a while)",
        ),
        (Level::Error, "feeds::ticks", "feed main: no new socket: too many open files"),
    ])
}

fn ui(diagnostics: Snapshot) -> Ui {
    let mut ui = Ui::default();
    ui.log.diagnostics = diagnostics;
    ui
}

fn title(session: &Session, ui: &Ui, width: u16, height: u16) -> String {
    let all = rows(&frame(&session.state, ui, &scene::hints(), width, height));
    all.into_iter().find(|row| row.contains(" Log: ")).unwrap()
}

#[test]
fn the_second_page() {
    let mut s = scene::calm();
    let mut ui = ui(a_bad_minute());
    ui.turn_log(s.state.now);
    s.pass(100).log(Loud::Alarm, "agent", "could not be started").pass(100);
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        // Where there is one pane only, it must be this one.
        ui.focus = if width == 40 { Pane::Log } else { Pane::Positions };
        let buffer = frame(&s.state, &ui, &scene::hints(), width, height);
        insta::assert_snapshot!(format!("diagnostics_{width}x{height}"), picture(&buffer));
    }
    ui.zoom = true;
    ui.focus = Pane::Log;
    let buffer = frame(&s.state, &ui, &scene::hints(), 120, 40);
    insta::assert_snapshot!("diagnostics_zoom_120x40", picture(&buffer));
}

#[test]
fn what_is_loud_on_the_other_page_is_told_at_every_width() {
    let (mut s, mut ui) = (scene::calm(), ui(a_bad_minute()));
    ui.focus = Pane::Log;
    assert!(title(&s, &ui, 120, 40).contains(" L diagnostics, 1 error, 2 warnings "));
    assert!(title(&s, &ui, 80, 24).contains(" L diagnostics, 1 error, 2 warnings "));
    assert!(title(&s, &ui, 40, 12).contains(" L diagnostics, ✗1 ◐2 "));
    assert!(title(&s, &ui, 30, 12).contains("─ L, ✗1 ◐2 ─"), "{}", title(&s, &ui, 30, 12));

    // What was read is no news; what comes later is.
    ui.turn_log(s.state.now);
    assert!(title(&s, &ui, 120, 40).contains(" Log: diagnostics "));
    assert!(title(&s, &ui, 120, 40).contains("─ L events ─"));
    s.pass(100).log(Loud::Warn, "x", "x").log(Loud::Alarm, "x", "x").log(Loud::Warn, "x", "x");
    assert!(title(&s, &ui, 120, 40).contains(" L events, 1 alarm, 2 warnings "));
    ui.turn_log(s.state.now);
    assert!(title(&s, &ui, 120, 40).contains("─ L diagnostics ─"));
    ui.turn_log(s.state.now);
    assert!(title(&s, &ui, 120, 40).contains("─ L events ─"));
}

#[test]
fn it_scrolls_by_its_own_row() {
    let many: Vec<String> = (0..100).map(|n| format!("line {n} of it")).collect();
    let said: Vec<_> = many.iter().map(|text| (Level::Info, "x", text.as_str())).collect();
    let mut ui = ui(snapshot(&said));
    let s = scene::calm();
    ui.turn_log(Stamp::default());
    (ui.focus, ui.zoom) = (Pane::Log, true);
    ui.scroll(true, 10, crs::tui::view::row_count(&s.state, &ui, Pane::Log));
    let all = rows(&frame(&s.state, &ui, &scene::hints(), 80, 24)).join("\n");
    assert!(all.contains("line 89 of it") && !all.contains("line 90 of it"), "{all}");
    assert!(all.contains("10 newer below, L events"), "{all}");
    assert_eq!(ui.log.shown, LogPage::Diagnostics);
}

#[test]
fn without_utf8_it_is_ascii_too() {
    let mut ui = ui(a_bad_minute());
    for _ in 0..2 {
        let area = Rect::new(0, 0, 80, 24);
        let mut buffer = Buffer::empty(area);
        let theme = Theme::plain(Charset::Ascii);
        draw(&scene::calm().state, &ui, &theme, &scene::hints(), area, &mut buffer);
        assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
        ui.turn_log(Stamp::default());
    }
}
