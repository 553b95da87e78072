//! Further latches: files of somebody else's that engage as the latch does.

use crate::common::console::Console;
use crate::common::sandbox::{Signal, signal};
use crate::common::wait::until;
use crate::life::{LIMIT, Mesh, phase};
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

/// A home with one further latch.
struct Further {
    mesh: Mesh,
    path: PathBuf,
}

impl Further {
    fn new() -> Self {
        let mesh = Mesh::new(&["--positions", "0"]);
        let dir = mesh.home.path().join("theirs");
        fs::create_dir(&dir).unwrap();
        let path = dir.join("stop.lock");
        let file = mesh.home.path().join("home/.config/crs/config.toml");
        let mut config = OpenOptions::new().append(true).open(file).unwrap();
        writeln!(config, "[latch]\nextra = [\"{}\"]", path.display()).unwrap();
        let it = Self { mesh, path };
        it.agent();
        it
    }

    /// A console that has an agent, and leaves it behind.
    fn agent(&self) {
        let port = self.mesh.peer.cmd_port.to_string();
        let console = Console::crs(&self.mesh.home, &["--cmd-port", &port, "console"], 120, 40);
        console.wait_for("console", LIMIT, |t| t.contains("v1.0"));
        self.mesh.agent();
        drop(console);
    }

    fn records(&self, wanted: impl Fn(&Value) -> bool) -> usize {
        let all = self.mesh.crs(&["audit", "show", "--json"]).1;
        all.as_array().map_or(0, |all| all.iter().filter(|r| wanted(r)).count())
    }

    #[track_caller]
    fn on_record(&self, what: &str, wanted: impl Fn(&Value) -> bool) {
        let found = until(LIMIT, || (self.records(&wanted) > 0).then_some(()));
        assert!(found.is_some(), "{what} not on record: {}", self.mesh.crs(&["audit", "show"]).1);
    }

    fn alarm(&self, words: &str) {
        self.on_record(words, |r| {
            let text = r["text"].as_str().unwrap_or_default();
            r["act"] == "ALARM" && r["role"] == "agent" && text.contains(words)
        });
    }

    /// `crs reset` in a terminal, up to its question.
    fn asked(&self) -> Console {
        let port = self.mesh.peer.cmd_port.to_string();
        let args = ["--cmd-port", &port, "reset", "--reason", "over", "--wait", "30"];
        let console = Console::crs(&self.mesh.home, &args, 120, 40);
        console.see("RESET EXTERNAL");
        console
    }

    fn engaged(&self) -> Value {
        let named = self.path.display().to_string();
        self.mesh.until("engaged by the further latch", |s| {
            let reason = s["latch"]["reason"].as_str().unwrap_or_default();
            s["latch"]["phase"] == "ENGAGED_EXTERNAL" && reason.contains(&named)
        })
    }
}

#[test]
fn a_further_latch_outlives_rm_and_restarts_and_only_its_reset_leads_back() {
    let f = Further::new();
    f.mesh.until("SAFE", |s| s["state"] == "SAFE");
    fs::write(&f.path, "").unwrap();
    let named = f.path.display().to_string();
    let status = f.engaged();
    assert_eq!(status["foreign"][0]["path"], named.as_str(), "{status:#}");
    f.on_record("the file", |r| r["act"] == "EXTERNAL" && r["path"] == named.as_str());
    f.alarm("was engaged from outside");
    assert!(!f.mesh.home.latch().exists());

    fs::remove_file(&f.path).unwrap();
    f.alarm("removed without a reset");
    assert_eq!(f.engaged()["foreign"][0]["removed"], true);
    signal(f.mesh.agent(), Signal::KILL);
    f.mesh.until("no agent", |s| s["agent_pid"].is_null());
    f.engaged();
    f.agent();
    f.engaged();
    let (code, page) = f.mesh.crs(&["status"]);
    assert!(code == 1 && page.as_str().unwrap().contains(&named), "{page}");
    // It is somebody else's to make; and the latch was never made.
    assert!(!f.path.exists() && !f.mesh.home.latch().exists());
    let (code, _) = f.mesh.crs(&["arm", "--json"]);
    assert_eq!(code, 1);

    let mut reset = f.asked();
    reset.see(&named);
    reset.keys("RESET EXTERNAL\r");
    let ended = reset.exit(LIMIT).expect("an end");
    assert!(ended.success(), "{}", reset.text());
    f.mesh.until("DISARMED", |s| s["state"] == "DISARMED");
    f.on_record("its name", |r| r["act"] == "RESET" && r["foreign"][0]["ino"].is_u64());
    assert_eq!(f.mesh.crs(&["arm", "--json"]).0, 0);
    f.mesh.until("SAFE", |s| s["state"] == "SAFE");
}

#[test]
fn a_reset_moves_a_further_latch_aside_and_refuses_one_that_was_touched_meanwhile() {
    let f = Further::new();
    fs::write(&f.path, r#"{"reason":"theirs"}"#).unwrap();
    f.on_record("the file", |r| r["act"] == "EXTERNAL");
    let mut reset = f.asked();
    // Another one before the phrase is typed: nobody was shown that one.
    fs::rename(&f.path, f.path.with_extension("old")).unwrap();
    fs::write(&f.path, r#"{"reason":"theirs, again"}"#).unwrap();
    reset.keys("RESET EXTERNAL\r");
    reset.see("touched meanwhile");
    assert_eq!(reset.exit(LIMIT).expect("an end").exit_code(), 1);
    f.engaged();
    assert_eq!(f.records(|r| r["act"] == "RESET"), 0);
    assert!(f.path.exists());

    let mut reset = f.asked();
    reset.keys("RESET EXTERNAL\r");
    let ended = reset.exit(LIMIT).expect("an end");
    assert!(ended.success(), "{}", reset.text());
    f.mesh.until("DISARMED", |s| s["state"] == "DISARMED");
    assert!(!f.path.exists());
    let dir = f.path.parent().unwrap();
    let names = fs::read_dir(dir).unwrap().flatten().map(|entry| entry.file_name());
    let mut aside = names.map(|n| n.to_string_lossy().into_owned()).filter(|n| n.contains(".ext-"));
    assert!(aside.next().is_some_and(|name| name.contains(".reset")), "kept, not deleted");
}

#[test]
fn a_latch_that_is_touched_while_the_phrase_is_typed_is_not_reset() {
    let f = Further::new();
    let latch = f.mesh.home.latch();
    fs::write(&latch, "").unwrap();
    f.on_record("the file", |r| r["act"] == "EXTERNAL");
    let mut reset = f.asked();
    fs::rename(&latch, latch.with_extension("old")).unwrap();
    fs::write(&latch, "again").unwrap();
    reset.keys("RESET EXTERNAL\r");
    reset.see("touched meanwhile");
    assert_eq!(reset.exit(LIMIT).expect("an end").exit_code(), 1);
    assert!(latch.exists() && f.mesh.status()["is_engaged"] == true);
    assert_eq!(f.records(|r| r["act"] == "RESET"), 0);
}

#[test]
fn a_kill_beside_a_further_latch_ends_with_both_named() {
    let f = Further::new();
    fs::write(&f.path, "").unwrap();
    f.on_record("the file", |r| r["act"] == "EXTERNAL");
    let (code, report) = f.mesh.kill();
    assert_eq!(code, 0, "{report:#}");
    f.mesh.until("VERIFIED by the agent", |s| phase(s) == "VERIFIED");
    let (code, said) = f.mesh.reset(report["engage_id"].as_str().unwrap());
    assert_eq!(code, 0, "{said:#}");
    f.mesh.until("DISARMED", |s| s["state"] == "DISARMED");
    assert!(!f.path.exists() && !f.mesh.home.latch().exists());
}
