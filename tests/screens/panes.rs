//! The screens that an operator sees, in the three sizes.

use crate::picture::{frame, picture, role_of, rows};
use crate::scene::{self, Session};
use crs::domain::{GatewayPhase, Intent, LatchPhase, Mode, Text, UtcMicros};
use crs::event::{
    DrillReport, Event, Fingerprint, GatewayReport, GuardPhase, GuardedVerb, Level, LinkState,
    RecordingReport,
};
use crs::tui::theme::{Charset, Depth, Role, Theme};
use crs::tui::ui::{Pane, Ui};
use crs::tui::view::draw;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use std::collections::BTreeSet;

pub fn shoot(name: &str, session: &Session, ui: &Ui) {
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        let buffer = frame(&session.state, ui, &scene::hints(), width, height);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture(&buffer));
    }
}

#[test]
fn calm() {
    shoot("calm", &scene::calm(), &Ui::default());
}

/// In the strip where there is room, and an alarm when it can't go on.
#[test]
fn a_recording_that_goes_on_or_can_not_is_told() {
    let strip =
        |s: &Session| rows(&frame(&s.state, &Ui::default(), &scene::hints(), 200, 60)).remove(0);
    let mut s = scene::calm();
    assert!(!strip(&s).contains("rec"), "nothing was heard of one");
    let mut report = RecordingReport { on: true, ..RecordingReport::default() };
    s.put(Event::Recording(Box::new(report.clone())));
    assert!(strip(&s).contains("● rec "), "{}", strip(&s));
    (report.on, report.fault) = (false, Text::new("no space left on device"));
    s.put(Event::Recording(Box::new(report.clone()))).pass(7_000);
    assert!(strip(&s).contains("✗ no rec"), "{}", strip(&s));
    let raised = |s: &Session| s.state.alarms.list.iter().any(|a| a.key.as_str() == "recording");
    assert!(raised(&s));
    report.elsewhere = true;
    let mut other = scene::calm();
    other.put(Event::Recording(Box::new(report))).pass(7_000);
    assert!(strip(&other).contains("rec other") && !raised(&other), "{}", strip(&other));
}

#[test]
fn a_latch_that_is_not_on_disk_flashes_by_the_records_time() {
    let mut s = scene::calm();
    s.latch(LatchPhase::NotDurable, "no room", "op@desk");
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        s.latch(LatchPhase::NotDurable, "no room", "op@desk").pass(100);
        for (width, height) in [(120, 40), (80, 24), (40, 12), (20, 4)] {
            let area = Rect::new(0, 0, width, height);
            let drawn = |depth| {
                let theme = Theme::embedded("dark", depth, Charset::Unicode).unwrap();
                let mut buffer = Buffer::empty(area);
                draw(&s.state, &Ui::default(), &theme, &scene::hints(), area, &mut buffer);
                let text: String = buffer.content.iter().map(Cell::symbol).collect();
                let flat: Vec<Cell> = buffer.content;
                let word = text.find("NOT DURABLE").or_else(|| text.find("NOT_DURABLE"));
                let at = text[..word.unwrap_or_else(|| panic!("{text}"))].chars().count();
                flat[at].modifier.contains(Modifier::REVERSED)
            };
            let odd = s.state.now.mono_ns / 500_000_000 % 2 == 1;
            assert_eq!(drawn(Depth::True), odd, "{width}×{height}");
            seen.insert(odd);
            // Without colours it is reversed for good, and the word is enough.
            assert!(drawn(Depth::None), "{width}×{height}");
        }
    }
    assert_eq!(seen.len(), 2);
    s.latch(LatchPhase::Durable, "no room", "op@desk");
    assert_eq!(s.state.breaker_phase(), LatchPhase::Durable);
}

#[test]
fn a_drill_is_due_after_seven_days() {
    let mut s = scene::calm();
    let ago = |days: i64| UtcMicros(s.state.now.utc.0 - days * 86_400_000_000);
    let (due, fresh) = (ago(8), ago(3));
    s.put(Event::Drill(DrillReport { last: Some(due) }));
    shoot("drill_due", &s, &Ui::default());
    s.put(Event::Drill(DrillReport { last: Some(fresh) }));
    let buffer = frame(&s.state, &Ui::default(), &scene::hints(), 120, 40);
    assert!(rows(&buffer).iter().any(|row| row.contains("last drill 72h ago")));
}

#[test]
fn just_started() {
    shoot("just_started", &Session::new(None), &Ui::default());
}

#[test]
fn guard_of_kill() {
    let mut s = scene::calm();
    s.guard(GuardedVerb::Kill, GuardPhase::Armed).pass(800);
    shoot("guard_of_kill", &s, &Ui::default());
}

#[test]
fn guard_of_block_pressed_too_early() {
    let mut s = scene::calm();
    s.guard(GuardedVerb::Block, GuardPhase::Armed).pass(100);
    s.guard(GuardedVerb::Block, GuardPhase::TooEarly).pass(100);
    shoot("guard_of_block", &s, &Ui::default());
}

#[test]
fn kill_is_being_sent() {
    shoot("kill_sending", &scene::killing(), &Ui::default());
}

#[test]
fn kill_is_acknowledged() {
    shoot("kill_acked", &scene::acked(), &Ui::default());
}

#[test]
fn kill_left_survivors() {
    shoot("kill_partial", &scene::partial(), &Ui::default());
}

#[test]
fn kill_is_verified() {
    shoot("kill_verified", &scene::verified(), &Ui::default());
}

#[test]
fn kill_is_unconfirmed() {
    shoot("kill_unconfirmed", &scene::unconfirmed(), &Ui::default());
}

#[test]
fn kill_met_a_rogue() {
    let mut s = scene::killing();
    s.put(Event::Gateway(Box::new(GatewayReport {
        link: LinkState::Up,
        fingerprint: Fingerprint::NotV1,
        fault: crs::domain::Text::new("HEARTBEAT was answered with \"OK_ACK\""),
        ..GatewayReport::default()
    })));
    s.kill(|k| {
        k.phase = GatewayPhase::NotV1;
        k.note = Text::new("OK_ACK (expected value at line 1 column 1)");
    });
    s.pass(300);
    shoot("kill_not_v1", &s, &Ui::default());
}

#[test]
fn after_a_reset_a_kill_is_history() {
    let mut s = scene::verified();
    s.latch(LatchPhase::Disarmed, "", "").pass(1_500);
    shoot("after_reset", &s, &Ui::default());
}

#[test]
fn latched_by_somebody_else() {
    let mut s = scene::calm();
    s.latch(LatchPhase::EngagedExternal, "margin call, touched by hand", "uid 1001").pass(100);
    shoot("engaged_external", &s, &Ui::default());
}

#[test]
fn blind_gateway_is_not_flat() {
    let mut s = scene::calm();
    s.positions(Vec::new()).account_fault("nested error: MT5 not connected").pass(200);
    shoot("blind_gateway", &s, &Ui::default());
}

#[test]
fn live_account_with_everything_stale() {
    let mut s = scene::calm();
    s.feed(LinkState::Down).positions_fault("no answer within 3 s").agent(false).pass(20_000);
    s.log(Level::Alarm, "agent", "could not be started: no space left on device").pass(11_000);
    shoot("all_stale", &s, &Ui::default());
}

#[test]
fn blocked_without_a_kill() {
    let mut s = scene::calm();
    s.guard(GuardedVerb::Block, GuardPhase::Armed).pass(600);
    s.guard(GuardedVerb::Block, GuardPhase::Fired);
    s.latch(LatchPhase::Durable, "news at noon", "ops@inf").kill(|k| {
        k.intent = Intent::Block;
        k.phase = GatewayPhase::Idle;
        k.latch = LatchPhase::Durable;
        k.times.durable = Some(4_120);
    });
    s.pass(300);
    shoot("blocked", &s, &Ui::default());
}

#[test]
fn two_gateways_one_of_them_gone() {
    let mut s = scene::two_gateways();
    s.pass(300);
    shoot("two_gateways", &s, &Ui::default());
}

#[test]
fn a_kill_of_two_gateways() {
    let mut s = scene::two_gateways();
    let poll = s.poll(Some(0), Some(true), "");
    s.latch(LatchPhase::Durable, "operator", "ops@inf").kill(|k| {
        k.latch = LatchPhase::Durable;
        k.phase = GatewayPhase::Verified;
        k.claimed = Some((3, 3));
        k.good_polls = 3;
        k.last_poll = Some(poll);
    });
    s.kill(|k| {
        k.last_poll = None;
        k.good_polls = 0;
        k.claimed = None;
        k.target = 1;
        k.gateway = Text::new("backup");
        k.phase = GatewayPhase::Unconfirmed;
        k.latch = LatchPhase::Durable;
        k.attempts = 2;
    });
    s.pass(300);
    shoot("kill_two_gateways", &s, &Ui::default());
}

#[test]
fn a_large_screen() {
    let buffer = frame(&scene::calm().state, &Ui::default(), &scene::hints(), 200, 60);
    insta::assert_snapshot!("calm_200x60", picture(&buffer));
    let buffer = frame(&scene::partial().state, &Ui::default(), &scene::hints(), 200, 60);
    insta::assert_snapshot!("kill_partial_200x60", picture(&buffer));
}

#[test]
fn without_utf8_every_cell_is_ascii() {
    let mut s = scene::partial();
    s.guard(GuardedVerb::Kill, GuardPhase::Armed);
    for (name, session) in [("calm", scene::calm()), ("guard", s), ("partial", scene::partial())] {
        for (width, height) in [(120, 40), (80, 24), (40, 12)] {
            let area = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            let theme = Theme::plain(Charset::Ascii);
            draw(&session.state, &Ui::default(), &theme, &scene::hints(), area, &mut buffer);
            assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
            if width == 80 {
                insta::assert_snapshot!(format!("ascii_{name}_80x24"), rows(&buffer).join("\n"));
            }
        }
    }
}

#[test]
fn help_is_generated() {
    let ui = Ui { help: true, ..Ui::default() };
    shoot("help", &scene::calm(), &ui);
}

fn name(pane: Pane) -> String {
    pane.title().replace(' ', "_")
}

#[test]
fn panes_one_by_one() {
    let s = scene::calm();
    for pane in Pane::ALL {
        let ui = Ui { focus: pane, zoom: true, ..Ui::default() };
        let buffer = frame(&s.state, &ui, &scene::hints(), 80, 24);
        insta::assert_snapshot!(format!("zoom_{}_80x24", name(pane)), picture(&buffer));
        let ui = Ui { focus: pane, ..Ui::default() };
        let buffer = frame(&s.state, &ui, &scene::hints(), 40, 12);
        insta::assert_snapshot!(format!("single_{}_40x12", name(pane)), picture(&buffer));
    }
}

#[test]
fn panes_one_by_one_when_nothing_answers() {
    let s = scene::unconfirmed();
    for pane in Pane::ALL {
        let ui = Ui { focus: pane, zoom: true, ..Ui::default() };
        for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
            let buffer = frame(&s.state, &ui, &scene::hints(), width, height);
            let shot = format!("lost_{}_{width}x{height}", name(pane));
            insta::assert_snapshot!(shot, picture(&buffer));
        }
    }
}

#[test]
fn a_breach_is_told_by_a_word_and_not_by_a_colour_alone() {
    let mut s = scene::calm();
    for _ in 0..300 {
        s.heartbeat(162_000);
    }
    for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
        let ui = Ui { focus: Pane::Lag, zoom: width < 120, ..Ui::default() };
        let all = rows(&frame(&s.state, &ui, &scene::hints(), width, height)).join("\n");
        assert!(all.contains("rtt BREACH") && !all.contains("engine BREACH"), "{all}");
    }
    shoot("lag_breach", &s, &Ui { focus: Pane::Lag, zoom: true, ..Ui::default() });
}

#[test]
fn no_mode_can_be_taken_for_another() {
    let modes = [
        Mode::Sim,
        Mode::Paper,
        Mode::DemoAccount,
        Mode::Live,
        Mode::LiveUnknown,
        Mode::Drill,
        Mode::Replay,
    ];
    let mut strips = String::new();
    for mode in modes {
        let s = Session::new(Some(mode));
        let buffer = frame(&s.state, &Ui::default(), &scene::hints(), 80, 24);
        let lines = picture(&buffer);
        let rows: Vec<_> = lines.lines().collect();
        for row in [0, 23, 25, 48] {
            strips.push_str(rows[row]);
            strips.push('\n');
        }
    }
    insta::assert_snapshot!("modes_80x24", strips);
}

#[test]
fn one_slow_answer_is_not_red_for_the_rest_of_the_day() {
    let breaches = |s: &Session| {
        let buffer = frame(&s.state, &Ui::default(), &scene::hints(), 120, 40);
        buffer.content.iter().filter(|cell| role_of(cell) == Role::LagBreach).count()
    };
    let mut s = scene::calm();
    for _ in 0..300 {
        s.heartbeat(1_000);
    }
    s.heartbeat(162_000);
    s.heartbeat(1_000);
    assert_eq!(breaches(&s), 0);
    for _ in 0..300 {
        s.heartbeat(162_000);
    }
    assert!(breaches(&s) > 0, "many are a breach");
}
