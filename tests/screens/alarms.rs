//! The list of alarms at every size.

use crate::panes::shoot;
use crate::picture::{frame, rows};
use crate::scene::{self, Session};
use crs::domain::{AlarmAct, LatchPhase};
use crs::event::{Event, Level, LinkState};
use crs::tui::ui::{Pane, Ui};

fn focused() -> Ui {
    Ui { focus: Pane::Alarms, ..Ui::default() }
}

/// A feed that is down, a stranger's latch, a full disk, and one taken on.
fn troubled() -> Session {
    let mut s = scene::calm();
    s.log(Level::Alarm, "audit", "audit log can't be written, kept and tried on: No space left");
    s.pass(1_000).put(Event::Alarm(AlarmAct::Acknowledge(None)));
    s.feed(LinkState::Down).pass(4_000);
    s.latch(LatchPhase::EngagedExternal, "margin call, touched by hand", "uid 1001").pass(1_500);
    s
}

#[test]
fn several() {
    shoot("alarms", &troubled(), &focused());
    shoot("alarms_zoom", &troubled(), &Ui { zoom: true, ..focused() });
}

#[test]
fn none() {
    shoot("alarms_none", &scene::calm(), &focused());
}

#[test]
fn what_nobody_has_taken_on_is_counted_on_every_screen() {
    let last = |s: &Session, width, height| {
        let buffer = frame(&s.state, &Ui::default(), &scene::hints(), width, height);
        rows(&buffer).pop().unwrap()
    };
    for (width, height, word) in [(200, 60, "✗ 2 alarms"), (80, 24, "✗ 2 alarms"), (40, 12, "✗ 2")]
    {
        let line = last(&troubled(), width, height);
        assert!(line.contains(word), "{width}×{height}: {line}");
        let calm = last(&scene::calm(), width, height);
        assert!(!calm.contains("alarm"), "{calm}");
    }
}

#[test]
fn a_flood_is_one_row_of_its_own() {
    let mut s = scene::calm();
    for n in 0..10 {
        s.log(Level::Alarm, "agent", &format!("trouble number {n}"));
    }
    s.feed(LinkState::Down).positions_fault("no answer within 3 s").agent(false).pass(40_000);
    shoot("alarms_flood", &s, &Ui { zoom: true, ..focused() });
}
