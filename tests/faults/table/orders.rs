//! Orders without an answer, and gateways that are away when one is given.

use super::clients::gateway;
use super::{Came, Row, cases};
use crate::common::sandbox::{Outcome, Signal, signal};
use crate::scene::{LIMIT, Scene};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub const ROWS: &[Row] = &[
    Row {
        number: 12,
        fault: "OPEN_ORDER unanswered: done, not done, done late, gateway frozen",
        outcome: "UNKNOWN, reconciled by reading, never sent again",
        timed: "start of the command, which waits 1 s, to UNKNOWN",
        bound: None,
        alone: false,
        run: unanswered,
    },
    Row {
        number: 13,
        fault: "gateway away when ordered (none, frozen, dies in between), then back",
        outcome: "0 orders delivered",
        timed: "how long it was watched after its return",
        bound: None,
        alone: false,
        run: stale,
    },
];

const ORDER: &[&str] = &["order", "EURUSD", "buy", "0.01", "--yes", "--json", "--timeout", "1"];

#[track_caller]
fn ends(outcome: &Outcome, code: i32, ending: &str) {
    assert_eq!(outcome.code, Some(code), "{outcome:#?}");
    assert_eq!(outcome.json()["ending"], ending, "{outcome:#?}");
}

fn unanswered(_seed: u64) -> Came {
    let forms = ["mute-order", "lose-order", "late-order", "freeze-on-order"];
    cases::all(&forms, |behaviour| {
        let scene = gateway(&[behaviour], Duration::from_millis(1_500));
        let pid = scene.peers[0].pid();
        let began = Instant::now();
        let outcome = scene.run(ORDER);
        let took = began.elapsed();
        ends(&outcome, 4, "unknown");
        let report = outcome.json();
        let note = report["note"].as_str().unwrap();
        assert!(note.contains("UNKNOWN") && note.contains("not sent again"), "{note}");
        match behaviour {
            "lose-order" => assert!(note.contains("no position that fits"), "{note}"),
            "mute-order" => assert_eq!(report["ticket"], 1_000_003, "{report:#}"),
            _ => {}
        }
        // The answer that comes late, the gateway that wakes: no reason to
        // send anything.
        signal(pid, Signal::CONT);
        sleep(Duration::from_millis(1_200));
        assert_eq!(scene.peers[0].count("OPEN_ORDER"), 1, "{behaviour}");
        let open = if behaviour == "lose-order" { 2 } else { 3 };
        let read = scene.run(&["positions", "--json"]).json();
        let rows = read["gateways"][0]["positions"].as_array().map(Vec::len);
        assert_eq!(rows, Some(open), "{behaviour}: {read:#}");
        took
    })
}

fn stale(_seed: u64) -> Came {
    cases::all(&["none", "frozen", "dies"], |form| {
        let mut scene = Scene::empty();
        match form {
            "none" => ends(&scene.run(ORDER), 2, "not_sent"),
            "frozen" => {
                scene.peer(&["honest"]);
                signal(scene.peers[0].pid(), Signal::STOP);
                ends(&scene.run(ORDER), 2, "not_sent");
                signal(scene.peers[0].pid(), Signal::CONT);
            }
            _ => {
                scene.peer(&["die-before-order"]);
                let outcome = scene.run(ORDER);
                let code = outcome.code;
                assert!(code == Some(2) || code == Some(4), "{outcome:#?}");
                assert!(scene.peers[0].ended(LIMIT));
            }
        }
        if form != "frozen" {
            scene.peer(&["honest"]);
        }
        let back = Instant::now();
        // Time for a queue to be emptied, had anything kept one.
        sleep(Duration::from_millis(1_500));
        assert_eq!(scene.run(&["heartbeat"]).code, Some(0), "{form}: it is back");
        let orders: usize = scene.peers.iter().map(|peer| peer.count("OPEN_ORDER")).sum();
        assert_eq!(orders, 0, "{form}");
        assert_eq!(scene.peers.last().unwrap().positions(), Some(2));
        back.elapsed()
    })
}
