//! A latch that can't be made: its directory is gone, or read-only.

use crate::common::wait::until;
use crate::life::{LIMIT, Mesh, phase, walk};
use rustix::fs::{Gid, Uid};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

/// Nobody, for whom permissions hold.
const NOBODY: u32 = 65_534;

/// Every file below `dir` whose name begins with `latch.fallback`.
fn fallbacks(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()) {
        if path.is_dir() {
            found.extend(fallbacks(&path));
        } else if path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("latch.fallb")) {
            found.push(path);
        }
    }
    found
}

fn holds(mesh: &Mesh) -> bool {
    fallbacks(mesh.home.path()).iter().any(|p| p.ends_with("latch.fallback"))
}

#[test]
fn a_lost_directory_holds_nothing_up_and_the_latch_is_made_when_it_returns() {
    let mesh = Mesh::new(&["--positions", "2"]);
    let run = mesh.home.path().join("run");
    let away = mesh.home.path().join("away");
    fs::rename(&run, &away).unwrap();
    let (code, report) =
        mesh.crs(&["kill", "--reason", "test", "--yes", "--json", "--timeout", "10"]);
    assert_eq!(code, 5, "the latch failed, and that is said: {report:#}");
    let words = report["log"].to_string();
    assert!(words.contains("NOT MADE") && words.contains("stands in"), "{words}");
    // The gateway was stopped all the same.
    let status = mesh.until("VERIFIED", |s| phase(s) == "VERIFIED");
    assert_eq!((&status["state"], &status["is_safe"]), (&"ENGAGED".into(), &false.into()));
    assert_eq!(status["latch"]["phase"], "NOT_DURABLE");
    let id = report["engage_id"].as_str().unwrap();
    assert_eq!(status["latch"]["engage_id"], id);
    let (code, said) = mesh.crs(&["order", "EURUSD", "buy", "0.1", "--yes"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.to_string().contains("denied"), "{said}");

    fs::rename(&away, &run).unwrap();
    let made =
        until(LIMIT, || fs::read_to_string(mesh.home.latch()).ok().filter(|t| t.contains(id)));
    assert!(made.is_some(), "the latch is made once it can be");
    mesh.until("ENGAGED and durable", |s| s["latch"]["phase"] == "DURABLE");
    let recorded = || walk(mesh.home.path()).iter().any(|t| t.contains("made after all"));
    assert!(until(LIMIT, || recorded().then_some(())).is_some());
    let said = mesh.crs(&["audit", "show"]).1;
    let said = said.as_str().unwrap();
    assert!(said.contains("NOT DURABLE") && said.contains("do NOT see it"), "{said}");
    // With a stand-in beside it, its removal is one all the same.
    assert_eq!(mesh.status()["latch"]["tampered"], 0);
    fs::remove_file(mesh.home.latch()).unwrap();
    let again = until(LIMIT, || mesh.home.latch().exists().then_some(()));
    assert!(again.is_some() && holds(&mesh), "only a reset takes the stand-in away");

    let (code, said) = mesh.reset(id);
    assert_eq!(code, 0, "{said}");
    assert!(!mesh.home.latch().exists() && !holds(&mesh));
    assert_eq!(fallbacks(mesh.home.path()).len(), 1, "archived, not deleted");
    mesh.until("DISARMED", |s| s["state"] == "DISARMED");
    assert_eq!(mesh.crs(&["arm", "--json"]).0, 0);
    mesh.until("SAFE", |s| s["state"] == "SAFE");
    assert_eq!(mesh.crs(&["audit", "verify"]).0, 0);
}

/// Everything below `dir` is theirs.
fn give(dir: &Path, uid: Uid, gid: Gid) {
    rustix::fs::chown(dir, Some(uid), Some(gid)).unwrap();
    for path in fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()) {
        give(&path, uid, gid);
    }
}

#[test]
fn a_read_only_directory_is_no_way_around_the_switch() {
    let mesh = Mesh::new(&["--positions", "1"]);
    let root = rustix::process::geteuid().is_root();
    if root {
        give(mesh.home.path(), Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    }
    let run = mesh.home.path().join("run");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o555)).unwrap();
    let port = mesh.peer.cmd_port.to_string();
    let crs = |args: &[&str]| {
        let mut command = mesh.home.crs(&[&["--cmd-port", &port], args].concat());
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let out = command.output().unwrap();
        let json: Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
        (out.status.code().unwrap(), json)
    };
    assert_eq!(crs(&["status", "--json"]).1["state"], "SAFE");
    let kill = ["kill", "--reason", "test", "--yes", "--json", "--timeout", "20"];
    let (code, report) = crs(&kill);
    assert_eq!(code, 5, "{report:#}");
    assert!(!mesh.home.latch().exists() && holds(&mesh));
    assert_eq!(mesh.peer.positions(), Some(0));
    let (_, status) = crs(&["status", "--json"]);
    assert_eq!((&status["is_engaged"], &status["latch"]["tampered"]), (&true.into(), &0.into()));
    assert_eq!(crs(&["order", "EURUSD", "buy", "0.1", "--yes", "--json"]).0, 3);
    fs::set_permissions(&run, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(until(LIMIT, || mesh.home.latch().exists().then_some(())).is_some());
}
