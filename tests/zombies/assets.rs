//! What is shipped beside the program: unit file, dashboard, alert command.

use crate::common::sandbox::{Sandbox, binary};
use crs::domain::Text;
use crs::domain::mission::MissionAlert;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)
}

#[test]
fn the_unit_sees_the_common_latch_and_shoots_nobody() {
    let text = fs::read_to_string(asset("crs-mission.service")).unwrap();
    let settings: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for line in [
        "PrivateTmp=no",
        "Delegate=yes",
        "KillMode=process",
        "Restart=on-failure",
        "NoNewPrivileges=yes",
    ] {
        assert!(settings.contains(&line), "{line}");
    }
    // It could not make the cgroups that Delegate gives it.
    assert!(!text.contains("ProtectControlGroups"));
    let start = settings.iter().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    assert!(!start.contains("LIVE") && start.ends_with(" mission serve"), "it starts no mode");
    // The arguments before its verb are those of this program.
    let home = Sandbox::new();
    let args: Vec<&str> = start.split(' ').skip(1).collect();
    let help = home.crs(&[&args[..], &["--help"]].concat()).output().unwrap();
    assert!(help.status.success(), "{help:?}");
}

#[test]
fn systemd_finds_nothing_wrong_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("crs-mission.service");
    let text = fs::read_to_string(asset("crs-mission.service")).unwrap();
    // It wants a program that is there.
    let text = text.replace("/usr/local/bin/crs", &binary().display().to_string());
    fs::write(&path, text).unwrap();
    let Ok(said) = Command::new("systemd-analyze").arg("verify").arg(&path).output() else {
        return eprintln!("SKIPPED: no systemd-analyze on this machine");
    };
    let words = [said.stdout, said.stderr].concat();
    let words = String::from_utf8_lossy(&words).into_owned();
    let ours: Vec<&str> = words.lines().filter(|line| line.contains("crs-mission")).collect();
    assert!(said.status.success() && ours.is_empty(), "{words}");
}

/// Everything that `mission_` begins in a text.
fn names(text: &str, out: &mut BTreeSet<String>) {
    for part in text.split("mission_").skip(1) {
        let end = part.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(part.len());
        out.insert(part[..end].to_owned());
    }
}

fn sources(dir: &Path, out: &mut String) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            sources(&entry.path(), out);
        } else if entry.path().extension().is_some_and(|e| e == "rs") {
            out.push_str(&fs::read_to_string(entry.path()).unwrap());
        }
    }
}

#[test]
fn the_dashboard_asks_for_figures_that_there_are() {
    let text = fs::read_to_string(asset("grafana-mission.json")).unwrap();
    let board: Value = serde_json::from_str(&text).unwrap();
    let panels = board["panels"].as_array().unwrap();
    let mut asked = BTreeSet::new();
    let mut ids = BTreeSet::new();
    let mut places = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "an id twice");
        let at = &panel["gridPos"];
        let [x, y, w] = ["x", "y", "w"].map(|key| at[key].as_u64().unwrap());
        assert!(x + w <= 24 && places.insert((x, y)), "{panel}");
        for target in panel["targets"].as_array().unwrap() {
            names(target["expr"].as_str().unwrap(), &mut asked);
        }
    }
    assert!(asked.len() > 20, "{asked:?}");
    let mut code = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mission"), &mut code);
    for name in asked {
        // A counter's name is written without what the page adds.
        let bare = name.strip_suffix("_total").unwrap_or(&name);
        assert!(code.contains(&format!("\"{bare}\"")), "nobody says mission_{name}");
    }
    // Nobody's address is in it.
    assert!(!text.contains("http://") && !text.contains("https://"), "an address");
}

fn alert(home: &Sandbox, alert: &[u8], tell: &str) -> (Option<i32>, String) {
    let file = home.path().join("alerts.jsonl");
    let mut command = Command::new(asset("alert-command.sh"));
    command.env_clear().envs(home.env()).env("CRS_ALERT_FILE", &file);
    command.env("CRS_ALERT_TELL", tell).env("PATH", "/usr/bin:/bin").current_dir(home.path());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(alert).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.stdout.is_empty(), "{out:?}");
    (out.status.code(), fs::read_to_string(&file).unwrap_or_default())
}

#[test]
fn the_alert_command_keeps_the_alert_and_runs_none_of_its_words() {
    let home = Sandbox::new();
    let told = home.path().join("told");
    let tell = home.path().join("tell.sh");
    let script =
        format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >'{}'; cat >/dev/null\n", told.display());
    fs::write(&tell, script).unwrap();
    fs::set_permissions(&tell, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let one = MissionAlert {
        id: 7,
        kind: Text::new("port-in-use"),
        process: Text::new("Redis"),
        title: Text::new("Port 6379 $(touch ran) `touch ran` '; touch ran"),
        message: Text::new("bind: \"address\" in use; touch ran\\"),
        ..MissionAlert::default()
    };
    let json = serde_json::to_vec(&one).unwrap();
    let (code, kept) = alert(&home, &json, &tell.display().to_string());
    assert!(code.is_some_and(|code| code <= 1), "{code:?}: syslog may be missing");
    assert_eq!(serde_json::from_str::<MissionAlert>(kept.trim()).unwrap(), one);
    let line = fs::read_to_string(&told).unwrap();
    assert!(line.starts_with("LOW port-in-use Redis: Port 6379 $(touch ran)"), "{line}");
    assert!(!home.path().join("ran").exists(), "words were run");
    let (code, _) = alert(&home, b"", "");
    assert_eq!(code, Some(64));
    let text = fs::read_to_string(asset("alert-command.sh")).unwrap();
    assert!(!text.contains("http") && !text.contains("curl"), "it knows no address");
}
