//! Reading verbs against a gateway that shares no line with `crs`, honest and
//! with the defects of real ones.

use super::common::peer::Peer;
use super::common::sandbox::{Outcome, Sandbox, free_port};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

/// `crs --gateway 127.0.0.1 --cmd-port PORT …`
fn ask(home: &Sandbox, port: u16, args: &[&str]) -> Outcome {
    let port = port.to_string();
    home.run(&[&["--gateway", "127.0.0.1", "--cmd-port", &port], args].concat(), LIMIT)
}

#[test]
fn a_heartbeat_shows_request_answer_and_round_trip() {
    let Some(peer) = Peer::start(&[]) else { return };
    let home = Sandbox::new();
    let outcome = ask(&home, peer.cmd_port, &["heartbeat"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    for words in ["\"action\":\"HEARTBEAT\"", "\"alive\"", "Round trip: ", "Heartbeat successful!"]
    {
        assert!(outcome.stdout.contains(words), "{words}: {}", outcome.stdout);
    }
    let json = ask(&home, peer.cmd_port, &["heartbeat", "--json"]).json();
    assert_eq!(json["gateways"][0]["alive"], true);
    assert!(json["gateways"][0]["rtt_us"].as_u64().unwrap() > 0);
    assert_eq!(peer.count("HEARTBEAT"), 2, "one each, and nothing else was sent");
    assert_eq!(peer.requests().len(), 2);
}

#[test]
fn who_is_not_v1_is_refused_and_told_nothing_more() {
    for behaviour in ["ok-ack", "retcode", "error-true", "garbage"] {
        let Some(peer) = Peer::start(&["--behaviour", behaviour]) else { return };
        let home = Sandbox::new();
        let outcome = ask(&home, peer.cmd_port, &["heartbeat"]);
        assert_eq!(outcome.code, Some(1), "{behaviour}: {outcome:#?}");
        assert!(!outcome.stdout.contains("successful"), "{behaviour}");
        let outcome = ask(&home, peer.cmd_port, &["positions"]);
        assert_eq!(outcome.code, Some(1), "{behaviour}: {outcome:#?}");
        assert_eq!(peer.requests().len(), 2, "{behaviour}: one HEARTBEAT for each verb");
    }
}

#[test]
fn silence_is_2() {
    let home = Sandbox::new();
    for verb in ["heartbeat", "positions", "account"] {
        let outcome = ask(&home, free_port(), &[verb, "--timeout", "0.3"]);
        assert_eq!(outcome.code, Some(2), "{verb}: {outcome:#?}");
    }
}

#[test]
fn positions_and_account_are_shown_exactly() {
    let Some(peer) = Peer::start(&["--positions", "2"]) else { return };
    let home = Sandbox::new();
    let json = ask(&home, peer.cmd_port, &["positions", "--json"]).json();
    let rows = json["gateways"][0]["positions"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{json:#}");
    assert_eq!(rows[0]["lots"].to_string(), "0.1");
    let shown = ask(&home, peer.cmd_port, &["positions"]);
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    for words in ["1000001", "EURUSD", "USDJPY", "86.655", "-1.25", "total P/L -2.50 USD"] {
        assert!(shown.stdout.contains(words), "{words}: {}", shown.stdout);
    }
    let account = ask(&home, peer.cmd_port, &["account"]);
    assert_eq!(account.code, Some(0), "{account:#?}");
    assert!(account.stdout.contains("used margin"), "{account:#?}");
}

#[test]
fn an_empty_list_of_a_blind_gateway_is_not_believed() {
    let Some(peer) = Peer::start(&["--positions", "2", "--behaviour", "blind"]) else { return };
    let home = Sandbox::new();
    let outcome = ask(&home, peer.cmd_port, &["positions"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("can't be believed"), "{}", outcome.stdout);
    let json = ask(&home, peer.cmd_port, &["positions", "--json"]).json();
    assert!(json["gateways"][0]["doubt"].is_string(), "{json:#}");
    assert_eq!(ask(&home, peer.cmd_port, &["account"]).code, Some(1));
}

#[test]
fn hostile_text_is_inert() {
    let args = ["--positions", "1", "--behaviour", "hostile-text"];
    let Some(peer) = Peer::start(&args) else { return };
    let home = Sandbox::new();
    let verbs = ["heartbeat", "positions", "account"];
    let plain = verbs.iter().map(|verb| vec![*verb]);
    for verb in plain.chain(verbs.iter().map(|verb| vec![*verb, "--json"])) {
        let outcome = ask(&home, peer.cmd_port, &verb);
        let steering =
            |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{2069}').contains(&c));
        let printed: String = outcome.stdout + &outcome.stderr;
        assert!(!printed.contains(steering), "{verb:?}: {printed:?}");
    }
}
