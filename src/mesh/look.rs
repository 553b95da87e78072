//! One look: from a check to its result.

use super::{net, probe};
use crate::config::Check;
use crate::config::checks::Probe;
use crate::domain::{Calendar, CheckReport, CheckResult, CheckStatus, Text};
use crate::host::clock;
use crate::link;
use net::Until;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Longest text of what was seen, of a cause and of a next step.
const CHARS: usize = 200;

/// What all looks share.
#[derive(Clone)]
pub struct Means {
    /// Sockets of the gateway's protocol.
    pub(super) zmq: zmq::Context,
    /// When the market trades: outside, no tick is due.
    pub(super) calendar: Calendar,
    /// The latch of this host.
    pub(super) latch: PathBuf,
}

impl Means {
    /// For looks of this process.
    ///
    /// # Errors
    /// There is no room for libzmq's threads and descriptors.
    pub fn new(calendar: Calendar, latch: PathBuf) -> io::Result<Self> {
        Ok(Self { zmq: link::context()?, calendar, latch })
    }
}

/// What a check remembers from one look to the next.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The words of a peer that is no gateway: it is sent nothing more.
    pub(super) refused: Option<Text>,
}

/// What a look saw that ended well.
pub(super) struct Good {
    pub said: String,
    /// None for what is not a question to somebody.
    pub took: Option<Duration>,
}

/// Why a look did not end well.
#[derive(Debug)]
pub(super) struct Wrong {
    pub status: CheckStatus,
    pub cause: String,
    pub next: String,
}

pub(super) type Seen = Result<Good, Wrong>;

impl Wrong {
    /// It was asked, and does not work.
    pub fn failed(cause: impl Into<String>, next: impl Into<String>) -> Self {
        Self { status: CheckStatus::Failed, cause: cause.into(), next: next.into() }
    }

    /// It could not be asked.
    pub fn unknown(cause: impl Into<String>, next: impl Into<String>) -> Self {
        Self { status: CheckStatus::Unknown, cause: cause.into(), next: next.into() }
    }
}

/// Looks, at most for the check's own time.
#[must_use]
pub fn look(check: &Check, means: &Means, memory: &mut Memory) -> CheckResult {
    let until = Until::after(check.timeout);
    let seen = match &check.probe {
        Probe::Tcp(at) => probe::tcp::look(at, until),
        Probe::Icmp(at) => probe::icmp::look(at, until),
        Probe::Dns { name, server } => probe::dns::look(name, server.as_ref(), until),
        Probe::Http(http) => probe::http::look(http, until),
        Probe::Heartbeat(at) => probe::heartbeat::look(at, means, memory, until),
        Probe::Ticks(at) => probe::ticks::look(at, means, until),
        Probe::Redis(at) => probe::redis::look(at, until),
        Probe::Postgres { at, user } => probe::postgres::look(at, user, until),
        Probe::File(path) => probe::file::look(path, until),
        Probe::Executable(path) => probe::executable::look(path, until),
        Probe::Command { argv, contains } => probe::command::look(argv, contains, until),
        Probe::GitHook { repo, hook } => probe::git_hook::look(repo, hook, until),
        Probe::Ssh(ssh) => probe::ssh::look(ssh, until),
        Probe::Latch { ssh, path, windows } => {
            probe::latch::look(ssh, path.as_deref(), *windows, means, until)
        }
        Probe::Disk { path, min_free_mb } => probe::disk::look(path, *min_free_mb, until),
        Probe::Memory { min_free_mb } => probe::memory::look(*min_free_mb),
        Probe::Clock { at, max_ms } => probe::clock::look(at, *max_ms, until),
        Probe::Unit(unit) => probe::systemd::look(unit, until),
    };
    result(check, seen)
}

fn result(check: &Check, seen: Seen) -> CheckResult {
    let text = |text: &str| Text::limited(text, CHARS);
    let at = clock::now();
    match seen {
        Ok(Good { said, took }) => CheckResult {
            status: CheckStatus::Ok,
            latency_us: took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
            said: text(&said),
            cause: Text::default(),
            next: Text::default(),
            at,
        },
        Err(Wrong { status, cause, next }) => CheckResult {
            status,
            latency_us: None,
            said: Text::default(),
            cause: text(&cause),
            next: if check.next.is_empty() { text(&next) } else { check.next.clone() },
            at,
        },
    }
}

/// What a look that could not be had is worth.
pub(super) fn none(check: &Check, cause: &str, next: &str) -> CheckResult {
    result(check, Err(Wrong::unknown(cause, next)))
}

/// A result with what it is of.
pub(super) fn report(check: &Check, result: CheckResult) -> CheckReport {
    let ms = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
    CheckReport {
        node: check.node.clone(),
        name: check.name.clone(),
        by: Text::new(check.probe.kind()),
        phase: check.phase,
        critical: check.critical,
        period_ms: ms(check.period),
        timeout_ms: ms(check.timeout),
        result,
    }
}
