//! From the confirming key to the gateway, measured; a report, no judgement.
//!
//! `cargo bench --bench kill` runs 200 kills idle and 200 with a tick storm
//! (`CRS_KILLS`, `CRS_TICK_RATE` change that). Each is a whole one: the hand
//! of a console with its agent process, an own latch, the paper gateway on
//! loopback, three proof reads, reset on both sides. Loopback is not a WAN,
//! and the paper gateway is not MT5.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench reports to whoever runs it"
)]

use crs::breaker::{Gate, LatchHome};
use crs::config::PaperSettings;
use crs::control::kill::protocol::ResetRequest;
use crs::control::kill::{AgentSpec, Hand, HandConfig, KillRules};
use crs::domain::{GatewayAddr, GatewayPhase, Intent, KillProgress, Symbol, Text};
use crs::event::{Event, Receiver, channel_pair};
use crs::gateway::{Gateway, GatewayOptions, RunningGateway, SimOptions, TickSource};
use crs::host::{Identity, clock};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

fn main() {
    // `cargo test --benches` and `cargo bench --no-run` only want to know
    // that it builds.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let number =
        |key: &str, or: u32| std::env::var(key).ok().and_then(|v| v.parse().ok()).unwrap_or(or);
    let kills = number("CRS_KILLS", 200);
    run("idle", kills, 1);
    let rate = number("CRS_TICK_RATE", 100_000);
    run(&format!("{rate} ticks/s"), kills, rate);
}

fn run(name: &str, kills: u32, rate_hz: u32) {
    let dir = tempfile::tempdir().unwrap();
    let gateway = start_gateway(dir.path(), rate_hz);
    let at = gateway.addresses();
    let addr = GatewayAddr { name: Text::new("bench"), cmd: at.cmd.clone(), data: at.data.clone() };
    let (stop, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let reader = listen(&addr, Arc::clone(&stop), Arc::clone(&heard));
    let (sender, receiver) = channel_pair();
    let gate = Arc::new(Gate::default());
    let hand = Hand::start(config(dir.path(), addr), gate, sender).unwrap();
    let pid = agent(&receiver);
    let mut steps: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let began = clock::mono_ns();
    for n in 0..kills {
        // Not in step with anything: a pause of 5 to 25 ms.
        std::thread::sleep(Duration::from_micros(5_000 + u64::from(n * 7_919 % 20_000)));
        one(&hand, &receiver, &gateway, dir.path(), &mut steps);
    }
    let seconds = (clock::mono_ns() - began) / 1_000_000_000;
    let rate = heard.load(Ordering::Relaxed) / seconds.max(1);
    println!("\n{name}: {kills} kills, {kills} verified, {rate} ticks/s read beside them");
    println!("{:<22}{:>10}{:>10}{:>10}  (ms since the key)", "step", "p50", "p99", "max");
    for step in ["gate", "visible", "handed", "read by the gateway", "acked", "durable"] {
        let mut v = steps.remove(step).unwrap_or_default();
        v.sort_unstable();
        let at = |p: usize| v.get((v.len() * p / 100).min(v.len() - 1)).copied().unwrap_or(0);
        let ms = |us: u64| format!("{}.{:03}", us / 1_000, us % 1_000);
        println!("{step:<22}{:>10}{:>10}{:>10}", ms(at(50)), ms(at(99)), ms(at(100)));
    }
    assert_eq!(gateway.orders_after_kill(), 0);
    stop.store(true, Ordering::Relaxed);
    reader.join().unwrap();
    drop(hand);
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
}

fn start_gateway(dir: &Path, rate_hz: u32) -> RunningGateway {
    let ticks = TickSource::Simulator(SimOptions {
        seed: 1,
        symbols: vec![Symbol::new("EURUSD").unwrap(), Symbol::new("USDJPY").unwrap()],
        rate_hz,
    });
    let mut options = GatewayOptions::new(&PaperSettings::default(), ticks, dir.join("gateway"));
    (options.cmd_port, options.data_port, options.events_port) = (0, 0, 0);
    Gateway::start(&options).unwrap()
}

fn config(dir: &Path, gateway: GatewayAddr) -> HandConfig {
    HandConfig {
        agent: AgentSpec {
            exe: env!("CARGO_BIN_EXE_crs").into(),
            home: LatchHome::new(&dir.join("state"), &dir.join("latch.lock")),
            extra: Vec::new(),
            gateways: vec![gateway],
            // The reads prove the same; only the waiting between is shorter.
            kill: KillRules {
                proof_interval_ms: 20,
                enforce_interval_ms: 1_000,
                flatten_on_external: false,
            },
            publish: None,
            state_dir: dir.join("state"),
        },
        who: Identity::here(),
        role: "console",
        reason: Text::new("bench"),
        drill: false,
        warm: true,
    }
}

/// The console's tick feed beside the kill.
fn listen(
    addr: &GatewayAddr,
    stop: Arc<AtomicBool>,
    heard: Arc<AtomicU64>,
) -> std::thread::JoinHandle<()> {
    let to = addr.data.zmq();
    std::thread::spawn(move || {
        let ctx = zmq::Context::new();
        let sub = ctx.socket(zmq::SUB).unwrap();
        sub.set_subscribe(b"").unwrap();
        sub.set_rcvtimeo(100).unwrap();
        sub.connect(&to).unwrap();
        while !stop.load(Ordering::Relaxed) {
            if sub.recv_msg(0).is_ok() {
                heard.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
}

fn agent(receiver: &Receiver) -> u32 {
    loop {
        if let Ok(Event::Agent(report)) = receiver.urgent.recv_timeout(Duration::from_secs(20))
            && let Some(pid) = report.pid
        {
            // Its warm line needs a moment more.
            std::thread::sleep(Duration::from_millis(500));
            return pid;
        }
    }
}

fn one(
    hand: &Hand,
    receiver: &Receiver,
    gateway: &RunningGateway,
    dir: &Path,
    steps: &mut BTreeMap<&str, Vec<u64>>,
) {
    let before = gateway.kill_reads().last().copied().unwrap_or(0);
    let pressed = clock::now();
    let id = hand.decide(Intent::Kill, Text::new("bench"), pressed);
    let done = verified(receiver, id);
    let read = gateway.kill_reads().into_iter().find(|at| *at > before).expect("a KILL_SWITCH");
    let times = done.times;
    for (step, us) in [
        ("gate", times.gate),
        ("visible", times.visible),
        ("handed", times.handed),
        ("read by the gateway", Some((read - pressed.mono_ns) / 1_000)),
        ("acked", times.acked),
        ("durable", times.durable),
    ] {
        steps.entry(step).or_default().push(us.expect(step));
    }
    let request = ResetRequest {
        engage_id: Some(id),
        known: vec![id],
        known_foreign: Vec::new(),
        reason: Text::new("bench"),
        overrides: false,
        operator: Text::new("bench"),
        until: None,
    };
    hand.reset(request, Duration::from_secs(10)).unwrap();
    crs::gateway::reset(&dir.join("gateway"), "bench").unwrap();
}

fn verified(receiver: &Receiver, id: crs::domain::EngageId) -> KillProgress {
    loop {
        match receiver.urgent.recv_timeout(Duration::from_secs(30)).expect("an event within 30 s") {
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
