//! `crs ticks`

use super::common::sandbox::{Outcome, Sandbox, free_port};
use super::gateway::Paper;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);

#[test]
fn quotes_are_printed_and_counted() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &["--symbols", "EURUSD,USDJPY"]);
    let outcome = paper.ask(&home, &["ticks", "--symbol", "EURUSD", "--count", "3"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(outcome.stdout.lines().count(), 3);
    assert!(outcome.stdout.lines().all(|l| l.contains(" EURUSD ")), "{outcome:#?}");
    let outcome = paper.ask(&home, &["ticks", "--count", "2", "--json"]);
    let json = outcome.json();
    assert_eq!(json["ticks"].as_array().unwrap().len(), 2);
    assert!(json["ticks"][0]["spread_points"].as_i64().unwrap() >= 0);
    assert_eq!(json["complete"], true);
}

#[test]
fn silence_is_2_and_explained() {
    let silence = |outcome: &Outcome, words: &str| {
        assert_eq!(outcome.code, Some(2), "{outcome:#?}");
        assert!(outcome.stderr.contains(words), "{outcome:#?}");
    };
    let home = Sandbox::new();
    let port = free_port().to_string();
    let args = ["--data-port", &port, "ticks", "--timeout", "0.5"];
    silence(&home.run(&args, LIMIT), "no connection");
    let paper = Paper::start(&home, &["--symbols", "EURUSD"]);
    let args = ["ticks", "--symbol", "GBPUSD", "--timeout", "2"];
    silence(&paper.ask(&home, &args), "no such quote");
    let args = ["ticks", "--count", "5", "--json", "--symbol", "GBPUSD", "--timeout", "1"];
    let outcome = paper.ask(&home, &args);
    assert_eq!(outcome.json()["complete"], false);
}

#[test]
fn a_document_needs_an_end() {
    let home = Sandbox::new();
    assert_eq!(home.run(&["ticks", "--json"], LIMIT).code, Some(64));
}
