//! A gateway that answers as a test tells it to.

use crs::domain::Endpoint;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the fake does about one request.
pub enum Say {
    /// Answers now, inside the envelope of the request.
    Now(Vec<u8>),
    /// The same, later.
    Later(Duration, Vec<u8>),
    /// Sends these frames as they stand, without the envelope.
    Bare(Vec<Vec<u8>>),
}

type Handler = Box<dyn FnMut(&Value) -> Vec<Say> + Send>;

/// A ROUTER on loopback with its own context: dropping it is a crash.
pub struct Fake {
    pub at: Endpoint,
    heard: Arc<Mutex<Vec<Value>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    pub fn start(handler: impl FnMut(&Value) -> Vec<Say> + Send + 'static) -> Self {
        Self::bind("*", Box::new(handler))
    }

    pub fn start_at(port: u16, handler: impl FnMut(&Value) -> Vec<Say> + Send + 'static) -> Self {
        Self::bind(&port.to_string(), Box::new(handler))
    }

    fn bind(port: &str, handler: Handler) -> Self {
        let ctx = zmq::Context::new();
        let socket = ctx.socket(zmq::ROUTER).unwrap();
        socket.set_linger(0).unwrap();
        socket.bind(&format!("tcp://127.0.0.1:{port}")).unwrap();
        let at = socket.get_last_endpoint().unwrap().unwrap().parse().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (log, ends) = (Arc::clone(&heard), Arc::clone(&stop));
        let thread = std::thread::spawn(move || serve(&socket, handler, &log, &ends));
        Self { at, heard, stop, thread: Some(thread) }
    }

    /// The `action` of every request so far.
    pub fn heard(&self) -> Vec<String> {
        let log = self.heard.lock().unwrap();
        log.iter().map(|v| v["action"].as_str().unwrap_or("?").to_owned()).collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn serve(socket: &zmq::Socket, mut handler: Handler, log: &Mutex<Vec<Value>>, stop: &AtomicBool) {
    let mut later: Vec<(Instant, Vec<Vec<u8>>)> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        later.retain(|(due, frames)| {
            let wait = *due > now;
            if !wait {
                socket.send_multipart(frames, 0).unwrap();
            }
            wait
        });
        if socket.poll(zmq::POLLIN, 5).unwrap() == 0 {
            continue;
        }
        let frames = socket.recv_multipart(0).unwrap();
        let (body, envelope) = frames.split_last().unwrap();
        let request: Value = serde_json::from_slice(body).unwrap();
        log.lock().unwrap().push(request.clone());
        let addressed = |body: Vec<u8>| [envelope.to_vec(), vec![body]].concat();
        for say in handler(&request) {
            match say {
                Say::Now(body) => socket.send_multipart(addressed(body), 0).unwrap(),
                Say::Later(by, body) => later.push((Instant::now() + by, addressed(body))),
                Say::Bare(frames) => {
                    let peer = envelope.first().unwrap().clone();
                    socket.send_multipart([vec![peer], frames].concat(), 0).unwrap();
                }
            }
        }
    }
}

/// A v1.0 SUCCESS to `request`.
pub fn success(request: &Value, data: &Value) -> Vec<u8> {
    answer(request["req_id"].as_str().unwrap(), data)
}

/// A v1.0 SUCCESS with this `req_id`.
pub fn answer(req_id: &str, data: &Value) -> Vec<u8> {
    json!({"req_id": req_id, "status": "SUCCESS", "timestamp": 1.5, "data": data, "error": null})
        .to_string()
        .into_bytes()
}

/// What an honest gateway with one position says.
pub fn honest(request: &Value) -> Vec<u8> {
    let data = match request["action"].as_str() {
        Some("HEARTBEAT") => json!({"status": "alive", "service": "fake"}),
        Some("GET_POSITIONS") => json!([{"ticket": 7, "symbol": "EURUSD", "type": "BUY",
            "volume": 0.1, "open_price": 1.085, "current_price": 1.0851, "profit": 1.0}]),
        Some("GET_ACCOUNT_INFO") => {
            json!({"balance": 1000.0, "equity": 1001.0, "used_margin": 10.0, "currency": "USD"})
        }
        _ => json!({"status": "SUCCESS", "ticket": 7}),
    };
    success(request, &data)
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub fn endpoint(port: u16) -> Endpoint {
    Endpoint::new("127.0.0.1", port).unwrap()
}

/// Asks `what` until it says yes, for at most `bound`.
pub fn eventually(bound: Duration, mut what: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + bound;
    while Instant::now() < until {
        if what() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    what()
}
