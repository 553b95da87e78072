//! A whole sentinel as a process: bars and model on loopback, a gateway, and
//! everything that it tells, read back.

use crate::common::sandbox::{Sandbox, Signal, free_port, signal};
use crate::common::wait::until;
use crate::series;
use axum::extract::{Json, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use crs::domain::{Decision, Evidence, TraderStatus};
use crs::wire::{DecisionLines, Heard, Telemetry};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest wait for anything, on any machine.
pub const SOON: Duration = Duration::from_mins(1);
/// What must be found nowhere.
pub const TOKEN: &str = "canary-0123456789.token";

/// How the services behave.
#[derive(Clone, Debug)]
pub struct Mood {
    /// Newest bars that are not told yet.
    pub withheld: usize,
    pub bars_status: u16,
    /// Sell, hold, buy.
    pub shares: [f64; 3],
    pub hub_status: u16,
    pub hub_delay: Duration,
    /// Bars of this one take longer than any test.
    pub slow: Option<&'static str>,
}

impl Default for Mood {
    fn default() -> Self {
        let (shares, hub_delay) = ([0.05, 0.05, 0.9], Duration::ZERO);
        Self { withheld: 5, bars_status: 200, shares, hub_status: 200, hub_delay, slow: None }
    }
}

/// The data service and the model server, on one port.
pub struct Services {
    pub port: u16,
    mood: Arc<Mutex<Mood>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

type Shared = State<Arc<Mutex<Mood>>>;

impl Services {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mood = Arc::<Mutex<Mood>>::default();
        let router = axum::Router::new()
            .route("/api/intraday/{symbol}", get(bars))
            .route("/invocations", post(predict))
            .with_state(Arc::clone(&mood));
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            crate::server::run(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    served = async { axum::serve(listener, router).await } => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { port, mood, stop: Some(stop), thread: Some(thread) }
    }

    pub fn set(&self, change: impl FnOnce(&mut Mood)) {
        change(&mut self.mood.lock().unwrap());
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn bars(State(mood): Shared, Path(symbol): Path<String>) -> Response {
    let symbol = symbol.strip_suffix(".FOREX").unwrap_or_else(|| panic!("{symbol}"));
    let Mood { withheld, bars_status, slow, .. } = mood.lock().unwrap().clone();
    if slow == Some(symbol) {
        tokio::time::sleep(SOON).await;
    }
    if bars_status != 200 {
        return (StatusCode::from_u16(bars_status).unwrap(), "in trouble").into_response();
    }
    let all = series::recent(300);
    Json(series::entries(&all[..all.len() - withheld])).into_response()
}

async fn predict(State(mood): Shared, Json(asked): Json<Value>) -> Response {
    let row = &asked["dataframe_split"]["data"][0];
    assert_eq!(row[1].as_array().unwrap().len(), 60, "{asked}");
    let Mood { shares, hub_status, hub_delay, .. } = mood.lock().unwrap().clone();
    tokio::time::sleep(hub_delay).await;
    let status = StatusCode::from_u16(hub_status).unwrap();
    (status, Json(json!({ "predictions": [shares] }))).into_response()
}

/// What was heard on the telemetry port.
#[derive(Default)]
pub struct Heard5559 {
    pub decisions: Vec<Decision>,
    pub status: Option<TraderStatus>,
    pub evidence: Option<Evidence>,
    pub raw: Vec<u8>,
}

/// One sentinel with its home.
pub struct Stage {
    pub home: Sandbox,
    pub services: Services,
    pub heard: Arc<Mutex<Heard5559>>,
    pub metrics: u16,
    pub ready: Value,
    child: Child,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    listening: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

/// Where orders go, and how.
pub struct Plan<'a> {
    pub gateway_port: u16,
    pub args: &'a [&'a str],
    pub log: &'a str,
    pub before: fn(&Sandbox),
}

impl Stage {
    /// A sentinel with a cycle each second and EURUSD.
    pub fn start(plan: &Plan<'_>) -> Self {
        Self::again(Sandbox::new(), Services::start(), plan)
    }

    /// In a home that another one has left.
    pub fn again(home: Sandbox, services: Services, plan: &Plan<'_>) -> Self {
        configure(&home, services.port, plan.gateway_port);
        (plan.before)(&home);
        let (metrics, events) = (free_port(), free_port());
        let heard = Arc::<Mutex<Heard5559>>::default();
        let listening = Arc::new(AtomicBool::new(true));
        let listener = listen(events, Arc::clone(&heard), Arc::clone(&listening));
        let ports = [metrics.to_string(), events.to_string()];
        let log = log_path(&home).display().to_string();
        let args = ["sentinel", "--every", "1s", "--json", "--decision-log", &log];
        let more = ["--metrics-port", &ports[0], "--events-port", &ports[1]];
        let mut command = home.crs(&[&args[..], &more[..], plan.args].concat());
        command.env("EODHD_API_TOKEN", TOKEN);
        command.env("CRS_LOG", plan.log);
        let mut child = command.spawn().unwrap();
        let stderr = drain(child.stderr.take().unwrap());
        let (stdout, ready) = first_document(child.stdout.take().unwrap());
        let ready = ready.unwrap_or_else(|| {
            panic!("no document: {}", String::from_utf8_lossy(&stderr.lock().unwrap()))
        });
        Self {
            home,
            services,
            heard,
            metrics,
            ready,
            child,
            stdout,
            stderr,
            listening,
            listener: Some(listener),
        }
    }

    /// The process that trades; its keeper is another.
    pub fn pid(&self) -> u32 {
        u32::try_from(self.ready["pid"].as_u64().unwrap()).unwrap()
    }

    pub fn keeper(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the log has a decision that fits, and gives back all.
    pub fn wait_for(&self, what: &str, fits: impl Fn(&Decision) -> bool) -> Vec<Decision> {
        let found = until(SOON, || {
            let all = self.log();
            all.iter().any(&fits).then_some(all)
        });
        found.unwrap_or_else(|| panic!("no {what}: {:#?}\n{}", self.log(), self.said()))
    }

    /// Waits for one that comes after now.
    pub fn next(&self, what: &str, fits: impl Fn(&Decision) -> bool) -> Decision {
        let before = self.log().len();
        let found = until(SOON, || self.log().into_iter().skip(before).find(&fits));
        found.unwrap_or_else(|| panic!("no {what}: {:#?}\n{}", self.log(), self.said()))
    }

    /// The decision log, by the console's own reader.
    pub fn log(&self) -> Vec<Decision> {
        read_log(&self.home)
    }

    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        get_from(self.metrics, path).unwrap_or_else(|| panic!("no {path}: {}", self.said()))
    }

    pub fn health(&self) -> (u16, Value) {
        let (status, body) = self.get("/health");
        (status, serde_json::from_str(&body).unwrap())
    }

    /// A counter, 0 where it is not there.
    pub fn counter(&self, name: &str) -> u64 {
        let (_, page) = self.get("/metrics");
        let row = page.lines().find_map(|line| line.strip_prefix(&format!("sentinel_{name} ")));
        row.map_or(0, |value| value.parse().unwrap())
    }

    /// Counts of `decisions_total` by action.
    pub fn counted(&self) -> BTreeMap<String, usize> {
        let (_, page) = self.get("/metrics");
        let rows = page.lines().filter_map(|line| {
            let rest = line.strip_prefix("sentinel_decisions_total{action=\"")?;
            let (action, count) = rest.split_once("\"} ")?;
            Some((action.to_owned(), count.parse().unwrap()))
        });
        rows.collect()
    }

    /// Its exit status after SIGTERM, and how long that took.
    pub fn stop(&mut self) -> (Option<i32>, Duration) {
        let began = std::time::Instant::now();
        signal(self.keeper(), Signal::TERM);
        let status = until(SOON, || self.child.try_wait().unwrap());
        (status.and_then(|s| s.code()), began.elapsed())
    }

    /// Everything that left the process in any way.
    pub fn leavings(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = vec![
            ("stdout".to_owned(), self.stdout.lock().unwrap().clone()),
            ("stderr".to_owned(), self.stderr.lock().unwrap().clone()),
            ("telemetry".to_owned(), self.heard.lock().unwrap().raw.clone()),
        ];
        let mut dirs = vec![self.home.path().to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else if path.is_file() {
                    all.push((path.display().to_string(), fs::read(&path).unwrap()));
                }
            }
        }
        all
    }

    /// Home and services for a next one.
    pub fn leave(mut self) -> (Sandbox, Services) {
        self.stop();
        self.listening.store(false, Ordering::SeqCst);
        let _ = self.listener.take().map(JoinHandle::join);
        let home = std::mem::replace(&mut self.home, Sandbox::new());
        let services = std::mem::replace(&mut self.services, Services::start());
        (home, services)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.listening.store(false, Ordering::SeqCst);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configure(home: &Sandbox, services: u16, gateway: u16) {
    let dir = home.path().join("home/.config/crs");
    fs::create_dir_all(&dir).unwrap();
    let text = format!(
        "[[gateway]]\nname = \"paper\"\nhost = \"127.0.0.1\"\ncmd_port = {gateway}\n\
         data_port = {}\n[eodhd]\nbase_url = \"http://127.0.0.1:{services}\"\nmax_age_h = 0\n\
         [hub]\nport = {services}\ntimeout_ms = 400\n[audit]\nsyslog = \"off\"\n",
        free_port()
    );
    fs::write(dir.join("config.toml"), text).unwrap();
}

fn log_path(home: &Sandbox) -> PathBuf {
    home.path().join("decisions.jsonl")
}

pub fn state_file(home: &Sandbox) -> PathBuf {
    home.path().join("home/.local/state/crs/sentinel/memory.sqlite")
}

fn read_log(home: &Sandbox) -> Vec<Decision> {
    let text = fs::read_to_string(log_path(home)).unwrap_or_default();
    let mut lines = DecisionLines::default();
    // The last line may still be on its way.
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let read = whole.map(|line| match lines.line(line.trim_end().as_bytes()) {
        Heard::Decision(decision) => *decision,
        other => panic!("{other:?}: {line}"),
    });
    read.collect()
}

/// One request; none when there is no answer.
pub fn get_from(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).ok()?;
    stream.set_read_timeout(Some(SOON)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

fn drain(mut from: impl Read + Send + 'static) -> Arc<Mutex<Vec<u8>>> {
    let bytes = Arc::<Mutex<Vec<u8>>>::default();
    let into = Arc::clone(&bytes);
    thread::spawn(move || {
        let mut chunk = [0_u8; 4_096];
        while let Ok(n @ 1..) = from.read(&mut chunk) {
            into.lock().unwrap().extend_from_slice(&chunk[..n]);
        }
    });
    bytes
}

/// Reads the document that it begins with, then goes on reading.
fn first_document(from: impl Read + Send + 'static) -> (Arc<Mutex<Vec<u8>>>, Option<Value>) {
    let mut reader = BufReader::new(from);
    let mut text = String::new();
    let mut document = None;
    while document.is_none() && reader.read_line(&mut text).is_ok_and(|n| n > 0) {
        document = serde_json::from_str(&text).ok();
    }
    let bytes = drain(reader);
    bytes.lock().unwrap().extend_from_slice(text.as_bytes());
    (bytes, document)
}

fn listen(port: u16, heard: Arc<Mutex<Heard5559>>, on: Arc<AtomicBool>) -> JoinHandle<()> {
    let context = zmq::Context::new();
    let socket = context.socket(zmq::SUB).unwrap();
    socket.set_subscribe(b"").unwrap();
    socket.set_linger(0).unwrap();
    socket.set_reconnect_ivl(20).unwrap();
    socket.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    thread::spawn(move || {
        while on.load(Ordering::SeqCst) {
            if socket.poll(zmq::POLLIN, 50).unwrap() == 0 {
                continue;
            }
            let frames = socket.recv_multipart(0).unwrap();
            let mut heard = heard.lock().unwrap();
            heard.raw.extend(frames.concat());
            match Telemetry::decode(&frames[0], &frames[1]).unwrap() {
                Telemetry::Decision(told) => heard.decisions.push((*told).into()),
                Telemetry::Trader(told) => heard.status = Some(told.status),
                Telemetry::LatchEvidence(told) => heard.evidence = Some(told.into()),
                other => panic!("{other:?}"),
            }
        }
    })
}
