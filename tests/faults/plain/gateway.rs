//! Rows 1 to 10: what each made of a gateway.

use super::Seen;
use super::client::Client;
use crate::common::peer::Peer;
use crate::common::sandbox::{Signal, end, signal};
use crate::proxy::Proxy;
use crate::scene::Scene;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The client waits for 5 s: the fault ends later than that.
const LONG: Duration = Duration::from_millis(6_500);
const SHORT: Duration = Duration::from_secs(4);
/// A Python on a busy machine says its word in this time.
const REST: Duration = Duration::from_secs(30);
/// The longest wait for a proof.
const PROOF: Duration = Duration::from_mins(1);

/// When it is right.
#[derive(Clone, Copy)]
enum Asks {
    /// It says that all is closed, and it is.
    Obeyed,
    /// It says what is.
    Truth,
    /// It does not believe the answer.
    Doubt,
}

impl Asks {
    const fn right(self, says_done: bool, flat: bool) -> bool {
        match self {
            Self::Obeyed => says_done && flat,
            Self::Truth => says_done == flat,
            Self::Doubt => !says_done,
        }
    }
}

/// So long the fault lasts, then this happens.
#[derive(Clone, Copy)]
struct Course(Duration, fn(&mut Stage));

pub const CASES: &[fn() -> Seen] = &[
    || twice("1", "gateway down for 6.5 s", Asks::Obeyed, nobody, Course(LONG, comes)),
    || twice("2", "gateway frozen for 6.5 s", Asks::Obeyed, frozen, Course(LONG, thaws)),
    || twice("3", "line half-open for 6.5 s, then cut", Asks::Obeyed, silent, Course(LONG, is_cut)),
    || {
        let fault = "gateway dies on KILL_SWITCH, is back at once";
        twice("4", fault, Asks::Obeyed, || with("die-mid-kill"), Course(Duration::ZERO, is_back))
    },
    || twice("5", "gateway obeys, answers after 6 s", Asks::Obeyed, late, Course(LONG, |_| {})),
    || lies("6", "answers carry somebody else's id", Asks::Doubt, || with("wrong-req-id")),
    || lies("7", "PENDING, nothing closed", Asks::Truth, || with("pending")),
    || lies("8", "ERROR nested in SUCCESS, nothing closed", Asks::Truth, || with("kill-error")),
    || lies("9", "1 of 2 closed, and says so", Asks::Truth, || with("partial")),
    || lies("9", "says 2 of 2 closed, closed none", Asks::Truth, || with("kill-lies")),
    || lies("10", "blind: 0 of 0, no positions, account in error", Asks::Doubt, || with("blind")),
];

/// A gateway, a home at it, and maybe a line between them.
struct Stage {
    scene: Scene,
    proxy: Option<Proxy>,
}

impl Stage {
    const fn new(scene: Scene) -> Self {
        Self { scene, proxy: None }
    }

    /// How often it was told to stop, by how many ids, and what is open now.
    fn count(&self) -> (usize, usize, u64) {
        let all = self.scene.peers.iter().flat_map(Peer::requests);
        let kills: Vec<Value> = all.filter(|r| r["action"] == "KILL_SWITCH").collect();
        let id = |r: &Value| {
            let raw: Value = serde_json::from_str(r["raw"].as_str().unwrap()).unwrap();
            raw["req_id"].to_string()
        };
        let ids: BTreeSet<String> = kills.iter().map(id).collect();
        // Each gateway begins with two.
        let open = self.scene.peers.last().unwrap().positions().unwrap_or(2);
        (kills.len(), ids.len(), open)
    }
}

/// The same fault for both, each with a gateway of its own.
fn twice(
    row: &'static str,
    fault: &'static str,
    asks: Asks,
    stage: fn() -> Stage,
    course: Course,
) -> Seen {
    std::thread::scope(|scope| {
        let plain = scope.spawn(move || plain(stage(), course, asks));
        let (crs, crs_right) = with_crs(stage(), course, asks);
        let (plain, plain_right) = plain.join().unwrap();
        Seen { row, fault, crs, crs_right, plain, plain_right }
    })
}

fn lies(row: &'static str, fault: &'static str, asks: Asks, stage: fn() -> Stage) -> Seen {
    twice(row, fault, asks, stage, Course(SHORT, |_| {}))
}

/// The phases that `crs status` shows one after the other.
fn with_crs(mut stage: Stage, Course(lasts, then): Course, asks: Asks) -> (String, bool) {
    let mut command = stage.scene.command();
    let mut phases = Phases::default();
    phases.look(&stage.scene, lasts, asks);
    then(&mut stage);
    if !matches!(asks, Asks::Doubt) {
        phases.look(&stage.scene, PROOF, asks);
    }
    end(&mut command);
    let (sent, ids, open) = stage.count();
    let words = format!(
        "{} [{sent} KILL_SWITCH, {ids} id(s); {open} open at the end]",
        phases.0.join(" → ")
    );
    (words, asks.right(phases.proven(), open == 0))
}

/// Each phase as it first shows.
#[derive(Default)]
struct Phases(Vec<String>);

impl Phases {
    /// Looks again and again for so long, or until there is proof.
    fn look(&mut self, scene: &Scene, during: Duration, asks: Asks) {
        let end = Instant::now() + during;
        while Instant::now() < end && (matches!(asks, Asks::Doubt) || !self.proven()) {
            let now = scene.status();
            let all = ["kill", "recorded"].iter().filter_map(|key| now[key].as_array()).flatten();
            let word = |phase: &Value| match phase {
                Value::Object(map) => map.keys().next().cloned(),
                other => other.as_str().map(str::to_owned),
            };
            for phase in all.filter_map(|progress| word(&progress["phase"])) {
                if self.0.last() != Some(&phase) {
                    self.0.push(phase);
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn proven(&self) -> bool {
        self.0.last().is_some_and(|phase| phase == "VERIFIED")
    }
}

fn plain(mut stage: Stage, Course(lasts, then): Course, asks: Asks) -> (String, bool) {
    let port = stage.scene.port.to_string();
    let mut client = Client::start(&stage.scene.home, &["kill", "--port", &port]);
    // From the moment when it sends.
    assert!(client.hear("engaged", REST).is_some(), "{port}: it does not start");
    std::thread::sleep(lasts);
    then(&mut stage);
    let verdict = client.hear("done", REST).unwrap_or_else(|| panic!("{port}: it says nothing"));
    let left = client.ended(Duration::from_secs(2)).then(|| client.said("left")).flatten();
    // What it left behind may arrive yet.
    std::thread::sleep(Duration::from_millis(500));
    let (sent, _, open) = stage.count();
    let done = verdict["done"] == true;
    let after = verdict["after"].as_f64().unwrap();
    let words = match (done, verdict["error"].as_str()) {
        (false, Some(error)) => format!("{error} after {after:.1} s, not tried again"),
        (false, None) => format!("says {} of {} closed", verdict["closed"], verdict["total"]),
        (true, _) if verdict["closed"].is_u64() => {
            format!("believes {} of {} closed", verdict["closed"], verdict["total"])
        }
        (true, _) => String::from("believes SUCCESS"),
    };
    let leaving = match left.and_then(|words| words["left"].as_f64()) {
        Some(left) if left - after > 1.0 => {
            format!("; hung for {:.1} s when it left", left - after)
        }
        Some(_) => String::new(),
        None => String::from("; hangs as it leaves"),
    };
    let words = format!("{words}{leaving} [{sent} KILL_SWITCH; {open} open at the end]");
    (words, asks.right(done, open == 0))
}

fn nobody() -> Stage {
    Stage::new(Scene::empty())
}

fn with(behaviour: &str) -> Stage {
    Stage::new(Scene::with(&[behaviour]))
}

fn comes(stage: &mut Stage) {
    stage.scene.peer(&["honest"]);
}

fn frozen() -> Stage {
    let stage = Stage::new(Scene::with(&["honest"]));
    signal(stage.scene.peers[0].pid(), Signal::STOP);
    stage
}

fn thaws(stage: &mut Stage) {
    signal(stage.scene.peers[0].pid(), Signal::CONT);
}

fn silent() -> Stage {
    let far = Scene::with(&["honest"]);
    let proxy = Proxy::to(far.port);
    proxy.silence(true);
    let mut scene = Scene::at(proxy.port);
    scene.peers = far.into_peers();
    Stage { scene, proxy: Some(proxy) }
}

fn is_cut(stage: &mut Stage) {
    let proxy = stage.proxy.as_ref().unwrap();
    proxy.silence(false);
    proxy.cut();
}

fn is_back(stage: &mut Stage) {
    assert!(stage.scene.peers[0].ended(REST), "it was not told to stop");
    stage.scene.peer(&["honest"]);
    std::thread::sleep(SHORT);
}

fn late() -> Stage {
    let mut scene = Scene::empty();
    let port = scene.port.to_string();
    let args = ["--positions", "2", "--rate", "0", "--cmd-port", &port];
    let late = ["--behaviour", "late", "--delay", "6"];
    let peer = Peer::start(&[&args[..], &late].concat());
    scene.peers.push(peer.expect("python with pyzmq"));
    Stage::new(scene)
}
