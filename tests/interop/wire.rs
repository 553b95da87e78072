//! Our bytes against the peer's reading of the documents, and its bytes
//! against ours.

use crate::common::peer::Peer;
use crs::domain::{Lots, OrderTicket, ReqId, Side, Symbol, Ticket, TradeMode, UtcMicros};
use crs::wire::reply::{KillClaim, Refusal, Reply};
use crs::wire::request::{Action, Request};

/// Sends one request and gives the raw answer.
fn ask(peer: &Peer, n: u64, action: Action) -> (ReqId, Vec<u8>) {
    let req_id = ReqId::numbered("t", 1, 2, n);
    let request = Request { req_id: req_id.clone(), at: UtcMicros(1_767_115_660_775_975), action };
    let raw = raw(peer, &request.encode());
    (req_id, raw)
}

fn raw(peer: &Peer, bytes: &[u8]) -> Vec<u8> {
    let socket = zmq::Context::new().socket(zmq::REQ).unwrap();
    socket.set_linger(0).unwrap();
    socket.set_rcvtimeo(10_000).unwrap();
    socket.connect(&format!("tcp://127.0.0.1:{}", peer.cmd_port)).unwrap();
    socket.send(bytes, 0).unwrap();
    socket.recv_bytes(0).unwrap()
}

fn order() -> Action {
    Action::OpenOrder(OrderTicket::market(
        Symbol::new("EURUSD").unwrap(),
        Side::Sell,
        Lots::parse("0.10").unwrap(),
    ))
}

#[test]
fn all_six_actions() {
    let Some(peer) = Peer::start(&["--positions", "1"]) else { return };
    let (id, raw) = ask(&peer, 1, Action::Heartbeat);
    assert_eq!(Reply::decode(&raw).unwrap().heartbeat(&id).unwrap().as_str(), "MT5 Gateway");
    let (id, raw) = ask(&peer, 2, order());
    let fill = Reply::decode(&raw).unwrap().order(&id).unwrap();
    assert_eq!(fill.ticket, Ticket(1_000_002));
    let (id, raw) = ask(&peer, 3, Action::Positions);
    let open = Reply::decode(&raw).unwrap().positions(&id).unwrap();
    assert_eq!(open.iter().map(|p| p.side).collect::<Vec<_>>(), [Side::Buy, Side::Sell]);
    let (id, raw) = ask(&peer, 4, Action::AccountInfo);
    let account = Reply::decode(&raw).unwrap().account(&id).unwrap();
    assert_eq!(account.trade_mode, Some(TradeMode::Demo));
    assert!(account.used_margin.is_some_and(|m| m.raw() > 0));
    let (id, raw) = ask(&peer, 5, Action::ClosePosition(Ticket(1_000_001)));
    assert_eq!(Reply::decode(&raw).unwrap().order(&id).unwrap().ticket, Ticket(1_000_001));
    let (id, raw) = ask(&peer, 6, Action::KillSwitch);
    let claim = Reply::decode(&raw).unwrap().kill(&id);
    assert_eq!(claim, Ok(KillClaim { closed: 1, total: 1 }));
    assert_eq!(peer.positions(), Some(0));
    let actions: Vec<String> =
        peer.requests().iter().map(|r| r["action"].as_str().unwrap().to_owned()).collect();
    let all = [
        "HEARTBEAT",
        "OPEN_ORDER",
        "GET_POSITIONS",
        "GET_ACCOUNT_INFO",
        "CLOSE_POSITION",
        "KILL_SWITCH",
    ];
    assert_eq!(actions, all);
}

#[test]
fn its_lies_are_refused() {
    let kill = |behaviour: &str| {
        let peer = Peer::start(&["--positions", "1", "--behaviour", behaviour])?;
        let (id, raw) = ask(&peer, 1, Action::KillSwitch);
        Some(Reply::decode(&raw).and_then(|r| r.kill(&id)))
    };
    for (behaviour, expected) in [
        ("wrong-req-id", "OtherRequest"),
        ("no-req-id", "NotV1"),
        ("kill-error", "Error"),
        ("pending", "Pending"),
        ("ok-ack", "NotV1"),
        ("retcode", "NotV1"),
        ("error-true", "NotV1"),
        ("garbage", "NotV1"),
    ] {
        let Some(answer) = kill(behaviour) else { return };
        let refusal: Refusal = answer.expect_err(behaviour);
        assert!(format!("{refusal:?}").starts_with(expected), "{behaviour}: {refusal:?}");
    }
}

#[test]
fn a_malformed_request_is_answered_as_documented() {
    let Some(peer) = Peer::start(&[]) else { return };
    let missing = raw(&peer, br#"{"action":"HEARTBEAT","timestamp":1.0,"payload":{}}"#);
    let text = String::from_utf8(missing).unwrap();
    assert!(text.contains(r#""req_id": "unknown""#) && text.contains("Invalid request structure"));
}
