//! What the other machine is told to do, and in which words.
//!
//! Each question is one short script in that machine's own language. What it
//! says back is lines that begin with a marker nobody could know before, from
//! `begin` to `end`; all else (a banner, a message of the day) is noise.

mod linux;
mod windows;

use super::seen::Process;
use crate::config::{Platform, RemoteSettings};

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Who listens on the two ports, and which process is on record.
    Look,
    /// Whether interpreter, script and modules are there.
    Inspect,
    /// Where gateways and interpreters lie.
    Locate,
    /// Start it, if nobody else is there.
    Start,
    /// Note this process as the one that was started; none: it was stopped on
    /// purpose.
    Note(Option<Process>),
    /// End this process, and only while it is still the same; `hard` without
    /// asking it.
    Stop {
        /// Which.
        process: Process,
        /// Whether it is not asked first.
        hard: bool,
    },
    /// The last lines of the log, and with `follow` those that come.
    Logs {
        /// How many.
        lines: u32,
        /// Whether to go on.
        follow: bool,
    },
}

impl Ask {
    /// In words, for errors.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Look => "look at the ports",
            Self::Inspect => "inspect the interpreter",
            Self::Locate => "locate the gateway",
            Self::Start => "start the gateway",
            Self::Note(_) => "note the process",
            Self::Stop { .. } => "stop the gateway",
            Self::Logs { .. } => "read the log",
        }
    }
}

/// The command for `ssh` to hand over, one word to it: the other machine's
/// shell takes it apart.
#[must_use]
pub fn command(remote: &RemoteSettings, ask: &Ask, marker: &str) -> String {
    match remote.platform {
        Platform::Windows => windows::command(&windows::script(remote, ask, marker)),
        Platform::LinuxSystemd | Platform::LinuxProcess => {
            linux::command(&linux::script(remote, ask, marker))
        }
    }
}

/// The script within it, for tests and for people.
#[must_use]
pub fn text(remote: &RemoteSettings, ask: &Ask, marker: &str) -> String {
    match remote.platform {
        Platform::Windows => windows::script(remote, ask, marker),
        Platform::LinuxSystemd | Platform::LinuxProcess => linux::script(remote, ask, marker),
    }
}

/// What the pid file holds.
fn note_of(process: Option<&Process>) -> String {
    process.map_or_else(
        || "stopped on purpose".to_owned(),
        |process| format!("{} {}", process.pid, process.start),
    )
}
