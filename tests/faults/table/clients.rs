//! Kills behind other requests, and leaving.

use super::told::{Talk, body, step};
use super::{Came, Row, cases, keys};
use crate::common::console::Console;
use crate::common::sandbox::{Signal, end, signal};
use crate::common::wait::until;
use crate::scene::{LIMIT, Random, Scene};
use serde_json::Value;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub const ROWS: &[Row] = &[
    Row {
        number: 11,
        fault: "kill while an order is in flight, while the gateway naps, under a console's polls",
        outcome: "handed over at once, \"queued behind the gateway\" shown, VERIFIED once it serves",
        timed: "key to KILL_SWITCH handed to libzmq",
        bound: Some(Duration::from_millis(10)),
        alone: false,
        run: busy,
    },
    Row {
        number: 14,
        fault: "console left with the gateway down, shot, frozen, or a kill unconfirmed",
        outcome: "exit status 0; nothing was latched that was not",
        timed: "key to end of the process",
        bound: Some(Duration::from_secs(1)),
        alone: false,
        run: leaving,
    },
];

/// A gateway with two positions that naps, or answers an order, so late.
pub fn gateway(behaviours: &[&str], delay: Duration) -> Scene {
    let delay = delay.as_secs_f64().to_string();
    let mut args = vec!["--positions", "2", "--rate", "0", "--delay", &delay];
    for behaviour in behaviours {
        args.extend(["--behaviour", behaviour]);
    }
    let mut scene = Scene::empty();
    scene.gateway(&args);
    scene
}

fn busy(seed: u64) -> Came {
    // Of real ones 1 to 5.5 s were seen.
    let nap = Random::new(seed).ms(1_500, 5_500);
    cases::all(&["order", "nap", "polls"], |form| {
        let mut scene = gateway(&["late-order"], nap);
        match form {
            "order" => behind_an_order(&mut scene),
            "nap" => {
                scene.warm_agent();
                signal(scene.peers[0].pid(), Signal::USR1);
                queued(&mut scene, nap)
            }
            _ => under_polls(&mut scene),
        }
    })
}

/// A kill that is told to wait: when it was handed over, since the key.
fn queued(scene: &mut Scene, nap: Duration) -> Duration {
    let mut talk = Talk::kill(scene);
    talk.says("queued behind the gateway");
    // Not a word in passing: it stands there for as long as it is true.
    let stands = |status: Value| {
        let note = status["kill"][0]["note"].as_str().unwrap_or_default().to_owned();
        note.contains("queued behind the gateway").then_some(())
    };
    assert!(until(LIMIT, || stands(scene.status())).is_some(), "{}", talk.text());
    assert_eq!(talk.exit(), Some(0), "{}", talk.text());
    scene.verified();
    let status = scene.status();
    let kill = &status["kill"][0];
    let sent = step(kill, "sent").unwrap_or_else(|| panic!("never sent: {status:#}"));
    assert!(sent < nap, "it waited for the gateway: {status:#}");
    sent
}

fn behind_an_order(scene: &mut Scene) -> Duration {
    scene.warm_agent();
    let args = ["order", "EURUSD", "buy", "0.01", "--yes", "--timeout", "20"];
    let mut command = scene.home.crs(&args);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut order = command.spawn().unwrap();
    assert!(scene.peers[0].saw("OPEN_ORDER", LIMIT));
    let sent = queued(scene, Duration::from_secs(1));
    end(&mut order);
    assert_eq!(scene.peers[0].count("OPEN_ORDER"), 1);
    sent
}

/// Whatever a console asks stands in the queue at most once.
fn under_polls(scene: &mut Scene) -> Duration {
    let mut console = keys::settled(scene);
    signal(scene.peers[0].pid(), Signal::USR1);
    let before = scene.peers[0].requests().len();
    keys::kill(&mut console);
    let words = "queued behind the gateway";
    console.wait_for(words, LIMIT, |t| t.contains("queued behind"));
    console.wait_for("the proof", LIMIT, |t| t.contains("VERIFIED flat"));
    let ahead: Vec<String> = scene.peers[0].requests()[before..]
        .iter()
        .map(|request| body(request)["action"].to_string())
        .take_while(|action| action != "\"KILL_SWITCH\"")
        .collect();
    assert!(ahead.len() <= 4, "the console's three questions and one greeting: {ahead:?}");
    scene.verified();
    let status = scene.status();
    step(&status["kill"][0], "sent").unwrap_or_else(|| panic!("never sent: {status:#}"))
}

fn leaving(_seed: u64) -> Came {
    cases::all(&["down", "shot", "frozen", "killing"], |form| {
        let mut scene = if form == "down" { Scene::empty() } else { Scene::with(&["honest"]) };
        let mut console = Console::crs(&scene.home, &["console"], 80, 24);
        if form == "down" {
            console.wait_for("its absence", LIMIT, |t| t.contains("no answer"));
        } else {
            console.wait_for("a gateway", LIMIT, |t| t.contains("2 open"));
            let which = if form == "shot" { Signal::KILL } else { Signal::STOP };
            signal(scene.peers[0].pid(), which);
            sleep(Duration::from_millis(300));
        }
        if form == "killing" {
            keys::kill(&mut console);
            console.wait_for("UNCONFIRMED", LIMIT, |t| t.contains("UNCONFIRMED"));
        }
        let began = Instant::now();
        console.keys("q");
        let status = until(LIMIT, || console.exit(Duration::ZERO));
        let took = began.elapsed();
        assert_eq!(status.map(|s| s.exit_code()), Some(0), "{form}: {}", console.text());
        assert_eq!(scene.home.latch().exists(), form == "killing");
        if form == "killing" {
            signal(scene.peers[0].pid(), Signal::CONT);
            scene.verified();
        }
        took
    })
}
