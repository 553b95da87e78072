//! A running engine and what it wrote.

use crate::common::sandbox::{Sandbox, Signal, end, free_port, signal};
use crate::common::wait::until;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Child;
use std::time::Duration;

pub const LIMIT: Duration = Duration::from_mins(1);

/// An engine in `home`; ends with this value.
pub struct Process {
    child: Child,
    log: PathBuf,
    pub events_port: u16,
}

impl Process {
    /// With its log in the home and a telemetry port of its own.
    pub fn start(home: &Sandbox, args: &[&str]) -> Self {
        let log = home.path().join("engine.jsonl");
        let events_port = free_port();
        let port = events_port.to_string();
        let own = ["engine", "--json", "--events-port", &port, "--log", log.to_str().unwrap()];
        let child = home.crs(&[&own, args].concat()).spawn().unwrap();
        Self { child, log, events_port }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Entries so far.
    pub fn entries(&self) -> Vec<Value> {
        entries(&fs::read_to_string(&self.log).unwrap_or_default())
    }

    /// Waits until an entry is as wanted, and gives it.
    pub fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = until(LIMIT, || self.entries().into_iter().find(|e| wanted(e)));
        found.unwrap_or_else(|| panic!("never {what}: {:?}", self.entries().last()))
    }

    /// Ends it politely: its document, and what it said beside it.
    pub fn stop(mut self) -> (Value, String) {
        signal(self.child.id(), Signal::TERM);
        let status = until(LIMIT, || self.child.try_wait().unwrap()).expect("an end");
        let (mut out, mut err) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(status.code(), Some(0), "{out}{err}");
        (serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{err}")), err)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Whole lines of a log; the last one may still be on its way.
pub fn entries(text: &str) -> Vec<Value> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

pub fn is(action: &'static str) -> impl Fn(&Value) -> bool {
    move |entry| entry["action"] == action
}
