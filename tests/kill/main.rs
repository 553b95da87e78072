//! The life of one decision over real processes and sockets: command, agent,
//! latch, gateway, reset. The gateway is a Python peer that shares no code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    missing_docs,
    reason = "an integration test is a test throughout"
)]

mod adopt;
#[path = "../common/mod.rs"]
mod common;
mod further;
mod gone;
mod lies;
mod life;
mod live;
mod onlook;
mod others;
mod second;
mod standin;
mod strangers;
mod witness;
mod word;
