//! Looking back, with a player behind the loop and the screen of the console
//! before it.

use super::super::*;
use super::{Rig, rig};
use crate::domain::UtcMicros;
use crate::event::{Event, LogLine, Stamped};
use crate::journal::Memory;
use crate::journal::player::{Move, Opening};
use crate::tui::cockpit::Cockpit;
use crate::tui::screen::{Point, Pointed};
use std::time::Instant;

/// 2026-01-14T14:00:00Z.
const START: UtcMicros = UtcMicros(1_768_399_200_000_000);

fn records(count: u64) -> Vec<Stamped> {
    let start = Stamp { mono_ns: 1_000_000_000, utc: START };
    let line = |seq| {
        Event::Log(LogLine {
            level: Level::Info,
            source: Text::new("test"),
            text: Text::new(&format!("line of record {seq}")),
            when: None,
        })
    };
    let record = |seq: u64| {
        let event = if seq.is_multiple_of(10) { line(seq) } else { Event::Beat };
        Stamped { seq, at: start.plus(Duration::from_millis(100 * seq)), event }
    };
    (1..=count).map(record).collect()
}

fn opening(count: u64) -> Arc<Opening> {
    Arc::new(move || Ok(Box::new(Memory::new(records(count)))))
}

fn looking(past: Past) -> Rig {
    let mut rig = rig();
    rig.round.screen = Box::new(Cockpit::default());
    rig.round.area = Rect::new(0, 0, 120, 40);
    rig.round.looking = Looking::new(past);
    rig
}

/// What the screen draws now.
fn drawn(rig: &mut Rig) -> String {
    let area = rig.round.area;
    let mut buffer = Buffer::empty(area);
    rig.round.paint(&mut buffer);
    let row =
        |cells: &[ratatui::buffer::Cell]| cells.iter().map(ratatui::buffer::Cell::symbol).collect();
    let rows: Vec<String> = buffer.content.chunks(usize::from(area.width)).map(row).collect();
    rows.join("\n")
}

/// The screen once it holds `words`.
fn see(rig: &mut Rig, words: &str) -> String {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        rig.round.hear_past();
        rig.round.urgent();
        let all = drawn(rig);
        if all.contains(words) {
            return all;
        }
        assert!(Instant::now() < until, "no {words}: {all}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_key_looks_back_and_esc_returns_with_nothing_lost() {
    let mut rig = looking(Past::Session(opening(600)));
    rig.press("H");
    let all = see(&mut rig, " LOOKING BACK ");
    assert!(all.contains("PAST 14:00:50 ") && all.contains("#500"), "{all}");
    assert!(all.contains("line of record 500") && !all.contains("line of record 510"));
    // The kill's key stays in view, and its pane is of now.
    assert!(all.contains("Ctrl-K KILL"), "{all}");
    rig.press(", .");
    see(&mut rig, "#500");
    rig.press(",");
    see(&mut rig, "#490");
    rig.round.sender.log(Level::Info, "test", "heard while looking back");
    rig.press("esc");
    let all = see(&mut rig, "heard while looking back");
    assert!(!all.contains("PAST") && !all.contains("LOOKING"), "{all}");
    // The next look begins where the last one was.
    rig.press("H");
    see(&mut rig, "#490");
}

#[test]
fn a_time_before_the_first_record_is_told_and_the_row_goes_on_saying_it() {
    for asked in ["1 3 : 0 0", "- 1 h", "2 0 2 5 - 0 1 - 0 1"] {
        let mut rig = looking(Past::Session(opening(300)));
        rig.press(&format!(": p a s t space {asked} enter"));
        see(&mut rig, "the recording begins at 2026-01-14T14:00:00.100");
        rig.round.notice = None;
        let all = see(&mut rig, " |< 14:00:00.100Z ");
        assert!(all.contains("PAST 14:00:00 "), "{all}");
    }
}

#[test]
fn what_acts_on_what_is_shown_is_refused_while_looking_back() {
    let mut rig = looking(Past::Session(opening(300)));
    rig.press("1 H");
    see(&mut rig, "#200");
    for keys in ["x x", "t t", "x p"] {
        rig.press(keys);
        see(&mut rig, "what is shown is history");
        assert!(rig.round.guard.armed().is_none() && !rig.round.screen.fills_in());
        rig.round.notice = None;
    }
    rig.press("B");
    see(&mut rig, "go back to now first");
}

#[test]
fn the_line_goes_to_times_records_marks_and_texts() {
    let mut rig = looking(Past::Session(opening(600)));
    let line = |rig: &mut Rig, text: &str| {
        rig.press(":");
        for c in text.chars() {
            let key = if c == ' ' { "space".to_owned() } else { c.to_string() };
            rig.press(&key);
        }
        rig.press("enter");
    };
    line(&mut rig, "past 14:00:30");
    see(&mut rig, "#300");
    line(&mut rig, "at 123");
    see(&mut rig, "#123");
    line(&mut rig, "step 2");
    see(&mut rig, "#140");
    line(&mut rig, "find record 20");
    see(&mut rig, "#200");
    line(&mut rig, "rewind 5s");
    see(&mut rig, "#150");
    line(&mut rig, "at 25:00");
    see(&mut rig, "is no place");
    line(&mut rig, "speed 60");
    see(&mut rig, "60x");
    line(&mut rig, "next-mark kill");
    see(&mut rig, "there is no kill after this");
    line(&mut rig, "speed 7");
    see(&mut rig, "speed knows no factor");
}

#[test]
fn without_a_past_it_says_why_and_without_looking_back_so_too() {
    let mut rig = looking(Past::None(Text::new("recording is off in the settings")));
    rig.press("H");
    see(&mut rig, "nothing is recorded: recording is off");
    rig.press(": f a s t e r enter");
    see(&mut rig, "this is now: H looks back");
}

#[test]
fn a_click_on_the_bar_goes_there() {
    let mut rig = looking(Past::Recording(opening(601), vec![Move::Start]));
    rig.round.open_recording();
    see(&mut rig, "#1/601");
    let row = drawn(&mut rig).lines().last().unwrap().to_owned();
    let first = row.chars().position(|c| c == '\u{25c9}').unwrap();
    let end = row.chars().rev().position(|c| c == '\u{2591}').unwrap();
    let last = row.chars().count() - end - 1;
    let at =
        |x: usize, what| Incoming::Pointed(Point { x: u16::try_from(x).unwrap(), y: 39, what });
    rig.round.hear(&at(last, Pointed::Click));
    see(&mut rig, "#601/601");
    rig.round.hear(&at(first, Pointed::Drag));
    see(&mut rig, "#1/601");
}

#[test]
fn in_a_recording_nothing_acts_and_the_chord_says_what_does() {
    let mut rig = looking(Past::Recording(opening(50), vec![Move::Seq(40)]));
    rig.round.open_recording();
    let all = see(&mut rig, "#40/50");
    assert!(all.contains(" REPLAY ") && !all.contains("Ctrl-K KILL"), "{all}");
    rig.press("1 x x");
    see(&mut rig, "nothing in it can be acted on");
    rig.press("a r m");
    assert!(rig.round.guard.armed().is_none());
    let now = clock::now();
    let verb = crate::event::GuardedVerb::Kill;
    let phase = crate::event::GuardPhase::Armed;
    rig.round.sender.send(Event::Guard(crate::event::GuardReport { verb, phase, at: now }));
    rig.round.hear(&Incoming::Superseded);
    let all = see(&mut rig, " NOT A KILL ");
    assert!(all.contains("run crs kill in another terminal"), "{all}");
}
