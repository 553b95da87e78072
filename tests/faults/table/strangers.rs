//! Something else on the command port: it is greeted at most, never obeyed,
//! and a human is told what to do.

use super::squatter::{Form, Squatter};
use super::told::{Talk, body, step};
use super::{Came, Row, cases};
use crate::common::console::Console;
use crate::common::wait::until;
use crate::scene::{LIMIT, Scene, phases};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

pub const ROWS: &[Row] = &[
    Row {
        number: 48,
        fault: "foreign ZeroMQ servers on the command port: bare words, codes, garbage, an echo",
        outcome: "refused: one HEARTBEAT a process, no KILL_SWITCH; latched; the card is shown",
        timed: "start of the command to the card printed",
        bound: None,
        alone: false,
        run: rogues,
    },
    Row {
        number: 49,
        fault: "command port squatted: HTTP, SSH, silence, garbage, a TCP echo, hang-ups",
        outcome: "never v1.0, no KILL_SWITCH; latched, UNCONFIRMED; the card is shown",
        timed: "start of the command to the card printed",
        bound: Some(Duration::from_millis(2_500)),
        alone: false,
        run: squatters,
    },
];

const CARD: &str = "[card]\nbroker_phone = \"dial 0815 first\"\n";
const WORDS: &str = "dial 0815 first";

/// The kill of a port that is nobody's, through the command and its verbs.
fn refused(scene: &Scene, phase: &str) -> Duration {
    scene.configure(CARD);
    let args = ["kill", "--reason", "fault", "--yes", "--timeout", "3"];
    let mut talk = Talk::of(scene, &args);
    let card = talk.says(WORDS);
    assert_eq!(talk.exit(), Some(3), "{}", talk.text());
    let text = talk.text();
    assert!(!text.contains("ACKED") && !text.contains("VERIFIED"), "{text}");
    let mut last = Value::Null;
    let seen = until(LIMIT, || {
        last = scene.status();
        phases(&last).eq([phase]).then_some(())
    });
    assert!(seen.is_some(), "never {phase}: {last:#}");
    assert_eq!(step(&last["kill"][0], "sent"), None, "{last:#}");
    assert_eq!((&last["state"], &last["is_safe"]), (&"ENGAGED".into(), &false.into()));
    assert_eq!(last["latch"]["phase"], "DURABLE", "{last:#}");
    assert!(scene.home.latch().exists());
    let status = scene.run(&["status"]);
    assert_eq!(status.code, Some(1), "{status:#?}");
    assert!(status.stdout.contains(WORDS), "{status:#?}");
    let order = scene.run(&["order", "EURUSD", "buy", "0.01", "--yes"]);
    assert_eq!(order.code, Some(3), "{order:#?}");
    card
}

/// Every message is a HEARTBEAT; how many came from each process, and on each
/// connection.
fn heartbeats(scene: &Scene) -> [BTreeMap<String, usize>; 2] {
    let [mut by, mut lines] = [BTreeMap::new(), BTreeMap::new()];
    for request in scene.peers[0].requests() {
        let sent = body(&request);
        assert_eq!(sent["action"], "HEARTBEAT", "{request:#}");
        // hb-<process>-<run>-<count>
        let id = sent["req_id"].as_str().unwrap().to_owned();
        *by.entry(id.split('-').nth(1).unwrap().to_owned()).or_default() += 1;
        *lines.entry(request["from"].to_string()).or_default() += 1;
    }
    [by, lines]
}

fn rogues(_seed: u64) -> Came {
    let forms = ["ok-ack", "retcode", "error-true", "garbage", "echo", "wrong-req-id-all"];
    cases::all(&forms, |behaviour| {
        let mut scene = Scene::with(&[behaviour]);
        scene.agent();
        let card = refused(&scene, "NOT_V1");
        let [by, _] = heartbeats(&scene);
        assert!(!by.is_empty() && by.values().all(|n| *n == 1), "{behaviour}: {by:?}");
        // An answer to somebody else's question is no answer to this one.
        let code = if behaviour == "wrong-req-id-all" { 2 } else { 1 };
        let beat = scene.run(&["heartbeat", "--timeout", "1"]);
        assert_eq!(beat.code, Some(code), "{behaviour}: {beat:#?}");
        if behaviour == "echo" {
            let mut console = on_screen(&scene, "NOT v1.0", "NOT v1.0");
            // The console's two lines: its polls and its hand.
            let [by, lines] = heartbeats(&scene);
            assert!(by.values().all(|n| *n <= 2), "{behaviour}: {by:?}");
            assert!(lines.values().all(|n| *n == 1), "one a connection: {lines:?}");
            // Asked to, each asks once more, and that is all.
            let before = scene.peers[0].requests().len();
            console.keys("pp");
            let again = || (scene.peers[0].requests().len() > before).then_some(());
            assert!(until(LIMIT, again).is_some(), "{}", console.text());
            std::thread::sleep(Duration::from_millis(1_500));
            let more = scene.peers[0].requests().len() - before;
            assert!(more <= 3, "{behaviour}: {more}");
            heartbeats(&scene);
        }
        card
    })
}

/// A console that comes later shows the same, and the card at once.
fn on_screen(scene: &Scene, peer: &str, kill: &str) -> Console {
    let console = Console::crs(&scene.home, &["console"], 120, 40);
    console.wait_for("the card", LIMIT, |text| {
        text.contains("ENGAGED")
            && text.contains(peer)
            && text.contains(kill)
            && text.contains(WORDS)
    });
    std::thread::sleep(Duration::from_millis(500));
    console
}

fn squatters(_seed: u64) -> Came {
    let forms = [Form::Http, Form::Ssh, Form::Silent, Form::Garbage, Form::Echo, Form::Shut];
    cases::all(&forms, |form| {
        let squatter = Squatter::start(form);
        let mut scene = Scene::at(squatter.port);
        scene.agent();
        let card = refused(&scene, "UNCONFIRMED");
        let beat = scene.run(&["heartbeat", "--timeout", "0.5"]);
        assert!(matches!(beat.code, Some(1 | 2)), "{form:?}: {beat:#?}");
        if matches!(form, Form::Silent | Form::Echo) {
            let peer = if form == Form::Echo { "NOT v1.0" } else { "no answer" };
            on_screen(&scene, peer, "UNCONFIRMED");
        }
        let heard = squatter.heard();
        assert!(heard.iter().any(|bytes| !bytes.is_empty()) || form == Form::Shut, "{form:?}");
        for bytes in heard {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let actions = text.matches("\"action\"").count();
            let beats = text.matches("\"HEARTBEAT\"").count();
            assert!(actions == beats && beats <= 1, "{form:?}: {text:?}");
        }
        card
    })
}
