//! What a gateway claims against what is: none of its lies is believed.

use crate::life::{Mesh, phase};
use serde_json::Value;
use std::collections::BTreeSet;

fn ends(behaviour: &[&str], positions: &str, code: i32, wanted: &str) {
    let mut args = vec!["--positions", positions];
    for b in behaviour {
        args.extend(["--behaviour", b]);
    }
    let mesh = Mesh::new(&args);
    let wait = if code == 0 { "20" } else { "3" };
    let (got, report) =
        mesh.crs(&["kill", "--reason", "test", "--yes", "--json", "--timeout", wait]);
    assert_eq!(got, code, "{behaviour:?}: {report:#}");
    let status = mesh.until(wanted, |s| phase(s) == wanted);
    assert_eq!(status["is_engaged"], true);
}

#[test]
fn closed_two_of_two_with_both_still_open_is_partial_with_survivors() {
    ends(&["kill-lies", "close-fails"], "2", 4, "PARTIAL");
}

#[test]
fn a_lie_about_closing_ends_verified_once_the_closes_work() {
    ends(&["kill-lies"], "2", 0, "VERIFIED");
    ends(&["survive-first-kill"], "2", 0, "VERIFIED");
    ends(&["partial"], "3", 0, "VERIFIED");
}

#[test]
fn fewer_closed_than_found_is_partial_and_the_survivor_is_named() {
    let traits = ["--behaviour", "partial", "--behaviour", "close-fails"];
    let mesh = Mesh::new(&[&["--positions", "3"], &traits[..]].concat());
    let (code, report) =
        mesh.crs(&["kill", "--reason", "test", "--yes", "--json", "--timeout", "3"]);
    assert_eq!(code, 4, "{report:#}");
    let gateway = &report["gateways"][0];
    assert!(gateway["times"]["acked"].is_null(), "two of three is no acknowledgement: {report:#}");
    assert_eq!(gateway["phase"], "PARTIAL", "{report:#}");
    let left = gateway["survivors"].as_array().unwrap();
    assert_eq!(left.len(), 1, "{report:#}");
    assert!((1_000_001..=1_000_003).contains(&left[0]["ticket"].as_u64().unwrap()), "{left:?}");
}

/// The list of positions is 8 MiB: no line takes it, so nothing is proven.
#[test]
fn an_answer_too_large_to_be_one_proves_nothing_and_silences_nobody() {
    let mesh = Mesh::new(&["--positions", "1", "--behaviour", "huge"]);
    let (code, report) =
        mesh.crs(&["kill", "--reason", "test", "--yes", "--json", "--timeout", "4"]);
    assert_eq!(code, 3, "{report:#}");
    assert!(report["gateways"][0]["times"]["acked"].is_u64(), "{report:#}");
    assert!(report["gateways"][0]["times"]["verified"].is_null(), "{report:#}");
    let asked = mesh.peer.count("GET_POSITIONS");
    mesh.until("asked again", |_| mesh.peer.count("GET_POSITIONS") > asked + 1);
}

#[test]
fn blind_looks_flat_and_is_never_verified() {
    ends(&["blind"], "2", 3, "PARTIAL");
    ends(&["no-proof-fields"], "0", 3, "PARTIAL");
}

#[test]
fn strangers_get_one_heartbeat_from_each_process_and_no_kill() {
    for behaviour in ["ok-ack", "retcode", "error-true", "garbage", "wrong-req-id-all"] {
        let mesh = Mesh::new(&["--behaviour", behaviour]);
        let (code, report) =
            mesh.crs(&["kill", "--reason", "t", "--yes", "--json", "--timeout", "3"]);
        assert_eq!(code, 3, "{behaviour}: {report:#}");
        mesh.until("NOT_V1", |s| phase(s) == "NOT_V1");
        let asked = mesh.peer.requests();
        assert!(asked.len() <= 2, "{behaviour}: {asked:?}");
        assert!(asked.iter().all(|a| a["action"] != "KILL_SWITCH"), "{behaviour}: {asked:?}");
    }
}

/// The kill comes while the greeting of a warm line is unanswered: it takes
/// that line over, and does not greet a second time.
#[test]
fn a_stranger_that_takes_its_time_is_greeted_once_by_each_process_too() {
    let mesh = Mesh::new(&["--behaviour", "ok-ack", "--behaviour", "slow", "--delay", "0.6"]);
    // Its agent is there first, and has just greeted.
    mesh.crs(&["block", "--reason", "first", "--yes", "--json"]);
    let (code, report) = mesh.crs(&["kill", "--reason", "t", "--yes", "--json", "--timeout", "3"]);
    assert_eq!(code, 3, "{report:#}");
    mesh.until("NOT_V1", |s| phase(s) == "NOT_V1");
    let asked = mesh.peer.requests();
    // hb-<process>-<run>-<count>
    let process = |r: &Value| {
        let request: Value = serde_json::from_str(r["raw"].as_str().unwrap()).unwrap();
        request["req_id"].as_str().unwrap().split('-').nth(1).unwrap().to_owned()
    };
    let by: BTreeSet<String> = asked.iter().map(process).collect();
    assert_eq!(by.len(), asked.len(), "{asked:#?}");
}

#[test]
fn wrong_or_absent_ids_pending_and_nested_errors_are_no_acknowledgement() {
    for behaviour in ["wrong-req-id", "no-req-id"] {
        let mesh = Mesh::new(&["--positions", "1", "--behaviour", behaviour]);
        let (code, report) =
            mesh.crs(&["kill", "--reason", "t", "--yes", "--json", "--timeout", "3"]);
        assert_eq!(code, 3, "{behaviour}: {report:#}");
        assert!(report["gateways"][0]["times"]["acked"].is_null());
    }
    for behaviour in ["pending", "kill-error"] {
        let mesh = Mesh::new(&["--positions", "1", "--behaviour", behaviour]);
        let (code, report) =
            mesh.crs(&["kill", "--reason", "t", "--yes", "--json", "--timeout", "20"]);
        // Closed one by one and proven by reads, yet never acknowledged.
        assert_eq!(code, 0, "{behaviour}: {report:#}");
        assert!(report["gateways"][0]["times"]["acked"].is_null(), "{report:#}");
    }
}
