//! `crs gateway` as a process, asked by the other verbs.

pub use super::common::paper::Paper;
use super::common::sandbox::Sandbox;
use serde_json::Value;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

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
