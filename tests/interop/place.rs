//! A peer, a home, and `crs` run in the one against the other.

use crate::common::peer::Peer;
use crate::common::sandbox::{Outcome, Sandbox};
use serde_json::Value;
use std::time::Duration;

/// How long one command may take on a slow machine.
pub const LIMIT: Duration = Duration::from_secs(90);

/// A peer and a home. The home ends first, and with it every agent.
pub struct Place {
    pub home: Sandbox,
    pub peer: Peer,
    cmd_port: String,
    data_port: String,
}

impl Place {
    /// None only when a missing Python may be skipped.
    pub fn new(args: &[&str]) -> Option<Self> {
        let peer = Peer::start(args)?;
        let (cmd_port, data_port) = (peer.cmd_port.to_string(), peer.data_port.to_string());
        Some(Self { home: Sandbox::new(), peer, cmd_port, data_port })
    }

    /// Runs a verb against the peer.
    pub fn run(&self, args: &[&str]) -> Outcome {
        let at = ["--cmd-port", &self.cmd_port, "--data-port", &self.data_port];
        self.home.run(&[&at, args].concat(), LIMIT)
    }

    /// `crs kill`, waiting so many seconds for the proof.
    pub fn kill(&self, seconds: &str) -> Killed {
        let outcome =
            self.run(&["kill", "--reason", "a test", "--yes", "--json", "--timeout", seconds]);
        let report = outcome.json();
        Killed { outcome, report }
    }

    /// Starts the peer anew on the same ports, as a gateway that restarts.
    pub fn restart(&mut self, args: &[&str]) {
        let ports = ["--cmd-port", &self.cmd_port, "--data-port", &self.data_port];
        self.peer = Peer::start(&[&ports, args].concat()).unwrap();
    }
}

/// How a kill ended.
#[derive(Debug)]
pub struct Killed {
    pub outcome: Outcome,
    pub report: Value,
}

impl Killed {
    /// The exit status.
    pub fn code(&self) -> Option<i32> {
        self.outcome.code
    }

    /// The gateway's word: `VERIFIED`, `SENDING`, …
    pub fn phase(&self) -> String {
        match &self.report["gateways"][0]["phase"] {
            Value::String(word) => word.clone(),
            Value::Object(map) => map.keys().next().cloned().unwrap_or_default(),
            other => other.to_string(),
        }
    }

    /// Tickets that are named as still open.
    pub fn survivors(&self) -> Vec<u64> {
        let list = self.report["gateways"][0]["survivors"].as_array().cloned();
        list.unwrap_or_default().iter().filter_map(|s| s["ticket"].as_u64()).collect()
    }
}
