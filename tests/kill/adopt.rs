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
