//! The six actions, as documented, and what is added to them.

use crate::peer::{Peer, float, options, start};
use crs::gateway::Gateway;
use serde_json::{Value, json};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Every documented key must be there; more may be.
fn has(value: &Value, documented: &[&str]) {
    for key in documented {
        assert!(keys(value).contains(key), "{key} is missing in {value}");
    }
}

#[test]
fn all_six_as_documented() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let gateway = start(dir.path());
    let peer = Peer::new(&context, &gateway);

    let alive = peer.ask("HEARTBEAT", &json!({}));
    assert_eq!((&alive["status"], &alive["service"]), (&json!("alive"), &json!("MT5 Gateway")));

    let account = peer.ask("GET_ACCOUNT_INFO", &json!({}));
    has(&account, &["balance", "equity", "free_margin", "used_margin", "margin_level", "currency"]);
    assert_eq!(account["balance"], json!(10_000.0));
    assert_eq!(account["currency"], "USD");
    assert_eq!(account["trade_mode"], 0);
    assert_eq!(account["server_name"], "crs-paper-sim");

    let filled = peer.open("BUY", "EURUSD", 0.1, 0.0);
    has(&filled, &["status", "ticket", "volume", "price"]);
    assert_eq!((&filled["status"], &filled["state"]), (&json!("SUCCESS"), &json!("FILLED")));
    let ticket = filled["ticket"].as_u64().unwrap();
    assert!(ticket > 0);
    let short = peer.open("SELL", "EURUSD", 0.2, 0.0);
    assert!(float(&short["price"]) < float(&filled["price"]), "the bid is below the ask");

    let rows = peer.positions();
    assert_eq!(rows.len(), 2, "hedging: both sides are held");
    let row = rows.iter().find(|r| r["ticket"] == ticket).unwrap();
    has(row, &["ticket", "symbol", "type", "volume", "open_price", "current_price", "profit"]);
    has(row, &["sl", "tp", "open_time"]);
    assert_eq!((&row["symbol"], &row["type"]), (&json!("EURUSD"), &json!("BUY")));
    assert_eq!(row["volume"], json!(0.1));
    assert!(float(&row["profit"]) < 0.0, "it has paid the spread");

    let account = peer.ask("GET_ACCOUNT_INFO", &json!({}));
    let profit: f64 = peer.positions().iter().map(|r| float(&r["profit"])).sum();
    assert!((float(&account["equity"]) - 10_000.0 - profit).abs() < 0.5, "{account} {profit}");
    assert!(float(&account["used_margin"]) > 300.0 && float(&account["margin_level"]) > 100.0);

    let closed = peer.ask("CLOSE_POSITION", &json!({"ticket": ticket}));
    assert_eq!((&closed["status"], &closed["ticket"]), (&json!("SUCCESS"), &json!(ticket)));
    let again = peer.ask("CLOSE_POSITION", &json!({"ticket": ticket}));
    assert_eq!(again, json!({"status": "ERROR", "error": format!("position {ticket} not found")}));

    let bid = float(&closed["price"]);
    let limit = peer.open("BUY_LIMIT", "EURUSD", 0.1, (bid * 0.99 * 1e5).round() / 1e5);
    assert_eq!((&limit["status"], &limit["state"]), (&json!("SUCCESS"), &json!("PENDING")));
    assert_eq!(peer.positions().len(), 1);

    let kill = peer.kill();
    has(&kill, &["positions_closed", "total_positions", "timestamp"]);
    assert_eq!((&kill["positions_closed"], &kill["total_positions"]), (&json!(1), &json!(1)));
    assert_eq!((&kill["pending_cancelled"], &kill["durable"]), (&json!(1), &json!(true)));
    assert_eq!(gateway.kill_reads(), [kill["read_mono_ns"].as_u64().unwrap()]);

    let refused = peer.open("BUY", "EURUSD", 0.1, 0.0);
    assert_eq!(refused["status"], "ERROR");
    assert!(refused["error"].as_str().unwrap().starts_with("KILL_SWITCH engaged"), "{refused}");
    assert!(peer.positions().is_empty());
    let account = peer.ask("GET_ACCOUNT_INFO", &json!({}));
    assert_eq!((&account["used_margin"], &account["equity"]), (&json!(0.0), &account["balance"]));

    let counts = gateway.counts();
    assert_eq!((counts.orders_accepted, counts.orders_refused), (3, 1));
    assert_eq!(counts.orders_after_kill, 0);
    gateway.stop();
}

#[test]
fn refusals_are_nested_in_success() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let gateway = start(dir.path());
    let peer = Peer::new(&context, &gateway);
    let order = |change: Value| {
        let mut payload = json!({"symbol": "EURUSD", "volume": 0.1, "type": "BUY"});
        payload.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = peer.ask("OPEN_ORDER", &payload);
        assert_eq!(refused["status"], "ERROR", "{refused}");
        assert_eq!(keys(&refused), ["error", "status"]);
        refused["error"].as_str().unwrap().to_owned()
    };
    assert!(order(json!({"side": "SELL"})).starts_with("'side' is not a key of OPEN_ORDER"));
    assert!(order(json!({"volume": 0.015})).starts_with("volume 0.015 is not"));
    assert!(order(json!({"volume": 50})).starts_with("not enough money: "));
    assert!(
        order(json!({"symbol": "FOO"})).starts_with("unknown symbol FOO: this gateway quotes ")
    );
    assert!(order(json!({"type": "HOLD"})).starts_with("type \"HOLD\" is none of BUY"));
    assert!(order(json!({"sl": 1.5})).starts_with("sl 1.5 must be below"));
    assert!(
        order(json!({"type": "BUY_LIMIT", "price": 1.5})).starts_with("price 1.5 must be below")
    );
    assert!(order(json!({"type": "SELL_STOP"})).starts_with("a SELL_STOP order needs a price"));
    let missing = peer.ask("OPEN_ORDER", &json!({}));
    assert_eq!(missing["error"], "Missing 'symbol' in payload");
    assert_eq!((gateway.counts().orders_accepted, gateway.counts().orders_refused), (0, 9));
}

#[test]
fn a_latch_that_exists_refuses_orders_and_nothing_else() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let latch = dir.path().join("latch.lock");
    let mut options = options(&dir.path().join("state"));
    options.latch = Some(latch.clone());
    let gateway = Gateway::start(&options).unwrap();
    let peer = Peer::new(&context, &gateway);
    let ticket = peer.open("BUY", "EURUSD", 0.1, 0.0)["ticket"].clone();

    std::fs::write(&latch, "").unwrap();
    let began = std::time::Instant::now();
    let refused = loop {
        let tried = peer.open("BUY", "EURUSD", 0.01, 0.0);
        if tried["status"] == "ERROR" || began.elapsed().as_secs() > 5 {
            break tried;
        }
    };
    assert!(refused["error"].as_str().unwrap().contains("latch.lock: engaged"), "{refused}");
    let closed = peer.ask("CLOSE_POSITION", &json!({"ticket": ticket}));
    assert_eq!(closed["status"], "SUCCESS");

    std::fs::remove_file(&latch).unwrap();
    let began = std::time::Instant::now();
    while peer.open("BUY", "EURUSD", 0.01, 0.0)["status"] == "ERROR" {
        assert!(began.elapsed().as_secs() < 5, "the latch is gone and orders are still refused");
    }
}

#[test]
fn a_taken_port_and_a_taken_memory_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let gateway = start(&dir.path().join("a"));
    let words = Gateway::start(&options(&dir.path().join("a"))).err().unwrap().to_string();
    assert!(words.contains("another gateway runs with it"), "{words}");
    let mut taken = options(&dir.path().join("b"));
    taken.cmd_port = gateway.addresses().cmd.port();
    let words = Gateway::start(&taken).err().unwrap().to_string();
    assert!(words.contains("for commands") && words.contains("choose another port"), "{words}");
    assert!(gateway.addresses().cmd.is_loopback());
}
