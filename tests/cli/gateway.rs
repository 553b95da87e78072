//! `crs gateway` as a process, asked by the other verbs.

use super::common::sandbox::{Outcome, Sandbox, Signal, signal};
use super::common::wait::until;
use serde_json::Value;
use std::io::BufReader;
use std::process::Child;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

/// A paper gateway on free ports; ends with this value.
pub struct Paper {
    child: Child,
    pub ready: Value,
}

impl Paper {
    pub fn start(home: &Sandbox, args: &[&str]) -> Self {
        let args = [&["gateway", "--free-ports", "--json"], args].concat();
        let mut child = home.crs(&args).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut documents = serde_json::Deserializer::from_reader(stdout).into_iter();
        let ready = documents.next().expect("the gateway says where it listens").unwrap();
        Self { child, ready }
    }

    pub fn port(&self, which: &str) -> String {
        self.ready[which].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
    }

    /// A verb of `crs` against this gateway.
    pub fn ask(&self, home: &Sandbox, args: &[&str]) -> Outcome {
        let (cmd, data) = (self.port("commands"), self.port("ticks"));
        let flags = ["--gateway", "127.0.0.1", "--cmd-port", &cmd, "--data-port", &data];
        home.run(&[&flags, args].concat(), LIMIT)
    }

    /// Its exit status after a polite request to stop.
    pub fn stop(&mut self) -> Option<i32> {
        signal(self.child.id(), Signal::TERM);
        until(LIMIT, || self.child.try_wait().unwrap())?.code()
    }
}

impl Drop for Paper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_serves_until_it_is_told_to_stop() {
    let home = Sandbox::new();
    let mut paper = Paper::start(&home, &["--symbols", "EURUSD", "--balance", "2500.50"]);
    assert_eq!(paper.ready["server_name"], "crs-paper-sim");
    assert_eq!(paper.ask(&home, &["heartbeat"]).code, Some(0));
    let account = paper.ask(&home, &["account", "--json"]);
    assert_eq!(account.code, Some(0), "{account:#?}");
    let account = &account.json()["gateways"][0];
    assert_eq!(account["mode"], "PAPER");
    assert_eq!(account["account"]["balance"].to_string(), "2500.5");
    let positions = paper.ask(&home, &["positions", "--json"]).json();
    assert_eq!(positions["gateways"][0]["positions"], Value::Array(Vec::new()));
    assert_eq!(paper.stop(), Some(0));
}

#[test]
fn the_second_one_on_a_port_says_why_not() {
    let (home, other) = (Sandbox::new(), Sandbox::new());
    let paper = Paper::start(&home, &[]);
    let (cmd, data) = (paper.port("commands"), paper.port("ticks"));
    let args = ["--cmd-port", &cmd, "--data-port", &data, "gateway"];
    let outcome = other.run(&args, LIMIT);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stderr.contains(&cmd), "{outcome:#?}");
}

#[test]
fn a_reset_without_a_kill_is_refused() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &[]);
    for reason in ["tried it", ""] {
        let outcome = home.run(&["gateway", "reset", "--reason", reason], LIMIT);
        assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    }
    assert_eq!(home.run(&["gateway", "reset"], LIMIT).code, Some(64), "a reason is asked for");
    drop(paper);
}
