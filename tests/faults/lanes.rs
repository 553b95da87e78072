//! Seeds in parallel lanes, remembered, and the table of what came of them.

use crate::{rows, scene};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// What came of one seed.
#[derive(Clone, Debug)]
pub struct Run {
    pub seed: u64,
    pub row: String,
    /// From the start of the command to the end that the row asks for, ms.
    pub ms: u64,
    /// Why it counts as lost; none when it does not.
    pub fault: Option<String>,
    /// From the key to each step, µs, by name; null where none was proven.
    pub steps: Value,
}

/// Runs seeds `first..first + runs`, skipping those that are done.
pub fn run(first: u64, runs: u64, lanes: u64) -> Vec<Run> {
    let memory = (runs > 10 * rows::COUNT).then(|| remembered(first));
    let done = Mutex::new(memory.as_ref().map(read).unwrap_or_default());
    let seeds = first..first + runs;
    done.lock().unwrap().retain(|run| seeds.contains(&run.seed));
    let known: Vec<u64> = done.lock().unwrap().iter().map(|run| run.seed).collect();
    let next = AtomicU64::new(first);
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + runs {
                        return;
                    }
                    if !known.contains(&seed) {
                        let run = one(seed);
                        if let Some(path) = &memory {
                            write(path, &run);
                        }
                        done.lock().unwrap().push(run);
                    }
                }
            });
        }
    });
    done.into_inner().unwrap()
}

fn one(seed: u64) -> Run {
    let row = rows::of(seed);
    let began = Instant::now();
    // A check that fails panics, and the lane goes on with the next seed.
    scene::steps();
    let outcome = std::panic::catch_unwind(|| (row.run)(seed));
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap();
    let (ms, fault) = match outcome {
        Ok(ms) => (ms, None),
        Err(e) => (ms, Some(words(e))),
    };
    let steps = scene::steps().unwrap_or_default();
    Run { seed, row: row.name.to_owned(), ms, fault, steps }
}

/// What a panic said.
pub fn words(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(e) => e.downcast::<&str>().map_or_else(|_| "?".into(), |t| (*t).to_owned()),
    }
}

/// A row of the table for each kind of fault, in Markdown.
pub fn table(done: &[Run]) -> String {
    let mut rows: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in done {
        rows.entry(&run.row).or_default().push(run);
    }
    let mut text = String::from(
        "| fault | runs | passed | p50 ms | p99 ms | max ms |\n|---|--:|--:|--:|--:|--:|\n",
    );
    for (name, runs) in &rows {
        line(&mut text, name, runs);
    }
    line(&mut text, "all", &done.iter().collect::<Vec<_>>());
    let lost: Vec<String> =
        done.iter().filter(|r| r.fault.is_some()).map(|r| r.seed.to_string()).collect();
    let shown = |words: &str| {
        done.iter().filter(|run| run.fault.as_ref().is_some_and(|f| f.contains(words))).count()
    };
    let (safe, believed) = (shown("FALSE SAFE"), shown("a lie was believed"));
    let _ = writeln!(text, "\nKills lost: {} of {} {}", lost.len(), done.len(), lost.join(" "));
    let _ = writeln!(text, "\nFalse SAFE: {safe}. Lies believed: {believed}.");
    steps(&mut text, done);
    text
}

/// How long each step took of the kills that were proven, all faults together.
fn steps(text: &mut String, done: &[Run]) {
    text.push_str(
        "\nFrom the confirmed command to each step, of the kills that were proven; a gate's time is \
         known where its own process lived to tell:\n\n\
         | step | kills | p50 ms | p99 ms | max ms |\n|---|--:|--:|--:|--:|\n",
    );
    for (step, words) in [
        ("gate", "gate of this process closed"),
        ("visible", "latch visible"),
        ("durable", "latch durable"),
        ("sent", "KILL_SWITCH handed to libzmq"),
        ("acked", "acknowledged by the gateway"),
        ("verified", "flat proven"),
    ] {
        let mut times: Vec<u64> = done.iter().filter_map(|run| run.steps[step].as_u64()).collect();
        times.sort_unstable();
        let at = |percent: usize| {
            let us = times.get(times.len().saturating_sub(1) * percent / 100);
            us.map_or_else(String::new, |us| format!("{}.{:03}", us / 1_000, us % 1_000))
        };
        let (n, [p50, p99, max]) = (times.len(), [50, 99, 100].map(at));
        let _ = writeln!(text, "| {words} | {n} | {p50} | {p99} | {max} |");
    }
}

fn line(text: &mut String, name: &str, runs: &[&Run]) {
    let passed = runs.iter().filter(|run| run.fault.is_none()).count();
    let mut times: Vec<u64> = runs.iter().map(|run| run.ms).collect();
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len().saturating_sub(1) * percent / 100);
    let [p50, p99, max] = [50, 99, 100].map(|percent| at(percent).copied().unwrap_or_default());
    let _ = writeln!(text, "| {name} | {} | {passed} | {p50} | {p99} | {max} |", runs.len());
}

fn remembered(first: u64) -> PathBuf {
    // Of this very commit: what another one did is no figure of it.
    let tag = std::env::var("CRS_FAULT_TAG").unwrap_or_else(|_| "untagged".to_owned());
    let name = format!("faults-{}-{tag}-{first}.jsonl", env!("CARGO_PKG_VERSION"));
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn read(path: &PathBuf) -> Vec<Run> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    lines
        .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
        .map(|v| Run {
            seed: v["seed"].as_u64().unwrap(),
            row: v["row"].as_str().unwrap().to_owned(),
            ms: v["ms"].as_u64().unwrap(),
            fault: v["fault"].as_str().map(str::to_owned),
            steps: v["steps"].clone(),
        })
        .collect()
}

fn write(path: &PathBuf, run: &Run) {
    let line = json!({
        "seed": run.seed, "row": run.row, "ms": run.ms, "fault": run.fault, "steps": run.steps,
    });
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// Keeps a part of the page that `.ci/faults` puts together.
pub fn keep(name: &str, text: &str) {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(name), text).unwrap();
}
