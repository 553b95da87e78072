//! A gateway that is not there, or that hears and never answers: what holds
//! without it, and how it is asked again.

use crate::common::sandbox::{Sandbox, free_port};
use crate::common::wait::until;
use crate::life::{LIMIT, Mesh};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

#[test]
fn without_a_gateway_gate_latch_and_record_hold_and_it_is_tried_again() {
    let home = Sandbox::new();
    let (port, data) = (free_port().to_string(), free_port().to_string());
    let at = ["--cmd-port", &port, "--data-port", &data];
    let run = |args: &[&str]| home.run(&[&at, args].concat(), LIMIT);
    let killed = run(&["kill", "--reason", "test", "--yes", "--json", "--timeout", "3"]);
    assert_eq!(killed.code, Some(3), "{killed:#?}");
    let report = killed.json();
    let gateway = &report["gateways"][0];
    assert_eq!((&gateway["phase"], &report["latch"]), (&"UNCONFIRMED".into(), &"DURABLE".into()));
    for step in ["gate", "visible", "durable"] {
        assert!(gateway["times"][step].is_u64(), "{step}: {gateway:#}");
    }
    for step in ["sent", "acked", "verified"] {
        assert!(gateway["times"][step].is_null(), "{step}: {gateway:#}");
    }
    let latch: Value = serde_json::from_slice(&fs::read(home.latch()).unwrap()).unwrap();
    assert_eq!((&latch["reason"], &latch["metadata"]["intent"]), (&"test".into(), &"KILL".into()));
    let order = run(&["order", "EURUSD", "buy", "0.01", "--yes"]);
    assert_eq!(order.code, Some(3), "another process sees it: {order:#?}");
    assert_eq!(run(&["audit", "verify"]).code, Some(0));
    // The command is gone; who goes on trying is the agent.
    let attempts = || {
        let status = run(&["status", "--json"]).json();
        assert_eq!(status["kill"][0]["phase"], "UNCONFIRMED", "{status:#}");
        status["kill"][0]["attempts"].as_u64().unwrap()
    };
    let first = attempts();
    assert!(until(LIMIT, || (attempts() > first + 1).then_some(())).is_some(), "no retry");
}

#[test]
fn every_attempt_comes_on_a_socket_of_its_own() {
    let mesh = Mesh::new(&["--positions", "1", "--behaviour", "mute-kill"]);
    // Flat is proven by reads, the kill goes on until it is acknowledged.
    let (code, report) = mesh.kill();
    assert_eq!(code, 0, "{report:#}");
    assert!(report["gateways"][0]["times"]["acked"].is_null(), "{report:#}");
    let kills = || {
        let mut all = mesh.peer.requests();
        all.retain(|r| r["action"] == "KILL_SWITCH");
        all
    };
    assert!(until(LIMIT, || (kills().len() >= 3).then_some(())).is_some(), "{:#?}", kills());
    let kills = kills();
    let distinct = |of: &dyn Fn(&Value) -> String| kills.iter().map(of).collect::<BTreeSet<_>>();
    assert_eq!(distinct(&|k| k["from"].to_string()).len(), kills.len(), "{kills:#?}");
    let ids = distinct(&|k| {
        let request: Value = serde_json::from_str(k["raw"].as_str().unwrap()).unwrap();
        request["req_id"].to_string()
    });
    assert_eq!(ids.len(), 1, "one decision, one id: {ids:?}");
}
