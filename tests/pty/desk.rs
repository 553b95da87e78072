//! A console over a Python peer, or over nobody.

use crate::common::console::{Console, SOON};
use crate::common::peer::Peer;
use crate::common::sandbox::{Sandbox, free_port};
use crate::common::wait::until;
use serde_json::Value;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

/// The kill chord, as a terminal sends Ctrl-K.
pub const CHORD: &str = "\x0b";

/// A home with the shipped settings, but proof polls that come quickly: what
/// three of them prove is the same.
pub fn home() -> Sandbox {
    let home = Sandbox::new();
    let config = home.path().join("home/.config/crs");
    fs::create_dir_all(&config).unwrap();
    let text = "[kill]\nproof_interval_ms = 150\nenforce_interval_ms = 400\n\
                [audit]\nsyslog = \"off\"\n";
    fs::write(config.join("config.toml"), text).unwrap();
    home
}

/// Where the gateway is, as flags.
pub struct At {
    cmd: String,
    data: String,
}

impl At {
    pub fn peer(peer: &Peer) -> Self {
        Self { cmd: peer.cmd_port.to_string(), data: peer.data_port.to_string() }
    }

    /// Ports on which nobody listens.
    pub fn nobody() -> Self {
        Self { cmd: free_port().to_string(), data: free_port().to_string() }
    }

    /// Any two ports.
    pub fn ports(cmd: u16, data: u16) -> Self {
        Self { cmd: cmd.to_string(), data: data.to_string() }
    }

    /// The console in a terminal, with its first frame drawn.
    pub fn console(&self, home: &Sandbox, columns: u16, rows: u16) -> Console {
        let console = Console::crs(home, &self.flags(), columns, rows);
        console.wait_for("first frame", SOON, |text| !text.trim().is_empty());
        console
    }

    pub fn run(&self, home: &Sandbox, args: &[&str]) -> crate::common::sandbox::Outcome {
        home.run(&[&self.flags(), args].concat(), SOON * 3)
    }

    /// `crs status` until the kill has this phase.
    pub fn becomes(&self, home: &Sandbox, phase: &str) {
        let mut last = Value::Null;
        let found = until(SOON * 3, || {
            last = self.run(home, &["status", "--json"]).json();
            (last["kill"][0]["phase"] == phase).then_some(())
        });
        assert!(found.is_some(), "never {phase}: {last:#}");
    }

    fn flags(&self) -> [&str; 4] {
        ["--cmd-port", &self.cmd, "--data-port", &self.data]
    }
}

/// Longer than the guard's 150 ms, far shorter than its 5 s.
pub fn think() {
    sleep(Duration::from_millis(400));
}

/// Chord, thought, second key.
pub fn kill(console: &mut Console) {
    console.keys(CHORD);
    think();
    console.keys("y");
}
