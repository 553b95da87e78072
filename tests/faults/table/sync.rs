//! A disk that takes a file and does not keep it: syncs that fail, syncs and
//! looks that hang.

use super::disk::{holds, says, way_back};
use super::latch::came;
use super::traced::{Attached, Trace};
use super::under::{KILL, Under, phases, step};
use super::{Came, Row};
use crate::common::console::SOON;
use crate::common::peer::Peer;
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

/// The gateway waits so long for a file, and no longer.
const HELD_UP: Duration = Duration::from_millis(50);

pub const ROWS: &[Row] = &[Row {
    number: 30,
    fault: "fsync fails; fsync hangs; open and stat of the latch hang; the state directory hangs, \
            with an agent and without",
    outcome: "no second fsync on that descriptor; NOT DURABLE said, stand-in made; gateway flat \
              all the same; a look that hangs denies orders",
    timed: "file visible, or 50 ms without one, to KILL_SWITCH sent",
    bound: Some(HELD_UP),
    alone: false,
    run: |_| match Trace::works() {
        Ok(()) => came([
            sync_fails(),
            sync_hangs(),
            open_hangs(),
            look_hangs(),
            state_hangs(true),
            state_hangs(false),
        ]),
        Err(why) => Came::NotHere(why),
    },
}];

/// Longer than any kill here takes, and than strace may need to let go.
const HANGS: &str = "delay_enter=20s";

/// An agent with a warm line, under strace like the command that comes. What
/// the command says, and how both were traced.
struct Scene {
    /// Goes first: what is held up can't end.
    attached: Attached,
    under: Under,
    peer: Peer,
    kill: Value,
    traces: [Trace; 2],
}

impl Scene {
    fn new(inject: &str, latch_only: bool) -> Self {
        let mut under = Under::new("");
        let peer = under.peer(&["honest"]);
        let agent = under.agent();
        let latch = [under.home.path().join("run"), under.home.latch()];
        let only = if latch_only { &latch[..] } else { &[] };
        let traces = ["agent", "kill"].map(|name| Trace::new(&under, name, inject, only));
        let attached = traces[0].attach(&under, agent);
        let mut command = traces[1].crs(&under, &[&KILL[..6], &["4"]].concat());
        let kill = under.document(&mut command);
        assert_eq!(kill["gateways"][0]["phase"], "VERIFIED", "{kill:#}");
        assert_eq!(peer.positions(), Some(0));
        Self { attached, under, peer, kill, traces }
    }

    fn latch_is(&self, exit: u8, phase: &str) {
        let said = (&self.kill["exit"], &self.kill["latch"]);
        assert_eq!(said, (&json!(exit), &json!(phase)), "{:#}", self.kill);
    }
}

fn sync_fails() -> Duration {
    let scene = Scene::new("inject=fsync,fdatasync:error=EIO", false);
    scene.latch_is(0, "NOT_DURABLE");
    says(&scene.kill, &["not durable", "Input/output error"]);
    let under = &scene.under;
    let id = scene.kill["engage_id"].as_str().unwrap();
    for path in [under.home.latch(), under.stand_in()] {
        assert!(fs::read_to_string(&path).unwrap().contains(id), "{}", path.display());
    }
    let status = under.until("proven", |s| phases(s) == ["VERIFIED"]);
    assert_eq!((&status["state"], &status["is_safe"]), (&json!("ENGAGED"), &json!(false)));
    under.denied();
    drop(scene.attached);
    for trace in &scene.traces {
        let (again, failed) = trace.retried();
        assert!(failed > 0, "{} shows no sync", trace.log.display());
        assert!(again.is_empty(), "tried again on the same descriptor:\n{}", again.join("\n"));
    }
    way_back(under, &scene.kill, None);
    held_up(&scene.kill)
}

fn sync_hangs() -> Duration {
    let scene = Scene::new(&format!("inject=fsync,fdatasync:{HANGS}"), false);
    // Visible and proven, and nobody says that it is on disk.
    scene.latch_is(0, "LATCHED");
    assert_eq!(step(&scene.kill, "durable"), None);
    assert!(fs::read_to_string(scene.under.home.latch()).unwrap().contains("fault"));
    scene.under.denied();
    held_up(&scene.kill)
}

fn open_hangs() -> Duration {
    let scene = Scene::new(&format!("inject=?open,openat,newfstatat:{HANGS}"), true);
    scene.latch_is(5, "NOT_DURABLE");
    says(&scene.kill, &["stands in", "do NOT see it"]);
    let id = scene.kill["engage_id"].as_str().unwrap();
    assert!(fs::read_to_string(scene.under.stand_in()).unwrap().contains(id));
    // Whoever has a disk that answers goes by log and stand-in.
    holds(&scene.under, &scene.peer, "NOT_DURABLE");
    let status = scene.under.status();
    assert_ne!(status["kill"][0]["latch"], "SAFE", "an agent that hangs: {status:#}");
    held_up(&scene.kill)
}

/// Nothing that is asked about the state directory comes back, for the command
/// and for the agent, or for the command alone, which can't start one: the
/// latch is on another disk, and the gateway needs none.
fn state_hangs(agent_lives: bool) -> Duration {
    let mut under = Under::new("");
    let peer = under.peer(&["honest"]);
    let agent = under.agent();
    let private = Under::private_in(&under.state()).unwrap();
    let mut only = vec![under.state(), private.clone()];
    let inside = ["audit", "agent.lock", "agent.sock", "latch.fallback"];
    only.extend(inside.map(|name| private.join(name)));
    let inject = format!("inject=?open,openat,newfstatat,?mkdir,mkdirat:{HANGS}");
    let [at_agent, at_kill] =
        ["agent", "kill"].map(|name| Trace::new(&under, name, &inject, &only));
    let attached = agent_lives.then(|| at_agent.attach(&under, agent));
    if !agent_lives {
        under.end(agent);
    }
    let kill = under.document(&mut at_kill.crs(&under, &[&KILL[..6], &["8"]].concat()));
    let gateway = &kill["gateways"][0];
    assert_eq!((&kill["exit"], &gateway["phase"]), (&json!(0), &json!("VERIFIED")), "{kill:#}");
    assert_eq!(kill["latch"], "DURABLE", "{kill:#}");
    assert_eq!(gateway["driver"], if agent_lives { "agent" } else { "cli" }, "{kill:#}");
    assert_eq!(peer.positions(), Some(0));
    let id = kill["engage_id"].as_str().unwrap();
    assert!(fs::read_to_string(under.home.latch()).unwrap().contains(id));
    let delayed = fs::read_to_string(&at_kill.log).unwrap();
    assert!(delayed.contains(private.to_str().unwrap()), "nothing hung: {delayed}");
    under.denied();
    drop(attached);
    held_up(&kill)
}

/// How long the gateway waited on account of the disk.
fn held_up(kill: &Value) -> Duration {
    let visible = step(kill, "visible").unwrap_or(HELD_UP).min(HELD_UP);
    step(kill, "sent").unwrap().saturating_sub(visible)
}

/// Nobody killed anything: what can't be looked at is not safe.
fn look_hangs() -> Duration {
    let mut under = Under::new("");
    under.gateway();
    let inject = format!("inject=?open,openat,newfstatat:{HANGS}");
    let only = [under.home.path().join("run"), under.home.latch()];
    let trace = Trace::new(&under, "look", &inject, &only);
    let status = under.document(&mut trace.crs(&under, &["status", "--json"]));
    assert_eq!((&status["state"], &status["is_safe"]), (&json!("BLOCKED"), &json!(false)));
    let order = ["order", "EURUSD", "buy", "0.1", "--yes", "--json"];
    let order = under.document(&mut trace.crs(&under, &order));
    assert!(order.to_string().contains("denied"), "{order:#}");
    let open = under.run(&["positions", "--json"]).out;
    assert_eq!(open["gateways"][0]["positions"], json!([]), "{open:#}");

    // An agent that starts on such a disk serves all the same.
    let args = under.agent_args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    under.start(&mut trace.crs(&under, &args));
    under.until("an agent", |s| s["agent_pid"].is_u64());

    // The same for a console that looked well until then, and the kill keys
    // work there all the same.
    let mut console = under.console();
    console.wait_for("SAFE", SOON, |text| text.contains("SAFE") && text.contains("v1.0"));
    let attached = trace.attach(&under, console.pid());
    console.see("BLOCKED");
    console.keys("\x0b");
    console.see("stop trading, close everything");
    std::thread::sleep(Duration::from_millis(300));
    console.keys("y");
    console.see("VERIFIED flat");
    assert!(!console.text().contains("SAFE "), "{}", console.text());
    drop(attached);
    Duration::ZERO
}
