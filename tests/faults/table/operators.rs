//! Two operators at once, and one who resets while the other engages.

use super::Came;
use super::tools::share;
use crate::common::sandbox::Sandbox;
use crate::common::wait::until;
use crate::scene::{Random, Scene};
use crs::host::clock;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_mins(1);
/// Races of a short run, and of all runs of a long one together.
const RACES: (u64, u64) = (30, 1_000);

fn start(home: &Sandbox, verb: &str, reason: &str) -> Child {
    let mut command = home.crs(&[verb, "--reason", reason, "--yes", "--json"]);
    command.stderr(Stdio::null()).spawn().unwrap()
}

/// The one document that it prints; it must have ended well.
fn report(child: Child) -> Value {
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{:?}: {}", out.status, String::from_utf8_lossy(&out.stdout));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn id(report: &Value) -> &str {
    report["engage_id"].as_str().unwrap()
}

/// Row 32.
pub fn race(seed: u64) -> Came {
    let (_, times) = share(seed);
    let races = if times < 10 { RACES.0 } else { RACES.1.div_ceil(times) };
    let mut random = Random::new(seed);
    let mut worst = Duration::ZERO;
    // One gateway for many: each race has a home, a latch and an agent of its own.
    let mut gateway = Scene::with(&["honest"]);
    for race in 0..races {
        if race % 20 == 19 {
            // It ends by itself after two minutes.
            gateway = Scene::with(&["honest"]);
        }
        let scene = Scene::at(gateway.port);
        let verbs = [["kill", "kill"], ["kill", "block"], ["block", "block"]];
        let pair = verbs[usize::try_from(random.below(3)).unwrap()];
        let apart = Duration::from_micros(100 * random.below(100));
        worst = worst.max(one_race(&scene, pair, apart));
    }
    Came::Held { took: worst, cases: races }
}

/// Back with the time from the first start until both have ended.
fn one_race(scene: &Scene, verbs: [&str; 2], apart: Duration) -> Duration {
    let (home, over) = (&scene.home, AtomicBool::new(false));
    let began = Instant::now();
    let (first, second, took, seen) = std::thread::scope(|scope| {
        let looks = scope.spawn(|| looks(home, &over));
        let one = start(home, verbs[0], "the one");
        sleep(apart);
        let other = start(home, verbs[1], "the other");
        let (first, second) = (report(one), report(other));
        let took = began.elapsed();
        over.store(true, Ordering::SeqCst);
        (first, second, took, looks.join().unwrap())
    });
    // One creator: one file, one decision in it, from its first word on.
    assert_eq!(seen.len(), 1, "the latch was made twice, or written over: {seen:?}");
    let (_, winner, reason) = seen.first().unwrap();
    let (won, lost) = if id(&first) == winner { (&first, &second) } else { (&second, &first) };
    assert_eq!(id(won), winner, "the latch names nobody of them: {seen:?}");
    assert_ne!(id(won), id(lost));
    let words = |report: &Value| if id(report) == id(&first) { "the one" } else { "the other" };
    assert_eq!(reason, words(won), "the first reason is not kept");
    let status = scene.status();
    assert_eq!(status["is_engaged"], true, "{status:#}");
    assert_eq!(status["engagement_reason"], words(won), "{status:#}");
    assert_eq!(status["latch"]["engage_id"].as_str(), Some(winner.as_str()), "{status:#}");
    // The second reason is not lost: it is on record beside the first.
    let log = records(scene);
    for report in [won, lost] {
        let kept = log.iter().any(|record| {
            record["act"] == "ENGAGE"
                && record["intent"]["engage_id"] == report["engage_id"]
                && record["intent"]["reason"] == words(report)
        });
        assert!(kept, "{} is not on record", words(report));
    }
    took
}

/// Every (inode, decision, reason) that was ever read at the latch's path.
fn looks(home: &Sandbox, over: &AtomicBool) -> BTreeSet<(u64, String, String)> {
    let mut seen = BTreeSet::new();
    loop {
        let last = over.load(Ordering::SeqCst);
        if let (Ok(meta), Ok(body)) = (fs::metadata(home.latch()), fs::read(home.latch()))
            && let Ok(body) = serde_json::from_slice::<Value>(&body)
        {
            let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
            let named = text(&body["metadata"]["engage_id"]);
            seen.insert((meta.ino(), named, text(&body["reason"])));
        }
        if last {
            return seen;
        }
        sleep(Duration::from_micros(300));
    }
}

fn records(scene: &Scene) -> Vec<Value> {
    let shown = scene.home.run(&["audit", "show", "--json"], LIMIT).json();
    shown.as_array().unwrap().clone()
}

/// Row 33: the reset of an old decision and a new one, at the same moment.
pub fn reset(seed: u64) -> Came {
    let (_, times) = share(seed);
    let mut random = Random::new(seed);
    let cases = if times < 10 { 8 } else { 20 };
    let mut worst = Duration::ZERO;
    for _ in 0..cases {
        let old = if random.below(2) == 0 { "kill" } else { "block" };
        let new = if random.below(2) == 0 { "kill" } else { "block" };
        let (lead, first) = (Duration::from_micros(250 * random.below(200)), random.below(4) != 0);
        worst = worst.max(one_reset([old, new], lead, first));
    }
    Came::Held { took: worst, cases }
}

/// Back with the time from the first start until the latch names what is in
/// force.
fn one_reset([old, new]: [&str; 2], lead: Duration, reset_first: bool) -> Duration {
    let mut scene = Scene::with(&["honest"]);
    scene.agent();
    let before = report(start(&scene.home, old, "the old one"));
    if old == "kill" {
        scene.verified();
    }
    let phrase = format!("RESET {}", &id(&before)[id(&before).len() - 6..]);
    let args =
        ["reset", "--reason", "over", "--engage-id", id(&before), "--phrase", &phrase, "--json"];
    let resets = || {
        let mut command = scene.home.crs(&args);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        (child, clock::mono_ns())
    };
    let engages = || start(&scene.home, new, "the new one");
    let began = Instant::now();
    let ((mut reset, asked), engage) = if reset_first {
        let reset = resets();
        sleep(lead);
        (reset, engages())
    } else {
        let engage = engages();
        sleep(lead);
        (resets(), engage)
    };
    let after = report(engage);
    let done = crate::scene::exit(&mut reset) == Some(0);
    let log = records(&scene);
    let reset_ids = log.iter().filter(|record| record["act"] == "RESET");
    let ids: Vec<&Value> = reset_ids.flat_map(|record| record["ids"].as_array().unwrap()).collect();
    let was_reset = ids.contains(&&before["engage_id"]);
    assert!(was_reset || !done, "reset, and not on record");
    // One that was there before anybody asked for the reset is no race.
    let decided = log.iter().find(|record| record["intent"]["engage_id"] == after["engage_id"]);
    let pressed = decided.unwrap()["intent"]["pressed"]["mono_ns"].as_u64().unwrap();
    if ids.contains(&&after["engage_id"]) {
        assert!(pressed < asked, "engage lost: decided {} ms after", (pressed - asked) / 1_000_000);
        assert_eq!(scene.status()["is_safe"], false);
        return began.elapsed();
    }
    holds(&scene);
    let named = if was_reset { id(&after) } else { id(&before) };
    let kept = until(LIMIT, || {
        let body: Value = serde_json::from_slice(&fs::read(scene.home.latch()).ok()?).ok()?;
        (body["metadata"]["engage_id"] == named).then_some(())
    });
    let took = began.elapsed();
    assert!(kept.is_some(), "no latch of {named}, reset: {was_reset}: {:#}", scene.status());
    holds(&scene);
    if new == "kill" {
        scene.verified();
    }
    took
}

fn holds(scene: &Scene) {
    let now = scene.status();
    assert_eq!((&now["is_engaged"], &now["is_safe"]), (&true.into(), &false.into()), "{now:#}");
    let reason = &now["engagement_reason"];
    assert!(reason == "the new one" || reason == "the old one", "{now:#}");
}
