//! What is wrong with the sentinel's own files is told by `/health`, too.

use crate::common::sandbox::{Sandbox, free_port};
use crate::common::wait::until;
use crate::stage::{Plan, SOON, Stage, state_file};
use serde_json::Value;
use std::fs;
use std::time::Duration;

fn nothing(_: &Sandbox) {}

/// A dry run that never has anything to order, so that no order tells of it.
fn idle() -> Stage {
    let plan = Plan { gateway_port: free_port(), args: &[], log: "crs=info", before: nothing };
    let stage = Stage::start(&plan);
    stage.services.set(|mood| {
        (mood.shares, mood.hub_delay) = ([0.2, 0.6, 0.2], Duration::ZERO);
    });
    stage.next("hold", |d| d.side.is_none());
    stage
}

fn wait_for(stage: &Stage, wanted: u16, words: &str) -> Value {
    let found = until(SOON, || {
        let (status, health) = stage.health();
        let fits = status == wanted && health["causes"].to_string().contains(words);
        fits.then_some(health)
    });
    found.unwrap_or_else(|| panic!("no {wanted} {words}: {:#?}\n{}", stage.health(), stage.said()))
}

#[test]
fn a_state_file_that_can_not_be_written_is_a_failed_cycle() {
    let stage = idle();
    wait_for(&stage, 200, "");
    let other = rusqlite::Connection::open(state_file(&stage.home)).unwrap();
    other.busy_timeout(SOON).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let health = wait_for(&stage, 503, "the last cycle: the cycle has no number: ");
    assert!(health["failed"].as_u64() > Some(0), "{health:#}");
    assert!(stage.counter("trading_cycles_failed_total") > 0);
    other.execute_batch("ROLLBACK").unwrap();
    wait_for(&stage, 200, "");
}

#[test]
fn a_decision_log_that_loses_lines_is_told_until_it_loses_none() {
    let stage = idle();
    let log = stage.home.path().join("decisions.jsonl");
    fs::rename(&log, stage.home.path().join("before.jsonl")).unwrap();
    fs::create_dir(&log).unwrap();
    let health = wait_for(&stage, 503, "decision log: ");
    assert!(health["lost"].as_u64() > Some(0), "{health:#}");
    fs::remove_dir(&log).unwrap();
    let health = wait_for(&stage, 200, "");
    assert!(health["lost"].as_u64() > Some(0), "the count stays: {health:#}");
}
