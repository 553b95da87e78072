//! What is heard of a kill while it runs: the lines of a command with their
//! times, the audit log, and the requests at the gateway.

use crate::common::peer::Peer;
use crate::common::sandbox::{Sandbox, end};
use crate::common::wait::until;
use crate::scene::{LIMIT, Scene};
use crs::host::clock;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A command that talks; ends with this value.
pub struct Talk {
    child: Child,
    lines: Arc<Mutex<Vec<(Duration, String)>>>,
}

impl Talk {
    /// `crs kill` without a limit to its waiting that any row would meet.
    pub fn kill(scene: &Scene) -> Self {
        Self::of(scene, &["kill", "--reason", "fault", "--yes", "--timeout", "60"])
    }

    pub fn of(scene: &Scene, args: &[&str]) -> Self {
        let mut command = scene.home.crs(args);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        let from = BufReader::new(child.stdout.take().unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in from.lines().map_while(Result::ok) {
                into.lock().unwrap().push((began.elapsed(), line));
            }
        });
        Self { child, lines }
    }

    /// When it said `words`, since the start of its process: later than since
    /// the key, which is read in there.
    pub fn says(&self, words: &str) -> Duration {
        let said = || {
            let lines = self.lines.lock().unwrap();
            lines.iter().find(|(_, line)| line.contains(words)).map(|(at, _)| *at)
        };
        until(LIMIT, said).unwrap_or_else(|| panic!("never said {words}: {}", self.text()))
    }

    /// Everything so far.
    pub fn text(&self) -> String {
        let lines = self.lines.lock().unwrap();
        let lines: Vec<String> = lines.iter().map(|(at, l)| format!("{at:?} {l}")).collect();
        lines.join("\n")
    }

    /// Its own exit status.
    pub fn exit(&mut self) -> Option<i32> {
        crate::scene::exit(&mut self.child)
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// `crs kill --json` to its end: exit status and report.
pub fn kill(scene: &Scene, seconds: &str) -> (Option<i32>, Value) {
    let args = ["kill", "--reason", "fault", "--yes", "--json", "--timeout", seconds];
    let outcome = scene.run(&args);
    (outcome.code, outcome.json())
}

/// A step's time since the key, as a report or a status has it.
pub fn step(progress: &Value, name: &str) -> Option<Duration> {
    progress["times"][name].as_u64().map(Duration::from_micros)
}

/// Every file below `dir`.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => all.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => all.push(entry.path()),
            _ => {}
        }
    }
    all
}

/// Every line of the audit log of this home.
pub fn records(home: &Sandbox) -> Vec<Value> {
    let chains = files(&home.path().join("home/.local/state/crs"));
    let chains = chains.into_iter().filter(|p| p.extension().is_some_and(|e| e == "jsonl"));
    let texts: Vec<String> = chains.filter_map(|path| fs::read_to_string(path).ok()).collect();
    // The last line of a chain may still be on its way.
    texts.iter().flat_map(|t| t.lines()).filter_map(|l| serde_json::from_str(l).ok()).collect()
}

/// From `since` (a reading of the program's own clock) to the first record
/// that a gateway is in this phase.
pub fn recorded(scene: &Scene, phase: &str, since: u64) -> Duration {
    let found = || {
        let all = records(&scene.home);
        let steps = all.iter().filter(|r| r["act"] == "STEP" && r["phase"] == phase);
        steps.filter_map(|r| r["at"]["mono_ns"].as_u64()).filter(|at| *at >= since).min()
    };
    let at = until(LIMIT, found).unwrap_or_else(|| panic!("{phase} is not on record"));
    Duration::from_nanos(at - since)
}

/// The program's clock, which its records are stamped with.
pub fn now() -> u64 {
    clock::mono_ns()
}

/// The values of one key in the requests of this action: `from`, or a key of
/// the request itself.
fn distinct<'a>(requests: &'a [Value], key: impl Fn(&'a Value) -> String) -> BTreeSet<String> {
    requests.iter().map(key).collect()
}

/// What a gateway was sent of one action.
pub struct Sent {
    pub requests: Vec<Value>,
    /// Request ids.
    pub ids: BTreeSet<String>,
    /// Connections.
    pub lines: BTreeSet<String>,
}

impl Sent {
    pub fn of(peer: &Peer, action: &str) -> Self {
        let mut requests = peer.requests();
        requests.retain(|r| r["action"] == action);
        let ids = distinct(&requests, |r| body(r)["req_id"].to_string());
        let lines = distinct(&requests, |r| r["from"].to_string());
        Self { requests, ids, lines }
    }
}

/// The request as it was sent; null when it is no JSON.
pub fn body(request: &Value) -> Value {
    request["raw"].as_str().and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default()
}
