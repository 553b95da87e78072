//! Other processes, asked when they first saw it: the agent by its socket,
//! the paper gateway by its telemetry.

use crate::common::wait::until;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

type Heard = Arc<Mutex<Vec<(Instant, Value)>>>;

/// Everything that one process said, each with the moment it was heard.
pub struct Eye {
    heard: Heard,
}

impl Eye {
    /// What an agent tells its clients, until it ends; none while nobody
    /// listens at `socket`.
    pub fn agent(socket: &Path) -> Option<Self> {
        let lines = BufReader::new(UnixStream::connect(socket).ok()?).lines();
        let heard = Heard::default();
        let into = Arc::clone(&heard);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(said) = serde_json::from_str(&line) {
                    into.lock().unwrap().push((Instant::now(), said));
                }
            }
        });
        Some(Self { heard })
    }

    /// The telemetry published at `port`, as `[topic, body]`; back when the
    /// first came.
    pub fn telemetry(port: u16) -> Self {
        let heard = Heard::default();
        let into = Arc::downgrade(&heard);
        std::thread::spawn(move || {
            let socket = zmq::Context::new().socket(zmq::SUB).unwrap();
            socket.set_linger(0).unwrap();
            socket.set_rcvtimeo(100).unwrap();
            socket.set_subscribe(b"").unwrap();
            socket.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
            // Ends with its owner.
            while let Some(into) = into.upgrade() {
                let Ok(frames) = socket.recv_multipart(0) else { continue };
                let topic = String::from_utf8_lossy(&frames[0]).into_owned();
                let body: Value = rmp_serde::from_slice(&frames[1]).unwrap();
                into.lock().unwrap().push((Instant::now(), Value::Array(vec![topic.into(), body])));
            }
        });
        let eye = Self { heard };
        eye.first("telemetry", None, |_| true);
        eye
    }

    /// When it first said something `good`, heard after `after`; it must.
    pub fn first(
        &self,
        what: &str,
        after: Option<Instant>,
        good: impl Fn(&Value) -> bool,
    ) -> Instant {
        let look = || {
            let heard = self.heard.lock().unwrap();
            let mut late = heard.iter().filter(|(at, _)| after.is_none_or(|after| *at > after));
            late.find(|(_, said)| good(said)).map(|(at, _)| *at)
        };
        until(Duration::from_secs(30), look)
            .unwrap_or_else(|| panic!("never {what}: {}", words(&self.heard.lock().unwrap())))
    }

    /// Everything heard after a moment.
    pub fn since(&self, after: Instant) -> Vec<Value> {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|(at, _)| *at > after).map(|(_, said)| said.clone()).collect()
    }
}

/// An agent's word that the switch is engaged.
pub fn engaged(said: &Value) -> bool {
    let phase = said["phase"].as_str().unwrap_or_default();
    said["say"] == "latch" && !matches!(phase, "SAFE" | "DISARMED" | "BLOCKED")
}

/// A gateway's word that something lies at its latch's path.
pub fn obeys(said: &Value) -> bool {
    said[0] == "latch.evidence" && said[1]["engaged"] == true
}

/// What was heard, a line each.
fn words(heard: &[(Instant, Value)]) -> String {
    let line = |(at, said): &(Instant, Value)| format!("{:?} ago: {said}\n", at.elapsed());
    heard.iter().filter(|(_, said)| said["say"] != "beat").map(line).collect()
}
