//! First answers, restarts, and the way back.

use crate::peer::{Peer, fresh, options, request, start};
use crs::gateway::{CsvOptions, Gateway, GatewayError, TickSource, reset};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn order(volume: f64) -> Value {
    json!({"symbol": "EURUSD", "volume": volume, "type": "BUY", "price": 0.0, "sl": 0.0, "tp": 0.0})
}

#[test]
fn a_repeated_request_is_answered_and_not_done_again() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let gateway = start(dir.path());
    let peer = Peer::new(&context, &gateway);

    let first = peer.say(&request("same", "OPEN_ORDER", &order(0.1)));
    let second = peer.say(&request("same", "OPEN_ORDER", &order(0.1)));
    assert_eq!(first, second, "byte for byte");
    assert_eq!(peer.positions().len(), 1);
    let other = peer.ask_as("same", "OPEN_ORDER", &order(0.2));
    assert_eq!(other["data"]["status"], "ERROR", "another order is not the first one");

    let ticket = peer.positions()[0]["ticket"].clone();
    let first = peer.say(&request("same", "CLOSE_POSITION", &json!({"ticket": ticket})));
    assert!(first.contains("\"state\":\"CLOSED\""), "an order's id is free for a close: {first}");
    assert_eq!(first, peer.say(&request("same", "CLOSE_POSITION", &json!({"ticket": ticket}))));

    peer.open("BUY", "EURUSD", 0.1, 0.0);
    let first = peer.say(&request("same", "KILL_SWITCH", &json!({})));
    assert!(first.contains("\"positions_closed\":1"), "and for a kill: {first}");
    let again = peer.say(&request("same", "KILL_SWITCH", &json!({"whatever": 1})));
    assert_eq!(first, again);
    assert_eq!(gateway.kill_reads().len(), 2);
    // A refusal is an answer too.
    let refused = peer.say(&request("late", "OPEN_ORDER", &order(0.1)));
    assert_eq!(refused, peer.say(&request("late", "OPEN_ORDER", &order(0.1))));
    assert_eq!(gateway.counts().orders_refused, 1);
}

#[test]
fn a_restart_forgets_nothing_that_matters() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let gateway = start(dir.path());
    let peer = Peer::new(&context, &gateway);
    let opened = peer.say(&request("o-1", "OPEN_ORDER", &order(0.1)));
    let limit = peer.open("BUY_LIMIT", "EURUSD", 0.1, 1.0);
    assert_eq!(limit["state"], "PENDING");
    let before = peer.positions();
    drop(gateway);

    let gateway = start(dir.path());
    let peer = Peer::new(&context, &gateway);
    let after = peer.positions();
    for key in ["ticket", "symbol", "type", "volume", "open_price", "open_time"] {
        assert_eq!(before[0][key], after[0][key], "{key}");
    }
    assert_eq!(opened, peer.say(&request("o-1", "OPEN_ORDER", &order(0.1))));
    assert_eq!(peer.positions().len(), 1);
    let kill = peer.say(&request("k-1", "KILL_SWITCH", &json!({})));
    assert!(kill.contains("\"pending_cancelled\":1"), "{kill}");
    // The answer is here, so disk has it: no stop, the file as it is now.
    let on_disk = std::fs::read_to_string(dir.path().join("gateway.json")).unwrap();
    let on_disk: Value = serde_json::from_str(&on_disk).unwrap();
    assert_eq!(on_disk["killed"]["kill_id"], "k-1");
    assert_eq!(on_disk["book"]["positions"], json!({}));
    let balance = peer.ask("GET_ACCOUNT_INFO", &json!({}))["balance"].clone();
    drop(gateway);

    let gateway = start(dir.path());
    let peer = Peer::new(&context, &gateway);
    assert!(gateway.is_killed());
    let refused = peer.open("BUY", "EURUSD", 0.1, 0.0);
    assert!(refused["error"].as_str().unwrap().contains("by request \"k-1\""), "{refused}");
    assert_eq!(kill, peer.say(&request("k-1", "KILL_SWITCH", &json!({}))), "the first answer");
    assert_eq!(peer.ask("GET_ACCOUNT_INFO", &json!({}))["balance"], balance);
    assert!(peer.positions().is_empty());
}

#[test]
fn the_way_back_is_local_and_has_a_reason() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let state = dir.path().join("state");
    assert!(matches!(reset(&state, "why"), Err(GatewayError::NoMemory(_))));
    let gateway = start(&state);
    let peer = Peer::new(&context, &gateway);
    assert!(matches!(reset(&state, "why"), Err(GatewayError::NotKilled(_))));

    peer.ask_as("k-1", "KILL_SWITCH", &json!({}));
    assert!(matches!(reset(&state, "  "), Err(GatewayError::NoReason)));
    for word in ["RESET", "RESET_KILL_SWITCH", "ARM", "RESUME"] {
        assert_eq!(peer.ask_as(&fresh(), word, &json!({}))["status"], "ERROR");
    }
    assert_eq!(peer.open("BUY", "EURUSD", 0.1, 0.0)["status"], "ERROR");
    let done = reset(&state, "feed is back").unwrap();
    assert_eq!((done.kill_id.as_str(), done.running), ("k-1", true));
    assert_eq!(peer.open("BUY", "EURUSD", 0.1, 0.0)["status"], "SUCCESS");

    peer.ask_as("k-2", "KILL_SWITCH", &json!({}));
    drop(gateway);
    let done = reset(&state, "looked at it").unwrap();
    assert_eq!((done.kill_id.as_str(), done.running), ("k-2", false));
    let gateway = start(&state);
    assert!(!gateway.is_killed());
    let text = std::fs::read_to_string(state.join("gateway.json")).unwrap();
    assert!(text.contains("looked at it"), "the reason is kept: {text}");
}

#[test]
fn a_memory_in_another_currency_or_in_ruins_is_no_fresh_start() {
    let dir = tempfile::tempdir().unwrap();
    drop(start(dir.path()));
    let mut euro = options(dir.path());
    euro.account.currency = crs::domain::Text::new("EUR");
    let words = Gateway::start(&euro).err().unwrap().to_string();
    assert!(words.contains("account in USD, not EUR"), "{words}");
    std::fs::write(dir.path().join("gateway.json"), "{").unwrap();
    let words = Gateway::start(&options(dir.path())).err().unwrap().to_string();
    assert!(words.contains("it may hold a kill"), "{words}");
}

#[test]
fn what_a_tick_did_reaches_the_disk_too() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let path = dir.path().join("fall.csv");
    let text = "timestamp,symbol,bid,ask\n2020-01-01T00:00:00Z,EURUSD,1.1,1.1001\n\
        2020-01-01T00:00:03Z,EURUSD,1.05,1.0501\n";
    std::fs::write(&path, text).unwrap();
    let state = dir.path().join("state");
    let mut options = options(&state);
    options.ticks = TickSource::Csv(CsvOptions { path, speed: 1, repeat: false });
    let gateway = Gateway::start(&options).unwrap();
    let peer = Peer::new(&context, &gateway);
    let mut order = order(0.1);
    order["sl"] = json!(1.09);
    assert_eq!(peer.ask("OPEN_ORDER", &order)["status"], "SUCCESS");
    let on_disk = || -> Value {
        let text = std::fs::read_to_string(state.join("gateway.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(on_disk()["book"]["positions"].as_object().unwrap().len(), 1);
    let began = Instant::now();
    while on_disk()["book"]["positions"] != json!({}) {
        assert!(began.elapsed() < Duration::from_secs(20), "the stop loss never reached the disk");
        std::thread::sleep(Duration::from_millis(50));
    }
    // 0.1 lots from 1.1001 to 1.05, in units of 1e-4 dollars.
    assert_eq!(on_disk()["balance"], json!(100_000_000 - 5_010_000));
}
