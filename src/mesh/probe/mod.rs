//! A file for each kind of look.

pub mod clock;
pub mod command;
pub mod disk;
pub mod dns;
pub mod executable;
pub mod file;
pub mod git_hook;
pub mod heartbeat;
pub mod http;
pub mod icmp;
pub mod latch;
pub mod memory;
pub mod postgres;
pub mod redis;
pub mod ssh;
pub mod systemd;
pub mod tcp;
pub mod ticks;
pub mod tls;

use super::look::Wrong;
use crate::config::checks::At;
use crate::domain::Endpoint;

/// The address of a check.
fn endpoint(at: &At) -> Result<Endpoint, Wrong> {
    at.endpoint().ok_or_else(|| {
        Wrong::unknown("the check has no address", "give it host and port, or its node a host")
    })
}

/// Its host alone.
fn host(at: &At) -> Result<&str, Wrong> {
    at.host
        .as_deref()
        .ok_or_else(|| Wrong::unknown("the check has no address", "give it a host, or its node"))
}
