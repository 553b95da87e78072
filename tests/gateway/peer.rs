//! A gateway on free ports, and a client as a stranger would write one.

use crs::gateway::{Gateway, GatewayOptions, RunningGateway, SimOptions};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Longest wait for anything that should come at once.
pub const PATIENCE_MS: i32 = 10_000;

static IDS: AtomicU64 = AtomicU64::new(1);

/// Slow simulated ticks, so that prices hardly move during a test.
pub fn options(state: &Path) -> GatewayOptions {
    let sim = SimOptions { seed: 7, rate_hz: 1, ..SimOptions::default() };
    GatewayOptions::embedded(sim, state.to_owned())
}

pub fn start(state: &Path) -> RunningGateway {
    Gateway::start(&options(state)).unwrap()
}

/// A REQ socket.
pub struct Peer {
    socket: zmq::Socket,
}

impl Peer {
    pub fn new(context: &zmq::Context, gateway: &RunningGateway) -> Self {
        Self::at(context, &gateway.addresses().cmd.zmq())
    }

    pub fn at(context: &zmq::Context, address: &str) -> Self {
        let socket = context.socket(zmq::REQ).unwrap();
        socket.set_linger(0).unwrap();
        socket.set_rcvtimeo(PATIENCE_MS).unwrap();
        socket.connect(address).unwrap();
        Self { socket }
    }

    /// Any text, and the text that comes back.
    pub fn say(&self, text: &str) -> String {
        self.socket.send(text, 0).unwrap();
        self.socket.recv_string(0).unwrap().unwrap()
    }

    /// As [`Peer::say`], none when nobody answers any more.
    pub fn try_say(&self, text: &str) -> Option<String> {
        self.socket.send(text, 0).ok()?;
        self.socket.recv_string(0).ok()?.ok()
    }

    pub fn patience(&self, ms: i32) {
        self.socket.set_rcvtimeo(ms).unwrap();
    }

    pub fn ask_as(&self, req_id: &str, action: &str, payload: &Value) -> Value {
        serde_json::from_str(&self.say(&request(req_id, action, payload))).unwrap()
    }

    /// `data` of an envelope that must be SUCCESS and ours.
    pub fn ask(&self, action: &str, payload: &Value) -> Value {
        let id = fresh();
        let mut reply = self.ask_as(&id, action, payload);
        assert_eq!(reply["req_id"], id);
        assert_eq!(reply["status"], "SUCCESS", "{reply}");
        assert_eq!(reply["error"], Value::Null);
        reply["data"].take()
    }

    pub fn open(&self, kind: &str, symbol: &str, volume: f64, price: f64) -> Value {
        let payload = json!({"symbol": symbol, "volume": volume, "type": kind, "price": price, "sl": 0.0, "tp": 0.0});
        self.ask("OPEN_ORDER", &payload)
    }

    pub fn positions(&self) -> Vec<Value> {
        self.ask("GET_POSITIONS", &json!({})).as_array().unwrap().clone()
    }

    pub fn kill(&self) -> Value {
        self.ask("KILL_SWITCH", &json!({}))
    }
}

pub fn fresh() -> String {
    format!("t-{}", IDS.fetch_add(1, Ordering::Relaxed))
}

pub fn request(req_id: &str, action: &str, payload: &Value) -> String {
    json!({"action": action, "req_id": req_id, "timestamp": 1_767_115_660.775, "payload": payload})
        .to_string()
}

pub fn subscribe(context: &zmq::Context, endpoint: &crs::domain::Endpoint) -> zmq::Socket {
    let socket = context.socket(zmq::SUB).unwrap();
    socket.set_linger(0).unwrap();
    socket.set_rcvhwm(1_000_000).unwrap();
    socket.set_rcvtimeo(PATIENCE_MS).unwrap();
    socket.connect(&endpoint.zmq()).unwrap();
    socket.set_subscribe(b"").unwrap();
    socket
}

pub fn float(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}
