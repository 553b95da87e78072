//! What mission control's finder finds, what it ends, and above all what it
//! does not: with real processes, ports and files of the test's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "an integration test is a test throughout"
)]

#[path = "../common/mod.rs"]
mod common;

mod assets;
mod finds;
mod never;
mod stage;
