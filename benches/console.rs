//! How soon the console opens, and how soon it answers a key; a report, no
//! judgement.
//!
//! `cargo bench --bench console` opens the real binary in a real terminal
//! (120×40) 40 times, from the call that spawns it to the first characters on
//! the screen, and presses the kill chord and Escape 100 times at each of
//! several rates of ticks, from the byte written to the guard seen on the
//! screen, and gone again. Before that it says what an evening with 400 ticks
//! a second costs. `CRS_KEYS`, `CRS_TICK_RATE` and `CRS_SECONDS` change that. The
//! terminal's far end, which reads and interprets every byte, runs on the same
//! cores and is counted in.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    dead_code,
    reason = "a bench reports to whoever runs it, and takes what it needs of the tests' common part"
)]

#[path = "../tests/common/mod.rs"]
mod common;
mod publisher;

use common::console::{Console, SOON};
use common::sandbox::{Sandbox, free_port};
use publisher::Publisher;
use std::time::{Duration, Instant};

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let number = |key: &str| std::env::var(key).ok().and_then(|v| v.parse::<u64>().ok());
    let keys = number("CRS_KEYS").unwrap_or(100);
    println!("{:<34}{:>10}{:>10}{:>10}  (ms)", "what", "p50", "p99", "max");
    row("spawned to the first frame", (0..40).map(|_| opening()).collect());
    costing(number("CRS_SECONDS").unwrap_or(20));
    let rates = number("CRS_TICK_RATE").map_or(vec![100, 100_000, 500_000], |rate| vec![rate]);
    for rate in rates {
        answering(rate, keys);
    }
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| {
        let n = (times.len() * percent / 100).min(times.len() - 1);
        let us = times.get(n).unwrap().as_micros();
        format!("{}.{:02}", us / 1_000, us % 1_000 / 10)
    };
    println!("{what:<34}{:>10}{:>10}{:>10}", at(50), at(99), at(100));
}

/// A console that is pointed at `data` for ticks, and at nobody for commands.
fn open(home: &Sandbox, data: u16) -> Console {
    let (cmd, data) = (free_port().to_string(), data.to_string());
    Console::crs(home, &["--cmd-port", &cmd, "--data-port", &data, "console"], 120, 40)
}

fn opening() -> Duration {
    let home = Sandbox::new();
    let began = Instant::now();
    let console = open(&home, free_port());
    let took = since(began, || !console.text().trim().is_empty());
    drop(console);
    took
}

/// What an evening costs: processor and memory of console and agent, with 20
/// symbols at 20 ticks a second each.
fn costing(seconds: u64) {
    let publisher = Publisher::of(400, publisher::busy);
    let home = Sandbox::new();
    let console = open(&home, publisher.at.port());
    console.see("PAIR00");
    std::thread::sleep(Duration::from_secs(3));
    let agent = home.processes().into_iter().find(|pid| *pid != console.pid()).unwrap();
    for (who, pid) in [("console", console.pid()), ("agent", agent)] {
        let before = ticks_of_cpu(pid);
        std::thread::sleep(Duration::from_secs(seconds));
        // A hundred clock ticks make a second on Linux: a tick each is 1 %.
        let percent_tenths = (ticks_of_cpu(pid) - before) * 10 / seconds;
        println!(
            "{who}, 400 ticks/s, {seconds} s: {}.{} % of a core, {} KiB resident",
            percent_tenths / 10,
            percent_tenths % 10,
            resident_kib(pid)
        );
    }
}

/// User and system time of a process, in clock ticks.
fn ticks_of_cpu(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit(')').next().unwrap();
    fields.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum()
}

fn answering(rate: u64, keys: u64) {
    let publisher = Publisher::start(rate);
    let home = Sandbox::new();
    let mut console = open(&home, publisher.at.port());
    console.see("EURUSD");
    std::thread::sleep(Duration::from_secs(2));
    let before = resident_kib(console.pid());
    let (mut opens, mut closes) = (Vec::new(), Vec::new());
    for n in 0..keys {
        // Not in step with the frames.
        std::thread::sleep(Duration::from_millis(53 + n * 7_919 % 61));
        opens.push(press(&mut console, "\x0b", true));
        std::thread::sleep(Duration::from_millis(37 + n * 7_907 % 41));
        closes.push(press(&mut console, "n", false));
    }
    row(&format!("chord to guard, {rate} ticks/s"), opens);
    row(&format!("stand-down to none, {rate} ticks/s"), closes);
    println!("resident: {before} KiB, then {} KiB", resident_kib(console.pid()));
}

fn press(console: &mut Console, key: &str, opens: bool) -> Duration {
    let began = Instant::now();
    console.keys(key);
    since(began, || console.text().contains("stop trading, close everything") == opens)
}

fn since(began: Instant, done: impl Fn() -> bool) -> Duration {
    while !done() {
        assert!(began.elapsed() < SOON, "nothing within {SOON:?}");
        std::thread::sleep(Duration::from_micros(200));
    }
    began.elapsed()
}

/// Memory of a process that is in RAM.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
