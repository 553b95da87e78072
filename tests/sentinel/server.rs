//! Servers on loopback: one of HTTP that answers as it is told, one that
//! writes any bytes.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// What is answered to every request.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub from: SocketAddr,
    pub uri: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

#[derive(Clone)]
struct Desk {
    reply: Reply,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A server that ends with the test.
pub struct Server {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    pub fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let desk = Desk { reply, seen: Arc::clone(&seen) };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            run(async move {
                let app = Router::new().fallback(answer).with_state(desk);
                let app = app.into_make_service_with_connect_info::<SocketAddr>();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                // Connections that are kept open end with it: no waiting.
                tokio::select! {
                    served = async { axum::serve(listener, app).await } => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { port, seen, stop: Some(stop), thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

async fn answer(
    State(desk): State<Desk>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let seen = Seen { from, uri: uri.to_string(), headers, body: body.to_vec() };
    desk.seen.lock().unwrap().push(seen);
    let status = StatusCode::from_u16(desk.reply.status).unwrap();
    let mut response = (status, desk.reply.body).into_response();
    for (name, value) in desk.reply.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// One runtime, as the sentinel has.
pub fn run<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work)
}

/// Bytes, and how long to wait before them.
pub type Piece = (Duration, Vec<u8>);

/// Writes `pieces` to whoever asks, whatever is asked, and then closes.
pub fn raw(pieces: Vec<Piece>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Ends with the test program; nobody waits for it.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, pieces) = (stream.unwrap(), pieces.clone());
            thread::spawn(move || {
                read_question(&mut stream);
                for (pause, bytes) in pieces {
                    thread::sleep(pause);
                    if stream.write_all(&bytes).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

/// Reads a whole request: what is left unread when a connection is closed
/// costs the peer the answer, too.
fn read_question(stream: &mut TcpStream) {
    let (mut asked, mut chunk) = (Vec::new(), [0_u8; 4_096]);
    while let Ok(n @ 1..) = stream.read(&mut chunk) {
        asked.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8_lossy(&asked).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            // A handshake is no request.
            if text.starts_with("get ") || text.starts_with("post ") {
                continue;
            }
            return;
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return;
        }
    }
}

/// A port on which nobody listens.
pub fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The head of an answer that promises so many bytes.
pub fn head(length: usize) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")
        .into_bytes()
}
