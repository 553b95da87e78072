//! Runs the rows in lanes and makes a table of what came of them.

use super::sizes::{self, Size};
use super::{Came, Row, rows};
use crate::number;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

/// What came of all runs of a row.
#[derive(Default)]
struct Tally {
    runs: u64,
    cases: u64,
    passed: u64,
    late: u64,
    worst: Duration,
    sizes: BTreeSet<Size>,
    not_here: Option<String>,
    faults: Vec<String>,
}

/// The table, and what failed.
pub fn run() -> (String, Vec<String>) {
    let times = number("CRS_FAULT_TIMES", 1);
    let chosen = chosen();
    let rows: Vec<&Row> = rows()
        .into_iter()
        .filter(|r| chosen.as_ref().is_none_or(|c| c.contains(&r.number)))
        .collect();
    let tallies: Vec<Mutex<Tally>> = rows.iter().map(|_| Mutex::default()).collect();
    let (alone, beside): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(|n| rows[*n].alone);
    let tries = |of: &[usize]| -> Vec<(usize, u64)> {
        (0..times).flat_map(|time| of.iter().map(move |n| (*n, time))).collect()
    };
    for (tries, lanes) in [(tries(&beside), number("CRS_FAULT_LANES", 2)), (tries(&alone), 1)] {
        let waiting = Mutex::new(tries.into_iter());
        std::thread::scope(|scope| {
            for _ in 0..lanes {
                scope.spawn(|| {
                    loop {
                        let Some((n, time)) = waiting.lock().unwrap().next() else { return };
                        one(rows[n], time, &tallies[n]);
                    }
                });
            }
        });
    }
    let tallies: Vec<Tally> = tallies.into_iter().map(|t| t.into_inner().unwrap()).collect();
    let faults = rows.iter().zip(&tallies).flat_map(|(row, tally)| {
        tally.faults.iter().map(|fault| format!("row {}: {fault}", row.number))
    });
    (table(&rows, &tallies), faults.collect())
}

fn chosen() -> Option<BTreeSet<u8>> {
    let list = std::env::var("CRS_FAULT_ROW").ok()?;
    Some(list.split(',').filter_map(|n| n.trim().parse().ok()).collect())
}

fn one(row: &Row, time: u64, tally: &Mutex<Tally>) {
    let seed = number("CRS_FAULT_SEED", 1) + time;
    // A check that fails panics, and the lane goes on with the next row.
    let came = catch_unwind(AssertUnwindSafe(|| (row.run)(seed)));
    let mut tally = tally.lock().unwrap();
    let mut held = |took: Duration, cases: u64, sizes: BTreeSet<Size>| {
        tally.runs += 1;
        tally.passed += 1;
        tally.cases += cases;
        tally.late += u64::from(row.bound.is_some_and(|bound| took > bound));
        tally.worst = tally.worst.max(took);
        tally.sizes.extend(sizes);
    };
    match came {
        Ok(Came::Held { took, cases }) => held(took, cases, BTreeSet::new()),
        Ok(Came::At { took, cases, sizes }) => held(took, cases, sizes),
        Ok(Came::NotHere(why)) => tally.not_here = Some(why),
        Err(e) => {
            tally.runs += 1;
            tally.faults.push(format!("seed {seed}: {}", crate::lanes::words(e)));
        }
    }
}

fn table(rows: &[&Row], tallies: &[Tally]) -> String {
    let mut text = String::from(
        "| row | fault | what must be seen | runs | passed | timed | worst | bound |\n\
         |--:|---|---|--:|--:|---|--:|---|\n",
    );
    for (row, tally) in rows.iter().zip(tallies) {
        let Row { number, fault, outcome, timed, bound, .. } = row;
        let runs = match &tally.not_here {
            Some(why) if tally.runs == 0 => {
                let _ = writeln!(
                    text,
                    "| {number} | {fault} | {outcome} | 0 | 0 | not run here: {why} | | |"
                );
                continue;
            }
            _ if !tally.sizes.is_empty() => {
                let sizes = sizes::words(&tally.sizes);
                format!("{} ({} cases, at {sizes})", tally.runs, tally.cases)
            }
            _ if tally.cases > tally.runs => format!("{} ({} cases)", tally.runs, tally.cases),
            _ => tally.runs.to_string(),
        };
        let bound = match bound {
            None => String::new(),
            Some(bound) if tally.late == 0 => format!("≤ {}, kept", span(*bound)),
            Some(bound) => {
                format!(
                    "≤ {}, kept in {} of {}",
                    span(*bound),
                    tally.passed - tally.late,
                    tally.passed
                )
            }
        };
        let _ = writeln!(
            text,
            "| {number} | {fault} | {outcome} | {runs} | {} | {timed} | {} | {bound} |",
            tally.passed,
            span(tally.worst)
        );
    }
    text
}

/// A time as a reader takes it in.
fn span(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    match ms {
        _ if ms < 10.0 => format!("{ms:.1} ms"),
        _ if ms < 10_000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", ms / 1_000.0),
    }
}
