//! What `crs status` and `crs brief` tell of automatic traders, heard on a real
//! socket.

use super::common::sandbox::{Sandbox, free_port};
use crs::domain::{DecisionSource, Endpoint, Text, TraderStatus, UtcMicros};
use crs::host::clock;
use crs::link::publisher;
use crs::wire::Telemetry;
use crs::wire::telemetry::TraderStatusTold;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);

/// Publishes the status of a sentinel until it is dropped.
struct Told {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Told {
    /// Its next cycle is due in so many seconds.
    fn start(next: i64) -> Self {
        let port = free_port();
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let at = Endpoint::new("127.0.0.1", port).unwrap();
        let thread = std::thread::spawn(move || {
            let socket = publisher(&zmq::Context::new(), &at).unwrap();
            while !seen.load(Ordering::Acquire) {
                let said = clock::utc();
                let at = |seconds: i64| Some(UtcMicros(said.0 + seconds * 1_000_000));
                let status = TraderStatus {
                    source: DecisionSource::Sentinel,
                    host: Text::new("inf"),
                    safe: true,
                    last: at(-12),
                    next: at(next),
                    orders: 3,
                    said,
                    ..TraderStatus::default()
                };
                let told = Telemetry::Trader(Box::new(TraderStatusTold::from(status)));
                let body = told.encode().unwrap();
                socket.send_multipart([told.topic().as_bytes(), &body], 0).unwrap();
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Self { port, stop, thread: Some(thread) }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

#[test]
fn status_and_brief_tell_what_a_trader_says() {
    let home = Sandbox::new();
    let told = Told::start(48);
    let events = format!("127.0.0.1:{}", told.port);
    let words = "sentinel on inf: dry run, last cycle 12 s ago, next in 48 s; 3 orders";
    let status = home.run(&["--events", &events, "status"], LIMIT);
    assert!(status.stdout.contains(&format!("Trader:  {words}")), "{status:#?}");
    let json = home.run(&["--events", &events, "status", "--json"], LIMIT).json();
    assert_eq!(json["traders"]["traders"][0]["orders"], 3, "{json:#}");
    assert_eq!(json["traders"]["endpoints"][0], events.as_str());
    let cmd = free_port().to_string();
    let brief = ["--events", &events, "--cmd-port", &cmd, "brief", "--timeout", "1"];
    let page = home.run(&brief, LIMIT).stdout;
    assert!(page.contains("TRADERS  sentinel on inf: dry run"), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    assert!(!page.contains("overdue"), "{page}");
}

#[test]
fn a_cycle_that_does_not_come_is_broken_and_silence_is_told() {
    let home = Sandbox::new();
    let late = Told::start(-200);
    let events = format!("127.0.0.1:{}", late.port);
    let cmd = free_port().to_string();
    let ask = |events: &str, verb: &[&str]| {
        home.run(&[&["--events", events, "--cmd-port", &cmd], verb].concat(), LIMIT)
    };
    let page = ask(&events, &["brief", "--timeout", "1"]).stdout;
    assert!(page.contains("sentinel on inf: its next cycle is overdue"), "{page}");
    drop(late);
    let status = ask(&events, &["status"]);
    assert!(status.stdout.contains(&format!("Trader:  none heard at {events}")), "{status:#?}");
    // Nothing is listened for where nothing was configured.
    let plain = home.run(&["status"], LIMIT);
    assert!(!plain.stdout.contains("Trader:"), "{plain:#?}");
}
