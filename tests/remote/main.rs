//! The gateway's process on another machine: a real sshd on loopback with keys
//! of its own stands for that machine, the real paper gateway for its program.
//! What can't run here (Windows, systemd) is compared word for word.

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
mod console;
mod far;
mod far_golden;
mod far_lost;
mod faults;
mod golden;
mod host;
mod life;
mod refused;
mod watch;
