//! What keeps an engine from turning to a gateway too often.

use crate::common::sandbox::{Sandbox, Signal, signal};
use crate::desk::{Desk, Manner};
use crate::process::{Process, is};
use serde_json::Value;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Ticks that all say SELL, fifty a second; ends with this value.
struct Ticks {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticks {
    fn start() -> Self {
        let socket = zmq::Context::new().socket(zmq::PUB).unwrap();
        socket.set_linger(0).unwrap();
        socket.bind("tcp://127.0.0.1:*").unwrap();
        let endpoint = socket.get_last_endpoint().unwrap().unwrap();
        let port = endpoint.rsplit(':').next().unwrap().parse().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let tick = r#"{"type":"TICK","symbol":"EURUSD","bid":1.08,"ask":1.0801}"#;
            while !ends.load(Ordering::SeqCst) {
                socket.send(tick, 0).unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self { port, stop, thread: Some(thread) }
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = self.thread.take().unwrap().join();
    }
}

fn engine(home: &Sandbox, desk: &Desk, ticks: &Ticks) -> Process {
    let config = home.path().join("config.toml");
    fs::write(&config, "[engine]\nmax_orders_per_minute = 2\n").unwrap();
    let (cmd, data) = (desk.port.to_string(), ticks.port.to_string());
    let ports = ["--cmd-port", &cmd, "--data-port", &data];
    let live = ["--live", "--symbol", "EURUSD", "--timeout", "0.5"];
    let config = ["--config", config.to_str().unwrap()];
    Process::start(home, &[&config[..], &ports, &live].concat())
}

fn says(words: &'static str) -> impl Fn(&Value) -> bool {
    move |entry| entry["reason"].as_str().is_some_and(|reason| reason.contains(words))
}

#[test]
fn an_order_of_unknown_fate_is_never_sent_again_and_its_side_rests() {
    let (home, ticks) = (Sandbox::new(), Ticks::start());
    let desk = Desk::start("OPEN_ORDER", Manner::Mute);
    let engine = engine(&home, &desk, &ticks);
    let order = engine.until("an order", is("ORDER_GENERATED"));
    assert!(says("UNKNOWN")(&order), "{order}");
    let after = order["tick_id"].as_u64().unwrap();
    // Two seconds and more: longer than the pause after an order whose fate is known.
    engine.until("more", move |e| e["tick_id"].as_u64().unwrap() > after + 150);
    assert_eq!(desk.count("OPEN_ORDER"), 1);
    let all = engine.entries();
    assert_eq!(all.iter().filter(|e| e["action"] == "ORDER_GENERATED").count(), 1);
    assert!(all.iter().any(says("it waited in the queue: ")));
    assert!(all.iter().any(says("LIMIT: ")));
}

/// Whoever starts it again, by hand or by a supervisor, does not know of it.
#[test]
fn an_order_of_unknown_fate_rests_over_a_restart_of_the_engine() {
    let (home, ticks) = (Sandbox::new(), Ticks::start());
    let desk = Desk::start("OPEN_ORDER", Manner::Mute);
    let first = engine(&home, &desk, &ticks);
    let order = first.until("an order", is("ORDER_GENERATED"));
    assert!(says("UNKNOWN")(&order), "{order}");
    signal(first.pid(), Signal::KILL);
    drop(first);
    fs::remove_file(home.path().join("engine.jsonl")).unwrap();
    let second = engine(&home, &desk, &ticks);
    second.until("more", |e| e["tick_id"].as_u64().unwrap() > 150);
    assert_eq!(desk.count("OPEN_ORDER"), 1);
    assert!(second.entries().iter().any(says("LIMIT: this symbol and side")));
    let (_, said) = second.stop();
    assert!(said.contains("EURUSD SELL rests: an order of "), "{said}");
}

#[test]
fn a_gateway_that_refuses_is_asked_no_more_than_so_often_a_minute() {
    let (home, ticks) = (Sandbox::new(), Ticks::start());
    let desk = Desk::start("OPEN_ORDER", Manner::Refuses);
    let engine = engine(&home, &desk, &ticks);
    let refused = engine.until("ERROR", is("ERROR"));
    assert!(refused["error"].as_str().unwrap().contains("market closed"), "{refused}");
    assert_eq!(refused["order"]["order_id"], "ORD_000000", "it left the process: {refused}");
    let full = engine.until("the limit", says("LIMIT: 2 orders in a minute"));
    let after = full["tick_id"].as_u64().unwrap();
    engine.until("more", move |e| e["tick_id"].as_u64().unwrap() > after + 70);
    assert_eq!(desk.count("OPEN_ORDER"), 2);
}
