//! The fault list, row by row: what is injected, what must come of it, how
//! long the part that matters took.
//!
//! `cargo test` runs every row once. `CRS_FAULT_TIMES=20` runs each so often,
//! `CRS_FAULT_ROW=22,31` only these, `CRS_FAULT_SIZES=4`
//! those that are dear, in a terminal of every size instead of one. A row fails on its outcome; its time is
//! reported beside the bound, and judged by the reader of the table.

mod canary;
mod canary_verbs;
mod cases;
mod chains;
mod clients;
mod clocks;
mod desk;
mod disk;
mod eyes;
mod feed;
mod flood;
mod gateway;
mod gateway_late;
mod gateway_lies;
mod haul;
mod keys;
mod latch;
mod limits;
mod operators;
mod orders;
mod panics;
mod pasted;
mod private;
mod process;
mod removed;
mod runner;
mod sizes;
mod squatter;
mod ssh;
mod steps;
mod stopped;
mod strangers;
mod sync;
mod terminal;
mod ticks;
mod told;
mod tools;
mod torn;
mod traced;
mod under;
mod victim;
mod words;

pub use runner::run;
use sizes::Size;
use std::collections::BTreeSet;
use std::time::Duration;

/// One row of the fault list.
pub struct Row {
    pub number: u8,
    /// What is injected.
    pub fault: &'static str,
    /// What must be seen; the function below fails when it is not.
    pub outcome: &'static str,
    /// What is timed, and the bound that the time is compared with.
    pub timed: &'static str,
    pub bound: Option<Duration>,
    /// It uses up the machine or needs it for itself: no other row beside it.
    pub alone: bool,
    /// Gets the number of the run, which is its seed; panics when the outcome
    /// is not as it must be.
    pub run: fn(u64) -> Came,
}

/// What came of one run.
pub enum Came {
    /// As it must be.
    Held {
        /// How long what is timed took; the worst of its cases.
        took: Duration,
        /// How many cases this run tried: 1, or such as every byte of a file.
        cases: u64,
    },
    /// The same, in terminals of these sizes; not every case in each of them.
    At { took: Duration, cases: u64, sizes: BTreeSet<Size> },
    /// This machine can't inject it, for this reason.
    NotHere(String),
}

impl Came {
    /// One case.
    pub const fn held(took: Duration) -> Self {
        Self::Held { took, cases: 1 }
    }
}

/// Every row, in the order of its number.
pub fn rows() -> Vec<&'static Row> {
    let rooms = [
        gateway::ROWS,
        gateway_late::ROWS,
        gateway_lies::ROWS,
        clients::ROWS,
        orders::ROWS,
        strangers::ROWS,
        canary::ROWS,
        feed::ROWS,
        flood::ROWS,
        ticks::ROWS,
        latch::ROWS,
        removed::ROWS,
        disk::ROWS,
        sync::ROWS,
        torn::ROWS,
        process::ROWS,
        limits::ROWS,
        pasted::ROWS,
        panics::ROWS,
        ssh::ROWS,
        words::ROWS,
        terminal::ROWS,
    ];
    let mut rows: Vec<&Row> = rooms.into_iter().flatten().collect();
    rows.sort_by_key(|row| row.number);
    rows
}
