//! The live engine as a process: its own latch, real sockets, the paper gateway
//! of this crate and the Python peer.

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
#[allow(dead_code, reason = "cli's own tests use all of it")]
#[path = "../cli/desk.rs"]
mod desk;
mod disk;
mod dry;
mod feed;
mod health;
mod limits;
mod live;
mod process;
mod reader;
mod stop;
mod told;
