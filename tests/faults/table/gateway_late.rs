//! Answers that come after their time, and those that are another's.

use super::told::{Sent, Talk, kill, step};
use super::{Came, Row, cases};
use crate::common::console::Console;
use crate::common::wait::until;
use crate::scene::{LIMIT, Scene};
use std::fs;
use std::time::Duration;

pub const ROWS: &[Row] = &[Row {
    number: 5,
    fault: "answer after the timeout, after 30 s, or to another request",
    outcome: "counts within 30 s for its own request, never for another, is then dropped and counted",
    timed: "key to the late answer counted",
    bound: Some(Duration::from_secs(30)),
    alone: false,
    run: late,
}];

fn late(_seed: u64) -> Came {
    let forms: [fn() -> Duration; 3] = [counts, nobodys, anothers];
    cases::all(&forms, |case| case())
}

fn gateway(behaviours: &[&str], delay: &str) -> Scene {
    let mut args = vec!["--positions", "2", "--rate", "0", "--delay", delay];
    for behaviour in behaviours {
        args.extend(["--behaviour", behaviour]);
    }
    let mut scene = Scene::empty();
    scene.gateway(&args);
    scene
}

/// Attempts come 2 s apart; only the first is ever answered, after the second.
fn counts() -> Duration {
    let late = Duration::from_millis(2_400);
    let mut scene = gateway(&["late-once"], "2.4");
    scene.warm_agent();
    // Flat is proven by reads before the answer comes.
    let (code, report) = kill(&scene, "60");
    assert_eq!(code, Some(0), "{report:#}");
    let acked = until(LIMIT, || step(&scene.status()["kill"][0], "acked"));
    let acked = acked.unwrap_or_else(|| panic!("the late answer never counted"));
    assert!(acked >= late, "{acked:?}");
    let kills = Sent::of(&scene.peers[0], "KILL_SWITCH");
    assert!(kills.requests.len() > 1, "it was not late: {:#?}", kills.requests);
    assert_eq!(kills.ids.len(), 1, "{:#?}", kills.requests);
    // Nothing is sent again once it counted.
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(scene.peers[0].count("KILL_SWITCH"), kills.requests.len());
    scene.verified();
    acked
}

/// One read of a console and one kill, each answered after 31 s.
fn nobodys() -> Duration {
    let mut scene = gateway(&["hold-back", "late-once"], "31");
    let console = Console::crs(&scene.home, &["console"], 120, 40);
    assert!(scene.peers[0].saw("GET_POSITIONS", LIMIT));
    let talk = Talk::kill(&scene);
    talk.says("VERIFIED");
    let dropped = || logs(&scene).contains("dropped, 1 so far");
    assert!(until(LIMIT, || dropped().then_some(())).is_some(), "{}", console.text());
    // The second question was answered at once.
    console.wait_for("the positions", LIMIT, |t| t.contains("no open position"));
    // The kill's own late answer was due no more than a moment later.
    std::thread::sleep(Duration::from_millis(1_500));
    let status = scene.status();
    assert_eq!(step(&status["kill"][0], "acked"), None, "{status:#}");
    scene.verified();
    Duration::ZERO
}

/// The console's diagnostics.
fn logs(scene: &Scene) -> String {
    let dir = scene.home.path().join("home/.local/state/crs/logs");
    let files = super::told::files(&dir);
    files.iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

/// Each answer is that to the request before.
fn anothers() -> Duration {
    let mut scene = gateway(&["shifted"], "0");
    scene.warm_agent();
    let mut talk = Talk::of(&scene, &["kill", "--reason", "f", "--yes", "--timeout", "3"]);
    assert_eq!(talk.exit(), Some(3), "{}", talk.text());
    let text = talk.text();
    assert!(!text.contains("ACKED") && !text.contains("VERIFIED"), "{text}");
    scene.never_verified(Duration::from_millis(300));
    assert!(scene.peers[0].count("KILL_SWITCH") > 1, "the answers were asked for");
    Duration::ZERO
}
