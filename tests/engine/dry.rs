//! Dry runs: the mock, a file, the scenarios, and what is refused.

use crate::common::sandbox::Sandbox;
use crate::process::{LIMIT, entries};
use serde_json::json;
use std::fs;

const QUIET: [&str; 3] = ["engine", "--events-port", "0"];

#[test]
fn the_mock_is_the_documents_and_its_orders_too() {
    let home = Sandbox::new();
    let args = [&QUIET[..], &["--ticks", "mock", "--count", "10", "--stdout"]].concat();
    let outcome = home.run(&args, LIMIT);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let shown = entries(&outcome.stdout);
    assert_eq!(shown.len(), 10);
    let fifth = &shown[4];
    assert_eq!((&fifth["tick_id"], &fifth["symbol"]), (&5.into(), &"EURUSD".into()));
    assert_eq!((&fifth["action"], &fifth["signal"]), (&"ORDER_GENERATED".into(), &"BUY".into()));
    let order = &fifth["order"];
    assert_eq!((&order["order_id"], &order["action"]), (&"ORD_000004".into(), &"BUY".into()));
    assert_eq!(order["entry_price"], json!(1.08515));
    assert!(fifth["lag_ms"].is_f64() && fifth["gap_ms"].is_f64(), "{fifth}");
    // Which of them came late, and the next one right behind it, is the machine's.
    let waited = shown.iter().any(|entry| entry["gap_ms"].as_f64().is_some_and(|ms| ms > 1.0));
    assert!(waited, "{shown:#?}");
    let said = "ticks 10, orders_generated 10, ticks_blocked 0";
    assert!(outcome.stderr.contains(said) && outcome.stderr.contains("Lag: "), "{outcome:#?}");
    // The file has the same lines, where nobody named one.
    let log = home.path().join("home/.local/state/crs/engine.jsonl");
    assert_eq!(fs::read_to_string(log).unwrap(), outcome.stdout);
}

#[test]
fn a_file_is_played_and_its_bad_rows_are_counted() {
    let home = Sandbox::new();
    let file = home.path().join("ticks.csv");
    let text = "timestamp,symbol,bid,ask\n\
        2026-01-14T13:56:58Z,EURUSD,1.08500,1.08510\n\
        2026-01-14T13:56:59Z,EURUSD,1.08494,1.08504\n\
        2026-01-14T13:57:00Z,EURUSD,1.1,1.0\n\
        2026-01-14T13:57:01Z,EURUSD,null,1.0\n";
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let args = [&QUIET[..], &["--ticks", file, "--speed", "0", "--json"]].concat();
    let outcome = home.run(&args, LIMIT);
    let report = outcome.json();
    assert_eq!((&report["ticks"], &report["refused"]), (&2.into(), &2.into()), "{outcome:#?}");
    assert_eq!((&report["orders_generated"], &report["errors"]), (&1.into(), &0.into()));
    assert!(outcome.stderr.contains("no tick: line 4: "), "{outcome:#?}");
    let cross = [&args[..], &["--strategy", "moving-average", "--max-ticks", "1"]].concat();
    let report = home.run(&cross, LIMIT).json();
    assert_eq!((&report["ticks"], &report["orders_generated"]), (&1.into(), &0.into()));
}

#[test]
fn the_documented_scenarios_pass_in_a_latch_of_their_own() {
    let home = Sandbox::new();
    // The latch of the house is engaged: none of their business.
    fs::write(home.latch(), "").unwrap();
    let outcome = home.run(&["engine", "--scenario", "all"], LIMIT);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    for number in 1..=3 {
        let line = format!("TEST SCENARIO {number} PASSED");
        assert!(outcome.stdout.contains(&line), "{outcome:#?}");
    }
    assert!(outcome.stdout.contains("[KILL_SWITCH] ENGAGED at tick #5 | 2"), "{outcome:#?}");
    assert!(outcome.stdout.contains("[KILL_SWITCH] ENGAGED at tick #1 | 2"));
    assert_eq!(outcome.stdout.matches("Lag: ").count(), 30, "each tick has its line");
    assert_eq!(outcome.stdout.matches(" ORDER_GENERATED ").count(), 14);
    assert!(home.processes().is_empty(), "the agents of its stages ended");
    let one = home.run(&["engine", "--scenario", "1", "--json"], LIMIT);
    assert_eq!((one.code, &one.json()[0]["passed"]), (Some(0), &true.into()));
}

#[test]
fn live_is_refused_where_it_makes_no_sense() {
    let home = Sandbox::new();
    for (args, why) in [
        (&["--live", "--ticks", "mock"][..], "SIM"),
        (&["--live", "--ticks", "ticks.csv"], "REPLAY"),
        (&["--live"], "needs the symbols"),
        (&["--count", "5"], "--count is of --ticks mock"),
    ] {
        let outcome = home.run(&[&["engine"], args].concat(), LIMIT);
        assert_eq!(outcome.code, Some(64), "{outcome:#?}");
        assert!(outcome.stderr.contains(why), "{outcome:#?}");
    }
    let outcome = home.run(&["engine", "--ticks", "/nonexistent.csv"], LIMIT);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
}
