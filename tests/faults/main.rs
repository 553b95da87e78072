//! Kills under mixed faults: real processes, real sockets, a seed for each.
//!
//! Seeded mixed faults (`rows`, `lanes`), of which `cargo test` runs one of
//! each kind, and the fault list row by row (`table`), once in `.ci/run
//! faults`. The long form of all is `.ci/faults`, which also writes
//! `tests/FAULTS.md`. The seeded kills can be
//! cut and taken up again: finished seeds are in `target/tmp/faults-*.jsonl`,
//! by the program's version, `CRS_FAULT_TAG` and the first seed;
//! `CRS_FAULT_SEED` chooses another.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    missing_docs,
    reason = "an integration test is a test throughout"
)]

#[path = "../common/mod.rs"]
mod common;
mod desk;
mod lanes;
mod ledger;
mod plain;
mod proxy;
mod rows;
mod scene;
mod shot;
mod storm;
mod stream;
mod table;

fn number(key: &str, or: u64) -> u64 {
    std::env::var(key).ok().and_then(|v| v.parse().ok()).unwrap_or(or)
}

#[test]
fn no_kill_is_lost_under_mixed_faults() {
    let runs = number("CRS_FAULT_RUNS", rows::COUNT);
    let (first, lanes) = (number("CRS_FAULT_SEED", 1), number("CRS_FAULT_LANES", 2));
    let done = lanes::run(first, runs, lanes);
    let table = lanes::table(&done);
    eprintln!("{table}");
    lanes::keep("kills.md", &table);
    let lost: Vec<_> = done.iter().filter(|run| run.fault.is_some()).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    assert_eq!(u64::try_from(done.len()).unwrap(), runs);
}

#[test]
#[ignore = "minutes: `.ci/run faults` and `.ci/faults` run it"]
fn every_row_of_the_fault_list_holds() {
    let (table, faults) = table::run();
    eprintln!("{table}");
    lanes::keep("rows.md", &table);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_fault_list_has_every_row() {
    let mut missing: Vec<u8> = (1..=50).collect();
    missing.retain(|n| table::rows().iter().all(|row| row.number != *n));
    assert!(missing.is_empty(), "{missing:?}");
}
