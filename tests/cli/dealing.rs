//! `crs order` and `crs close`: sent once, believed only when a read agrees.

use super::common::sandbox::{Outcome, Sandbox, free_port};
use super::desk::{Desk, Manner};
use super::gateway::Paper;
use std::fs;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);
const BUY: &[&str] = &["order", "EURUSD", "buy", "0.01", "--yes", "--json", "--timeout", "1"];
const CLOSE: &[&str] = &["close", "7001", "--yes", "--json", "--timeout", "1"];

fn at(home: &Sandbox, port: u16, args: &[&str]) -> Outcome {
    let port = port.to_string();
    home.run(&[&["--gateway", "127.0.0.1", "--cmd-port", &port], args].concat(), LIMIT)
}

#[track_caller]
fn ends(outcome: &Outcome, code: i32, ending: &str) {
    assert_eq!(outcome.code, Some(code), "{outcome:#?}");
    assert_eq!(outcome.json()["ending"], ending, "{outcome:#?}");
}

/// Every command line of the audit log of this home.
fn recorded(home: &Sandbox) -> String {
    let state = home.path().join("home/.local/state/crs");
    let mut all = String::new();
    for entry in fs::read_dir(state).unwrap() {
        let Ok(chains) = fs::read_dir(entry.unwrap().path().join("audit")) else { continue };
        for chain in chains {
            all += &fs::read_to_string(chain.unwrap().path()).unwrap();
        }
    }
    all
}

#[test]
fn a_position_is_opened_seen_and_closed() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &[]);
    let order = paper.ask(&home, &["order", "EURUSD", "buy", "0.01", "--yes", "--json"]);
    ends(&order, 0, "done");
    let ticket = order.json()["ticket"].to_string();
    let close = paper.ask(&home, &["close", &ticket, "--yes", "--json"]);
    ends(&close, 0, "done");
    let again = paper.ask(&home, &["close", &ticket, "--yes", "--json"]);
    ends(&again, 1, "refused");
    let audit = recorded(&home);
    for words in ["OPEN_ORDER EURUSD BUY 0.01 lots", &format!("CLOSE_POSITION {ticket}")] {
        assert!(audit.contains(words), "{words} is not on record:\n{audit}");
    }
}

#[test]
fn a_pending_order_is_placed_and_called_unverifiable() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &[]);
    let args = ["order", "EURUSD", "buy", "0.01", "--limit", "1.0", "--yes", "--json"];
    let order = paper.ask(&home, &args);
    ends(&order, 0, "done");
    assert!(order.json()["note"].as_str().unwrap().contains("not verifiable"));
}

#[test]
fn an_engaged_latch_denies_orders_and_lets_closes_pass() {
    let desk = Desk::start("", Manner::Mute);
    let home = Sandbox::new();
    fs::write(home.latch(), "").unwrap();
    let order = at(&home, desk.port, BUY);
    ends(&order, 3, "denied");
    assert_eq!(desk.count("OPEN_ORDER"), 0);
    assert_eq!(order.json()["req_id"], serde_json::Value::Null);
    ends(&at(&home, desk.port, CLOSE), 0, "done");
}

#[test]
fn what_cant_be_proven_safe_is_denied() {
    let desk = Desk::start("", Manner::Mute);
    let home = Sandbox::new();
    let args = [&["--kill-switch-file", "no/such/dir/kill.lock"], BUY].concat();
    ends(&at(&home, desk.port, &args), 3, "denied");
    assert_eq!(desk.count("OPEN_ORDER"), 0);
}

#[test]
fn an_order_without_an_answer_is_unknown_and_never_repeated() {
    let desk = Desk::start("OPEN_ORDER", Manner::Mute);
    let home = Sandbox::new();
    let order = at(&home, desk.port, BUY);
    ends(&order, 4, "unknown");
    assert_eq!(desk.count("OPEN_ORDER"), 1);
    assert_eq!(order.json()["ticket"], 7002, "reconciled by reading");
    assert!(recorded(&home).contains("\"unknown\""));
    let desk = Desk::start("CLOSE_POSITION", Manner::Mute);
    let close = at(&home, desk.port, CLOSE);
    ends(&close, 4, "unknown");
    assert_eq!(desk.count("CLOSE_POSITION"), 1);
    assert!(close.json()["note"].as_str().unwrap().contains("gone now"));
}

#[test]
fn a_claim_without_effect_is_not_believed() {
    let home = Sandbox::new();
    let desk = Desk::start("OPEN_ORDER", Manner::Lies);
    ends(&at(&home, desk.port, BUY), 5, "unproven");
    let desk = Desk::start("CLOSE_POSITION", Manner::Lies);
    ends(&at(&home, desk.port, CLOSE), 5, "unproven");
}

#[test]
fn a_refusal_is_a_refusal() {
    let home = Sandbox::new();
    let desk = Desk::start("OPEN_ORDER", Manner::Refuses);
    ends(&at(&home, desk.port, BUY), 1, "refused");
    let desk = Desk::start("CLOSE_POSITION", Manner::Refuses);
    ends(&at(&home, desk.port, CLOSE), 1, "refused");
    let desk = Desk::start("", Manner::Mute);
    ends(&at(&home, desk.port, &["close", "9", "--yes", "--json"]), 1, "refused");
    assert_eq!(desk.count("CLOSE_POSITION"), 0, "there is no such position");
    ends(&at(&home, free_port(), BUY), 2, "not_sent");
}

#[test]
fn nobody_confirms_without_a_terminal() {
    let desk = Desk::start("", Manner::Mute);
    let home = Sandbox::new();
    for args in [&["order", "EURUSD", "buy", "0.01"][..], &["close", "7001"]] {
        let outcome = at(&home, desk.port, args);
        assert_eq!(outcome.code, Some(64), "{outcome:#?}");
    }
    for args in [
        &["order", "EURUSD", "buy", "0", "--yes"][..],
        &["order", "EURUSD", "hold", "0.01", "--yes"],
        &["order", "EURUSD", "buy", "NaN", "--yes"],
        &["order", "EUR USD", "buy", "0.01", "--yes"],
        &["order", "EURUSD", "buy", "0.01", "--limit", "1", "--stop", "1", "--yes"],
        &["close", "-1", "--yes"],
    ] {
        assert_eq!(at(&home, desk.port, args).code, Some(64), "{args:?}");
    }
    assert_eq!(desk.count("OPEN_ORDER") + desk.count("CLOSE_POSITION"), 0);
}

#[test]
fn without_a_record_a_close_passes_and_an_order_does_not() {
    let desk = Desk::start("", Manner::Mute);
    let home = Sandbox::new();
    fs::write(home.path().join("in-the-way"), "").unwrap();
    let state = ["--state-dir", "in-the-way"];
    ends(&at(&home, desk.port, &[&state, BUY].concat()), 3, "denied");
    assert_eq!(desk.count("OPEN_ORDER"), 0);
    let close = at(&home, desk.port, &[&state, CLOSE].concat());
    ends(&close, 0, "done");
    assert!(close.json()["note"].as_str().unwrap().contains("NOT IN THE AUDIT LOG"));
}
