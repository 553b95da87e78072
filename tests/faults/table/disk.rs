//! Directories that take no file, disks that are full: for the latch, and for
//! the audit log.

use super::eyes::Eye;
use super::latch::came;
use super::private::Private;
use super::under::{LIMIT, Under, phases, step};
use super::{Came, Row};
use crate::common::peer::Peer;
use crate::common::wait::until;
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The gateway waits so long for a file, and no longer.
const HELD_UP: Duration = Duration::from_millis(50);
/// A file is there.
const V: Duration = Duration::from_millis(5);
/// File and directory are on disk.
const D: Duration = Duration::from_millis(50);

pub const ROWS: &[Row] = &[
    Row {
        number: 28,
        fault: "directory read-only: by its mode, by its mount",
        outcome: "NOT DURABLE and who is blind, said; stand-in made; orders denied; gateway flat; \
                  file made once it can be",
        timed: "key to KILL_SWITCH sent",
        bound: Some(HELD_UP),
        alone: false,
        run: |_| here(|| Ok([by_mode(), by_mount()?])),
    },
    Row {
        number: 29,
        fault: "disk full: no byte left; no inode left",
        outcome: "an empty file engages; without one a stand-in; NOT DURABLE said; gateway flat; \
                  reset possible",
        timed: "key to file visible",
        bound: Some(V),
        alone: false,
        run: |_| here(|| Ok([no_bytes()?, block_without_a_byte()?, no_inodes()?])),
    },
    Row {
        number: 36,
        fault: "audit disk full, before the agent and behind it",
        outcome: "kill proven, latch durable; \"audit log can't be written\" said; a new agent goes by the latch",
        timed: "key to latch durable",
        bound: Some(D),
        alone: false,
        run: |_| here(|| Ok([audit_full(false)?, audit_full(true)?, block_off_record()?])),
    },
];

fn here<const N: usize>(cases: impl FnOnce() -> Result<[Duration; N], String>) -> Came {
    cases().map_or_else(Came::NotHere, came)
}

/// Whether the report's log has all of these words.
pub(super) fn says(kill: &Value, words: &[&str]) {
    let log = kill["log"].to_string();
    assert!(words.iter().all(|w| log.contains(w)), "{words:?}: {kill:#}");
}

/// Flat by its own word, engaged by ours, with this word for the latch.
pub(super) fn holds(under: &Under, peer: &Peer, phase: &str) {
    let status =
        under.until("proven", |s| phases(s) == ["VERIFIED"] && s["latch"]["phase"] == phase);
    assert_eq!((&status["state"], &status["is_safe"]), (&json!("ENGAGED"), &json!(false)));
    assert_eq!(status["latch"]["tampered"], 0, "{status:#}");
    assert_eq!(peer.positions(), Some(0));
    under.denied();
}

fn by_mode() -> Duration {
    let mut under = Under::new("");
    under.as_nobody();
    let run = under.home.path().join("run");
    let writable = |bits| fs::set_permissions(&run, Permissions::from_mode(bits)).unwrap();
    writable(0o555);
    let latch = under.home.latch();
    read_only(&mut under, &latch, || writable(0o755))
}

fn by_mount() -> Result<Duration, String> {
    let mut under = Under::new("");
    let script = "mount --bind \"$RUN\" \"$RUN\"; mount -o remount,bind,ro \"$RUN\"";
    let private = Private::new(&under, script)?;
    under.wrap = private.wrap();
    let run = under.home.path().join("run").display().to_string();
    let mut writable = under.any(&["mount", "-o", "remount,bind,rw", &run]);
    let latch = private.at(&under.home.latch());
    Ok(read_only(&mut under, &latch, || assert!(writable.status().unwrap().success())))
}

/// A kill that can't make its latch, until `writable` lets it.
fn read_only(under: &mut Under, latch: &Path, writable: impl FnOnce()) -> Duration {
    let peer = under.peer(&["honest"]);
    assert_eq!(under.status()["state"], "SAFE");
    under.agent();
    let kill = under.kill();
    assert_eq!((kill.code, &kill.out["latch"]), (Some(5), &json!("NOT_DURABLE")), "{kill:#?}");
    says(&kill.out, &["NOT MADE", "stands in", "do NOT see it"]);
    let id = kill.out["engage_id"].as_str().unwrap().to_owned();
    assert!(fs::read_to_string(under.stand_in()).unwrap().contains(&id));
    assert!(fs::symlink_metadata(latch).is_err());
    holds(under, &peer, "NOT_DURABLE");
    let took = step(&kill.out, "sent").unwrap();
    writable();
    let made = || fs::read_to_string(latch).ok().filter(|text| text.contains(&id));
    assert!(until(LIMIT, made).is_some(), "never made");
    holds(under, &peer, "DURABLE");
    took
}

/// Writes until the file system takes no more.
fn fill(dir: &Path) -> PathBuf {
    let path = dir.join("filler");
    let mut file = fs::File::create(&path).unwrap();
    while file.write_all(&[0; 4_096]).is_ok() {}
    path
}

fn no_bytes() -> Result<Duration, String> {
    let mut under = Under::new("");
    let private = Private::new(&under, "mount -t tmpfs -o size=64k none \"$RUN\"")?;
    under.wrap = private.wrap();
    let latch = private.at(&under.home.latch());
    let filler = fill(latch.parent().unwrap());
    let peer = under.peer(&["honest"]);
    under.agent();
    let kill = under.kill();
    // The latch is there, so it did not fail. Whoever only met it may have
    // synced the bare file, and call that durable; the other's word stands.
    assert_eq!(kill.code, Some(0), "{kill:#?}");
    says(&kill.out, &["No space left", "may not outlive a power cut"]);
    assert!(!kill.out["log"].to_string().contains("do NOT see it"), "they do: {kill:#?}");
    assert_eq!(fs::read(&latch).unwrap(), b"");
    holds(&under, &peer, "NOT_DURABLE");
    own(&under, &kill.out);
    way_back(&under, &kill.out, Some(&filler));
    Ok(step(&kill.out, "visible").unwrap())
}

/// The empty file is ours, and everybody knows it: even where a foreign one
/// would close positions, a block leaves them alone.
fn block_without_a_byte() -> Result<Duration, String> {
    let mut under = Under::new("flatten_on_external = true");
    let private = Private::new(&under, "mount -t tmpfs -o size=64k none \"$RUN\"")?;
    under.wrap = private.wrap();
    fill(private.at(&under.home.latch()).parent().unwrap());
    let peer = under.peer(&["honest"]);
    let block = under.run(&["block", "--reason", "fault", "--yes", "--json"]);
    assert_eq!(block.code, Some(0), "{block:#?}");
    let agent = under.hear_agent();
    under.until("engaged", |s| s["latch"]["phase"] == "NOT_DURABLE");
    std::thread::sleep(Duration::from_millis(800));
    own(&under, &block.out);
    let heard = agent.since(Instant::now().checked_sub(LIMIT).unwrap());
    assert!(!heard.iter().any(|said| said.to_string().contains("from outside")), "{heard:#?}");
    assert_eq!(peer.count("KILL_SWITCH"), 0, "a block closes nothing");
    Ok(step(&block.out, "visible").unwrap())
}

/// Status and log name the decision, its reason, and no stranger.
fn own(under: &Under, said: &Value) {
    let status = under.status();
    let latch = (&status["latch"]["engage_id"], &status["latch"]["reason"]);
    assert_eq!(latch, (&said["engage_id"], &json!("fault")), "{status:#}");
    let log = under.run(&["audit", "show", "--json"]).out;
    let foreign = |record: &Value| record["act"] == "EXTERNAL";
    assert!(!log.as_array().unwrap().iter().any(foreign), "{log:#}");
}

fn no_inodes() -> Result<Duration, String> {
    let mut under = Under::new("");
    // The directory itself takes one, the filler the other.
    let private = Private::new(&under, "mount -t tmpfs -o size=64k,nr_inodes=2 none \"$RUN\"")?;
    under.wrap = private.wrap();
    let latch = private.at(&under.home.latch());
    let filler = latch.with_file_name("filler");
    fs::write(&filler, "").unwrap();
    let peer = under.peer(&["honest"]);
    under.agent();
    let kill = under.kill();
    assert_eq!((kill.code, &kill.out["latch"]), (Some(5), &json!("NOT_DURABLE")), "{kill:#?}");
    says(&kill.out, &["NOT MADE", "No space left", "stands in", "do NOT see it"]);
    holds(&under, &peer, "NOT_DURABLE");
    fs::remove_file(&filler).unwrap();
    let made = until(LIMIT, || fs::symlink_metadata(&latch).ok());
    assert!(made.is_some(), "never made");
    holds(&under, &peer, "DURABLE");
    way_back(&under, &kill.out, None);
    // No file, so none that was visible in time.
    Ok(Duration::ZERO)
}

/// Out of it by the documented way, whatever the disk did.
pub(super) fn way_back(under: &Under, kill: &Value, filler: Option<&Path>) {
    let id = kill["engage_id"].as_str().unwrap();
    if let Some(filler) = filler {
        fs::remove_file(filler).unwrap();
    }
    let phrase = format!("RESET {}", &id[id.len() - 6..]);
    let reset = under.run(&["reset", "--reason", "over", "--engage-id", id, "--phrase", &phrase]);
    assert_eq!(reset.code, Some(0), "{reset:#?} {:#}", under.status());
    under.until("DISARMED", |s| s["state"] == "DISARMED");
    let arm = under.run(&["arm"]);
    assert_eq!(arm.code, Some(0), "{arm:#?}");
    under.until("SAFE", |s| s["state"] == "SAFE");
}

/// Full before the agent starts, or while it serves.
fn audit_full(behind: bool) -> Result<Duration, String> {
    let mut under = Under::new("");
    let script = "mkdir -p \"$STATE\"; mount -t tmpfs -o size=256k,mode=700 none \"$STATE\"";
    let private = Private::new(&under, script)?;
    under.wrap = private.wrap();
    let state = private.at(&under.state());
    let peer = under.peer(&["honest"]);
    let filler = if behind {
        let agent = under.agent();
        let filler = fill(&state);
        assert_eq!(under.status()["agent_pid"], agent);
        filler
    } else {
        let filler = fill(&state);
        under.agent();
        filler
    };
    let kill = under.kill();
    assert_eq!((kill.code, &kill.out["latch"]), (Some(0), &json!("DURABLE")), "{kill:#?}");
    says(&kill.out, &["audit log can't be written"]);
    let id = kill.out["engage_id"].as_str().unwrap().to_owned();
    assert!(fs::read_to_string(under.home.latch()).unwrap().contains(&id));
    let status = under.until("proven", |s| phases(s) == ["VERIFIED"]);
    assert_eq!((&status["state"], &status["is_safe"]), (&json!("ENGAGED"), &json!(false)));
    assert_eq!(peer.positions(), Some(0));
    under.denied();
    // Nothing is on record: who comes next goes by what the latch says.
    let agent = u32::try_from(status["agent_pid"].as_u64().unwrap()).unwrap();
    under.end(agent);
    let sent = peer.count("KILL_SWITCH");
    under.agent();
    under.until("proven once more", |s| phases(s) == ["VERIFIED"]);
    assert!(peer.count("KILL_SWITCH") > sent, "not resumed from the latch");
    let chains = super::told::files(&state)
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "jsonl"));
    let empty: Vec<_> = chains.filter(|p| fs::metadata(p).is_ok_and(|m| m.len() == 0)).collect();
    assert!(empty.is_empty(), "left behind by tries: {empty:?}");
    fs::remove_file(&filler).unwrap();
    assert_eq!(under.status()["state"], "ENGAGED");
    Ok(step(&kill.out, "durable").unwrap())
}

/// A block that no log can hold is no stranger's latch: even where a foreign
/// one would close positions, they stand.
fn block_off_record() -> Result<Duration, String> {
    let mut under = Under::new("flatten_on_external = true");
    let script = "mkdir -p \"$STATE\"; mount -t tmpfs -o size=256k,mode=700 none \"$STATE\"";
    let private = Private::new(&under, script)?;
    under.wrap = private.wrap();
    let state = private.at(&under.state());
    fill(&state);
    let peer = under.peer(&["honest"]);
    let block = under.run(&["block", "--reason", "fault", "--yes", "--json"]);
    assert_eq!((block.code, &block.out["latch"]), (Some(0), &json!("DURABLE")), "{block:#?}");
    let socket = Under::private_in(&state).unwrap().join("agent.sock");
    let agent = until(LIMIT, || Eye::agent(&socket)).expect("an agent");
    std::thread::sleep(Duration::from_millis(800));
    assert_eq!(under.status()["is_engaged"], true);
    let heard = agent.since(Instant::now().checked_sub(LIMIT).unwrap());
    assert!(!heard.iter().any(|said| said.to_string().contains("from outside")), "{heard:#?}");
    assert_eq!(peer.count("KILL_SWITCH"), 0, "a block closes nothing");
    Ok(step(&block.out, "durable").unwrap())
}
