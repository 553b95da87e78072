//! What another machine is told, in its own language: one short script for
//! each question. It answers in lines behind a marker that nobody could know
//! before, from `begin` to `end`; all else (a banner, a message of the day)
//! is noise. The script is the standard input of what runs over there, and no
//! part of it an argument: those are shown to everybody, here and there.

mod linux;
mod windows;

use super::ask::Ask;
use crate::mission::spec::{Host, Platform};

/// What `ssh` hands over: the command, one word to it, and what stands on the
/// command's standard input.
#[must_use]
pub fn command(host: &Host, ask: &Ask, marker: &str) -> (String, Vec<u8>) {
    let text = text(host, ask, marker);
    match host.platform {
        Platform::Linux => (linux::command(), text.into_bytes()),
        Platform::Windows => (windows::command(), windows::input(&text)),
    }
}

/// The script, for tests and for people.
#[must_use]
pub fn text(host: &Host, ask: &Ask, marker: &str) -> String {
    match host.platform {
        Platform::Linux => linux::script(host, ask, marker),
        Platform::Windows => windows::script(host, ask, marker),
    }
}
