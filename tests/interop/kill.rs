//! The kill against gateways that are late, mute, frozen, gone or restarting.
//! Rows of the fault list: 1, 2, 4, 5. What a gateway claims against what
//! is (rows 6 to 10, 48) stands in `tests/kill`.

use crate::common::sandbox::{Sandbox, Signal, free_port, signal};
use crate::common::wait::until;
use crate::place::{LIMIT, Place};
use serde_json::Value;
use std::collections::BTreeSet;

/// The ids of the `KILL_SWITCH` requests that came, in order.
fn kill_ids(place: &Place) -> Vec<String> {
    let sent = place.peer.requests();
    let kills = sent.iter().filter(|r| r["action"] == "KILL_SWITCH");
    kills
        .map(|r| {
            let raw: Value = serde_json::from_str(r["raw"].as_str().unwrap()).unwrap();
            raw["req_id"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn an_honest_gateway_ends_verified() {
    let Some(place) = Place::new(&["--positions", "3"]) else { return };
    let killed = place.kill("60");
    assert_eq!(
        (killed.code(), &killed.report["gateways"][0]["phase"]),
        (Some(0), &"VERIFIED".into()),
        "{killed:#?}"
    );
    assert!(place.home.latch().exists(), "the latch stays");
    assert_eq!(place.peer.positions(), Some(0));
    let ids = kill_ids(&place);
    assert!(ids.iter().all(|id| *id == ids[0]), "one decision, one id: {ids:?}");
    let raw = place.peer.requests().iter().map(|r| r["raw"].to_string()).collect::<String>();
    assert!(!raw.contains("a test"), "the reason never goes on the wire");
    let order = place.run(&["order", "EURUSD", "buy", "0.01", "--yes"]);
    assert_eq!(order.code, Some(3), "{order:#?}");
    assert_eq!(place.peer.count("OPEN_ORDER"), 0, "denied here: this gateway blocks nothing");
}

#[test]
fn a_late_answer_counts_and_a_missing_one_is_replaced_by_proof() {
    let late = ["--positions", "1", "--behaviour", "late", "--delay", "3.5"];
    let mute = ["--positions", "1", "--behaviour", "mute-kill"];
    let drop = ["--positions", "1", "--behaviour", "drop-kill"];
    let slow = ["--positions", "1", "--behaviour", "slow", "--delay", "1.2"];
    let one = |args: &[&str]| {
        let Some(place) = Place::new(args) else { return };
        let killed = place.kill("75");
        assert_eq!(killed.code(), Some(0), "{args:?}: {killed:#?}");
        assert_eq!(place.peer.positions(), Some(0), "{args:?}");
    };
    // Beside each other: they do nothing but wait.
    std::thread::scope(|scope| {
        for args in [&late[..], &mute[..], &drop[..], &slow[..]] {
            scope.spawn(move || one(args));
        }
    });
}

#[test]
fn every_attempt_at_one_decision_carries_one_id() {
    // Longer than any attempt waits: an answer that counts came too late for
    // its own.
    let args = ["--positions", "1", "--behaviour", "late", "--delay", "5.6"];
    let Some(place) = Place::new(&args) else { return };
    let killed = place.kill("75");
    assert_eq!(killed.code(), Some(0), "{killed:#?}");
    let acked = &killed.report["gateways"][0]["times"]["acked"];
    assert!(acked.as_u64().is_some_and(|us| us >= 5_500_000), "{killed:#?}");
    let ids = kill_ids(&place);
    assert!(ids.len() > 1, "it was too late for the first deadline: {ids:?}");
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn a_gateway_that_dies_and_returns_is_killed_by_the_agent() {
    let args = ["--positions", "2", "--behaviour", "die-mid-kill"];
    let Some(mut place) = Place::new(&args) else { return };
    let killed = place.kill("3");
    assert_eq!(killed.code(), Some(3), "{killed:#?}");
    assert!(place.peer.ended(LIMIT));
    let first = place.peer.count("KILL_SWITCH");
    assert_eq!(first, 1);
    place.restart(&["--positions", "2"]);
    // Nobody is left but the agent.
    assert!(place.peer.saw("KILL_SWITCH", LIMIT), "the agent goes on");
    assert!(until(LIMIT, || (verified(&place)).then_some(())).is_some());
    assert_eq!(place.peer.positions(), Some(0));
}

fn verified(place: &Place) -> bool {
    place.run(&["status", "--json"]).json()["kill"][0]["phase"] == "VERIFIED"
}

#[test]
fn a_gateway_that_is_not_there_or_frozen_leaves_it_unconfirmed() {
    let home = Sandbox::new();
    let port = free_port().to_string();
    let args = ["--cmd-port", &port, "kill", "--reason", "x", "--yes", "--json", "--timeout", "3"];
    let outcome = home.run(&args, LIMIT);
    assert_eq!(outcome.code, Some(3), "{outcome:#?}");
    assert!(home.latch().exists());

    let Some(place) = Place::new(&["--positions", "1"]) else { return };
    signal(place.peer.pid(), Signal::STOP);
    let killed = place.kill("3");
    assert_eq!(killed.code(), Some(3), "{killed:#?}");
    signal(place.peer.pid(), Signal::CONT);
    assert!(until(LIMIT, || verified(&place).then_some(())).is_some(), "it obeys when it wakes");
    assert_eq!(place.peer.positions(), Some(0));
}

#[test]
fn a_position_that_appears_later_is_killed_again() {
    let args = ["--positions", "1", "--behaviour", "appear-after-kill", "--delay", "3"];
    let Some(place) = Place::new(&args) else { return };
    assert_eq!(place.kill("60").code(), Some(0));
    // A new id, since a gateway may answer a repeated one from memory.
    let newcomer = || kill_ids(&place).into_iter().collect::<BTreeSet<_>>().len() > 1;
    assert!(until(LIMIT, || newcomer().then_some(())).is_some(), "{:?}", kill_ids(&place));
    assert!(until(LIMIT, || (place.peer.positions() == Some(0)).then_some(())).is_some());
}
