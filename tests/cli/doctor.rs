//! `crs doctor`

use super::common::sandbox::{Sandbox, free_port};
use serde_json::Value;
use std::fs;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

fn state<'a>(report: &'a Value, what: &str) -> &'a str {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|c| c["what"] == what);
    found.unwrap_or_else(|| panic!("no check of {what}: {report:#}"))["state"].as_str().unwrap()
}

#[test]
fn a_sound_home_is_sound_and_left_as_it_was() {
    let home = Sandbox::new();
    let outcome = home.run(&["doctor", "--json"], LIMIT);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let report = outcome.json();
    for what in ["latch", "configuration", "HTTP client", "characters"] {
        assert_eq!(state(&report, what), "good", "{what}: {report:#}");
    }
    // How quick its disk is, is the machine's.
    assert!(["good", "poor"].contains(&state(&report, "latch sync")), "{report:#}");
    assert_eq!(state(&report, "state dir"), "note");
    assert_eq!(state(&report, "terminal"), "note");
    assert_eq!(state(&report, "mission file"), "good");
    assert_eq!(state(&report, "mission daemon"), "note", "nobody needs one");
    assert!(!home.path().join("home/.local").exists(), "looking makes nothing");
    assert_eq!(fs::read_dir(home.path().join("run")).unwrap().count(), 0, "no scratch left");
}

#[test]
fn nobody_is_asked_unless_configured() {
    let home = Sandbox::new();
    let report = home.run(&["doctor", "--json"], LIMIT).json();
    let gateway = report["checks"].as_array().unwrap().iter().find(|c| c["what"] == "gateway");
    assert_eq!(gateway.unwrap()["found"], "none configured");
}

#[test]
fn what_is_broken_is_said_with_the_next_step() {
    let home = Sandbox::new();
    fs::write(home.path().join("bad.toml"), "[[gateway]]\nhost='127.0.0.1'\nx=1\n").unwrap();
    let port = free_port().to_string();
    let args = [
        "--config",
        "bad.toml",
        "--kill-switch-file",
        "no/such/dir/kill.lock",
        "--gateway",
        "127.0.0.1",
        "--cmd-port",
        &port,
        "doctor",
        "--json",
    ];
    let outcome = home.run(&args, LIMIT);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let report = outcome.json();
    for what in ["latch", "latch sync", "configuration", "gateway"] {
        assert_eq!(state(&report, what), "broken", "{what}: {report:#}");
    }
    let speechless = |c: &&Value| c["state"] == "broken" && c["advice"] == "";
    assert_eq!(report["checks"].as_array().unwrap().iter().find(speechless), None);
}

#[test]
fn mission_control_is_looked_at_with_the_next_step() {
    let home = Sandbox::new();
    let config = home.path().join("home/.config/crs");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.toml"), "[mission]\nwatch = true\n").unwrap();
    fs::write(config.join("mission.toml"), "[process.a]\ncmd = 5\n").unwrap();
    let outcome = home.run(&["doctor", "--json"], LIMIT);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let report = outcome.json();
    let check = |report: &Value, what: &str| {
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|c| c["what"] == what).unwrap().clone()
    };
    let file = check(&report, "mission file");
    assert_eq!(file["state"], "broken", "{file}");
    assert!(file["found"].as_str().unwrap().contains("mission.toml:2:7"), "{file}");
    assert!(file["advice"].as_str().unwrap().contains("crs mission check"), "{file}");
    let daemon = check(&report, "mission daemon");
    assert_eq!(daemon["state"], "poor", "a console would follow it: {daemon}");
    assert!(daemon["advice"].as_str().unwrap().contains("crs mission serve"), "{daemon}");
    // A socket that nobody listens at.
    let socket = home.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let named = format!("[mission]\nsocket = '{}'\n", socket.display());
    fs::write(config.join("config.toml"), named).unwrap();
    fs::write(config.join("mission.toml"), "[process.a]\ncmd = ['sh']\n").unwrap();
    let report = home.run(&["doctor", "--json"], LIMIT).json();
    assert_eq!(check(&report, "mission file")["state"], "good", "{report:#}");
    let daemon = check(&report, "mission daemon");
    assert_eq!(daemon["state"], "poor", "{daemon}");
    assert!(daemon["found"].as_str().unwrap().contains("dead.sock"), "{daemon}");
}
