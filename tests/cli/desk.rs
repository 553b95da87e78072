//! A gateway of a few lines whose answer to one action can be chosen: none
//! at all, or a claim without an effect.

use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What it does with the action that it was told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Does it, and never says so.
    Mute,
    /// Says that it did, and does nothing.
    Lies,
    /// The broker says no.
    Refuses,
}

/// A running one; ends with this value.
pub struct Desk {
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Desk {
    /// With one position, 7001, on a demo account.
    pub fn start(action: &'static str, manner: Manner) -> Self {
        let socket = zmq::Context::new().socket(zmq::ROUTER).unwrap();
        socket.set_rcvtimeo(50).unwrap();
        socket.set_linger(0).unwrap();
        socket.bind("tcp://127.0.0.1:*").unwrap();
        let endpoint = socket.get_last_endpoint().unwrap().unwrap();
        let port = endpoint.rsplit(':').next().unwrap().parse().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (heard, stop) = (Arc::clone(&heard), Arc::clone(&stop));
            std::thread::spawn(move || serve(&socket, action, manner, &heard, &stop))
        };
        Self { port, heard, stop, thread: Some(thread) }
    }

    /// How often it was asked for this.
    pub fn count(&self, action: &str) -> usize {
        self.heard.lock().unwrap().iter().filter(|a| *a == action).count()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = self.thread.take().unwrap().join();
    }
}

fn serve(
    socket: &zmq::Socket,
    action: &str,
    manner: Manner,
    heard: &Mutex<Vec<String>>,
    stop: &AtomicBool,
) {
    let mut open = vec![position(7001)];
    while !stop.load(Ordering::SeqCst) {
        let Ok(mut frames) = socket.recv_multipart(0) else { continue };
        let request: Value = serde_json::from_slice(&frames.pop().unwrap()).unwrap();
        let asked = request["action"].as_str().unwrap().to_owned();
        heard.lock().unwrap().push(asked.clone());
        let chosen = asked == action;
        let acts = !chosen || manner == Manner::Mute;
        let data = match asked.as_str() {
            "HEARTBEAT" => json!({"status": "alive", "service": "desk"}),
            "GET_POSITIONS" => json!(open),
            "GET_ACCOUNT_INFO" => json!({
                "balance": 1000.0, "equity": 1000.0, "free_margin": 900.0, "used_margin": 100.0,
                "margin_level": 1000.0, "currency": "USD", "trade_mode": 0,
            }),
            _ if chosen && manner == Manner::Refuses => {
                json!({"status": "ERROR", "error": "market closed"})
            }
            "OPEN_ORDER" => {
                if acts {
                    open.push(position(7002));
                }
                json!({"status": "SUCCESS", "ticket": 7002, "volume": 0.01, "price": 1.1})
            }
            _ => {
                if acts {
                    open.clear();
                }
                json!({"status": "SUCCESS", "ticket": 7001, "volume": 0.01, "price": 1.1})
            }
        };
        if chosen && manner == Manner::Mute {
            continue;
        }
        let reply = json!({"req_id": request["req_id"], "status": "SUCCESS", "timestamp": 1.0,
            "data": data, "error": null});
        frames.push(reply.to_string().into_bytes());
        socket.send_multipart(frames, 0).unwrap();
    }
}

fn position(ticket: u64) -> Value {
    json!({"ticket": ticket, "symbol": "EURUSD", "type": "BUY", "volume": 0.01,
        "open_price": 1.1, "current_price": 1.1, "profit": 0.0})
}
