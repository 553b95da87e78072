//! Modes through the daemon: what one leaves to the next.

use crate::day::{back, settings};
use crate::rig::Rig;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;

/// Where the launcher's own tests go through all 30 pairs, this goes through
/// real processes: the same mode has the same settings and the same processes
/// whatever was before it.
#[test]
fn a_mode_is_the_same_whatever_was_before() {
    let mut rig = Rig::new(|mission| mission);
    rig.serve();
    // A replay needs quotes, and ends with them.
    let quotes = "timestamp,symbol,bid,ask\n2026-01-14T13:56:58Z,EURUSD,1.0850,1.0851\n";
    fs::write(rig.dir().join("replay.csv"), quotes).unwrap();
    let mut first = true;
    let mut seen: BTreeMap<&str, (Value, Vec<String>)> = BTreeMap::new();
    let way = [
        "TANK_SEALED",
        "PAPER",
        "TANK_BROADCASTING",
        "TANK_SEALED",
        "SAFE_MODE",
        "PAPER",
        "TANK_BROADCASTING",
    ];
    for mode in way.into_iter().chain(["SAFE_MODE", "TANK_SEALED"]) {
        let end = rig.enter(mode);
        assert_eq!(end, "complete", "{mode}: {:#}\n{}", rig.status(), rig.said());
        assert_eq!(rig.status()["mode"], mode);
        let mut ready = rig.ready();
        // It goes on where it ran.
        ready.retain(|name| mode != "SAFE_MODE" || name != "gateway");
        let now = (settings(&rig), ready);
        let before = seen.entry(mode).or_insert_with(|| now.clone());
        assert_eq!(*before, now, "{mode}");
        // With the breaker engaged an engine that may order does not start.
        if mode == "SAFE_MODE" && std::mem::take(&mut first) {
            back(&rig, false);
        }
    }
    // The breaker that SAFE_MODE engaged is still engaged, and LIVE refused.
    let (status, why) = rig.launch("LIVE");
    assert_eq!(status, 412, "{why}");
    assert!(why.to_string().contains("kill switch"), "{why}");
    let (status, answer) = rig.launch("REPLAY");
    assert!(status < 300, "{answer}");
    rig.launched("REPLAY");
    assert_eq!(settings(&rig)["replay_mode"], json!(true));
    back(&rig, false);
    assert_eq!(rig.end(), Some(0));
}

/// What a mode requires is asked for before anything is stopped for it.
#[test]
fn a_replay_without_its_file_stops_nothing() {
    let mut rig = Rig::new(|mission| mission);
    rig.serve();
    assert_eq!(rig.enter("TANK_SEALED"), "complete", "{}", rig.said());
    let gateway = rig.record("gateway")["pid"].clone();
    let up = rig.run(&["mission", "up", "REPLAY"]);
    assert_eq!(up.code, Some(5), "{up:#?}");
    assert!(up.stderr.contains("replay.csv for engine-replay: it is not there"), "{up:#?}");
    assert_eq!(rig.ready(), ["gateway", "engine-tank"]);
    assert_eq!(rig.record("gateway")["pid"], gateway);
    assert_eq!(rig.end(), Some(0));
    // The daemon says whom it stops, and each as it goes.
    let said = rig.said();
    for part in [
        "stopping 2 processes: gateway, engine-tank\n",
        "\nengine-tank: exited",
        "\ngateway: exited",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// Another start would end the same way.
#[test]
fn a_wrong_configuration_is_started_once_and_says_its_cause() {
    let wrong = "\n[process.wrong]\ncmd = [\"/bin/sh\", \"-c\", \"echo 'no key: set KEY' >&2; exit 78\"]\n\
                 [mode.WRONG]\nprocesses = [\"wrong\"]\n";
    let mut rig = Rig::new(|mission| mission + wrong);
    rig.serve();
    assert_eq!(rig.enter("WRONG"), "failed", "{:#}", rig.status());
    let record = rig.record("wrong");
    assert_eq!((&record["state"], &record["restart_count"]), (&json!("failed"), &json!(0)));
    let why = record["why"].as_str().unwrap();
    assert_eq!(why, "wrong configuration (exit status 78): no key: set KEY", "{record}");
    assert_eq!(rig.end(), Some(0));
}

/// A launch whose processes can't all run says so.
#[test]
fn a_launch_can_end_partial_and_says_why() {
    let broken = "\n[process.broken]\ncmd = [\"/bin/sh\", \"-c\", \"echo no key: set KEY >&2; exit 1\"]\nrestart = { on = \"never\" }\n\
                  [mode.HALF]\nprocesses = [\"gateway\", \"broken\"]\n";
    let mut rig = Rig::new(|mission| mission + broken);
    rig.serve();
    assert_eq!(rig.enter("HALF"), "partial", "{:#}", rig.status());
    let why = rig.run(&["mission", "why", "broken"]);
    assert_eq!(why.code, Some(1), "{why:#?}");
    assert!(why.stdout.contains("status 1"), "{why:#?}");
    assert!(why.stdout.contains("it said: no key: set KEY"), "{why:#?}");
    let up = rig.run(&["mission", "up", "HALF"]);
    assert_eq!(up.code, Some(3), "{up:#?}");
    assert_eq!(rig.ready(), ["gateway"]);
}
