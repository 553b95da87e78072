//! Orders without an answer: the gateway goes, or the sentinel does. Neither
//! is ever sent again.

use crate::common::sandbox::{Sandbox, Signal, signal};
use crate::common::wait::until;
use crate::fake::{Fake, Say, success};
use crate::stage::{Plan, SOON, Stage};
use crs::domain::{Decision, Side};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn nothing(_: &Sandbox) {}

/// A gateway that takes orders and never says what became of them.
fn mute(orders: &Arc<AtomicUsize>) -> Fake {
    let orders = Arc::clone(orders);
    Fake::start(move |request: &Value| {
        let data = match request["action"].as_str() {
            Some("HEARTBEAT") => json!({"status": "alive", "service": "fake"}),
            Some("GET_POSITIONS") => json!([]),
            Some("GET_ACCOUNT_INFO") => json!({
                "balance": 1000.0, "equity": 1000.0, "used_margin": 0.0, "currency": "USD",
                "trade_mode": 0, "server_name": "fake",
            }),
            Some("OPEN_ORDER") => {
                orders.fetch_add(1, Ordering::SeqCst);
                return Vec::new();
            }
            other => panic!("{other:?}"),
        };
        vec![Say::Now(success(request, &data))]
    })
}

#[test]
fn an_order_without_an_answer_is_unknown_and_never_sent_again() {
    let orders = Arc::<AtomicUsize>::default();
    let gateway = mute(&orders);
    let gateway_port = gateway.at.port();
    let plan = Plan { gateway_port, args: &["--live"], log: "crs=info", before: nothing };
    let stage = Stage::start(&plan);
    let is_unknown = |d: &Decision| d.action.as_str() == "UNKNOWN";
    let unknown = stage.wait_for("unknown", is_unknown).pop().unwrap();
    assert!(unknown.why.as_str().contains("; it is not sent again"), "{unknown:#?}");
    let after = stage.next("memory", |d| d.why.as_str().contains("(unknown)"));
    assert_eq!(after.action.as_str(), "NO_ORDER");
    assert_eq!((orders.load(Ordering::SeqCst), stage.counter("zmq_send_failures_total")), (1, 1));
    // The next bar's order is on its way when the sentinel is shot.
    stage.services.set(|mood| mood.withheld = 4);
    until(SOON, || (orders.load(Ordering::SeqCst) == 2).then_some(())).expect("a second order");
    signal(stage.pid(), Signal::KILL);
    let words = "is UNKNOWN: the last run ended before its answer";
    until(SOON, || stage.said().contains(words).then_some(())).unwrap_or_else(|| {
        panic!("not told: {}", stage.said());
    });
    assert!(stage.said().contains("the sentinel fell (signal 9)"), "{}", stage.said());
    let left = stage.wait_for("order of the last run", |d| {
        d.action.as_str() == "UNKNOWN" && d.number.is_none()
    });
    let left = left.iter().find(|d| d.number.is_none()).unwrap();
    assert!(left.order.as_str().starts_with("ord-") && left.why.as_str().contains(words));
    assert_eq!((left.symbol.as_str(), left.side), ("EURUSD", Some(Side::Buy)));
    // Whoever comes later hears of it, too, until a look tells.
    let doubt = "UNKNOWN: look with: crs positions";
    let heard = || stage.heard.lock().unwrap().status.clone();
    for _ in 0..2 {
        let said = heard().map(|status| status.said);
        let later = until(SOON, || heard().filter(|status| Some(status.said) > said));
        let status = later.expect("a later word");
        assert!(status.why.as_str().contains(doubt), "{status:#?}");
    }
    let number = stage.log().iter().filter_map(|d| d.number).max();
    stage.next("cycle of the next run", |d| {
        d.number > number && d.why.as_str().contains("(unknown)")
    });
    assert_eq!(orders.load(Ordering::SeqCst), 2);
    // The gateway goes between two bars: it can't be sent, so its bar is free.
    drop(gateway);
    stage.services.set(|mood| mood.withheld = 3);
    let skipped = stage.next("dead gateway", |d| d.why.as_str().starts_with("not sent: "));
    assert_eq!(skipped.action.as_str(), "SKIPPED");
    stage.next("try on the same bar", |d| d.why.as_str().starts_with("not sent: "));
}
