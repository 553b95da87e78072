//! What a tick costs the feed thread, beside a loop that only receives; a
//! report, no judgement.
//!
//! `cargo bench --bench feed` publishes ticks in shape T7 on loopback for 3 s
//! at each of several rates (`CRS_SECONDS`, `CRS_TICK_RATE` change that), once
//! for a bare loop of `zmq_poll` and `zmq_msg_recv`, and once for the feed:
//! decoded, stamped, batched, handed over. CPU time is that of the receiving
//! thread alone; libzmq's own I/O thread costs the same in both.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench reports to whoever runs it"
)]

mod publisher;

use crs::domain::{GatewayAddr, Text};
use crs::event::{Event, FeedReport, channel_pair};
use crs::feeds::ticks::{self, Limits};
use publisher::Publisher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let number = |key: &str| std::env::var(key).ok().and_then(|v| v.parse().ok());
    let seconds = number("CRS_SECONDS").unwrap_or(3);
    let rates = number("CRS_TICK_RATE").map_or(vec![1_000, 10_000, 100_000], |rate| vec![rate]);
    println!("{:>10}{:>14}{:>14}{:>12}{:>12}", "ticks/s", "who", "heard", "ns/tick", "% of core");
    for rate in rates {
        let publisher = Publisher::start(rate);
        row(rate, "bare loop", &bare(&publisher, seconds));
        row(rate, "feed", &feed(&publisher, seconds));
    }
}

/// What one run came to.
struct Run {
    heard: u64,
    cpu_ns: u64,
    wall_ns: u64,
    note: String,
}

fn row(rate: u64, who: &str, run: &Run) {
    let per_tick = run.cpu_ns / run.heard.max(1);
    let share = run.cpu_ns * 1_000 / run.wall_ns.max(1);
    let share = format!("{}.{}", share / 10, share % 10);
    println!("{rate:>10}{who:>14}{:>14}{per_tick:>12}{share:>12}  {}", run.heard, run.note);
}

/// Measures `count`'s growth and the CPU time of the thread called `name`.
fn measure(name: &str, seconds: u64, mut count: impl FnMut() -> u64) -> Run {
    let until = Instant::now() + Duration::from_secs(10);
    while count() == 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
    let (from, cpu, start) = (count(), cpu_ns(name), Instant::now());
    // Counting is what keeps the lane to the sequencer empty.
    while start.elapsed() < Duration::from_secs(seconds) {
        count();
        std::thread::sleep(Duration::from_millis(2));
    }
    Run {
        cpu_ns: cpu_ns(name) - cpu,
        heard: count() - from,
        wall_ns: u64::try_from(start.elapsed().as_nanos()).unwrap(),
        note: String::new(),
    }
}

/// Nanoseconds on a CPU of this process's thread called `name`.
fn cpu_ns(name: &str) -> u64 {
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|task| task.unwrap().path())
        .find(|task| read(task.join("comm")).trim() == name)
        .and_then(|task| read(task.join("schedstat")).split(' ').next()?.parse().ok())
        .unwrap_or(0)
}

fn bare(publisher: &Publisher, seconds: u64) -> Run {
    let (heard, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let (count, ends, at) = (Arc::clone(&heard), Arc::clone(&stop), publisher.at.zmq());
    let thread = std::thread::Builder::new().name(String::from("bare"));
    let thread = thread.spawn(move || {
        let socket = zmq::Context::new().socket(zmq::SUB).unwrap();
        socket.set_rcvhwm(100_000).unwrap();
        socket.set_subscribe(b"").unwrap();
        socket.connect(&at).unwrap();
        let mut message = zmq::Message::new();
        while !ends.load(Ordering::Relaxed) {
            socket.poll(zmq::POLLIN, 100).unwrap();
            while socket.recv(&mut message, zmq::DONTWAIT).is_ok() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let run = measure("bare", seconds, || heard.load(Ordering::Relaxed));
    stop.store(true, Ordering::Relaxed);
    thread.unwrap().join().unwrap();
    run
}

fn feed(publisher: &Publisher, seconds: u64) -> Run {
    let (sender, receiver) = channel_pair();
    let gateway = GatewayAddr {
        name: Text::new("bench"),
        cmd: publisher.at.clone(),
        data: publisher.at.clone(),
    };
    let limits = Limits { max_message: 1_048_576, silence: Duration::ZERO };
    let handle = ticks::start(&zmq::Context::new(), 0, &gateway, limits, sender).unwrap();
    let (mut heard, mut batches) = (0, 0_u64);
    let mut run = measure("ticks-0", seconds, || {
        for batch in receiver.data.try_iter() {
            heard += u64::try_from(batch.ticks.len()).unwrap();
            batches += 1;
        }
        heard
    });
    assert!(handle.stop());
    let mut report = FeedReport::default();
    for event in receiver.urgent.try_iter() {
        if let Event::Feed(last) = event {
            report = *last;
        }
    }
    let FeedReport { dropped, missed, .. } = report;
    run.note = format!("{batches} batches, {dropped} dropped, {missed} missed");
    run
}
