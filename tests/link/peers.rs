//! Who is at the other end, and what may be sent before that is proven.

use crate::fake::{Fake, Say, endpoint, eventually, free_port, honest};
use crs::domain::Ticket;
use crs::event::{Fingerprint, LinkState};
use crs::link::{AskError, Peer, peer};
use crs::wire::Action;
use serde_json::json;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);
const MAX: u64 = 1_048_576;

#[test]
fn an_honest_gateway_is_greeted_first_and_then_asked() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|r| vec![Say::Now(honest(r))]);
    let mut peer = Peer::connect(&ctx, &fake.at, MAX).unwrap();
    assert_eq!(peer.fingerprint(), Fingerprint::Unknown);
    let positions = peer.positions(LONG).unwrap();
    assert_eq!(positions.value.first().map(|p| p.ticket), Some(Ticket(7)));
    assert!(positions.rtt < LONG);
    assert_eq!(peer.account(LONG).unwrap().value.balance.text(2), "1000.00");
    assert_eq!(peer.heartbeat(LONG).unwrap().value.as_str(), "fake");
    assert_eq!((peer.fingerprint(), peer.service().as_str()), (Fingerprint::V1, "fake"));
    assert_eq!(fake.heard(), ["HEARTBEAT", "GET_POSITIONS", "GET_ACCOUNT_INFO", "HEARTBEAT"]);
}

#[test]
fn a_peer_that_is_not_v1_gets_exactly_one_message_until_told_otherwise() {
    for words in ["OK_ACK", r#"{"status":"ERROR","retcode":10013}"#, r#"{"error":true}"#] {
        let ctx = zmq::Context::new();
        let fake = Fake::start(|_| vec![Say::Now(words.as_bytes().to_vec())]);
        let mut peer = Peer::connect(&ctx, &fake.at, MAX).unwrap();
        let first = peer.positions(LONG).unwrap_err();
        assert!(matches!(first, AskError::NotV1 { .. }), "{first}");
        assert!(!first.may_have_happened());
        for _ in 0..3 {
            assert!(matches!(peer.heartbeat(LONG), Err(AskError::NotV1 { .. })));
            assert!(matches!(peer.ask(Action::KillSwitch, LONG), Err(AskError::NotV1 { .. })));
        }
        assert_eq!(peer.fingerprint(), Fingerprint::NotV1);
        assert!(!eventually(SHORT, || fake.heard().len() > 1), "{:?}", fake.heard());
        peer.probe_again();
        assert!(peer.heartbeat(LONG).is_err());
        assert!(eventually(LONG, || fake.heard() == ["HEARTBEAT", "HEARTBEAT"]));
    }
}

#[test]
fn a_refused_peer_stays_refused_over_its_restart() {
    let ctx = zmq::Context::new();
    let rogue = Fake::start(|_| vec![Say::Now(b"OK_ACK".to_vec())]);
    let port = rogue.at.port();
    let mut peer = Peer::connect(&ctx, &rogue.at, MAX).unwrap();
    assert!(peer.heartbeat(LONG).is_err());
    drop(rogue);
    let again = Fake::start_at(port, |r| vec![Say::Now(honest(r))]);
    assert!(eventually(LONG, || peer.link_state() == LinkState::Up));
    assert!(matches!(peer.heartbeat(LONG), Err(AskError::NotV1 { .. })));
    assert!(again.heard().is_empty());
}

#[test]
fn after_a_restart_the_proof_starts_anew() {
    let ctx = zmq::Context::new();
    let first = Fake::start(|r| vec![Say::Now(honest(r))]);
    let port = first.at.port();
    let mut peer = Peer::connect(&ctx, &first.at, MAX).unwrap();
    peer.heartbeat(LONG).unwrap();
    drop(first);
    assert!(eventually(LONG, || peer.link_state() == LinkState::Down));
    assert_eq!(peer.fingerprint(), Fingerprint::Unknown);
    let gone = peer.positions(SHORT).unwrap_err();
    assert!(gone.is_silence() && !gone.may_have_happened(), "{gone}");
    let second = Fake::start_at(port, |r| vec![Say::Now(honest(r))]);
    peer.positions(LONG).unwrap();
    assert_eq!(second.heard(), ["HEARTBEAT", "GET_POSITIONS"]);
}

#[test]
fn a_new_connection_is_unproven_even_when_nobody_saw_the_old_one_go() {
    let ctx = zmq::Context::new();
    let first = Fake::start(|r| vec![Say::Now(honest(r))]);
    let port = first.at.port();
    let mut peer = Peer::connect(&ctx, &first.at, MAX).unwrap();
    peer.heartbeat(LONG).unwrap();
    let before = peer.req().connection();
    drop(first);
    let second = Fake::start_at(port, |_| vec![Say::Now(b"OK_ACK".to_vec())]);
    assert!(eventually(LONG, || peer.req().connection() > before));
    assert_eq!(peer.link_state(), LinkState::Up);
    assert_eq!(peer.fingerprint(), Fingerprint::Unknown);
    let close = peer::request(Action::ClosePosition(Ticket(7)));
    assert!(matches!(peer.order(&close, LONG), Err(AskError::NotV1 { .. })));
    assert_eq!(second.heard(), ["HEARTBEAT"]);
}

#[test]
fn a_slow_gateway_is_probed_once_and_its_late_answer_counts() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|r| vec![Say::Later(Duration::from_millis(900), honest(r))]);
    let mut peer = Peer::connect(&ctx, &fake.at, MAX).unwrap();
    assert!(eventually(LONG, || peer.link_state() == LinkState::Up));
    let silent = peer.heartbeat(SHORT).unwrap_err();
    assert!(matches!(silent, AskError::Silent { .. }), "{silent}");
    let answer = peer.heartbeat(LONG).unwrap();
    assert!(answer.rtt >= Duration::from_millis(800), "the age of the first, not of the second");
    assert_eq!(fake.heard(), ["HEARTBEAT"]);
}

#[test]
fn an_order_before_the_proof_was_certainly_not_sent() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|_| Vec::new());
    let mut peer = Peer::connect(&ctx, &fake.at, MAX).unwrap();
    let close = peer::request(Action::ClosePosition(Ticket(7)));
    let error = peer.order(&close, SHORT).unwrap_err();
    assert!(!error.may_have_happened() && error.is_silence(), "{error}");
    assert!(!fake.heard().contains(&"CLOSE_POSITION".to_owned()));
}

#[test]
fn an_order_without_an_answer_may_have_happened() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|r| {
        let beat = r["action"] == json!("HEARTBEAT");
        if beat { vec![Say::Now(honest(r))] } else { Vec::new() }
    });
    let mut peer = Peer::connect(&ctx, &fake.at, MAX).unwrap();
    peer.heartbeat(LONG).unwrap();
    let close = peer::request(Action::ClosePosition(Ticket(7)));
    let error = peer.order(&close, SHORT).unwrap_err();
    assert!(error.may_have_happened(), "{error}");
    assert_eq!(fake.heard(), ["HEARTBEAT", "CLOSE_POSITION"]);
}

#[test]
fn an_absent_gateway_is_named_with_the_next_step() {
    let ctx = zmq::Context::new();
    let to = endpoint(free_port());
    let mut peer = Peer::connect(&ctx, &to, MAX).unwrap();
    let text = peer.heartbeat(SHORT).unwrap_err().to_string();
    assert!(text.contains(&to.to_string()) && text.contains("crs doctor"), "{text}");
}
