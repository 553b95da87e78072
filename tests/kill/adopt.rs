//! A decision that the agent was never told: its command carried it out alone,
//! or died with it, and all there is of it is the record.

use crate::common::sandbox::end;
use crate::common::wait::until;
use crate::life::{LIMIT, Mesh, phase};
use crs::audit::{Act, Chain};
use crs::breaker::{LatchHome, body};
use crs::domain::{GatewayAddr, Intent, KillIntent, Text};
use crs::host::{Identity, clock, ids};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

/// An agent that nobody talks to.
fn start_agent(mesh: &Mesh) -> Child {
    let (latch, state) = (mesh.home.latch(), state(mesh));
    let target = format!("main=127.0.0.1:{}", mesh.peer.cmd_port);
    let (latch, state) = (latch.display().to_string(), state.display().to_string());
    let args = ["__agent", "--latch", &latch, "--state-dir", &state, "--target", &target];
    let mut command = mesh.home.crs(&[&args[..], &["--proof-interval-ms", "50"]].concat());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn state(mesh: &Mesh) -> PathBuf {
    mesh.home.path().join("home/.local/state/crs")
}

fn chain(mesh: &Mesh) -> Chain {
    let home = LatchHome::new(&state(mesh), &mesh.home.latch());
    Chain::new(&home.audit(), Identity::here(), "test")
}

fn decision(mesh: &Mesh, reason: &str) -> KillIntent {
    let who = Identity::here();
    let cmd: crs::domain::Endpoint = format!("127.0.0.1:{}", mesh.peer.cmd_port).parse().unwrap();
    KillIntent {
        engage_id: ids::engage_id(),
        intent: Intent::Kill,
        operator: Text::new("op"),
        host: who.host,
        boot_id: who.boot_id,
        reason: Text::new(reason),
        pressed: clock::now(),
        latch: mesh.home.latch(),
        targets: vec![GatewayAddr { name: Text::new("main"), data: cmd.clone(), cmd }],
        drill: false,
    }
}

#[test]
fn an_agent_takes_up_what_is_on_record_and_was_never_handed_over() {
    let mesh = Mesh::new(&["--positions", "2"]);
    let mut agent = start_agent(&mesh);
    mesh.until("an agent", |s| s["agent_pid"] == agent.id() && s["state"] == "SAFE");

    let intent = decision(&mesh, "only on record");
    let id = intent.engage_id.to_string();
    chain(&mesh).append(Act::Engage { intent }).unwrap();
    let status = mesh.until("VERIFIED", |s| phase(s) == "VERIFIED");
    assert_eq!(status["kill"][0]["engage_id"], id.as_str());
    assert_eq!(mesh.peer.positions(), Some(0));
    let latch = mesh.home.latch();
    mesh.until("the latch", |s| s["latch"]["engage_id"] == id.as_str() && latch.exists());

    // What was reset is not taken up again by an agent that saw it.
    let (code, said) = mesh.reset(&id);
    assert_eq!(code, 0, "{said}");
    let kills = mesh.peer.count("KILL_SWITCH");
    std::thread::sleep(std::time::Duration::from_millis(800));
    assert_eq!(mesh.status()["state"], "DISARMED");
    assert_eq!(mesh.peer.count("KILL_SWITCH"), kills);
    end(&mut agent);
}

/// Its command wrote the latch, and died before it told anybody or recorded
/// anything: the agent that lives goes by what the latch says.
#[test]
fn a_running_agent_takes_up_a_kill_that_only_the_latch_names() {
    let mesh = Mesh::new(&["--positions", "2"]);
    // A refused verb that leaves an agent behind.
    let nobody = ["reset", "--reason", "x", "--engage-id", "01ARZ3NDEKTSV4RRFFQ69G5FAV"];
    mesh.crs(&[&nobody[..], &["--phrase", "RESET 9G5FAV", "--wait", "1"]].concat());
    let agent = mesh.agent();
    let who = Identity::here();
    let id = ids::engage_id().to_string();
    let body = serde_json::json!({
        "timestamp": "2026-01-14T13:56:58.271512",
        "reason": "only in the latch",
        "metadata": {
            "engage_id": id, "intent": "KILL", "operator": "op", "host": who.host,
            "boot_id": who.boot_id, "gateways": [format!("127.0.0.1:{}", mesh.peer.cmd_port)],
        },
    });
    std::fs::write(mesh.home.latch(), body.to_string()).unwrap();
    let status = mesh.until("VERIFIED", |s| phase(s) == "VERIFIED");
    assert_eq!(status["kill"][0]["engage_id"], id.as_str());
    assert_eq!(
        (status["agent_pid"].as_u64(), mesh.peer.positions()),
        (Some(agent.into()), Some(0))
    );

    let (code, said) = mesh.reset(&id);
    assert_eq!(code, 0, "{said}");
    let kills = mesh.peer.count("KILL_SWITCH");
    std::thread::sleep(std::time::Duration::from_millis(800));
    assert_eq!(mesh.status()["state"], "DISARMED");
    assert_eq!(mesh.peer.count("KILL_SWITCH"), kills);
}

/// A configuration with a mistake in it names no gateway; the kill is not held
/// up, goes where the agent's lead, and nothing is proven by an empty list.
fn goes_to_the_agents(text: &str) {
    let mesh = Mesh::new(&["--positions", "2"]);
    let mut agent = start_agent(&mesh);
    mesh.until("an agent", |s| s["agent_pid"] == agent.id() && s["state"] == "SAFE");

    let bad = mesh.home.path().join("bad.toml");
    std::fs::write(&bad, text).unwrap();
    let bad = bad.display().to_string();
    let args = ["--config", &bad, "kill", "--reason", "test", "--yes", "--json"];
    let outcome = mesh.home.run(&args, std::time::Duration::from_mins(1));
    assert_eq!(outcome.code, Some(3), "latched, unconfirmed: {outcome:#?}");
    assert!(outcome.stderr.contains("no gateway"), "{}", outcome.stderr);
    mesh.until("VERIFIED", |s| phase(s) == "VERIFIED" && s["state"] == "ENGAGED");
    assert_eq!(mesh.peer.positions(), Some(0));
    end(&mut agent);
}

#[test]
fn a_kill_that_names_no_gateway_goes_to_those_of_the_agent() {
    goes_to_the_agents("[[gatway]]\nhost = \"127.0.0.1\"\n");
}

/// The default is no better guess than what the agent was told.
#[test]
fn a_kill_with_a_mistake_elsewhere_goes_to_those_of_the_agent_too() {
    goes_to_the_agents("[screen]\nthem = \"dark\"\n");
}

/// Where nobody knows a gateway, flat can't be proven.
#[test]
fn a_reset_without_any_gateway_has_no_proof() {
    let mesh = Mesh::new(&["--positions", "1"]);
    let bad = mesh.home.path().join("bad.toml");
    std::fs::write(&bad, "[[gatway]]\nhost = \"127.0.0.1\"\n").unwrap();
    let bad = bad.display().to_string();
    let args = ["--config", &bad, "kill", "--reason", "test", "--yes", "--json"];
    let killed = mesh.home.run(&args, std::time::Duration::from_mins(1)).json();
    let id = killed["engage_id"].as_str().unwrap();
    mesh.until("its agent", |s| s["agent_pid"].is_u64());
    let phrase = format!("RESET {}", &id[id.len() - 6..]);
    let args = ["reset", "--reason", "over", "--engage-id", id, "--phrase", &phrase];
    let (code, said) = mesh.crs(&[&args[..], &["--wait", "1"]].concat());
    assert_eq!(code, 1, "{said}");
    assert_eq!(mesh.status()["state"], "ENGAGED");
}

/// Bytes that a process has read so far, by the system's own count.
fn has_read(pid: u32) -> u64 {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
    io.strip_prefix("rchar: ").unwrap().lines().next().unwrap().parse().unwrap()
}

#[test]
fn a_long_log_is_not_read_again_and_again_for_the_latch_of_anothers_decision() {
    let mesh = Mesh::new(&["--positions", "1"]);
    // A decision of another state directory: here it is foreign for good.
    let intent = decision(&mesh, "theirs");
    let theirs = body::compose(&intent, &mesh.home.path().join("other"));
    std::fs::write(mesh.home.latch(), theirs).unwrap();
    let mut agent = start_agent(&mesh);
    mesh.until("the foreign latch", |s| {
        s["agent_pid"] == agent.id() && s["latch"]["phase"] == "ENGAGED_EXTERNAL"
    });
    let mut chain = chain(&mesh);
    let ids = vec![ids::engage_id(); 40_000];
    // More than ten times what may be read in the window.
    for _ in 0..12 {
        chain.append(Act::Tampered { ids: ids.clone() }).unwrap();
    }
    let window = Duration::from_secs(5);
    let mut last = 0;
    let quiet = until(LIMIT, || {
        let before = has_read(agent.id());
        std::thread::sleep(window);
        last = has_read(agent.id()) - before;
        (last < 1_000_000).then_some(())
    });
    println!("{last} bytes read within {window:?}");
    assert!(quiet.is_some(), "{last} bytes within {window:?}");
    // When the log says that it is in force here after all, it is taken up.
    let id = intent.engage_id.to_string();
    chain.append(Act::Engage { intent }).unwrap();
    let status = mesh.until("VERIFIED", |s| phase(s) == "VERIFIED");
    assert_eq!(status["kill"][0]["engage_id"], id.as_str());
    end(&mut agent);
}
