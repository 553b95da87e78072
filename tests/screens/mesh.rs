//! Checks of the mesh: how each stands, its course, and what to do.

use crate::picture::{frame, picture, rows};
use crate::scene::{Session, calm, hints};
use crs::domain::{CheckReport, CheckResult, CheckStatus, Text};
use crs::event::Event;
use crs::state::State;
use crs::state::checks::Checks;
use crs::tui::ui::{Pane, Ui};

impl Session {
    fn check(&mut self, node: &str, name: &str, critical: bool, found: Result<u64, &str>) {
        let ok = found.is_ok();
        let result = CheckResult {
            status: if ok { CheckStatus::Ok } else { CheckStatus::Failed },
            latency_us: found.ok(),
            said: Text::new(if ok { "answers" } else { "" }),
            cause: Text::new(found.err().unwrap_or_default()),
            next: Text::new(if ok { "" } else { "start the service, or correct host and port" }),
            at: self.at,
        };
        self.put(Event::Check(Box::new(CheckReport {
            node: Text::new(node),
            name: Text::new(name),
            by: Text::new("tcp"),
            critical,
            period_ms: 15_000,
            timeout_ms: 5_000,
            result,
            ..CheckReport::default()
        })));
    }
}

/// Redis went and came, the gateway's heartbeat is gone, one look is missing.
fn checked() -> Session {
    let mut s = calm();
    s.check("GPU", "ssh", false, Ok(310_000));
    for round in 0..6_u64 {
        s.check("GTW", "heartbeat", true, Ok(800 + round * 700 % 1_900));
        let away = (2..4).contains(&round);
        let gone = "nobody listens at 127.0.0.1:6379: connection refused";
        s.check("INF", "redis", false, if away { Err(gone) } else { Ok(210 + round * 40) });
        s.check("HUB", "icmp", false, Ok(12_000));
        s.pass(9_000);
        s.put(Event::Beat);
    }
    s.check("GTW", "heartbeat", true, Err("nobody listens at 127.0.0.1:5555: connection refused"));
    s.pass(1_500);
    s
}

fn on_mesh(s: &Session) -> Ui {
    let mut ui = Ui { focus: Pane::Mesh, zoom: true, ..Ui::default() };
    let at = crs::tui::view::mesh::listed(&s.state, &ui)
        .iter()
        .position(|row| row.node.as_str() == "GTW" && row.check.as_str() == "heartbeat");
    ui.set_row(Pane::Mesh, at.unwrap());
    ui
}

#[test]
fn checks_stand_beside_what_is_known_of_gateways() {
    let s = checked();
    for (width, height) in [(200, 60), (120, 40), (80, 24), (40, 12)] {
        let ui = on_mesh(&s);
        let buffer = frame(&s.state, &ui, &hints(), width, height);
        insta::assert_snapshot!(format!("checks_{width}x{height}"), picture(&buffer));
    }
}

#[test]
fn a_failing_critical_check_has_a_field_of_the_strip_behind_the_ages() {
    let drawn = |state: &State, width, height| {
        rows(&frame(state, &Ui::default(), &hints(), width, height)).remove(0)
    };
    let strip = |s: &Session, width, height| drawn(&s.state, width, height);
    let mut s = checked();
    for (width, height) in [(200, 60), (120, 40), (80, 24)] {
        let row = strip(&s, width, height);
        let at = row.find("✗ GTW heartbeat").unwrap_or_else(|| panic!("{width}: {row}"));
        assert!(row.find("quiet").is_some_and(|feed| feed < at), "{row}");
    }
    s.check("GTW", "ticks", true, Err("silence"));
    assert!(strip(&s, 200, 60).contains("✗ 2 checks failing"), "{}", strip(&s, 200, 60));
    assert!(strip(&s, 80, 24).contains("✗ 2 checks"), "{}", strip(&s, 80, 24));
    // What must be seen first keeps its columns.
    assert!(strip(&s, 44, 12).trim_end().ends_with("✗2"), "{}", strip(&s, 44, 12));
    let without = State { checks: Checks::default(), ..s.state.clone() };
    assert_eq!(strip(&s, 40, 12), drawn(&without, 40, 12));
    s.check("GTW", "heartbeat", true, Ok(800));
    s.check("GTW", "ticks", true, Ok(800));
    assert!(!strip(&s, 200, 60).contains("GTW"), "{}", strip(&s, 200, 60));
    // One that is not looked at any more is not known, and no failure.
    s.check("GTW", "ticks", true, Err("silence"));
    s.pass(40_000);
    s.put(Event::Beat);
    assert!(!strip(&s, 200, 60).contains("GTW ticks"), "{}", strip(&s, 200, 60));
}

#[test]
fn a_failing_critical_check_is_an_alarm() {
    let s = checked();
    let text = |alarm: &crs::state::Alarm| (alarm.text.to_string(), alarm.advice.to_string());
    let raised = s.state.alarms.list.iter().find(|a| a.key.as_str() == "check GTW heartbeat");
    let (text, advice) = raised.map(text).unwrap();
    assert!(text.contains("GTW heartbeat: nobody listens at 127.0.0.1:5555"), "{text}");
    assert_eq!(advice, "start the service, or correct host and port");
    assert!(!s.state.alarms.list.iter().any(|a| a.key.as_str() == "check INF redis"));
    let ui = Ui { focus: Pane::Alarms, zoom: true, ..Ui::default() };
    let all = rows(&frame(&s.state, &ui, &hints(), 120, 40)).join("\n");
    assert!(all.contains("GTW heartbeat: nobody listens"), "{all}");
}
