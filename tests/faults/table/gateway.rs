//! Gateways that are down, frozen, half-open, or restart, seen by a kill.

use super::told::{Sent, Talk, kill, now, recorded, step};
use super::{Came, Row, keys};
use crate::common::console::Console;
use crate::common::peer::Peer;
use crate::common::sandbox::Signal;
use crate::common::sandbox::signal;
use crate::common::wait::until;
use crate::proxy::Proxy;
use crate::scene::{LIMIT, Random, Scene, phases};
use serde_json::Value;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// One part of row 1 or 2, with a bound of its own.
const fn part(number: u8, timed: &'static str, ms: u64, run: fn(u64) -> Came) -> Row {
    Row {
        number,
        fault: if number == 1 { "gateway down" } else { "gateway frozen (SIGSTOP)" },
        outcome: "the step is taken as if there were one, and the console shows its time",
        timed,
        bound: Some(Duration::from_millis(ms)),
        alone: false,
        run,
    }
}

pub const ROWS: &[Row] = &[
    Row {
        number: 1,
        fault: "gateway down",
        outcome: "gate, latch and record hold, UNCONFIRMED, tried again, obeyed once one comes",
        timed: "start of the command to UNCONFIRMED printed",
        bound: Some(Duration::from_millis(2_500)),
        alone: false,
        run: down,
    },
    part(1, "second key to gate closed", 1, |_| taken("gate", false)),
    part(1, "second key to latch visible", 5, |_| taken("visible", false)),
    part(1, "second key to latch durable", 50, |_| taken("durable", false)),
    part(2, "second key to gate closed", 1, |_| taken("gate", true)),
    part(2, "second key to latch visible", 5, |_| taken("visible", true)),
    part(2, "second key to latch durable", 50, |_| taken("durable", true)),
    Row {
        number: 2,
        fault: "gateway frozen (SIGSTOP), thawed later",
        outcome: "the same; every attempt on a socket of its own with one id",
        timed: "start of the command to UNCONFIRMED printed",
        bound: Some(Duration::from_millis(2_500)),
        alone: false,
        run: frozen,
    },
    Row {
        number: 3,
        fault: "half-open TCP: bytes are taken and never delivered",
        outcome: "link DOWN on the screen, the kill says so too, and ends once the line is back",
        timed: "last byte delivered to both shown",
        bound: Some(Duration::from_secs(3)),
        alone: false,
        run: half_open,
    },
    Row {
        number: 4,
        fault: "gateway dies on KILL_SWITCH, before or after it obeyed, and restarts",
        outcome: "the same request id again, VERIFIED",
        timed: "gateway back to VERIFIED on record",
        bound: Some(Duration::from_secs(5)),
        alone: false,
        run: restarts,
    },
];

/// What must hold of the switch whatever the gateway does.
fn latched(scene: &Scene) -> Value {
    let text = fs::read_to_string(scene.home.latch()).unwrap();
    let latch: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&latch["reason"], &latch["metadata"]["intent"]), (&"fault".into(), &"KILL".into()));
    let order = scene.run(&["order", "EURUSD", "buy", "0.01", "--yes"]);
    assert_eq!(order.code, Some(3), "another process sees it: {order:#?}");
    let status = scene.status();
    assert_eq!(status["state"], "ENGAGED", "{status:#}");
    assert_eq!(status["latch"]["phase"], "DURABLE", "{status:#}");
    status
}

/// UNCONFIRMED, and more attempts than now.
fn tried_again(scene: &Scene) {
    let first = latched(scene)["kill"][0]["attempts"].as_u64().unwrap();
    let again = until(LIMIT, || {
        let status = scene.status();
        assert_eq!(phases(&status).collect::<Vec<_>>(), ["UNCONFIRMED"], "{status:#}");
        (status["kill"][0]["attempts"].as_u64() > Some(first)).then_some(())
    });
    assert!(again.is_some(), "never tried again");
}

fn down(_seed: u64) -> Came {
    told();
    let mut scene = Scene::empty();
    scene.agent();
    let mut talk = Talk::kill(&scene);
    let shown = talk.says("UNCONFIRMED");
    tried_again(&scene);
    scene.peer(&["honest"]);
    assert_eq!(talk.exit(), Some(0), "{}", talk.text());
    scene.verified();
    Came::held(shown)
}

/// A command that nobody hears tells the steps it took, and none that it did
/// not.
fn told() {
    let scene = Scene::empty();
    let (code, report) = kill(&scene, "0.5");
    assert_eq!((code, &report["latch"]), (Some(3), &"DURABLE".into()), "{report:#}");
    let gateway = &report["gateways"][0];
    for (name, taken) in ["gate", "visible", "durable", "sent", "acked", "verified"]
        .into_iter()
        .zip([true, true, true, false, false, false])
    {
        assert_eq!(step(gateway, name).is_some(), taken, "{name}: {report:#}");
    }
}

/// One step of a kill by a console that nobody hears, as its screen has it;
/// nobody is there, or one who was met and froze.
fn taken(name: &str, frozen: bool) -> Came {
    let scene = if frozen { Scene::with(&["honest"]) } else { Scene::empty() };
    let mut console = if frozen {
        keys::settled(&scene)
    } else {
        Console::crs(&scene.home, &["console"], 120, 40)
    };
    console.wait_for("an agent", LIMIT, |text| text.contains("ready, pid"));
    let pid = scene.peers.first().map(Peer::pid);
    if let Some(pid) = pid {
        signal(pid, Signal::STOP);
    }
    keys::kill(&mut console);
    let time = until(LIMIT, || on_screen(&console.text(), name));
    let time = time.unwrap_or_else(|| panic!("no {name}, the screen:\n{}", console.text()));
    let durable = until(LIMIT, || (scene.status()["latch"]["phase"] == "DURABLE").then_some(()));
    assert!(durable.is_some() && scene.home.latch().exists(), "{:#}", scene.status());
    if let Some(pid) = pid {
        assert!(!console.text().contains("VERIFIED"), "{}", console.text());
        signal(pid, Signal::CONT);
        console.wait_for("the proof", LIMIT, |text| text.contains("VERIFIED flat"));
        scene.flat();
    }
    Came::held(time)
}

/// A step's time in the kill panel, in ms there.
fn on_screen(text: &str, name: &str) -> Option<Duration> {
    let cells = text.split(['│', '\n']).map(str::split_whitespace);
    cells.into_iter().find_map(|mut words| {
        let ms: f64 = (words.next()? == name).then(|| words.next()?.parse().ok())??;
        Some(Duration::from_secs_f64(ms / 1_000.0))
    })
}

fn frozen(seed: u64) -> Came {
    let mut scene = Scene::with(&["honest"]);
    scene.warm_agent();
    let pid = scene.peers[0].pid();
    signal(pid, Signal::STOP);
    let mut talk = Talk::kill(&scene);
    let shown = talk.says("UNCONFIRMED");
    latched(&scene);
    sleep(Random::new(seed).ms(1, 2_000));
    signal(pid, Signal::CONT);
    assert_eq!(talk.exit(), Some(0), "{}", talk.text());
    scene.verified();
    let kills = Sent::of(&scene.peers[0], "KILL_SWITCH");
    assert_eq!(kills.ids.len(), 1, "one decision, one id: {:#?}", kills.requests);
    assert!(kills.requests.len() > 1, "sent before and after: {:#?}", kills.requests);
    assert_eq!(kills.lines.len(), kills.requests.len(), "{:#?}", kills.requests);
    Came::held(shown)
}

fn half_open(_seed: u64) -> Came {
    let far = Scene::with(&["honest"]);
    let proxy = Proxy::to(far.port);
    let mut scene = Scene::at(proxy.port);
    scene.peers = far.into_peers();
    let mut console = keys::settled(&scene);
    assert!(!console.text().contains("DOWN"), "{}", console.text());
    keys::arm(&mut console);
    proxy.silence(true);
    let began = Instant::now();
    console.keys("y");
    let (mut down, mut lost) = (None, None);
    let both = until(LIMIT, || {
        let text = console.text();
        down = down.or_else(|| text.contains("DOWN").then(|| began.elapsed()));
        lost = lost.or_else(|| text.contains("link to the gateway los").then(|| began.elapsed()));
        down.zip(lost)
    });
    let (down, lost) =
        both.unwrap_or_else(|| panic!("{down:?} {lost:?}, the screen:\n{}", console.text()));
    assert!(!console.text().contains("VERIFIED"), "{}", console.text());
    latched_here(&scene);
    proxy.silence(false);
    proxy.cut();
    console.wait_for("the proof", LIMIT, |t| t.contains("VERIFIED flat"));
    scene.verified();
    Came::held(down.max(lost))
}

/// As [`latched`], for a decision with the console's words.
fn latched_here(scene: &Scene) {
    let status = scene.status();
    assert_eq!(status["state"], "ENGAGED", "{status:#}");
    assert!(scene.home.latch().exists());
}

fn restarts(seed: u64) -> Came {
    let mut random = Random::new(seed);
    let how = if random.below(2) == 0 { "die-mid-kill" } else { "die-after-kill" };
    let mut scene = Scene::with(&[how]);
    scene.warm_agent();
    let mut talk = Talk::kill(&scene);
    assert!(scene.peers[0].ended(LIMIT), "{}", talk.text());
    sleep(random.ms(1, 1_500));
    scene.peer(&["honest"]);
    let back = now();
    assert_eq!(talk.exit(), Some(0), "{}", talk.text());
    scene.verified();
    let [first, second] = [0, 1].map(|n| Sent::of(&scene.peers[n], "KILL_SWITCH").ids);
    assert_eq!(first.len(), 1);
    assert!(second.is_superset(&first), "{first:?} was not resent: {second:?}");
    Came::held(recorded(&scene, "VERIFIED", back))
}
