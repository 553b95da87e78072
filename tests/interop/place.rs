//! A peer, a home, and `crs` run in the one against the other.

use crate::common::peer::Peer;
use crate::common::sandbox::{Outcome, Sandbox};
use serde_json::Value;
use std::fs;
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
        let home = Sandbox::new();
        // What three polls prove is the same within a third of a second.
        let config = home.path().join("home/.config/crs");
        fs::create_dir_all(&config).unwrap();
        let text = "[kill]\nproof_interval_ms = 150\nenforce_interval_ms = 400\n\
                    [audit]\nsyslog = \"off\"\n";
        fs::write(config.join("config.toml"), text).unwrap();
        Some(Self { home, peer, cmd_port, data_port })
    }

    /// Runs a verb against the peer.
    pub fn run(&self, args: &[&str]) -> Outcome {
        let at = ["--cmd-port", &self.cmd_port, "--data-port", &self.data_port];
        self.home.run(&[&at, args].concat(), LIMIT)
    }

    /// The same with every line of diagnostics that there is.
    pub fn logged(&self, args: &[&str]) -> Outcome {
        let at = ["--cmd-port", &self.cmd_port, "--data-port", &self.data_port];
        let mut command = self.home.crs(&[&at, args].concat());
        let said = command.env("CRS_LOG", "trace").output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&said.stdout), text(&said.stderr));
        Outcome { code: said.status.code(), stdout, stderr }
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
}
