//! What another configuration changes of a process, and the end of a thread.

use super::shared::lock;
use crate::mission::spec::Process;
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Waits for a thread's end; whether it came.
pub fn join_until(thread: &Mutex<Option<JoinHandle<()>>>, until: Instant) -> bool {
    let Some(thread) = lock(thread).take() else { return true };
    while !thread.is_finished() {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = thread.join();
    true
}

/// Where it was written says nothing about it.
pub fn same(a: &Process, b: &Process) -> bool {
    let at = a.at.clone();
    *a == Process { at, ..b.clone() }
}

/// What follows from the change, in words.
pub fn changed(was: &Process, now: &Process) -> &'static str {
    let start = |p: &Process| {
        let p = p.clone();
        (p.host, p.cmd, p.cwd, p.env, p.secrets, p.on_daemon_death, p.limits)
    };
    if start(was) == start(now) {
        "how it is watched or kept changed, it is not touched"
    } else {
        "what it is started with changed, it is started anew where it runs"
    }
}
