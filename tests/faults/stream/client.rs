//! Whoever trades: a process of its own with its own watch of the latch, which
//! orders for as long as its gate is open, and says when it closed and when
//! libzmq was given an order.

use crate::common::sandbox::Sandbox;
use crs::breaker::Gate;
use crs::cli::deal::Deal;
use crs::cli::wiring;
use crs::config::{Settings, SyslogChoice};
use crs::domain::{Endpoint, LatchPhase, Lots, OrderTicket, Side, Symbol};
use crs::host::clock;
use crs::link::{Peer, peer};
use crs::wire::{Action, Request};
use std::collections::VecDeque;
use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);
const HOME: &str = "CRS_TEST_STREAM";
const TO: &str = "CRS_TEST_GATEWAY";

/// As `crs` itself has them in this home.
pub fn settings(home: &Path) -> Settings {
    let mut settings =
        Settings::defaults(home.join("home/.config/crs"), home.join("home/.local/state/crs"));
    settings.kill_switch_file = home.join("run/kill_switch.lock");
    settings.audit.syslog = SyslogChoice::Off;
    settings
}

fn request() -> Request {
    peer::request(Action::OpenOrder(OrderTicket::market(
        Symbol::new("EURUSD").unwrap(),
        Side::Buy,
        Lots::parse("0.01").unwrap(),
    )))
}

/// Orders until it is over, and tells when libzmq was given each.
pub fn orders(
    settings: &Settings,
    gate: &Gate,
    to: &Endpoint,
    mut handed: impl FnMut(u64),
    over: impl Fn() -> bool,
) {
    let zmq = zmq::Context::new();
    let mut peer = Peer::connect(&zmq, to, 65_536).unwrap();
    peer.heartbeat(LIMIT).unwrap();
    let mut deal = Deal::open(settings);
    while !over() {
        if !gate.is_safe() {
            std::thread::sleep(Duration::from_micros(200));
            continue;
        }
        let before = deal.handed_ns();
        deal.order(gate, &mut peer, &request(), "OPEN_ORDER", LIMIT);
        if let Some(at) = deal.handed_ns().filter(|at| before != Some(*at)) {
            handed(at);
        }
    }
}

#[test]
#[ignore = "the process that the other test trades with"]
fn client() {
    let (Ok(home), Ok(to)) = (env::var(HOME), env::var(TO)) else { return };
    let settings = settings(Path::new(&home));
    let gate = Arc::new(Gate::default());
    let _watcher = wiring::watch(&settings, "engine", Arc::clone(&gate), |verdict| {
        // The gate is as it is to be before anybody is told.
        let now = clock::mono_ns();
        let seen = &verdict.seen;
        println!("saw {:?} {} {} {}", seen.phase, seen.reason, verdict.missing, seen.tampered);
        if verdict.seen.phase.is_engaged() {
            println!("closed {now}");
        } else if verdict.seen.phase == LatchPhase::Safe {
            println!("open {now}");
        }
    });
    orders(&settings, &gate, &to.parse().unwrap(), |at| println!("handed {at}"), || false);
}

/// What one of them said, in its order; nanoseconds since boot.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub closed: Vec<u64>,
    pub open: Vec<u64>,
    pub handed: Vec<u64>,
    /// Its last verdicts, in words.
    pub saw: VecDeque<String>,
}

/// One of them, while it runs.
pub struct Client {
    child: Child,
    said: Arc<Mutex<Said>>,
}

impl Client {
    pub fn start(home: &Sandbox, to: &Endpoint) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["stream::client::client", "--exact", "--ignored", "--nocapture"]);
        command.env_clear().envs(home.env()).env(HOME, home.path()).env(TO, to.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = Arc::new(Mutex::new(Said::default()));
        let into = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let Some((word, at)) = line.split_once(' ') else { continue };
                let mut said = into.lock().unwrap();
                if word == "saw" {
                    said.saw.push_back(at.to_owned());
                    if said.saw.len() > 8 {
                        said.saw.pop_front();
                    }
                }
                let Ok(at) = at.parse() else { continue };
                match word {
                    "closed" => said.closed.push(at),
                    "open" => said.open.push(at),
                    "handed" => said.handed.push(at),
                    _ => {}
                }
            }
        });
        Self { child, said }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn said(&self) -> Said {
        self.said.lock().unwrap().clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        crate::common::sandbox::end(&mut self.child);
    }
}
