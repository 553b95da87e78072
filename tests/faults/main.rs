//! Kills under mixed faults: real processes, real sockets, a seed for each.
//!
//! `cargo test` runs one of each kind. The long form:
//! `CRS_FAULT_RUNS=3000 CRS_FAULT_LANES=4 cargo test --release --test faults -- --nocapture`
//! It can be cut and taken up again: finished seeds are in
//! `target/tmp/faults.jsonl`, by the program's version and the number of the
//! first seed; `CRS_FAULT_SEED` chooses another.

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
mod lanes;
mod proxy;
mod rows;
mod scene;

fn number(key: &str, or: u64) -> u64 {
    std::env::var(key).ok().and_then(|v| v.parse().ok()).unwrap_or(or)
}

#[test]
fn no_kill_is_lost_under_mixed_faults() {
    let runs = number("CRS_FAULT_RUNS", rows::COUNT);
    let (first, lanes) = (number("CRS_FAULT_SEED", 1), number("CRS_FAULT_LANES", 2));
    let done = lanes::run(first, runs, lanes);
    eprintln!("{}", lanes::table(&done));
    let lost: Vec<_> = done.iter().filter(|run| run.fault.is_some()).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    assert_eq!(u64::try_from(done.len()).unwrap(), runs);
}
