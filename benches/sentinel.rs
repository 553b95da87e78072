//! A sentinel's own work of a cycle, in CPU time.
//!
//! `own work`: from EODHD's bytes to bars, features, the question, the model's
//! answer, the decision, its log line and its message; no socket and no disk.
//! `whole cycles`: a dry run of one symbol with everything that a cycle does,
//! HTTP, log and synced state file among them, against a stand-in for EODHD and
//! HUB on loopback, whose own CPU time is taken off.

#![allow(clippy::print_stdout, reason = "a bench reports to whoever runs it")]

use criterion::{Criterion, criterion_group};
use crs::breaker::Gate;
use crs::config::Settings;
use crs::domain::{
    Calendar, Decision, DecisionSource, OrderTicket, Probabilities, Ratio, Secret, Side, Symbol,
    Text, Ticket, UtcMicros,
};
use crs::sentinel::bars::json;
use crs::sentinel::bars::mend::{Demand, mend};
use crs::sentinel::decide::decide;
use crs::sentinel::eodhd::EodhdOptions;
use crs::sentinel::features::{WINDOW, build};
use crs::sentinel::hub::{HubOptions, answer, question};
use crs::sentinel::{Desk, Look, Options, Pace, Placed, PlacedAs, Sentinel, pace};
use crs::wire::Telemetry;
use crs::wire::decisions::own;
use rustix::time::{ClockId, clock_gettime};
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Hours that EODHD answers with unless asked otherwise: some 90 days.
const HOURS: i64 = 2_160;
/// 2026-11-02 00:00 UTC, a Monday; the last bar has ended long since.
const MONDAY: i64 = 1_793_577_600;
/// What a model answers.
const ANSWER: &[u8] = br#"{"predictions":[[0.21,0.46,0.33]]}"#;
/// Cycles of a whole run.
const CYCLES: u64 = 60;

fn bars() -> String {
    let mut text = String::from("[");
    for n in 0..HOURS {
        let at = MONDAY - (HOURS - n) * 3_600;
        let close = 108_500 + n * 7_919 % 1_000;
        let (low, high, volume) = (close - 40, close + 40, n * 104_729 % 4_000 + 1);
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{comma}{{\"timestamp\":{at},\"gmtoffset\":0,\"datetime\":\"\",\"open\":{close}e-5,\
             \"high\":{high}e-5,\"low\":{low}e-5,\"close\":{close}e-5,\"volume\":{volume}}}"
        );
    }
    text.push(']');
    text
}

fn cpu(of: ClockId) -> Duration {
    let t = clock_gettime(of);
    let (seconds, nanos) = (u64::try_from(t.tv_sec), u32::try_from(t.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}

fn decided(shares: Probabilities, threshold: Ratio) -> Decision {
    Decision {
        source: DecisionSource::Sentinel,
        at: Some(UtcMicros(1_768_399_018_271_512)),
        symbol: Text::new("EURUSD"),
        side: decide(&shares, threshold),
        probabilities: Some(shares),
        threshold: Some(threshold),
        action: Text::new("NO_ORDER"),
        why: Text::new("neither sell 0.21 nor buy 0.33 is above 0.6"),
        number: Some(7),
        live: Some(false),
        ..Decision::default()
    }
}

/// All of it; how many bytes would leave.
fn work(body: &[u8], calendar: &Calendar) -> Fallible<usize> {
    let demand =
        Demand { need: WINDOW, market: &calendar.market, now: Some(MONDAY), most_missing: 0 };
    let mended = mend(json::read(body)?, &demand)?;
    let features = build(&mended.bars)?;
    let asked = question(&features)?;
    let decision = decided(answer::read(ANSWER)?, Ratio::from_raw(6_000));
    let line = own::line(&decision);
    let told = Telemetry::Decision(Box::new((&decision).into())).encode()?;
    Ok(asked.len() + line.len() + told.len())
}

fn own_work(c: &mut Criterion) {
    let (body, calendar) = (bars(), Calendar::default());
    let first = work(body.as_bytes(), &calendar);
    assert!(first.as_ref().is_ok_and(|bytes| *bytes > 10_000), "{first:?}");
    c.bench_function("own work of a cycle, 2,160 bars, sockets and disk excluded", |b| {
        b.iter_custom(|n| {
            let start = cpu(ClockId::ThreadCPUTime);
            for _ in 0..n {
                let _ = black_box(work(black_box(body.as_bytes()), &calendar));
            }
            cpu(ClockId::ThreadCPUTime).saturating_sub(start)
        });
    });
}

/// Answers both questions on one connection each, until the process ends.
fn serve(mut stream: TcpStream, body: &str, asked: &AtomicU64, spent: &AtomicU64) -> Fallible<()> {
    let began = cpu(ClockId::ThreadCPUTime);
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let (mut length, mut first) = (0, String::new());
        let mut line = String::new();
        while reader.read_line(&mut line)? > 2 {
            if first.is_empty() {
                first.clone_from(&line);
            }
            if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse()?;
            }
            line.clear();
        }
        if first.is_empty() {
            return Ok(());
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
        let answer = if first.starts_with("POST") { ANSWER } else { body.as_bytes() };
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
        stream.write_all(format!("{head} {}\r\n\r\n", answer.len()).as_bytes())?;
        stream.write_all(answer)?;
        let now = cpu(ClockId::ThreadCPUTime).saturating_sub(began);
        spent.store(u64::try_from(now.as_micros())?, Ordering::Release);
        asked.fetch_add(u64::from(first.starts_with("POST")), Ordering::Release);
    }
}

/// A dry run never asks it.
struct Nobody;

impl Desk for Nobody {
    fn open(
        &self,
        _: &OrderTicket,
        _: Duration,
        _: std::time::Instant,
        _: &mut dyn FnMut(&str) -> Result<(), Text>,
    ) -> Placed {
        Placed::without_ticket(PlacedAs::NotSent, "a dry run")
    }

    fn holds(&self, _: Symbol, _: Side, _: Duration) -> Result<Option<Ticket>, Text> {
        Ok(None)
    }
}

fn options(settings: &Settings, dir: &Path, port: u16) -> Fallible<Options> {
    let at = format!("http://127.0.0.1:{port}");
    Ok(Options {
        symbols: vec![Symbol::new("EURUSD")?],
        suffix: String::new(),
        threshold: settings.sentinel.threshold,
        lots: settings.sentinel.lots,
        live: false,
        pace: Pace::Every(pace::SHORTEST),
        dir: dir.join("state"),
        decision_log: Some(dir.join("decisions.jsonl")),
        web: None,
        events: None,
        eodhd: EodhdOptions {
            base_url: at,
            ..EodhdOptions::of(&settings.eodhd, Secret::new("bench"))
        },
        max_age_h: 0,
        calendar: settings.calendar.clone(),
        hub: HubOptions { port, ..HubOptions::of(&settings.hub) },
    })
}

/// Cycles from first to last, and the CPU time of the process for each, the
/// server's taken off.
fn whole() -> Fallible<()> {
    let dir = std::env::temp_dir().join(format!("crs-bench-sentinel-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let settings = Settings::defaults(dir.clone(), dir.join("state"));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let asked = Arc::new(AtomicU64::new(0));
    let spent: Arc<[AtomicU64]> = (0..8).map(|_| AtomicU64::new(0)).collect();
    let (count, times) = (Arc::clone(&asked), Arc::clone(&spent));
    std::thread::spawn(move || {
        let body = Arc::<str>::from(bars());
        for (place, stream) in listener.incoming().flatten().enumerate().take(times.len()) {
            let (body, count, times) = (Arc::clone(&body), Arc::clone(&count), Arc::clone(&times));
            std::thread::spawn(move || {
                let Some(spent) = times.get(place) else { return };
                let _ = serve(stream, &body, &count, spent);
            });
        }
    });
    let served = || Duration::from_micros(spent.iter().map(|t| t.load(Ordering::Acquire)).sum());
    let look = Look::new(Arc::new(Gate::default()));
    let sentinel = Sentinel::open(options(&settings, &dir, port)?, look, Arc::new(Nobody), false)?;
    let stop = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&stop);
    let run = std::thread::spawn(move || sentinel.run(&ends));
    let reached = |n: u64| {
        while asked.load(Ordering::Acquire) < n && !run.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        cpu(ClockId::ProcessCPUTime).saturating_sub(served())
    };
    let first = reached(5);
    let last = reached(5 + CYCLES);
    stop.store(true, Ordering::Release);
    let ended = run.join();
    assert!(matches!(ended, Ok(Ok(()))), "{ended:?}");
    let each = last.saturating_sub(first) / u32::try_from(CYCLES)?;
    println!(
        "whole cycles, loopback stand-ins taken off: {CYCLES} cycles, {:.2} ms of CPU each",
        each.as_secs_f64() * 1e3
    );
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

criterion_group!(benches, own_work);

fn main() -> Fallible<()> {
    benches();
    if std::env::args().any(|arg| arg == "--test") {
        return Ok(());
    }
    whole()
}
