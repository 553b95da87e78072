//! The WebSocket: what comes, in which order, and what may be asked.

use super::doubles::{alert, line, record};
use super::house::House;
use crs::domain::mission::{LineLevel, ProcessState};
use crs::mission::told::{Hears, Told};
use serde_json::json;
use std::sync::Arc;

#[test]
fn the_first_message_is_everything_and_numbers_have_no_holes() {
    let house = House::new();
    let mut ws = house.ws();
    let first = ws.next();
    assert_eq!((&first["type"], &first["seq"]), (&json!("initial_status"), &json!(1)));
    assert_eq!(first["data"]["mode"], "");
    assert_eq!(first["data"]["processes"][1]["cpu_percent"], 12.5);
    assert_eq!(first["data"]["modes"][0]["confirm"], "LIVE 10000");
    house.hub.hear(Told::Process(Arc::new(record("engine", ProcessState::Stopping))));
    house.hub.hear(Told::Alert(Arc::new(alert(7))));
    house.hub.hear(Told::Lines(vec![line(1, "engine", LineLevel::Warn)].into()));
    let mut seen = Vec::new();
    let mut seq = 1;
    while !["process_update", "alert", "console_output", "status_update"]
        .iter()
        .all(|kind| seen.iter().any(|m: &serde_json::Value| m["type"] == *kind))
    {
        let next = ws.next();
        seq += 1;
        assert_eq!(next["seq"], seq);
        seen.push(next);
    }
    let of = |kind: &str| seen.iter().rfind(|m| m["type"] == kind).unwrap();
    let update = seen.iter().find(|m| m["process"] == "engine").unwrap();
    assert_eq!(update["metrics"], json!({"cpu": 12.5, "memory_mb": 64}));
    assert_eq!(
        (&of("alert")["data"]["id"], &of("alert")["data"]["severity"]),
        (&json!(7), &json!("HIGH"))
    );
    let said = &of("console_output")["data"];
    for key in ["process", "timestamp", "message", "seq", "level"] {
        assert!(!said[key].is_null(), "{key}");
    }
    assert_eq!(of("status_update")["data"]["alerts"][0]["id"], 7);
}

#[test]
fn every_question_is_answered_by_its_name() {
    let house = House::new();
    let mut ws = house.ws();
    for (text, answer) in [
        (r#"{"type":"ping","req_id":"a"}"#, "accepted"),
        (r#"{"type":"launch","mode":"PAPER","options":{},"req_id":"a"}"#, "launched"),
        (
            r#"{"type":"launch","mode":"LIVE","options":{"confirm":"LIVE 10000"},"req_id":"a"}"#,
            "launched",
        ),
        (r#"{"type":"launch","mode":"LIVE","req_id":"a"}"#, "refused"),
        (
            r#"{"type":"process_action","process":"engine","action":"restart","req_id":"a"}"#,
            "process",
        ),
        (r#"{"type":"process_action","process":"nobody","action":"stop","req_id":"a"}"#, "refused"),
        (r#"{"type":"ack","alert":1,"req_id":"a"}"#, "accepted"),
        (r#"{"type":"act","alert":1,"action":"restart","req_id":"a"}"#, "accepted"),
        (r#"{"type":"plan","mode":"PAPER","req_id":"a"}"#, "accepted"),
        (r#"{"type":"why","process":"engine","req_id":"a"}"#, "accepted"),
        (r#"{"type":"audit","last":5,"req_id":"a"}"#, "accepted"),
        (r#"{"type":"subscribe","lines":false,"req_id":"a"}"#, "accepted"),
    ] {
        let said = ws.ask("a", text);
        assert_eq!(said["data"]["answer"], answer, "{text}: {said}");
    }
    let plan = ws.ask("b", r#"{"type":"plan","mode":"REPLAY","req_id":"b"}"#);
    assert_eq!(plan["lines"], json!(["start engine", "NO  no recording"]));
}

#[test]
fn a_launch_as_documented_is_followed_to_its_end() {
    let house = House::new();
    let mut ws = house.ws();
    ws.say(r#"{"type": "launch", "mode": "TANK", "options": {}}"#);
    let mut mode = String::new();
    loop {
        let next = ws.next();
        if let Some(now) = next["data"]["mode"].as_str() {
            now.clone_into(&mut mode);
        }
        let partial = |launch: &serde_json::Value| launch["phase"] == "partial";
        if partial(&next["data"]) || partial(&next["data"]["launch"]) {
            break;
        }
    }
    assert_eq!(mode, "TANK");
}

#[test]
fn a_subscription_chooses_lines_and_brings_those_at_hand_first() {
    let house = House::new();
    let all: Vec<_> = (1..=10)
        .map(|n| line(n, if n % 2 == 0 { "engine" } else { "gateway" }, LineLevel::Info))
        .collect();
    house.doubles.lines.lock().unwrap().clone_from(&all);
    let mut ws = house.ws();
    let said = ws.ask(
        "s",
        r#"{"type":"subscribe","req_id":"s","lines":true,"batch":true,"processes":["engine"],"after":4}"#,
    );
    assert_eq!(said["data"]["answer"], "accepted");
    let had = ws.next_of("console_lines");
    let seqs = |m: &serde_json::Value| {
        m["data"].as_array().unwrap().iter().map(|l| l["seq"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(seqs(&had), [6, 8, 10]);
    // What was at hand does not come a second time.
    let again: Vec<_> = (9..=13).map(|n| line(n, "engine", LineLevel::Info)).collect();
    house.hub.hear(Told::Lines(again.into()));
    house.hub.hear(Told::Lines(vec![line(14, "gateway", LineLevel::Error)].into()));
    house.hub.hear(Told::Lines(vec![line(15, "engine", LineLevel::Error)].into()));
    let mut came = Vec::new();
    while came.last() != Some(&15) {
        came.extend(seqs(&ws.next_of("console_lines")));
    }
    assert_eq!(came, [11, 12, 13, 15]);
}

#[test]
fn two_clients_at_once_hear_the_same_and_both_are_answered() {
    let house = House::new();
    let (mut one, mut two) = (house.ws(), house.ws());
    std::thread::scope(|scope| {
        let each = |ws: &'static str| {
            (ws, r#"{"type":"process_action","process":"engine","action":"restart","req_id":"x"}"#)
        };
        let (_, text) = each("");
        let first = scope.spawn(|| one.ask("x", text)["data"]["answer"].clone());
        let second = scope.spawn(|| two.ask("x", text)["data"]["answer"].clone());
        assert_eq!(
            (first.join().unwrap(), second.join().unwrap()),
            (json!("process"), json!("process"))
        );
    });
    house.hub.hear(Told::Alert(Arc::new(alert(3))));
    assert_eq!(one.next_of("alert")["data"], two.next_of("alert")["data"]);
}
