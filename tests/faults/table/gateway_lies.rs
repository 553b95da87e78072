//! What a gateway claims against what is: none of its lies is believed.

use super::told::{Talk, kill, now, recorded, step};
use super::{Came, Row, cases};
use crate::common::console::Console;
use crate::scene::{LIMIT, Scene};
use std::time::Duration;

pub const ROWS: &[Row] = &[
    Row {
        number: 6,
        fault: "wrong or absent req_id, with or without a greeting that is right",
        outcome: "never an ACK; the switch holds",
        timed: "how long it was lied to",
        bound: None,
        alone: false,
        run: ids,
    },
    Row {
        number: 7,
        fault: "KILL_SWITCH is answered by PENDING",
        outcome: "not an ACK, PARTIAL, an alarm after 10 s",
        timed: "start of the command to the alarm",
        bound: Some(Duration::from_secs(11)),
        alone: false,
        run: pending,
    },
    Row {
        number: 8,
        fault: "ERROR nested in SUCCESS, of a kill, an order, a close",
        outcome: "failed, and said so",
        timed: "how long it was lied to",
        bound: None,
        alone: false,
        run: nested,
    },
    Row {
        number: 9,
        fault: "fewer closed than found, or all closed as a lie; closes fail or work",
        outcome: "PARTIAL, survivors by name, closed one by one; VERIFIED only once they are gone",
        timed: "key to PARTIAL on record",
        bound: None,
        alone: false,
        run: fewer,
    },
    Row {
        number: 10,
        fault: "blind gateway: no positions, 0 of 0, account in error or without margin",
        outcome: "never VERIFIED, never shown as flat, no reset",
        timed: "how long it was lied to",
        bound: None,
        alone: false,
        run: blind,
    },
];

/// A kill that is told nothing good for a while.
fn unproven(scene: &Scene, code: i32) -> Talk {
    let mut talk = Talk::of(scene, &["kill", "--reason", "f", "--yes", "--timeout", "1.5"]);
    assert_eq!(talk.exit(), Some(code), "{}", talk.text());
    assert!(!talk.text().contains("VERIFIED"), "{}", talk.text());
    assert!(scene.home.latch().exists());
    talk
}

fn ids(_seed: u64) -> Came {
    cases::all(&["wrong-req-id", "no-req-id", "wrong-req-id-all"], |behaviour| {
        let mut scene = Scene::with(&[behaviour]);
        scene.agent();
        let talk = unproven(&scene, 3);
        assert!(!talk.text().contains("ACKED"), "{behaviour}: {}", talk.text());
        let took = scene.never_verified(Duration::from_millis(300));
        let status = scene.status();
        assert_eq!(step(&status["kill"][0], "acked"), None, "{status:#}");
        let sent = scene.peers[0].count("KILL_SWITCH");
        assert_eq!(sent > 0, behaviour != "wrong-req-id-all", "{behaviour}: {sent}");
        Duration::from_millis(took)
    })
}

fn pending(_seed: u64) -> Came {
    let mut scene = Scene::with(&["pending", "close-fails"]);
    scene.warm_agent();
    let talk = Talk::kill(&scene);
    let partial = talk.says("PARTIAL");
    let alarm = talk.says("still says PENDING after 10 s");
    assert!(alarm >= Duration::from_secs(10) && alarm > partial, "{}", talk.text());
    let text = talk.text();
    assert!(!text.contains("ACKED") && !text.contains("VERIFIED"), "{text}");
    let status = scene.status();
    assert_eq!(status["kill"][0]["phase"], "PARTIAL", "{status:#}");
    assert_eq!(step(&status["kill"][0], "acked"), None, "{status:#}");
    Came::held(alarm)
}

fn nested(_seed: u64) -> Came {
    cases::all(&["kill", "order", "close"], |verb| {
        if verb == "kill" {
            let mut scene = Scene::with(&["kill-error", "close-fails"]);
            scene.agent();
            let talk = unproven(&scene, 4);
            let text = talk.text();
            assert!(!text.contains("ACKED") && text.contains("terminal busy"), "{text}");
            return Duration::from_millis(scene.never_verified(Duration::from_millis(200)));
        }
        let scene = Scene::with(&["nested-error"]);
        let order = ["order", "EURUSD", "buy", "0.01", "--yes", "--json"];
        let close = ["close", "1000001", "--yes", "--json"];
        let outcome = scene.run(if verb == "order" { &order[..] } else { &close });
        assert_eq!((outcome.code, &outcome.json()["ending"]), (Some(1), &"refused".into()));
        assert_eq!(scene.peers[0].positions(), Some(2), "{outcome:#?}");
        Duration::ZERO
    })
}

fn fewer(_seed: u64) -> Came {
    let forms: [&[&str]; 4] =
        [&["partial", "close-fails"], &["kill-lies", "close-fails"], &["partial"], &["kill-lies"]];
    cases::all(&forms, |behaviours| {
        let mut scene = Scene::with(behaviours);
        scene.warm_agent();
        let began = now();
        let lies = behaviours.contains(&"kill-lies");
        let survivors = if lies { 2 } else { 1 };
        if behaviours.contains(&"close-fails") {
            let (code, report) = kill(&scene, "2");
            assert_eq!(code, Some(4), "{report:#}");
            let gateway = &report["gateways"][0];
            assert_eq!(gateway["phase"], "PARTIAL", "{report:#}");
            assert_eq!(gateway["survivors"].as_array().unwrap().len(), survivors, "{report:#}");
            let named = gateway["survivors"].to_string();
            assert!(named.contains("1000001") && named.contains("refused"), "{report:#}");
            // A lie is a claim all the same, and shown as one.
            assert_eq!(step(gateway, "acked").is_some(), lies, "{report:#}");
            scene.never_verified(Duration::from_millis(200));
            assert_eq!(scene.peers[0].positions(), Some(u64::try_from(survivors).unwrap()));
        } else {
            let mut talk = Talk::kill(&scene);
            talk.says("PARTIAL");
            talk.says("survivor 1000001");
            assert_eq!(talk.exit(), Some(0), "{}", talk.text());
            scene.verified();
            assert!(scene.peers[0].count("CLOSE_POSITION") >= survivors);
        }
        recorded(&scene, "PARTIAL", began)
    })
}

fn blind(_seed: u64) -> Came {
    cases::all(&["blind", "no-proof-fields"], |behaviour| {
        let mut scene = Scene::with(&[behaviour]);
        scene.agent();
        let console = Console::crs(&scene.home, &["console"], 120, 40);
        if behaviour == "blind" {
            console.wait_for("its blindness", LIMIT, |t| t.contains("can't be read: not proven"));
        }
        unproven(&scene, 3);
        let took = scene.never_verified(Duration::from_millis(500));
        let status = scene.status();
        assert_eq!(status["kill"][0]["good_polls"], 0, "{status:#}");
        assert!(status["kill"][0]["last_poll"]["margin_zero"].is_null(), "{status:#}");
        let id = status["latch"]["engage_id"].as_str().unwrap();
        let phrase = format!("RESET {}", &id[id.len() - 6..]);
        let args = ["reset", "--reason", "x", "--engage-id", id, "--phrase", &phrase];
        assert_eq!(scene.run(&args).code, Some(1), "flat was never proven");
        let text = console.text();
        assert!(!text.contains("VERIFIED"), "{text}");
        if behaviour == "blind" {
            assert!(!text.contains("no open position"), "{text}");
            assert_eq!(scene.peers[0].positions(), Some(2), "the lie was one");
        }
        Duration::from_millis(took)
    })
}
