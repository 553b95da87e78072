//! A decision that the agent was never told: its command carried it out alone,
//! or died with it, and all there is of it is the record.

use crate::common::sandbox::end;
use crate::life::{Mesh, phase};
use crs::audit::{Act, Chain};
use crs::breaker::LatchHome;
use crs::domain::{GatewayAddr, Intent, KillIntent, Text};
use crs::host::{Identity, clock, ids};
use std::process::Stdio;

#[test]
fn an_agent_takes_up_what_is_on_record_and_was_never_handed_over() {
    let mesh = Mesh::new(&["--positions", "2"]);
    let (latch, state) = (mesh.home.latch(), mesh.home.path().join("home/.local/state/crs"));
    let cmd = format!("127.0.0.1:{}", mesh.peer.cmd_port);
    let target = format!("main={cmd}");
    let (latch_arg, state_arg) = (latch.display().to_string(), state.display().to_string());
    let args = [
        "__agent",
        "--latch",
        &latch_arg,
        "--state-dir",
        &state_arg,
        "--target",
        &target,
        "--proof-interval-ms",
        "50",
    ];
    let mut command = mesh.home.crs(&args);
    let mut agent = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    mesh.until("an agent", |s| s["agent_pid"] == agent.id() && s["state"] == "SAFE");

    let who = Identity::here();
    let cmd: crs::domain::Endpoint = cmd.parse().unwrap();
    let intent = KillIntent {
        engage_id: ids::engage_id(),
        intent: Intent::Kill,
        operator: Text::new("op"),
        host: who.host.clone(),
        boot_id: who.boot_id.clone(),
        reason: Text::new("only on record"),
        pressed: clock::now(),
        latch: latch.clone(),
        targets: vec![GatewayAddr { name: Text::new("main"), data: cmd.clone(), cmd }],
        drill: false,
    };
    let id = intent.engage_id.to_string();
    Chain::new(&LatchHome::new(&state, &latch).audit(), who, "test")
        .append(Act::Engage { intent })
        .unwrap();
    let status = mesh.until("VERIFIED", |s| phase(s) == "VERIFIED");
    assert_eq!(status["kill"][0]["engage_id"], id.as_str());
    assert_eq!(mesh.peer.positions(), Some(0));
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
#[test]
fn a_kill_that_names_no_gateway_goes_to_those_of_the_agent() {
    let mesh = Mesh::new(&["--positions", "2"]);
    let (latch, state) = (mesh.home.latch(), mesh.home.path().join("home/.local/state/crs"));
    let target = format!("main=127.0.0.1:{}", mesh.peer.cmd_port);
    let (latch_arg, state_arg) = (latch.display().to_string(), state.display().to_string());
    let args = ["__agent", "--latch", &latch_arg, "--state-dir", &state_arg, "--target", &target];
    let args = [&args[..], &["--proof-interval-ms", "50"]].concat();
    let mut command = mesh.home.crs(&args);
    let mut agent = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    mesh.until("an agent", |s| s["agent_pid"] == agent.id() && s["state"] == "SAFE");

    let bad = mesh.home.path().join("bad.toml");
    std::fs::write(&bad, "[screen]\nthem = \"dark\"\n").unwrap();
    let bad = bad.display().to_string();
    let args = ["--config", &bad, "kill", "--reason", "test", "--yes", "--json"];
    let outcome = mesh.home.run(&args, std::time::Duration::from_mins(1));
    assert_eq!(outcome.code, Some(3), "latched, unconfirmed: {outcome:#?}");
    assert!(outcome.stderr.contains("no gateway"), "{}", outcome.stderr);
    mesh.until("VERIFIED", |s| phase(s) == "VERIFIED" && s["state"] == "ENGAGED");
    assert_eq!(mesh.peer.positions(), Some(0));
    end(&mut agent);
}

/// Where nobody knows a gateway, flat can't be proven.
#[test]
fn a_reset_without_any_gateway_has_no_proof() {
    let mesh = Mesh::new(&["--positions", "1"]);
    let bad = mesh.home.path().join("bad.toml");
    std::fs::write(&bad, "[screen]\nthem = \"dark\"\n").unwrap();
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
