//! Lines of several real children, through real pipes, to the disk: a report,
//! no judgement.
//!
//! `cargo bench --bench mission_lines` runs the reader as the daemon does
//! (files, levels, error rules, ring) while this program, started again as its
//! own children, writes lines of 100 bytes as fast as it can. The listener
//! stands for a client that takes nothing: it counts and drops. `CRS_CHILDREN`
//! (4), `CRS_LINES` (of each child, 1,000,000), `CRS_HITS` (every nth line
//! shows an error; 0: none). The same children are then run into a reader that
//! only counts line feeds, for comparison, and an error is written among the
//! flood now and then, to learn how long it takes to become an alert.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench reports to whoever runs it"
)]

use crs::mission::lines::{Output as From, Reads as _, Source};
use crs::mission::output::Output;
use crs::mission::rules::Alerts;
use crs::mission::spec::{Daemon, Mission};
use crs::mission::told::{Hears, Told};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Counts what it is told, and when an alert came.
#[derive(Default)]
struct Stuck {
    lines: AtomicU64,
    alerts: Mutex<Vec<(String, Instant)>>,
}

impl Hears for Stuck {
    fn hear(&self, told: Told) {
        match told {
            Told::Lines(lines) => {
                self.lines.fetch_add(lines.len() as u64, Ordering::Relaxed);
            }
            Told::Alert(alert) => {
                let process = alert.process.to_string();
                self.alerts.lock().unwrap().push((process, Instant::now()));
            }
            _ => {}
        }
    }
}

fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    if let Ok(lines) = std::env::var("CRS_WRITE") {
        return write(lines.parse().unwrap());
    }
    let number = |key: &str, or: u64| {
        std::env::var(key).ok().and_then(|text| text.parse().ok()).unwrap_or(or)
    };
    let (children, lines) = (number("CRS_CHILDREN", 4), number("CRS_LINES", 1_000_000));
    let dir = tempfile::tempdir().unwrap();
    flood(dir.path(), children, lines);
    counted(children, lines);
    alerts(dir.path(), children, lines);
}

/// Writes lines of 100 bytes, as a program writes them: some at a time.
fn write(lines: u64) {
    let hits: u64 = std::env::var("CRS_HITS").ok().and_then(|t| t.parse().ok()).unwrap_or(0);
    let mut out = std::io::stdout().lock();
    let mut block = String::new();
    for n in 0..lines {
        let text =
            if hits > 0 && n % hits == 0 { "connection refused" } else { "price of EURUSD ok" };
        let begin = block.len();
        let _ =
            write!(block, "2026-01-14 13:56:58,{:03} INFO engine.feed {n:010} {text} ", n % 1_000);
        let pad = 99_usize.saturating_sub(block.len() - begin);
        block.extend(std::iter::repeat_n('x', pad));
        block.push('\n');
        if block.len() > 8_000 {
            out.write_all(block.as_bytes()).unwrap();
            block.clear();
        }
    }
    out.write_all(block.as_bytes()).unwrap();
}

fn child(lines: u64) -> (Child, OwnedFd) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let mut child =
        command.env("CRS_WRITE", lines.to_string()).stdout(Stdio::piped()).spawn().unwrap();
    let out = OwnedFd::from(child.stdout.take().unwrap());
    (child, out)
}

fn begin(dir: &std::path::Path, hears: &Arc<Stuck>) -> (Arc<Output>, Arc<Alerts>) {
    let daemon = Daemon { log_bytes: 64 * 1_024 * 1_024, log_files: 100, ..Daemon::default() };
    let mission = Mission { daemon, ..Mission::default() };
    let audited = Arc::new(|_: &crs::mission::rules::Deed| {});
    let alerts = Alerts::start(&mission, Arc::clone(hears) as _, audited).unwrap();
    let output = Output::start(&mission, dir, Arc::clone(hears) as _, Some(Arc::clone(&alerts)));
    (output.unwrap(), alerts)
}

fn attach(output: &Output, name: &str, fd: OwnedFd) {
    let output_of = From::Pipe(fd);
    output.attach(Source { process: name.to_owned(), run: 1, stderr: false, output: output_of });
}

fn flood(dir: &std::path::Path, children: u64, lines: u64) {
    let hears = Arc::<Stuck>::default();
    let (output, _alerts) = begin(dir, &hears);
    let start = Instant::now();
    let mut all = Vec::new();
    for n in 0..children {
        let (child, fd) = child(lines);
        attach(&output, &format!("p{n}"), fd);
        all.push(child);
    }
    while output.total().lines < children * lines {
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = start.elapsed();
    for mut child in all {
        child.wait().unwrap();
    }
    output.stop();
    let total = output.total();
    let mut on_disk = 0_u64;
    for entry in std::fs::read_dir(output.logs()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let own = bytes.split(|b| *b == b'\n').filter(|line| line.get(28) == Some(&b'o'));
        on_disk += own.count() as u64;
    }
    report("crs", children * lines, took);
    println!(
        "  lines on disk {on_disk} of {}, told {}, left out {}, lost {}, rss {} KB",
        children * lines,
        hears.lines.load(Ordering::Relaxed),
        total.left_out,
        total.lost,
        rss()
    );
    assert_eq!(on_disk, children * lines);
}

/// The same children, and a reader that only counts.
fn counted(children: u64, lines: u64) {
    let start = Instant::now();
    let readers: Vec<_> = (0..children)
        .map(|_| {
            let (mut child, fd) = child(lines);
            std::thread::spawn(move || {
                let (mut pipe, mut count) = (std::fs::File::from(fd), 0_u64);
                let mut buffer = vec![0; 65_536];
                loop {
                    let n = pipe.read(&mut buffer).unwrap();
                    if n == 0 {
                        break;
                    }
                    count += memchr::memchr_iter(b'\n', &buffer[..n]).count() as u64;
                }
                child.wait().unwrap();
                count
            })
        })
        .collect();
    let count: u64 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
    report("count", count, start.elapsed());
}

/// From the write of a line to the alert, while the others flood.
fn alerts(dir: &std::path::Path, children: u64, lines: u64) {
    let hears = Arc::<Stuck>::default();
    let (output, _alerts) = begin(&dir.join("alerts"), &hears);
    let mut all = Vec::new();
    for n in 0..children {
        let (child, fd) = child(lines);
        attach(&output, &format!("p{n}"), fd);
        all.push(child);
    }
    let mut told_at = Vec::new();
    let mut under = 0;
    for n in 0..150 {
        let (read, mut write) = std::io::pipe().unwrap();
        let name = format!("e{n}");
        attach(&output, &name, OwnedFd::from(read));
        std::thread::sleep(Duration::from_millis(10));
        told_at.push((name, Instant::now()));
        write.write_all(b"OSError: [Errno 98] Address already in use\n").unwrap();
        under += u64::from(output.total().lines < children * lines);
    }
    for mut child in all {
        child.wait().unwrap();
    }
    output.stop();
    let told = hears.alerts.lock().unwrap().clone();
    let mut took: Vec<Duration> = told_at
        .iter()
        .map(|(name, at)| told.iter().find(|(process, _)| process == name).unwrap().1 - *at)
        .collect();
    took.sort();
    println!(
        "error detected, {} of them under the flood: p50 {:?}, p99 {:?}, worst {:?}",
        under,
        took[took.len() / 2],
        took[took.len() * 99 / 100],
        took[took.len() - 1]
    );
}

fn report(who: &str, lines: u64, took: Duration) {
    let rate = u128::from(lines) * 1_000 / took.as_millis().max(1);
    println!("{who:>8}: {lines} lines in {took:?}, {rate} lines/s");
}

fn rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
