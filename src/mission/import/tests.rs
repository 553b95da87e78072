//! Both documented shapes, and whatever else may be called JSON.

use super::*;
use crate::mission::modes::Document as Settings;
use crate::mission::plan::phases;
use crate::mission::spec::{Condition, Look, Mission};

/// As the document prints it: services are lists of names.
const LISTS: &str = r#"{"mission_control_distributed": {"architecture": "DISTRIBUTED", "machines": {
  "BEAST": {"ip": "192.0.2.100", "role": "TRADING_ENGINE", "services": ["Main", "OCRProcess"]},
  "TELEMETRY": {"ip": "192.0.2.101", "role": "TELEMETRY_HUB",
    "services": ["Redis", "TelemetryService", "BabysitterService", "GUIBackend"]}}}}"#;

/// As it is used: services are maps, modes and sequence are there.
const MAPS: &str = r#"{"mission_control_distributed": {
  "machines": {
    "BEAST": {"ip": "192.0.2.100", "platform": "windows", "gpu": true, "services": {
      "Main": {"display_name": "Engine", "command": ["python", "main.py"], "cwd": "C:\\engine", "local": true},
      "Watcher": {"command": "watch --all", "local": false, "priority": 3}}},
    "TELEMETRY": {"ip": "192.0.2.101", "platform": "linux", "role": "TELEMETRY_HUB", "services": {
      "Redis": {"command": ["redis-server"], "check_command": ["redis-cli", "ping"]},
      "TelemetryService": {"command": ["python3", "t.py"], "cwd": "here", "health_check": "HTTP GET /health"},
      "GUIBackend": {"command": ["python3", "g.py"], "health_check": "http://localhost:8001/health"}}}},
  "mode_configurations": {
    "LIVE": {"description": "Real", "beast_services": ["Main", "Nobody"], "telemetry_services": ["Redis"],
      "config_updates": {"enable_trading_signals": true, "disable_paper_trading": true,
        "TELEMETRY_ENDPOINT": "tcp://hub:5555", "ratio": 0.5, "risk_max_position_size": "much"}},
    "SAFE_MODE": {"config_updates": {"emergency_mode_active": true}, "colour": "red"}},
  "startup_sequence": {
    "first": [{"machine": "TELEMETRY", "service": "Redis", "wait": 3}, {"machine": "BEAST", "service": "Main", "wait": 5}],
    "then": [{"machine": "TELEMETRY", "service": "Watcher", "wait": 1, "retry": 2}]}}}"#;

fn taken(text: &str) -> (Mission, Vec<String>) {
    let imported = import("x.json", text.as_bytes(), None).unwrap_or_else(|all| panic!("{all:#?}"));
    let mission = file::parse("m", &imported.toml).unwrap();
    (mission, imported.notes.iter().map(ToString::to_string).collect())
}

fn refused(text: &str) -> String {
    import("x.json", text.as_bytes(), None).unwrap_err()[0].to_string()
}

#[test]
fn lists_of_names_become_the_documented_mission() {
    let (mission, notes) = taken(LISTS);
    let all: Vec<String> = mission.processes.iter().map(|p| p.name.clone()).collect();
    let sorted = |mut phase: Vec<String>| {
        phase.sort();
        phase.join(" ")
    };
    let order: Vec<String> = phases(&mission, &all).into_iter().map(sorted).collect();
    let expected = ["Redis", "BabysitterService GUIBackend TelemetryService", "Main OCRProcess"];
    assert_eq!(order, expected);
    let beast = mission.host("BEAST").unwrap();
    assert_eq!((beast.ssh.as_str(), beast.platform), ("192.0.2.100", Platform::Windows));
    assert_eq!(mission.process("Main").unwrap().host.as_deref(), Some("BEAST"));
    assert_eq!(mission.process("Redis").unwrap().host, None);
    let of = |mode: &str| mission.mode(mode).unwrap().processes.join(" ");
    assert_eq!(of("TANK_SEALED"), "Main Redis");
    assert_eq!(of("SAFE_MODE"), "OCRProcess Redis TelemetryService");
    assert_eq!(mission.modes.len(), 6);
    assert!(mission.mode("SAFE_MODE").unwrap().engage);
    let live = mission.mode("LIVE").unwrap();
    assert!(Settings::of(&mission, live).is_live() && !live.confirm.is_empty());
    // Every word of the file that is not in the mission is in a line.
    for said in ["architecture DISTRIBUTED", "TRADING_ENGINE", "192.0.2.101", "Main has no command"]
    {
        assert!(notes.iter().any(|note| note.contains(said)), "{said}: {notes:#?}");
    }
    // The documented flags are the embedded ones.
    let embedded = file::load(None).unwrap();
    for mode in &mission.modes {
        let own = Settings::of(&mission, mode);
        let other = Settings::of(&embedded, embedded.mode(&mode.name).unwrap());
        for (key, value) in &own.flags {
            assert_eq!(other.flags.get(key), Some(value), "{}: {key}", mode.name);
        }
    }
}

#[test]
fn maps_are_carried_over_and_the_rest_is_said() {
    let (mission, notes) = taken(MAPS);
    let main = mission.process("Main").unwrap();
    assert_eq!(
        (main.display_name.as_str(), main.cmd.join(" ")),
        ("Engine", "python main.py".into())
    );
    assert_eq!(main.cwd.as_deref(), Some(std::path::Path::new("C:\\engine")));
    assert_eq!(main.depends, [("TelemetryService".to_owned(), Condition::Ready)]);
    let watcher = mission.process("Watcher").unwrap();
    assert_eq!(watcher.depends, [("Main".to_owned(), Condition::Started)]);
    let redis = mission.process("Redis").unwrap();
    assert_eq!(redis.check, ["redis-cli", "ping"]);
    assert!(matches!(&redis.ready[0].look, Look::Exec(words) if words[0] == "redis-cli"));
    let gui = mission.process("GUIBackend").unwrap();
    assert!(matches!(&gui.ready[0].look, Look::Http(url) if url.ends_with("/health")));
    let live = mission.mode("LIVE").unwrap();
    assert_eq!(live.processes, ["Main", "Redis"]);
    assert_eq!(live.confirm, "LIVE {risk_max_position_size} {risk_max_notional_per_trade}");
    let paper = mission.mode("PAPER").unwrap();
    let endpoint = |mode| Settings::of(&mission, mode).flags["TELEMETRY_ENDPOINT"].to_string();
    assert_eq!((endpoint(live), endpoint(paper)), ("tcp://hub:5555".into(), String::new()));
    for said in [
        "machines.BEAST.gpu",
        "services.Watcher.priority",
        "services.Watcher.local false",
        "command is one line",
        "cwd here is not absolute",
        "\"HTTP GET /health\" names no address",
        "Nobody is no service",
        "config_updates.ratio",
        "config_updates.risk_max_position_size is a string",
        "SAFE_MODE.colour",
        "Redis is not waited for 3 s, but until it is ready",
        "Main is not waited for 5 s: give it a ready probe",
        "Watcher is on BEAST",
        "startup_sequence.then.retry",
        "mode PAPER is not in the file",
    ] {
        assert!(notes.iter().any(|note| note.contains(said)), "{said}: {notes:#?}");
    }
}

#[test]
fn another_machine_may_be_the_own_one() {
    let imported = import("x.json", LISTS.as_bytes(), Some("BEAST")).unwrap();
    let mission = file::parse("m", &imported.toml).unwrap();
    assert_eq!(mission.process("Main").unwrap().host, None);
    assert_eq!(mission.process("Redis").unwrap().host.as_deref(), Some("TELEMETRY"));
    let problems = import("x.json", LISTS.as_bytes(), Some("MOON")).unwrap_err();
    assert!(problems[0].to_string().contains("no machine is called \"MOON\""));
}

#[test]
fn what_is_no_mission_is_refused_with_its_place() {
    assert!(
        refused("{\n \"a\": ,\n}").starts_with("x.json:2:7: not valid JSON"),
        "{}",
        refused("{\n \"a\": ,\n}")
    );
    for text in ["[]", "{}", "{\"mission_control_distributed\": 5}"] {
        assert!(refused(text).contains("there are no machines in it"), "{text}");
    }
    for text in ["{\"machines\": 5}", "{\"machines\": {\"A\": {\"services\": []}}}"] {
        assert!(refused(text).contains("no machine in it has a service"), "{text}");
    }
}

#[test]
fn names_and_texts_of_any_kind_give_a_sound_file_or_none() {
    let odd = r#"{"machines": {"the \"box\"": {"ip": "-oX", "services": {"a b": {"command": ["x\u0007\"\\\n'"],
        "display_name": "\u202e\u001b[1m"}, "../up": {"command": [""]}, "": {"command": [5]}}}},
        "mode_configurations": {"m n": {"services": ["a b"], "config_updates": {"mode": true, "k\"": 1, "s": "\u007f\n"}}}}"#;
    let (mission, notes) = taken(odd);
    assert_eq!(mission.processes.len(), 3, "{notes:#?}");
    assert_eq!(mission.processes.iter().find(|p| p.name == "a_b").unwrap().cmd, ["x\u{7}\"\\\n'"]);
    assert!(notes.iter().any(|note| note.contains("is called a_b here")), "{notes:#?}");
}
