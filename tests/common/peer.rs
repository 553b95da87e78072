//! Starts `tests/peer/gateway.py` and counts what it was sent.
//!
//! Needs Python 3 with pyzmq. Where pyzmq is missing it is installed by pip
//! into a virtual environment below `target/`, once. Where that fails the
//! test fails and says so, unless `CRS_TEST_SKIP_PYTHON=1` allows the skip.

use super::python;
use super::wait::until;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// A running peer; ends with this value.
pub struct Peer {
    /// Commands.
    pub cmd_port: u16,
    /// Ticks.
    pub data_port: u16,
    child: Child,
    log: PathBuf,
    _dir: tempfile::TempDir,
}

impl Peer {
    /// A peer on free ports. None only when a missing Python may be skipped.
    pub fn start(args: &[&str]) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("requests.jsonl");
        let mut child = Command::new(python()?)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/gateway.py"))
            .args(["--log".as_ref(), log.as_os_str()])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|e| panic!("the peer did not start with {args:?}: {e}: {line:?}"));
        let port = |key: &str| u16::try_from(ready[key].as_u64().unwrap()).unwrap();
        let (cmd_port, data_port) = (port("cmd_port"), port("data_port"));
        Some(Self { cmd_port, data_port, child, log, _dir: dir })
    }

    /// Every request so far, oldest first: `action`, `raw`, `t`.
    pub fn requests(&self) -> Vec<Value> {
        let Ok(file) = File::open(&self.log) else { return Vec::new() };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        // The last line may still be on its way.
        lines.filter_map(|line| serde_json::from_str(&line).ok()).collect()
    }

    /// How many requests of this action came.
    pub fn count(&self, action: &str) -> usize {
        self.requests().iter().filter(|r| r["action"] == action).count()
    }

    /// Positions open at the peer, whatever it says about them.
    pub fn positions(&self) -> Option<u64> {
        self.requests().iter().rev().find_map(|r| r["positions"].as_u64())
    }

    /// Waits until it was sent an action.
    pub fn saw(&self, action: &str, limit: Duration) -> bool {
        until(limit, || (self.count(action) > 0).then_some(())).is_some()
    }

    /// Waits until the process has ended by itself.
    pub fn ended(&mut self, limit: Duration) -> bool {
        until(limit, || self.child.try_wait().ok().flatten()).is_some()
    }

    /// Its process id, for signals.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The interpreter that has pyzmq.
pub fn python() -> Option<&'static Path> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOUND.get_or_init(|| python::having("pyvenv", &["zmq"], &["pyzmq"])) {
        Ok(path) => Some(path),
        Err(why) if std::env::var_os("CRS_TEST_SKIP_PYTHON").is_some_and(|v| v == "1") => {
            // Past the capture of the test runner: a skip is never silent.
            let _ = writeln!(std::io::stderr(), "SKIPPED, CRS_TEST_SKIP_PYTHON=1: {why}");
            None
        }
        Err(why) => panic!(
            "no Python with pyzmq: {why}\n\
             install python3-venv and let pip reach a package index, or set \
             CRS_TEST_SKIP_PYTHON=1 to go without these tests"
        ),
    }
}
