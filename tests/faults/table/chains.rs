//! The audit log of a whole kill, and copies of it to be spoiled.

use super::under::{KILL, Said, Under, phases};
use crate::number;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Every chain of a log, by file name, sorted.
pub type Log = Vec<(String, Vec<u8>)>;

/// A kill from key to proof, and the way back from it.
pub struct Life {
    pub under: Under,
    /// When the kill was proven.
    pub killed: Log,
    /// After reset and arm.
    pub freed: Log,
    /// The latch, as it was.
    pub latch: Vec<u8>,
}

impl Life {
    /// Lives it, with real processes.
    pub fn new() -> Self {
        let mut under = Under::new("");
        let _peer = under.peer(&["honest"]);
        let agent = under.agent();
        let kill = under.run(&KILL);
        assert_eq!(kill.code, Some(0), "{kill:#?}");
        under.until("proven", |s| phases(s) == ["VERIFIED"] && s["latch"]["phase"] == "DURABLE");
        let latch = fs::read(under.home.latch()).unwrap();
        let audit = Under::private_in(&under.state()).unwrap().join("audit");
        let whole = || assert_eq!(under.run(&["audit", "verify"]).code, Some(0));
        whole();
        let killed = read(&audit);
        super::disk::way_back(&under, &kill.out, None);
        whole();
        let freed = read(&audit);
        under.end(agent);
        Self { under, killed, freed, latch }
    }
}

fn read(audit: &Path) -> Log {
    let files = fs::read_dir(audit).unwrap().map(|entry| entry.unwrap());
    let mut log: Log = files
        .map(|f| (f.file_name().to_string_lossy().into_owned(), fs::read(f.path()).unwrap()))
        .collect();
    log.sort();
    log
}

/// A state directory and a latch's path of their own.
pub struct Lane<'a> {
    under: &'a Under,
    pub latch: PathBuf,
    pub private: PathBuf,
    state: PathBuf,
}

impl<'a> Lane<'a> {
    pub fn new(under: &'a Under, name: &str) -> Self {
        let dir = under.home.path().join("tmp").join(name);
        let (latch, state) = (dir.join("run/latch"), dir.join("state"));
        let sha = Sha256::digest(latch.as_os_str().as_encoded_bytes());
        let short = sha.iter().take(6).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let private = state.join(format!("latch-{short}"));
        fs::create_dir_all(private.join("audit")).unwrap();
        fs::create_dir_all(dir.join("run")).unwrap();
        Self { under, latch, private, state }
    }

    /// These chains and no other.
    pub fn put(&self, log: &Log) {
        let audit = self.private.join("audit");
        for entry in fs::read_dir(&audit).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, bytes) in log {
            fs::write(audit.join(name), bytes).unwrap();
        }
    }

    /// Another content of one of them.
    pub fn spoil(&self, name: &str, bytes: &[u8]) {
        fs::write(self.private.join("audit").join(name), bytes).unwrap();
    }

    pub fn run(&self, args: &[&str]) -> Said {
        let (state, latch) = (self.state.to_str().unwrap(), self.latch.to_str().unwrap());
        self.under.run(&[&["--state-dir", state, "--kill-switch-file", latch], args].concat())
    }
}

/// Places to be spoiled in this run: every one is done once `CRS_FAULT_TIMES`
/// runs, from 2 on, have gone by; a single run takes one in so many.
pub fn share<T>(all: Vec<T>, seed: u64, short: usize) -> Vec<T> {
    let times = usize::try_from(number("CRS_FAULT_TIMES", 1)).unwrap();
    let every = if times > 1 { times } else { all.len().div_ceil(short).max(1) };
    let first = usize::try_from(seed).unwrap() % every;
    all.into_iter().skip(first).step_by(every).collect()
}

/// Checks every case on a few lanes at once; what is wrong with any of them.
pub fn each<T: Sync>(
    under: &Under,
    name: &str,
    cases: &[T],
    check: impl Fn(&Lane<'_>, &T) -> Result<(), String> + Sync,
) {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for n in 0..6 {
            let lane = Lane::new(under, &format!("{name}-{n}"));
            let (next, wrong, check) = (&next, &wrong, &check);
            scope.spawn(move || {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = check(&lane, case) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), cases.len(), wrong[0]);
}
