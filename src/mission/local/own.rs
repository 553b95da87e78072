//! What belongs to a process: its group, its descendants, its cgroup, and
//! whoever bears its mark, each by identity. A process that was forked twice
//! and left its session is found by the mark; one that dropped its environment
//! too, by the cgroup, or by having been seen below its parent before.

use super::proc::{self, Stat};
use crate::domain::Text;
use crate::mission::hands::Ident;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// What is known of one run of a process.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// Its first process.
    pub leader: Ident,
    /// What marks of it begin with: `dir/process/`.
    pub mark: String,
    /// Only marks of this daemon count; none: of any of the directory's.
    pub by: Option<String>,
    /// Its cgroup.
    pub cgroup: Option<PathBuf>,
    /// Seen below it: process id and start.
    pub known: BTreeSet<(u32, u64)>,
    /// The first process was not reaped: nobody else has its number or group.
    pub unreaped: bool,
}

/// The verb of the process that carries kills out.
const AGENT: &[u8] = b"__agent";

/// It carries kills out: whoever of the mission started it, and whatever ends
/// with that one, it goes on.
pub(super) fn is_agent(pid: u32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).nth(1) == Some(AGENT)
}

/// Whom nobody here ever signals: this process, those it descends from, the
/// first process, and whoever lets operators in.
pub(super) fn spared(all: &[Stat]) -> BTreeSet<u32> {
    let mut out = BTreeSet::from([0, 1, 2]);
    let mut at = std::process::id();
    while out.insert(at) {
        at = all.iter().find(|s| s.pid == at).map_or(0, |s| s.ppid);
    }
    out.extend(all.iter().filter(|s| s.name.starts_with("sshd")).map(|s| s.pid));
    out
}

impl Claim {
    /// Its first process is still who it was (as a zombie too).
    fn leader_holds(&self, all: &[Stat]) -> bool {
        self.unreaped
            || all.iter().any(|s| s.pid == self.leader.pid && s.start == self.leader.start)
    }

    fn is_mine(&self, mark: &str) -> bool {
        let by = || mark.rsplit_once('/').map(|(_, by)| by);
        mark.starts_with(&self.mark) && self.by.as_deref().is_none_or(|own| by() == Some(own))
    }

    /// Remembers who descends from it, for the day when that can't be seen.
    pub fn note(&mut self, all: &[Stat]) {
        let mut below = BTreeSet::new();
        if self.leader_holds(all) {
            below.insert(self.leader.pid);
        }
        let holds = |s: &&Stat| self.known.contains(&(s.pid, s.start));
        below.extend(all.iter().filter(holds).map(|s| s.pid));
        self.known.retain(|(pid, start)| all.iter().any(|s| s.pid == *pid && s.start == *start));
        loop {
            let more: Vec<&Stat> =
                all.iter().filter(|s| below.contains(&s.ppid) && !below.contains(&s.pid)).collect();
            if more.is_empty() {
                return;
            }
            for one in more {
                below.insert(one.pid);
                self.known.insert((one.pid, one.start));
            }
        }
    }

    /// Everything of it that lives now.
    pub fn living(&mut self) -> Vec<Stat> {
        let all = proc::all();
        self.note(&all);
        let spared = spared(&all);
        let in_group: BTreeSet<u32> = self
            .cgroup
            .as_ref()
            .and_then(|dir| fs::read_to_string(dir.join("cgroup.procs")).ok())
            .map(|pids| pids.lines().filter_map(|pid| pid.trim().parse().ok()).collect())
            .unwrap_or_default();
        let marked = |s: &Stat| {
            s.start >= self.leader.start
                && proc::mark(s.pid).is_some_and(|mark| self.is_mine(&mark))
        };
        let sure: BTreeSet<u32> = all
            .iter()
            .filter(|s| {
                (s.pid == self.leader.pid && s.start == self.leader.start)
                    || self.known.contains(&(s.pid, s.start))
                    || in_group.contains(&s.pid)
                    || marked(s)
            })
            .map(|s| s.pid)
            .collect();
        // The number of a group is nobody else's while one of it is ours.
        let group = self.leader_holds(&all)
            || all.iter().any(|s| s.pgrp == self.leader.pid && sure.contains(&s.pid));
        let belongs = |s: &Stat| sure.contains(&s.pid) || (group && s.pgrp == self.leader.pid);
        let found: Vec<Stat> = all
            .into_iter()
            .filter(|s| s.lives() && !spared.contains(&s.pid) && belongs(s) && !is_agent(s.pid))
            .collect();
        self.known.extend(found.iter().map(|s| (s.pid, s.start)));
        found
    }

    /// Signals all of it, the group at once and everybody else one by one.
    /// How many it reached.
    pub fn signal(&mut self, signal: Signal) -> usize {
        let group = raw(self.leader.pid);
        if self.unreaped
            && let Some(group) = group
        {
            // At once: nobody else can have this number.
            let _ = kill_process_group(group, signal);
        }
        let found = self.living();
        let member = found.iter().any(|s| s.pgrp == self.leader.pid);
        if member
            && !self.unreaped
            && let Some(group) = group
        {
            // A member lives, so the number of the group is nobody else's.
            let _ = kill_process_group(group, signal);
        }
        for one in found.iter().filter(|s| s.pgrp != self.leader.pid) {
            let _ = one_by_one(one.pid, one.start, signal);
        }
        found.len()
    }

    /// SIGKILL to all of it, also to what is forked meanwhile; what is left.
    pub fn kill(&mut self) -> usize {
        for _ in 0..8 {
            if self.signal(Signal::KILL) == 0 {
                return 0;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        self.living().len()
    }
}

fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Signals one, after a handle on it proved to be of the right one.
///
/// # Errors
/// It is gone, or may not be signalled.
pub fn one_by_one(pid: u32, start: u64, signal: Signal) -> Result<(), Text> {
    let gone = || Text::new(&format!("process {pid} is gone, its number may be another's now"));
    let Some(raw) = raw(pid) else { return Err(gone()) };
    let handle = pidfd_open(raw, PidfdFlags::empty()).map_err(|_| gone())?;
    // Read while the handle is held: the number can't have changed hands.
    if proc::stat(pid).is_none_or(|s| s.start != start) {
        return Err(gone());
    }
    pidfd_send_signal(&handle, signal).map_err(|e| match e {
        Errno::SRCH => gone(),
        e => Text::new(&format!("process {pid} can't be signalled: {e}; see whose it is")),
    })
}

/// A signal by its number; none for what is no named signal.
#[must_use]
pub fn named(signal: i32) -> Option<Signal> {
    Signal::from_named_raw(signal)
}

/// `SIGTERM`; Linux numbers them so.
#[must_use]
pub fn signal_name(signal: i32) -> Text {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return Text::new(&format!("signal {signal}")),
    };
    Text::new(name)
}
