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

/// The latch and the gateway's own memory are led back apart, and each verb
/// says what the other still holds.
#[test]
fn the_way_back_after_a_kill_never_says_more_than_is_so() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &[]);
    let killed = paper.ask(&home, &["kill", "--yes", "--reason", "test", "--json"]);
    assert_eq!(killed.code, Some(0), "{killed:#?}");
    let id = killed.json()["engage_id"].as_str().unwrap().to_owned();
    let phrase = format!("RESET {}", &id[id.len() - 6..]);
    let reset = ["reset", "--reason", "over", "--engage-id", &id, "--phrase", &phrase];
    let reset = paper.ask(&home, &reset);
    assert_eq!(reset.code, Some(0), "{reset:#?}");
    let told = |outcome: &super::common::sandbox::Outcome| {
        let text = &outcome.stdout;
        text.contains("remembers a KILL_SWITCH") && text.contains("crs gateway reset")
    };
    assert!(told(&reset), "{reset:#?}");
    let brief = paper.ask(&home, &["brief"]);
    assert!(brief.stdout.contains("crs gateway reset --reason"), "{brief:#?}");
    let armed = paper.ask(&home, &["arm"]);
    assert!(armed.code == Some(0) && told(&armed), "{armed:#?}");
    let doctor = paper.ask(&home, &["doctor"]);
    assert!(told(&doctor), "{doctor:#?}");
    let brief = paper.ask(&home, &["brief"]);
    assert_eq!(brief.code, Some(1), "{brief:#?}");
    let action = brief.stdout.split("\nDO ").nth(1).unwrap();
    assert!(action.trim_start().starts_with("crs gateway reset"), "{brief:#?}");

    std::fs::write(home.latch(), "").unwrap();
    let back = home.run(&["gateway", "reset", "--reason", "over"], LIMIT);
    assert_eq!(back.code, Some(0), "{back:#?}");
    assert!(back.stdout.contains("the latch still stands"), "{back:#?}");
    assert!(!back.stdout.contains("takes orders again"), "{back:#?}");
}

#[test]
fn nothing_engaged_is_said_and_a_touched_latch_has_a_time() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &[]);
    let nothing = paper.ask(&home, &["reset", "--reason", "x"]);
    assert_eq!(nothing.code, Some(1), "{nothing:#?}");
    assert!(nothing.stderr.contains("nothing is engaged"), "{nothing:#?}");
    std::fs::write(home.latch(), "").unwrap();
    let status = paper.ask(&home, &["status"]);
    let since = status.stdout.lines().find(|line| line.starts_with("Since:")).unwrap();
    assert!(since.contains(" UTC, ") && since.contains("the file's time"), "{since}");
    let foreign = paper.ask(&home, &["reset", "--reason", "x"]);
    assert_eq!(foreign.code, Some(64), "{foreign:#?}");
    assert!(foreign.stderr.contains("ssh -t"), "{foreign:#?}");
}

#[test]
fn a_gateway_that_cant_start_says_so_in_its_one_document() {
    let home = Sandbox::new();
    let args = ["gateway", "--free-ports", "--json", "--ticks", "no-such-file.csv"];
    let outcome = home.run(&args, LIMIT);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.json()["error"].as_str().unwrap().contains("no-such-file.csv"), "{outcome:#?}");
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
