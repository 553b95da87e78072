//! A file of somebody else's at the latch, and those who come after.

use crate::common::console::Console;
use crate::common::sandbox::{Signal, signal};
use crate::common::wait::until;
use crate::life::{LIMIT, Mesh, phase};
use serde_json::Value;
use std::fs;

/// A console that has an agent, and leaves it behind.
fn agent(mesh: &Mesh) -> u32 {
    let port = mesh.peer.cmd_port.to_string();
    let console = Console::crs(&mesh.home, &["--cmd-port", &port, "console"], 120, 40);
    let pid = mesh.agent();
    drop(console);
    pid
}

fn records(mesh: &Mesh, wanted: impl Fn(&Value) -> bool) -> usize {
    let all = mesh.crs(&["audit", "show", "--json"]).1;
    all.as_array().map_or(0, |all| all.iter().filter(|r| wanted(r)).count())
}

#[track_caller]
fn on_record(mesh: &Mesh, count: usize, what: &str, wanted: impl Fn(&Value) -> bool) {
    let found = until(LIMIT, || (records(mesh, &wanted) >= count).then_some(()));
    let log = || mesh.crs(&["audit", "show"]).1;
    assert!(found.is_some() && records(mesh, &wanted) == count, "{what}, not {count}: {}", log());
}

fn told(r: &Value) -> bool {
    let text = r["text"].as_str().unwrap_or_default();
    r["act"] == "ALARM" && r["role"] == "agent" && text.contains("was engaged from outside")
}

fn external(r: &Value) -> bool {
    r["act"] == "EXTERNAL"
}

fn decided(r: &Value) -> bool {
    r["act"] == "ENGAGE" && r["intent"]["operator"] == "flatten_on_external"
}

#[test]
fn a_strangers_latch_is_recorded_and_flattened_for_once_however_many_agents_meet_it() {
    let mesh = Mesh::new(&["--positions", "1"]);
    let file = mesh.home.path().join("home/.config/crs/config.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("[kill]\n", "[kill]\nflatten_on_external = true\n")).unwrap();
    let mut pid = agent(&mesh);
    fs::write(mesh.home.latch(), r#"{"reason":"theirs"}"#).unwrap();
    mesh.until("flat", |s| phase(s) == "VERIFIED");
    for restarts in 1..=3 {
        on_record(&mesh, restarts, "alarms", told);
        on_record(&mesh, 1, "records of the file", external);
        on_record(&mesh, 1, "decisions", decided);
        signal(pid, Signal::KILL);
        mesh.until("no agent", |s| s["agent_pid"].is_null());
        pid = agent(&mesh);
        mesh.until("flat again", |s| phase(s) == "VERIFIED");
    }
    assert_eq!(mesh.status()["is_engaged"], true);
}

#[test]
fn a_name_that_nobody_knows_resets_no_strangers_latch() {
    let mesh = Mesh::new(&["--positions", "0"]);
    agent(&mesh);
    fs::write(mesh.home.latch(), "").unwrap();
    on_record(&mesh, 1, "the file", external);
    let (code, said) = mesh.reset("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    assert!(code == 1 && said.as_str().unwrap().contains("is not in force"), "{code}: {said}");
    assert!(mesh.home.latch().exists() && mesh.status()["is_engaged"] == true);
}
