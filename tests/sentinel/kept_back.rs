//! Orders that never leave, and that the latch has nothing to do with.

use crate::common::sandbox::Sandbox;
use crate::common::wait::until;
use crate::fake::{Fake, Say, success};
use crate::stage::{Plan, SOON, Stage};
use serde_json::{Value, json};
use std::time::Duration;

fn nothing(_: &Sandbox) {}

/// A gateway with an account of this mode, which it is slow to tell.
fn gateway(trade_mode: u8, slow: Duration) -> Fake {
    Fake::start(move |request: &Value| {
        let data = match request["action"].as_str() {
            Some("HEARTBEAT") => json!({"status": "alive", "service": "fake"}),
            Some("GET_POSITIONS") => json!([]),
            Some("GET_ACCOUNT_INFO") => {
                let account = json!({
                    "balance": 1000.0, "equity": 1000.0, "used_margin": 0.0, "currency": "USD",
                    "trade_mode": trade_mode, "server_name": "fake",
                });
                return vec![Say::Later(slow, success(request, &account))];
            }
            other => json!({ "unexpected": other }),
        };
        vec![Say::Now(success(request, &data))]
    })
}

fn start(gateway: &Fake) -> Stage {
    let gateway_port = gateway.at.port();
    Stage::start(&Plan { gateway_port, args: &["--live"], log: "crs=info", before: nothing })
}

#[test]
fn real_money_that_is_not_armed_is_a_failure_and_no_block_of_the_latch() {
    let gateway = gateway(2, Duration::ZERO);
    let stage = start(&gateway);
    let ended =
        stage.next("end of an order", |d| d.steps.iter().any(|s| s.name.as_str() == "order"));
    assert_eq!(ended.action.as_str(), "SKIPPED", "{ended:#?}");
    assert!(ended.why.as_str().contains("arm"), "{ended:#?}");
    let told = until(SOON, || {
        let (status, health) = stage.health();
        let causes = health["causes"].to_string();
        (status == 503 && causes.contains("the last cycle: EURUSD SKIPPED")).then_some(health)
    });
    let health = told.unwrap_or_else(|| panic!("{:#?}", stage.health()));
    assert_eq!(health["blocked"].as_u64(), Some(0), "{health:#}");
    // Who listens may have joined after the first word.
    let evidence = || stage.heard.lock().unwrap().evidence.clone();
    let said = until(SOON, evidence).expect("evidence");
    let later = until(SOON, || evidence().filter(|e| e.said > said.said));
    assert_eq!(later.expect("later evidence").last_blocked, None);
    assert!(!gateway.heard().contains(&"OPEN_ORDER".to_owned()));
}

#[test]
fn an_order_that_is_held_up_past_its_cycle_does_not_go_out() {
    // Twice this is more than a cycle of a second has, and once less than the
    // wait for an answer.
    let gateway = gateway(0, Duration::from_millis(600));
    let stage = start(&gateway);
    let late = stage.next("late order", |d| d.why.as_str().contains("the time for this order was"));
    assert_eq!(late.action.as_str(), "SKIPPED");
    assert!(late.why.as_str().starts_with("not sent: "), "{late:#?}");
    assert!(!gateway.heard().contains(&"OPEN_ORDER".to_owned()), "{:?}", gateway.heard());
}
