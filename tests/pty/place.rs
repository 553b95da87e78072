//! A home with a configuration, a paper gateway in it that can be started,
//! frozen and ended, and what the other verbs say about a kill.

use crate::common::console::{Console, SOON};
use crate::common::data;
use crate::common::sandbox::{Outcome, Sandbox, Signal, end, free_port, signal};
use crate::common::wait::until;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

/// Ctrl-K.
const CHORD: &str = "\x0b";
/// How long one verb may take on a slow machine.
const LIMIT: Duration = Duration::from_mins(1);
/// Three polls this far apart prove the same as the shipped ones, sooner.
pub const QUICK: &str = "[kill]\nproof_interval_ms = 200\n";

/// A home whose console and gateway share three ports of their own.
pub struct Place {
    pub home: Sandbox,
}

/// A paper gateway; ends with this value.
pub struct Gateway {
    child: Child,
}

impl Gateway {
    /// Sends it a signal.
    pub fn signal(&self, which: Signal) {
        signal(self.child.id(), which);
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

impl Place {
    /// With `more` in its configuration.
    pub fn new(more: &str) -> Self {
        let home = Sandbox::new();
        let [cmd, data, events] = [free_port(), free_port(), free_port()];
        let ports = format!("cmd_port = {cmd}\ndata_port = {data}\n");
        let text = format!(
            "[[gateway]]\nhost = \"127.0.0.1\"\n{ports}\n\
             [paper]\n{ports}events_port = {events}\n\n\
             [audit]\nsyslog = \"off\"\n\n{more}"
        );
        let dir = home.path().join("home/.config/crs");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("config.toml"), text).unwrap();
        Self { home }
    }

    /// Starts the gateway and waits until it answers.
    pub fn gateway(&self, args: &[&str]) -> Gateway {
        let mut command = self.home.crs(&[&["gateway"], args].concat());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let gateway = Gateway { child };
        let beat = self.run(&["heartbeat", "--timeout", "30"]);
        assert_eq!(beat.code, Some(0), "{beat:#?}");
        gateway
    }

    /// Runs a verb to its end.
    pub fn run(&self, args: &[&str]) -> Outcome {
        self.home.run(args, LIMIT)
    }

    /// The console, once its gateway is shown and orders may pass.
    pub fn console(&self, columns: u16, rows: u16) -> Console {
        let console = Console::crs(&self.home, &["console"], columns, rows);
        console.wait_for("armed console", SOON, |t| t.contains("SAFE") && t.contains("v1.0"));
        console
    }

    /// Opens a position; its ticket.
    pub fn buy(&self) -> String {
        let bought = self.run(&["order", "EURUSD", "buy", "0.1", "--yes", "--json"]);
        assert_eq!(bought.code, Some(0), "{bought:#?}");
        bought.json()["ticket"].to_string()
    }

    /// What `crs status --json` says.
    pub fn status(&self) -> Value {
        self.run(&["status", "--json"]).json()
    }

    /// Waits until `crs status` says ENGAGED, and of its gateway `phase`.
    pub fn status_says(&self, phase: &str, limit: Duration) -> Value {
        let mut last = Value::Null;
        until(limit, || {
            last = self.status();
            (last["state"] == "ENGAGED" && phases(&last) == [phase]).then_some(())
        })
        .unwrap_or_else(|| panic!("no {phase} within {limit:?}: {last:#}"));
        last
    }

    /// Everything that must hold once a kill is proven.
    pub fn is_stopped(&self) {
        assert!(self.home.latch().exists());
        self.status_says("VERIFIED", SOON);
        let positions = self.run(&["positions", "--json"]).json();
        assert_eq!(
            positions["gateways"][0]["positions"],
            Value::Array(Vec::new()),
            "{positions:#}"
        );
        let beat = self.run(&["heartbeat", "--json"]).json();
        assert_eq!(beat["gateways"][0]["answer"]["data"]["killed"], true, "{beat:#}");
        let order = self.run(&["order", "EURUSD", "buy", "0.1", "--yes"]);
        assert_eq!(order.code, Some(3), "{order:#?}");
    }
}

/// How far each gateway is, as the agent or the log says.
fn phases(status: &Value) -> Vec<&str> {
    let all = ["kill", "recorded"].iter().filter_map(|key| status[key].as_array()).flatten();
    all.filter_map(|progress| progress["phase"].as_str()).collect()
}

/// Opens the guard, and waits until it can be confirmed.
pub fn open_guard(console: &mut Console) {
    console.keys(CHORD);
    console.see("stop trading, close everything");
    std::thread::sleep(Duration::from_millis(300));
}

/// The whole act: chord, a pause, the second key.
pub fn kill(console: &mut Console) {
    open_guard(console);
    console.keys("y");
}

/// The same where the screen says nothing: the console may be slow to read.
pub fn kill_blind(console: &mut Console) {
    console.keys(CHORD);
    std::thread::sleep(Duration::from_millis(1_500));
    console.keys("y");
}

/// Quotes as they were on a day of 2020, where the data lie beside the
/// project.
pub fn recorded_quotes() -> Option<PathBuf> {
    data::file("eurusd-2020-ticks.csv")
}
