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
        .position(|row| row.words(&s.state)[..2] == ["GTW", "heartbeat"]);
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

/// Two hundred nodes with ten checks each; one in a hundred fails.
fn crowd() -> Session {
    let mut s = calm();
    for n in 0..2_000_u64 {
        let found = if n % 100 == 7 { Err("connection refused") } else { Ok(200 + n) };
        s.check(&format!("NODE{:03}", n / 10), &format!("check{}", n % 10), n % 3 == 0, found);
    }
    s.pass(1_000);
    s
}

/// The rows that are shown are those of all rows made and sorted, whatever is
/// selected or filtered; only the time differs, which is printed.
#[test]
fn only_the_rows_that_are_shown_are_made() {
    use std::time::Instant;
    let s = crowd();
    for (filter, row) in [("", 0), ("", 900), ("", 1_999), ("failed", 3), ("node01", 40)] {
        let mut ui = Ui { focus: Pane::Mesh, zoom: true, ..Ui::default() };
        ui.set_filter(Pane::Mesh, filter);
        ui.set_row(Pane::Mesh, row);
        let began = Instant::now();
        let listed = crs::tui::view::mesh::listed(&s.state, &ui);
        let lazily = began.elapsed();
        // As it was done before: each row made, then sorted and filtered.
        let began = Instant::now();
        let mut all: Vec<_> =
            s.state.mesh_entries().iter().map(|one| one.row(&s.state).into_owned()).collect();
        all.sort_by_key(|row| std::cmp::Reverse(row.standing));
        let words = |row: &crs::state::mesh::Row| {
            format!("{}\n{}\n{}", row.node, row.check, row.word).to_lowercase()
        };
        all.retain(|row| words(row).contains(filter));
        let before = began.elapsed();
        println!("{} rows: listed in {lazily:?}, all made in {before:?}", all.len());
        assert_eq!(listed.len(), all.len());
        assert!(listed.iter().zip(&all).all(|(one, row)| *one.row(&s.state) == *row));
        let picture = rows(&frame(&s.state, &ui, &hints(), 120, 40)).join("\n");
        let chosen = &all[row.min(all.len() - 1)];
        assert!(picture.contains(chosen.node.as_str()), "{picture}");
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
