//! A daemon without processes: the real API, hub, desk and audit over doubles.

use super::common::sandbox::Sandbox;
use super::doubles::{Doubles, record};
use crs::audit::Chain;
use crs::domain::Endpoint;
use crs::domain::mission::ProcessState;
use crs::host::Identity;
use crs::mission::annals::{ROLE, Recorder};
use crs::mission::api::{Access, Parts, Seat, Server};
use crs::mission::desk::Desk;
use crs::mission::hub::Hub;
use crs::mission::spec::Daemon;
use crs::mission::told::{Hears, Told};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tungstenite::{Message, WebSocket};

pub const TOKEN: &str = "0123456789abcdef0123456789abcdef-test";
pub const ORIGIN: &str = "http://dashboard.test:3000";

pub struct House {
    pub home: Sandbox,
    pub hub: Arc<Hub>,
    pub doubles: Arc<Doubles>,
    pub recorder: Arc<Recorder>,
    pub ended: Arc<AtomicBool>,
    pub socket: PathBuf,
    pub at: SocketAddr,
    pub server: Option<Server>,
    _seat: Seat,
}

impl House {
    pub fn new() -> Self {
        let home = Sandbox::new();
        let dir = home.path().join("mission");
        let seat = Seat::take(&dir).unwrap();
        let token = home.path().join("token");
        std::fs::write(&token, TOKEN).unwrap();
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
        let port = super::common::sandbox::free_port();
        let daemon = Daemon {
            listen: Some(Endpoint::new("127.0.0.1", port).unwrap()),
            token_file: Some(token),
            origins: vec![ORIGIN.to_owned()],
            ..Daemon::default()
        };
        let access = Access::of(&daemon, &dir).unwrap();
        let socket = access.socket.clone();
        let hub = Arc::new(Hub::default());
        let log = home.path().join("audit");
        let chain = Chain::new(&log, Identity::here(), ROLE);
        let next: Arc<dyn Hears> = Arc::clone(&hub) as _;
        let recorder = Arc::new(Recorder::start(chain, &log, next).unwrap());
        let doubles = Arc::new(Doubles {
            hub: Arc::clone(&hub),
            told: Arc::clone(&recorder) as _,
            lines: Mutex::default(),
            launches: AtomicU64::new(0),
            acknowledged: Mutex::default(),
        });
        let ended = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ended);
        let desk = Desk {
            against: Box::new(|_| None),
            launcher: Arc::clone(&doubles) as _,
            crew: Arc::clone(&doubles) as _,
            alerts: Arc::clone(&doubles) as _,
            reload: Box::new(|_| Ok(Vec::new())),
            end: Box::new(move || flag.store(true, Ordering::SeqCst)),
            recorder: Arc::clone(&recorder),
        };
        let parts = Parts {
            hub: Arc::clone(&hub),
            orders: Arc::new(desk),
            crew: Arc::clone(&doubles) as _,
            modes: Arc::clone(&doubles) as _,
            lines: Arc::clone(&doubles) as _,
            alerts: Arc::clone(&doubles) as _,
            zombies: Arc::clone(&doubles) as _,
            annals: Arc::clone(&recorder) as _,
            switch: Arc::clone(&doubles) as _,
            gauges: vec![Arc::clone(&doubles) as _],
        };
        let server = Server::start(access, parts).unwrap();
        let at = server.at.unwrap();
        for name in ["gateway", "engine"] {
            hub.hear(Told::Process(Arc::new(record(name, ProcessState::Running { ready: true }))));
        }
        let server = Some(server);
        Self { home, hub, doubles, recorder, ended, socket, at, server, _seat: seat }
    }

    pub fn socket_arg(&self) -> String {
        self.socket.display().to_string()
    }

    /// A WebSocket over the Unix socket; the first message was read.
    pub fn ws(&self) -> Ws {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (socket, _) = tungstenite::client("ws://mission/ws", stream).unwrap();
        Ws(socket)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.end();
        }
    }
}

pub struct Ws(pub WebSocket<UnixStream>);

impl Ws {
    /// The next document.
    pub fn next(&mut self) -> serde_json::Value {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next document of this type.
    pub fn next_of(&mut self, kind: &str) -> serde_json::Value {
        loop {
            let next = self.next();
            if next["type"] == kind {
                return next;
            }
        }
    }

    pub fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).unwrap();
    }

    /// Asks, and gives the answer of this name.
    pub fn ask(&mut self, req_id: &str, text: &str) -> serde_json::Value {
        self.say(text);
        loop {
            let answer = self.next_of("answer");
            if answer["req_id"] == req_id {
                return answer;
            }
        }
    }
}

/// Asks over HTTP; status, headers and body.
pub struct Http {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    base: String,
}

pub struct Said {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Said {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
}

impl Http {
    pub fn unix(house: &House) -> Self {
        let socket = house.socket.clone();
        Self::with(|b| b.unix_socket(socket), "http://mission".to_owned())
    }

    pub fn tcp(house: &House) -> Self {
        Self::with(|b| b, format!("http://{}", house.at))
    }

    fn with(
        f: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
        base: String,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        Self { runtime, client: f(builder).build().unwrap(), base }
    }

    pub fn ask(
        &self,
        method: &str,
        path: &str,
        edit: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Said {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = edit(self.client.request(method, format!("{}{path}", self.base)));
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            Said { status, headers, text: answer.text().await.unwrap() }
        })
    }

    pub fn get(&self, path: &str) -> Said {
        self.ask("GET", path, |r| r)
    }

    pub fn post(&self, path: &str, body: &serde_json::Value) -> Said {
        self.ask("POST", path, |r| r.json(body))
    }
}
