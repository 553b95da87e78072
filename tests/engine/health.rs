//! A health check that fails engages: durably, on record, for everybody.

use crate::common::sandbox::Sandbox;
use crate::process::{Process, is};
use serde_json::Value;
use std::fs;

#[test]
fn a_failed_check_makes_the_latch_and_stops_the_engine() {
    let home = Sandbox::new();
    let sick = home.path().join("sick");
    let config = home.path().join("config.toml");
    let text = format!(
        "[engine]\nhealth = [\"/bin/sh\", \"-c\", \"test ! -e {}\"]\n[audit]\nsyslog = \"off\"\n",
        sick.display()
    );
    fs::write(&config, text).unwrap();
    let engine = Process::start(&home, &["--config", config.to_str().unwrap(), "--ticks", "mock"]);
    engine.until("an order", is("ORDER_GENERATED"));
    fs::write(&sick, "").unwrap();
    let blocked = engine.until("BLOCKED", is("BLOCKED"));
    assert_eq!(blocked["reason"], "KILL_SWITCH_ACTIVE", "{blocked}");
    assert_eq!(blocked["circuit_breaker_state"]["engagement_reason"], "Health check failed");
    let seen = engine.entries().len() as u64;
    engine.until("more", move |e| e["tick_id"].as_u64().unwrap() > seen + 10);
    let all = engine.entries();
    let first = all.iter().position(is("BLOCKED")).unwrap();
    assert!(all[first..].iter().all(is("BLOCKED")));
    let (_, said) = engine.stop();
    assert!(said.contains("Health check failed: /bin/sh ended with exit status: 1"), "{said}");
    let body: Value = serde_json::from_slice(&fs::read(home.latch()).unwrap()).unwrap();
    assert_eq!(
        (&body["reason"], &body["metadata"]["intent"]),
        (&"Health check failed".into(), &"BLOCK".into())
    );
    let limit = crate::process::LIMIT;
    assert_eq!(home.run(&["status", "--json"], limit).json()["state"], "ENGAGED");
    let shown = home.run(&["audit", "show"], limit).stdout;
    assert!(shown.contains("Health check failed"), "{shown}");
}
