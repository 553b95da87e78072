//! A stream of orders from several processes, and kills in the middle of it.
//!
//! Each order goes the one way there is, `Deal::order`. Counted are orders
//! that libzmq was given after the gate of their process was closed, and what
//! our gateway accepted after it had read KILL_SWITCH. In every fourth kill
//! one of the processes is stopped before it, and goes on long after.

mod client;

use crate::common::sandbox::{Sandbox, Signal, binary, signal};
use crate::common::wait::until;
use crate::{lanes, number};
use client::Client;
use crs::audit::LedgerReader;
use crs::breaker::{Gate, LatchHome, strangers};
use crs::cli::wiring;
use crs::control::kill::protocol::ResetRequest;
use crs::control::kill::{AgentSpec, Hand, HandConfig, KillRules};
use crs::domain::{GatewayAddr, GatewayPhase, Intent, KillProgress, Text};
use crs::event::{Event, Receiver, channel_pair};
use crs::gateway::{Gateway, GatewayOptions, RunningGateway, SimOptions};
use crs::host::{Identity, clock};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);
/// Longer than a proof lasts.
const STOPPED: Duration = Duration::from_millis(700);

/// What came of all kills.
#[derive(Debug, Default)]
struct Tally {
    stopped: u64,
    own: usize,
    others: usize,
    own_after: usize,
    others_after: usize,
    woken_after: usize,
    /// From the latch to the closed gate of another process, µs.
    seen: Vec<u64>,
}

struct Stage {
    home: Sandbox,
    paper: RunningGateway,
    paper_dir: PathBuf,
    gate: Arc<Gate>,
    hand: Hand,
    receiver: Receiver,
    agent: u32,
    clients: Vec<Client>,
    own: Arc<Mutex<Vec<u64>>>,
}

impl Stage {
    fn set(clients: u64) -> Self {
        let home = Sandbox::new();
        let dir = home.path().join("home/.config/crs");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("config.toml"), "[audit]\nsyslog = \"off\"\n").unwrap();
        let paper_dir = home.path().join("paper");
        let options = GatewayOptions::embedded(SimOptions::default(), paper_dir.clone());
        let paper = Gateway::start(&options).unwrap();
        let at = paper.addresses();
        let name = Text::new("paper");
        let addr = GatewayAddr { name, cmd: at.cmd.clone(), data: at.data.clone() };
        let settings = client::settings(home.path());
        let config = HandConfig {
            agent: AgentSpec {
                exe: binary(),
                home: LatchHome::new(&settings.state_dir, &settings.kill_switch_file),
                extra: Vec::new(),
                gateways: vec![addr],
                kill: KillRules {
                    proof_interval_ms: 20,
                    enforce_interval_ms: 1_000,
                    flatten_on_external: false,
                },
                publish: None,
                state_dir: settings.state_dir.clone(),
            },
            who: Identity::here(),
            role: "console",
            reason: Text::new("stream"),
            drill: false,
            warm: true,
        };
        let (sender, receiver) = channel_pair();
        let gate = Arc::new(Gate::default());
        let hand = Hand::start(config, Arc::clone(&gate), sender).unwrap();
        let agent = agent(&receiver);
        let clients = (0..clients).map(|_| Client::start(&home, &at.cmd)).collect();
        let own = Arc::default();
        Self { home, paper, paper_dir, gate, hand, receiver, agent, clients, own }
    }

    /// Everybody's gate is open and has let an order pass since then.
    fn flows(&self, since: u64) {
        let late = |all: &[u64]| all.last().is_some_and(|at| *at > since);
        let flowing = || {
            let own = late(&self.own.lock().unwrap());
            let others = self.clients.iter().all(|client| late(&client.said().handed));
            (own && others).then_some(())
        };
        let saw = || self.clients.iter().map(|client| client.said().saw).collect::<Vec<_>>();
        for _ in 0..20 {
            if until(Duration::from_secs(3), flowing).is_some() {
                return;
            }
            // Who had no CPU for half a second has lost its proof, and waits
            // for another arm.
            self.home.run(&["arm"], LIMIT);
        }
        panic!("no stream: {:#?} {}", saw(), self.gate.why());
    }

    fn kill(&self, n: u64, tally: &mut Tally) {
        std::thread::sleep(Duration::from_micros(1_000 + n * 7_919 % 20_000));
        let sleeper = (n % 4 == 3).then(|| &self.clients[0]);
        if let Some(client) = sleeper {
            signal(client.pid(), Signal::STOP);
            tally.stopped += 1;
        }
        let pressed = clock::now();
        let id = self.hand.decide(Intent::Kill, Text::new("stream"), pressed);
        let times = verified(&self.receiver, id).times;
        let mut woken = pressed.mono_ns;
        if let Some(client) = sleeper {
            std::thread::sleep(STOPPED);
            woken = clock::mono_ns();
            signal(client.pid(), Signal::CONT);
        }
        let closed =
            |client: &Client| client.said().closed.into_iter().find(|at| *at > pressed.mono_ns);
        let saw = || self.clients.iter().map(closed).collect::<Option<Vec<u64>>>();
        let saw = until(LIMIT, saw).expect("another process never saw the latch");
        // They go on trying for a while, and everybody reads whose latch it is:
        // one that is reset before that is nobody's to them.
        std::thread::sleep(Duration::from_millis(250));
        // On a starved machine the latch may have looked like a stranger's for a
        // moment, before its record: named as `crs reset` names what it shows.
        let settings = client::settings(self.home.path());
        let home = LatchHome::new(&settings.state_dir, &settings.kill_switch_file);
        let mut log = LedgerReader::new(&home.audit());
        let foreign = strangers(&home, &[], log.refresh().unwrap(), |one| one == id);
        let request = ResetRequest {
            engage_id: Some(id),
            known: vec![id],
            known_foreign: foreign.all.into_iter().map(|stranger| stranger.at).collect(),
            reason: Text::new("stream"),
            overrides: false,
            operator: Text::new("stream"),
            until: None,
        };
        self.hand.reset(request, LIMIT).unwrap();
        crs::gateway::reset(&self.paper_dir, "stream").unwrap();
        let arming = clock::mono_ns();
        assert_eq!(self.home.run(&["arm"], LIMIT).code, Some(0));
        self.flows(arming);

        let within =
            |all: &[u64], from: u64| all.iter().filter(|at| **at > from && **at < arming).count();
        let at = |us: u64| pressed.mono_ns + us * 1_000;
        // Told in whole microseconds, rounded down.
        let own_closed = at(times.gate.unwrap() + 1);
        tally.own_after += within(&self.own.lock().unwrap(), own_closed);
        for (client, saw) in self.clients.iter().zip(saw) {
            let handed = client.said().handed;
            tally.others_after += within(&handed, saw);
            if sleeper.is_some_and(|sleeper| sleeper.pid() == client.pid()) {
                tally.woken_after += within(&handed, woken);
            } else {
                tally.seen.push(saw.saturating_sub(at(times.visible.unwrap())) / 1_000);
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        signal(self.agent, Signal::TERM);
    }
}

fn agent(receiver: &Receiver) -> u32 {
    loop {
        if let Ok(Event::Agent(report)) = receiver.urgent.recv_timeout(LIMIT)
            && let Some(pid) = report.pid
        {
            return pid;
        }
    }
}

fn verified(receiver: &Receiver, id: crs::domain::EngageId) -> KillProgress {
    loop {
        match receiver.urgent.recv_timeout(LIMIT).expect("an event within a minute") {
            Event::Kill(p)
                if p.engage_id == id
                    && p.phase == GatewayPhase::Verified
                    && p.times.durable.is_some() =>
            {
                return *p;
            }
            _ => {}
        }
    }
}

#[test]
fn no_order_of_anybody_passes_a_closed_gate() {
    let (kills, clients) = (number("CRS_STREAM_KILLS", 4), number("CRS_STREAM_CLIENTS", 3));
    let stage = Stage::set(clients);
    let settings = client::settings(stage.home.path());
    let watcher = wiring::watch(&settings, "console", Arc::clone(&stage.gate), |_| {});
    let over = AtomicBool::new(false);
    let (mut tally, mut kills_read) = (Tally::default(), 0);
    std::thread::scope(|scope| {
        let (to, own) = (stage.paper.addresses().cmd.clone(), Arc::clone(&stage.own));
        let (gate, settings, over) = (&stage.gate, &settings, &over);
        scope.spawn(move || {
            let handed = |at| own.lock().unwrap().push(at);
            client::orders(settings, gate, &to, handed, || over.load(Ordering::Relaxed));
        });
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            stage.flows(0);
            (0..kills).for_each(|n| stage.kill(n, &mut tally));
        }));
        over.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|e| std::panic::resume_unwind(e));
        kills_read = stage.paper.kill_reads().len();
    });
    watcher.stop();
    tally.own = stage.own.lock().unwrap().len();
    tally.others = stage.clients.iter().map(|client| client.said().handed.len()).sum();
    let counts = stage.paper.counts();
    let text = report(kills, clients, &mut tally, counts.orders_accepted, counts.orders_after_kill);
    eprintln!("{text}");
    lanes::keep("stream.md", &text);
    assert!(u64::try_from(kills_read).unwrap() >= kills, "{kills_read} KILL_SWITCH read");
    let after = [tally.own_after, tally.others_after, tally.woken_after];
    assert_eq!((after, counts.orders_after_kill), ([0; 3], 0), "{text}");
}

fn report(kills: u64, clients: u64, tally: &mut Tally, accepted: u64, leaks: u64) -> String {
    tally.seen.sort_unstable();
    let at = |percent: usize| {
        let us = tally.seen.get((tally.seen.len().saturating_sub(1)) * percent / 100);
        us.map_or_else(String::new, |us| format!("{}.{:03}", us / 1_000, us % 1_000))
    };
    format!(
        "{kills} kills by one process that orders too, under a stream of orders from it and from \
         {clients} other processes; {} times one of those was stopped before the kill and woken \
         {} ms after the proof:\n\n\
         | what | count |\n|---|--:|\n\
         | orders given to libzmq, by the killing process and by the others | {} and {} |\n\
         | accepted by the gateway | {accepted} |\n\
         | given to libzmq by the killing process after its gate was closed | {} |\n\
         | by another process after its own gate was closed | {} |\n\
         | by a stopped process after it was woken | {} |\n\
         | accepted by the gateway after it had read KILL_SWITCH | {leaks} |\n\n\
         From the visible latch to the closed gate of another process, busy with orders, \
         {} times: p50 {} ms, p99 {} ms, max {} ms.\n",
        tally.stopped,
        STOPPED.as_millis(),
        tally.own,
        tally.others,
        tally.own_after,
        tally.others_after,
        tally.woken_after,
        tally.seen.len(),
        at(50),
        at(99),
        at(100),
    )
}
