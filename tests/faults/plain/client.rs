//! The plain client as a process, and what it said.

use crate::common::peer::python;
use crate::common::sandbox::{Sandbox, end};
use crate::common::wait::until;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub struct Client {
    child: Child,
    said: Arc<Mutex<Vec<Value>>>,
}

impl Client {
    /// `kill` or `look`; what else it needs to know.
    pub fn start(home: &Sandbox, args: &[&str]) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/client.py");
        let latch = home.latch().display().to_string();
        let mut command = Command::new(python().expect("python with pyzmq"));
        command.arg(program).args(args).args(["--latch", &latch]).env_clear().envs(home.env());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let words = serde_json::from_str(&line).unwrap_or(Value::String(line));
                into.lock().unwrap().push(words);
            }
        });
        Self { child, said }
    }

    /// What it said under this key, if it did.
    pub fn said(&self, key: &str) -> Option<Value> {
        let said = self.said.lock().unwrap();
        said.iter().find(|words| words.get(key).is_some()).cloned()
    }

    /// Waits until it has said something under this key.
    pub fn hear(&self, key: &str, limit: Duration) -> Option<Value> {
        until(limit, || self.said(key))
    }

    /// Whether it has ended by itself within this time.
    pub fn ended(&mut self, limit: Duration) -> bool {
        until(limit, || self.child.try_wait().unwrap()).is_some()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
