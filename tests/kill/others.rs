//! What every other `crs` of the host sees of one decision, as a process of
//! its own: it took no part, was told nothing, and only looks.

use crate::common::console::Console;
use crate::common::sandbox::{Sandbox, Signal, free_port, signal};
use crate::common::wait::until;
use crate::life::{LIMIT, Mesh, phase};
use serde_json::Value;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ORDER: &[&str] = &["order", "EURUSD", "buy", "0.01", "--yes", "--json"];

#[track_caller]
fn denied(mesh: &Mesh, more: &[&str]) {
    let before = mesh.peer.count("OPEN_ORDER");
    let (code, report) = mesh.crs(&[more, ORDER].concat());
    assert_eq!((code, &report["ending"]), (3, &"denied".into()), "{report:#}");
    assert_eq!(mesh.peer.count("OPEN_ORDER"), before);
}

/// State after state of one who asks until told to stop.
fn looks(mesh: &Mesh, stop: &AtomicBool) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let state = mesh.status()["state"].as_str().unwrap().to_owned();
        if seen.last() != Some(&state) {
            seen.push(state);
        }
    }
    seen
}

#[test]
fn a_decision_is_seen_as_a_whole_and_for_good() {
    for kind in ["kill", "block"] {
        let mesh = Mesh::new(&["--positions", "1"]);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let others: Vec<_> = (0..2).map(|_| scope.spawn(|| looks(&mesh, &stop))).collect();
            std::thread::sleep(Duration::from_millis(300));
            let (code, report) = mesh.crs(&[kind, "--reason", "test", "--yes", "--json"]);
            assert_eq!(code, 0, "{report:#}");
            std::thread::sleep(Duration::from_millis(300));
            stop.store(true, Ordering::SeqCst);
            for other in others {
                assert_eq!(other.join().unwrap(), ["SAFE", "ENGAGED"], "{kind}");
            }
            let status = mesh.status();
            assert_eq!(status["engagement_reason"], "test", "{status:#}");
            assert_eq!(status["latch"]["engage_id"], report["engage_id"], "{status:#}");
        });
        denied(&mesh, &[]);
    }
}

#[test]
fn an_acknowledged_kill_is_shown_as_a_claim_and_nothing_more() {
    let mesh = Mesh::new(&["--positions", "2"]);
    let file = mesh.home.path().join("home/.config/crs/config.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("= 150", "= 4000")).unwrap();
    // Two seconds are too few for a proof: the command leaves it to the agent.
    let (code, report) =
        mesh.crs(&["kill", "--reason", "test", "--yes", "--json", "--timeout", "2"]);
    assert_ne!(code, 0, "{report:#}");
    let id = report["engage_id"].as_str().unwrap();
    let status = mesh.status();
    assert_eq!((phase(&status).as_str(), &status["state"]), ("ACKED", &"ENGAGED".into()));
    let page = mesh.crs(&["status"]).1.as_str().unwrap().to_owned();
    assert!(page.contains("ACKED") && !page.contains("VERIFIED"), "{page}");
    denied(&mesh, &[]);
    let phrase = format!("RESET {}", &id[id.len() - 6..]);
    let reset = ["reset", "--reason", "x", "--engage-id", id, "--phrase", &phrase, "--wait", "0.1"];
    let (code, said) = mesh.crs(&reset);
    assert!(code == 1 && said.as_str().unwrap().contains("wait for VERIFIED"), "{said}");
    mesh.until("VERIFIED", |s| phase(s) == "VERIFIED");
}

#[test]
fn a_kill_whose_agent_died_is_shown_as_it_was_recorded() {
    let home = Sandbox::new();
    let (port, data) = (free_port().to_string(), free_port().to_string());
    let at = ["--cmd-port", &port, "--data-port", &data];
    let run = |args: &[&str]| home.run(&[&at, args].concat(), LIMIT);
    let kill = run(&["kill", "--reason", "test", "--yes", "--json", "--timeout", "3"]);
    assert_eq!(kill.code, Some(3), "{kill:#?}");
    let status = || run(&["status", "--json"]).json();
    let agent = until(LIMIT, || status()["agent_pid"].as_u64()).expect("an agent");
    let on_record = || run(&["audit", "show"]).stdout.contains("UNCONFIRMED");
    assert!(until(LIMIT, || on_record().then_some(())).is_some());
    signal(u32::try_from(agent).unwrap(), Signal::KILL);
    let left = until(LIMIT, || Some(status()).filter(|s| s["agent_pid"].is_null()));
    let left = left.expect("no agent");
    assert_eq!((&left["state"], &left["is_safe"]), (&"ENGAGED".into(), &false.into()));
    assert_eq!(left["recorded"][0]["phase"], "UNCONFIRMED", "{left:#}");
    let page = run(&["status"]).stdout;
    assert!(page.contains("UNCONFIRMED when last recorded"), "{page}");
    let order = run(&["order", "EURUSD", "buy", "0.01", "--yes"]);
    assert_eq!(order.code, Some(3), "{order:#?}");
    // Looking starts nothing: who only asks must not act.
    assert!(status()["agent_pid"].is_null());
}

#[test]
fn a_stopped_console_is_no_reason_to_show_less() {
    let mesh = Mesh::new(&["--positions", "1"]);
    let port = mesh.peer.cmd_port.to_string();
    let mut console = Console::crs(&mesh.home, &["--cmd-port", &port, "console"], 120, 40);
    console.wait_for("console", LIMIT, |t| t.contains("SAFE") && t.contains("v1.0"));
    signal(mesh.peer.pid(), Signal::STOP);
    console.keys("\x0b");
    console.see("stop trading, close everything");
    std::thread::sleep(Duration::from_millis(300));
    console.keys("y");
    assert!(until(LIMIT, || mesh.home.latch().exists().then_some(())).is_some());
    mesh.until("the agent at work", |s| s["kill"][0]["attempts"].as_u64() >= Some(1));
    console.signal(Signal::STOP);
    let shown = |what: &str, wanted: &str| mesh.until(what, |s| phase(s) == wanted);
    let first = shown("UNCONFIRMED", "UNCONFIRMED")["kill"][0]["attempts"].as_u64().unwrap();
    mesh.until("one more attempt", |s| s["kill"][0]["attempts"].as_u64() > Some(first));
    denied(&mesh, &[]);
    signal(mesh.peer.pid(), Signal::CONT);
    shown("VERIFIED while the console is stopped", "VERIFIED");
    let state = fs::read_to_string(format!("/proc/{}/stat", console.pid())).unwrap();
    assert!(state.contains(") T "), "{state}");
    console.signal(Signal::CONT);
    console.see("VERIFIED flat");
}

#[test]
fn the_latch_of_another_state_directory_is_foreign_and_outlives_its_makers_reset() {
    let mesh = Mesh::new(&["--positions", "1"]);
    let other = mesh.home.path().join("other").display().to_string();
    let theirs = ["--state-dir", other.as_str()];
    let ask = |args: &[&str]| mesh.crs(&[&theirs, args].concat());
    let port = mesh.peer.cmd_port.to_string();
    let args = ["--cmd-port", &port, "--state-dir", &other, "console"];
    let console = Console::crs(&mesh.home, &args, 120, 40);
    console.wait_for("console", LIMIT, |t| t.contains("SAFE") && t.contains("v1.0"));
    let (code, report) = mesh.kill();
    assert_eq!(code, 0, "{report:#}");
    let id = report["engage_id"].as_str().unwrap();
    let foreign = |s: &Value| s["latch"]["phase"] == "ENGAGED_EXTERNAL";
    let seen = until(LIMIT, || Some(ask(&["status", "--json"]).1).filter(foreign));
    let seen = seen.expect("a foreign latch");
    assert_eq!((&seen["state"], &seen["engagement_reason"]), (&"ENGAGED".into(), &"test".into()));
    console.wait_for("the foreign latch", LIMIT, |t| t.contains("ENGAGED"));
    denied(&mesh, &theirs);
    let recorded = || ask(&["audit", "show"]).1.as_str().unwrap().contains("EXTERNAL");
    assert!(until(LIMIT, || recorded().then_some(())).is_some());
    mesh.until("VERIFIED by the agent", |s| phase(s) == "VERIFIED");
    let (code, said) = mesh.reset(id);
    assert_eq!(code, 0, "{said:#}");
    // A reset of ours is none of theirs: their log holds them, their agent
    // makes the latch anew, and that one is of another's making here.
    denied(&mesh, &theirs);
    let again = until(LIMIT, || Some(ask(&["status", "--json"]).1).filter(foreign));
    assert!(again.is_some() && mesh.home.latch().exists());
    mesh.until("their latch", foreign);
    denied(&mesh, &[]);
}
