//! What the engine makes of a flood: ticks a second through both gates, with no
//! log and with its file, and from a tick's arrival to its entry.
//!
//! `cargo bench --bench engine`; `CRS_TICKS=20000000` for so many. The gate is
//! that of a process with a watched latch. A report, no judgement.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench reports to whoever runs it"
)]

use crs::breaker::{Gate, LatchHome, WatchConfig, Watcher};
use crs::domain::{Price, Symbol};
use crs::engine::file::{FileLog, LogOptions};
use crs::engine::sinks::Sinks;
use crs::engine::step::Arrived;
use crs::engine::strategy::{MovingAverage, Threshold};
use crs::engine::{Engine, Latch, Quote, Strategy};
use crs::host::clock;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn main() {
    // `cargo test --benches` and `cargo bench --no-run` only want to know
    // that it builds.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let wanted = std::env::var("CRS_TICKS").ok().and_then(|v| v.parse().ok());
    let ticks: u64 = wanted.unwrap_or(3_000_000);
    let dir = tempfile::tempdir().unwrap();
    let home = LatchHome::new(&dir.path().join("state"), &dir.path().join("latch.lock"));
    home.prepare().unwrap();
    let gate = Arc::new(Gate::default());
    let latch = Latch::new(Arc::clone(&gate), &home.latch);
    let config = WatchConfig { home, extra: Vec::new(), role: "bench" };
    let watcher = Watcher::start(config, Arc::clone(&gate), latch.teller());
    while !gate.is_safe() {
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("{ticks} ticks; times from arrival to entry in µs, the documented limit is 10,000");
    println!(
        "{:<34}{:>12}{:>9}{:>9}{:>9}{:>10}{:>9}",
        "", "ticks/s", "p50", "p99", "p99.9", "max", "orders"
    );
    let threshold = || -> Box<dyn Strategy> { Box::new(Threshold::DOCUMENTED) };
    let average = || -> Box<dyn Strategy> { Box::new(MovingAverage::new(10, 30)) };
    flood("threshold, no log", ticks, &latch, threshold(), Sinks::default());
    flood("moving average, no log", ticks, &latch, average(), Sinks::default());
    let before = resident();
    flood("threshold, file", ticks, &latch, threshold(), file(dir.path(), "a.jsonl"));
    flood("moving average, file", ticks, &latch, average(), file(dir.path(), "b.jsonl"));
    let grown = resident().saturating_sub(before);
    println!("memory that both runs with a file added: {grown} KiB");
    watcher.stop();
}

fn file(dir: &Path, name: &str) -> Sinks {
    let options = LogOptions { path: dir.join(name), limit: 64_000_000, keep: 2 };
    Sinks::new(Some(FileLog::open(options).unwrap()), None, None)
}

/// The bid of a tick: to and fro around the thresholds.
fn quote(symbol: Symbol, n: u64) -> Quote {
    let wave = i64::try_from(n % 40).unwrap() - 20;
    let bid = Price::from_raw(108_497_500 + wave * 1_000);
    Quote { symbol, bid, ask: bid.plus(Price::from_raw(10_000)) }
}

fn flood(name: &str, ticks: u64, latch: &Latch, strategy: Box<dyn Strategy>, mut sinks: Sinks) {
    let mut engine = Engine::new(latch.clone(), strategy, Vec::new());
    let symbol = Symbol::new("EURUSD").unwrap();
    // The rate without a reading of times of our own, then the times.
    let (began, mut orders) = (Instant::now(), 0_u64);
    for n in 0..ticks {
        let at_ns = clock::mono_ns();
        let entry = engine.step(&Arrived { quote: quote(symbol, n), at_ns, late: false });
        sinks.put(&entry, at_ns + entry.lag_ns);
        orders += u64::from(entry.outcome.order().is_some());
    }
    let rate = ticks as f64 / began.elapsed().as_secs_f64();
    // Up to 65 µs by 8 ns, so that the measuring itself allocates nothing.
    let mut counts = vec![0_u64; 8_192];
    let mut max = 0;
    for n in 0..ticks {
        let at_ns = clock::mono_ns();
        let entry = engine.step(&Arrived { quote: quote(symbol, n), at_ns, late: false });
        sinks.put(&entry, at_ns + entry.lag_ns);
        let ns = clock::mono_ns() - at_ns;
        max = ns.max(max);
        let slot = usize::try_from(ns / 8).unwrap().min(counts.len() - 1);
        counts[slot] += 1;
    }
    sinks.end(clock::mono_ns());
    let at = |thousandth: u64| {
        let (mut left, mut slot) = (ticks * thousandth / 1_000, 0);
        while slot + 1 < counts.len() && left > counts[slot] {
            left -= counts[slot];
            slot += 1;
        }
        micros(u64::try_from(slot).unwrap() * 8 + 8)
    };
    let [p50, p99, p999] = [500, 990, 999].map(at);
    let max = micros(max);
    println!("{name:<34}{rate:>12.0}{p50:>9}{p99:>9}{p999:>9}{max:>10}{orders:>9}");
}

fn micros(ns: u64) -> String {
    format!("{}.{:02}", ns / 1_000, ns % 1_000 / 10)
}

/// KiB of this process in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
