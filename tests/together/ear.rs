//! Hears three telemetry ports, beside the console.

use crs::domain::{DecisionSource, TraderStatus};
use crs::wire::Telemetry;
use crs::wire::telemetry::GatewayStatus;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

#[derive(Default)]
struct Heard {
    traders: BTreeMap<DecisionSource, TraderStatus>,
    gateway: Vec<GatewayStatus>,
}

/// Listens until it is dropped.
pub struct Ear {
    heard: Arc<Mutex<Heard>>,
    on: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ear {
    pub fn at(ports: &[u16]) -> Self {
        let context = zmq::Context::new();
        let socket = context.socket(zmq::SUB).unwrap();
        socket.set_subscribe(b"").unwrap();
        socket.set_linger(0).unwrap();
        socket.set_reconnect_ivl(20).unwrap();
        for port in ports {
            socket.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
        }
        let (heard, on) = (Arc::<Mutex<Heard>>::default(), Arc::new(AtomicBool::new(true)));
        let (into, going) = (Arc::clone(&heard), Arc::clone(&on));
        let thread = std::thread::spawn(move || {
            while going.load(Ordering::SeqCst) {
                if socket.poll(zmq::POLLIN, 50).unwrap() == 0 {
                    continue;
                }
                let frames = socket.recv_multipart(0).unwrap();
                let told = Telemetry::decode(&frames[0], &frames[1]).unwrap();
                let mut heard = into.lock().unwrap();
                match told {
                    Telemetry::Trader(told) => {
                        heard.traders.insert(told.status.source, told.status);
                    }
                    Telemetry::GatewayStatus(told) => heard.gateway.push(told),
                    _ => {}
                }
            }
        });
        Self { heard, on, thread: Some(thread) }
    }

    /// The last word of a trader about itself.
    pub fn trader(&self, source: DecisionSource) -> Option<TraderStatus> {
        self.heard.lock().unwrap().traders.get(&source).cloned()
    }

    /// Every word of the gateway about itself, oldest first.
    pub fn gateway(&self) -> Vec<GatewayStatus> {
        self.heard.lock().unwrap().gateway.clone()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.on.store(false, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
