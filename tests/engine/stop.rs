//! The switch, in mid-stream: made by `crs block`, by `touch`, in doubt.

use crate::common::paper::Paper;
use crate::common::sandbox::{Sandbox, Signal, signal};
use crate::process::{LIMIT, Process, is};
use serde_json::Value;
use std::fs;
use std::time::Duration;

/// Ticks that all say BUY or SELL, twenty a second.
fn engine(home: &Sandbox, paper: &Paper) -> Process {
    let (cmd, data) = (paper.port("commands"), paper.port("ticks"));
    Process::start(home, &["--cmd-port", &cmd, "--data-port", &data])
}

/// All entries from the first blocked one on, once there are some.
fn after_the_stop(engine: &Process) -> Vec<Value> {
    engine.until("BLOCKED", is("BLOCKED"));
    let seen = engine.entries().len();
    engine.until("more of them", move |e| e["tick_id"].as_u64().unwrap() > seen as u64 + 20);
    let all = engine.entries();
    let first = all.iter().position(is("BLOCKED")).unwrap();
    assert!(all[..first].iter().any(is("ORDER_GENERATED")), "it had ordered before");
    all[first..].to_vec()
}

#[test]
fn a_block_stops_it_and_only_the_way_back_lets_it_go_on() {
    let home = Sandbox::new();
    let mut paper = Paper::start(&home, &["--symbols", "EURUSD", "--rate", "50"]);
    let engine = engine(&home, &paper);
    engine.until("an order", is("ORDER_GENERATED"));
    let block = paper.ask(&home, &["block", "--reason", "news", "--yes", "--json"]);
    assert_eq!(block.code, Some(0), "{block:#?}");
    let id = block.json()["engage_id"].as_str().unwrap().to_owned();
    for entry in after_the_stop(&engine) {
        assert_eq!((&entry["action"], &entry["gate"]), (&"BLOCKED".into(), &1.into()), "{entry}");
        assert_eq!(entry["reason"], "KILL_SWITCH_ACTIVE");
        let state = &entry["circuit_breaker_state"];
        assert_eq!(
            (&state["is_engaged"], &state["engagement_reason"]),
            (&true.into(), &"news".into())
        );
        assert!(state["engagement_time"].is_string());
    }
    // Restarts honour it.
    let (report, said) = engine.stop();
    assert!(report["ticks_blocked"].as_u64().unwrap() > 20, "{report}");
    assert!(said.contains("[KILL_SWITCH] ENGAGED at tick #"), "{said}");
    fs::remove_file(home.path().join("engine.jsonl")).unwrap();
    let again = crate::stop::engine(&home, &paper);
    let first = again.until("an entry", |_| true);
    assert_eq!(first["reason"], "KILL_SWITCH_ACTIVE", "{first}");
    let phrase = format!("RESET {}", &id[id.len() - 6..]);
    let reset = ["reset", "--reason", "over", "--engage-id", &id, "--phrase", &phrase];
    assert_eq!(paper.ask(&home, &reset).code, Some(0));
    let disarmed = again.until("DISARMED", |e| e["reason"] == "NOT_PROVEN_SAFE");
    assert_eq!(disarmed["circuit_breaker_state"]["is_engaged"], false, "{disarmed}");
    assert_eq!(paper.ask(&home, &["arm"]).code, Some(0));
    again.until("an order", is("ORDER_GENERATED"));
    assert_eq!(paper.stop(), Some(0));
}

#[test]
fn a_touched_file_stops_it_and_removing_it_does_not_help() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &["--symbols", "EURUSD", "--rate", "50"]);
    let engine = engine(&home, &paper);
    engine.until("an order", is("ORDER_GENERATED"));
    fs::write(home.latch(), "").unwrap();
    let stopped = after_the_stop(&engine);
    assert!(stopped.iter().all(is("BLOCKED")));
    assert!(stopped[5]["circuit_breaker_state"]["engagement_time"].is_string(), "{}", stopped[5]);
    fs::remove_file(home.latch()).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let seen = engine.entries().len() as u64;
    engine.until("more", move |e| e["tick_id"].as_u64().unwrap() > seen + 10);
    let all = engine.entries();
    let first = all.iter().position(is("BLOCKED")).unwrap();
    assert!(all[first..].iter().all(is("BLOCKED")));
}

/// Whichever of its threads runs first when it wakes: what it was told before
/// is worth nothing.
#[test]
fn a_process_that_slept_through_the_stop_wakes_to_a_closed_gate() {
    for _ in 0..3 {
        let home = Sandbox::new();
        let engine = Process::start(&home, &["--ticks", "mock"]);
        engine.until("an order", is("ORDER_GENERATED"));
        signal(engine.pid(), Signal::STOP);
        std::thread::sleep(Duration::from_millis(700));
        let stopped = crs::host::clock::utc().naive_iso();
        fs::write(home.latch(), "").unwrap();
        std::thread::sleep(Duration::from_millis(300));
        signal(engine.pid(), Signal::CONT);
        engine.until("KILL_SWITCH_ACTIVE", |e| e["reason"] == "KILL_SWITCH_ACTIVE");
        for entry in engine.entries().iter().filter(|e| is("ORDER_GENERATED")(e)) {
            assert!(entry["order"]["timestamp"].as_str().unwrap() < stopped.as_str(), "{entry}");
        }
    }
}

#[test]
fn doubt_blocks_everything() {
    let home = Sandbox::new();
    let latch = home.path().join("nowhere/kill.lock");
    let latch = latch.to_str().unwrap();
    let args = ["engine", "--kill-switch-file", latch, "--ticks", "mock", "--count", "5", "--json"];
    let outcome = home.run(&[&args[..], &["--events-port", "0"]].concat(), LIMIT);
    let report = outcome.json();
    assert_eq!(
        (&report["ticks"], &report["ticks_blocked"]),
        (&5.into(), &5.into()),
        "{outcome:#?}"
    );
    assert_eq!(report["orders_generated"], 0);
}
