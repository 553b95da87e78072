//! kill -9 of the daemon, under both policies.

use crate::daemon::start;
use crate::stage::{lives, until};
use crs::domain::mission::ProcessRecord;
use std::fs;
use std::path::Path;
use std::process::Child;

fn all(dir: &Path, name: &str) -> Vec<u32> {
    let text = fs::read_to_string(dir.join(format!("{name}.all"))).unwrap_or_default();
    text.lines().map(|pid| pid.parse().unwrap()).collect()
}

fn record(dir: &Path, name: &str) -> Option<ProcessRecord> {
    let records: Vec<ProcessRecord> =
        serde_json::from_slice(&fs::read(dir.join("records")).ok()?).ok()?;
    records.into_iter().find(|r| r.name.as_str() == name)
}

fn shoot(mut daemon: Child) {
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

/// Guardians of this directory.
fn guardians(dir: &Path) -> Vec<u32> {
    let ids = fs::read_dir("/proc").unwrap().flatten();
    let pids = ids.filter_map(|e| e.file_name().to_str().and_then(|n| n.parse::<u32>().ok()));
    let sum = <sha2::Sha256 as sha2::Digest>::digest(
        dir.canonicalize().unwrap().as_os_str().as_encoded_bytes(),
    );
    let id: String = sum.iter().take(6).fold(String::new(), |id, b| id + &format!("{b:02x}"));
    pids.filter(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains("__guard") && line.contains(&id) && lives(*pid)
    })
    .collect()
}

fn up(dir: &Path) {
    for name in ["killed", "kept"] {
        until("both are up", || {
            dir.join(format!("{name}.up")).exists()
                && record(dir, name).is_some_and(|r| r.state.ready())
        });
    }
}

fn rounds() -> u32 {
    std::env::var("CRS_SUPERVISE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(5)
}

/// As after each shot: what is kept is the same, what is not has ended.
fn shot(with_guardian: bool) {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let mut daemon = start(at);
    up(at);
    let kept = all(at, "kept");
    let who = record(at, "kept").unwrap().pid;
    assert_eq!(kept.len(), 3);
    for round in 0..rounds() {
        let killed = all(at, "killed");
        assert_eq!(killed.len(), 3);
        // What descends from whom is noted each second; the one without an
        // environment and without a group is known by that alone.
        if round == 0 {
            std::thread::sleep(std::time::Duration::from_millis(2_100));
        }
        if with_guardian {
            for pid in guardians(at) {
                let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            }
        }
        let marked = killed[..2].to_vec();
        shoot(daemon);
        // Each other time the next daemon is there while the guardian is at work.
        if !with_guardian && round % 2 == 0 {
            until("the guardian ends all", || !marked.iter().any(|pid| lives(*pid)));
            until("the guardian ends", || guardians(at).is_empty());
        }
        for file in ["records", "killed.all", "killed.up"] {
            fs::remove_file(at.join(file)).unwrap();
        }
        assert!(kept.iter().all(|pid| lives(*pid)), "round {round}: what is kept ended");
        daemon = start(at);
        up(at);
        assert!(!marked.iter().any(|pid| lives(*pid)), "round {round}: an orphan");
        let again = all(at, "killed");
        assert!(again.iter().all(|pid| lives(*pid)), "round {round}: the guardian of another");
        if round == 0 && !with_guardian {
            assert!(!lives(killed[2]), "an orphan without an environment");
        }
        assert_eq!(all(at, "kept"), kept, "round {round}: a second copy");
        assert_eq!(record(at, "kept").unwrap().pid, who, "round {round}");
        for one in killed.iter().filter(|pid| lives(**pid)) {
            let pid = rustix::process::Pid::from_raw(i32::try_from(*one).unwrap()).unwrap();
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
    shoot(daemon);
    for pid in kept {
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

#[test]
fn no_orphan_and_no_duplicate_after_a_shot() {
    shot(false);
}

#[test]
fn nor_when_the_guardian_is_shot_too() {
    shot(true);
}
