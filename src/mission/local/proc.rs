//! What `/proc` says about processes of this host.

use crate::domain::Text;
use crate::mission::hands::{Ident, Usage};
use std::fs;

/// Ticks of `/proc` are 10 ms to every program.
const TICK_US: u64 = 10_000;
/// The variable that marks what a daemon started.
pub const MARK: &str = "CRS_MISSION";

/// One process, as its `stat` reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Process id.
    pub pid: u32,
    /// Its name, 15 bytes at most; it may choose it itself.
    pub name: String,
    /// `R`, `S`, `Z`, …
    pub state: char,
    /// Its parent.
    pub ppid: u32,
    /// Its group.
    pub pgrp: u32,
    /// Its start, in ticks since boot.
    pub start: u64,
    /// CPU time of itself and of what it waited for, in ticks.
    cpu: u64,
}

impl Stat {
    /// It runs; a zombie does not.
    #[must_use]
    pub const fn lives(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }

    fn parse(text: &str) -> Option<Self> {
        // The name, in brackets, may hold anything.
        let (head, tail) = text.rsplit_once(')')?;
        let (pid, name) = head.split_once('(')?;
        let fields: Vec<&str> = tail.split_whitespace().collect();
        let number = |n: usize| fields.get(n).and_then(|f| f.parse::<u64>().ok());
        let id = |n: usize| number(n).and_then(|n| u32::try_from(n).ok());
        Some(Self {
            pid: pid.trim().parse().ok()?,
            name: name.to_owned(),
            state: fields.first()?.chars().next()?,
            ppid: id(1)?,
            pgrp: id(2)?,
            start: number(19)?,
            cpu: (11..=14).filter_map(number).sum(),
        })
    }
}

/// One process.
#[must_use]
pub fn stat(pid: u32) -> Option<Stat> {
    Stat::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Every process.
#[must_use]
pub fn all() -> Vec<Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|e| e.file_name().to_str().and_then(|n| n.parse().ok()));
    pids.filter_map(stat).collect()
}

/// Which boot of this host.
#[must_use]
pub fn boot() -> Text {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Text::new(id.trim())
}

/// It is who it was.
#[must_use]
pub fn holds(who: &Ident, boot: &Text) -> Option<Stat> {
    let same = stat(who.pid).filter(|stat| stat.start == who.start);
    same.filter(|_| who.boot == *boot)
}

/// The mark in its environment, as it was when it was started.
#[must_use]
pub fn mark(pid: u32) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let marked = |entry: &&[u8]| {
        entry.strip_prefix(MARK.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
    };
    let entry = bytes.split(|b| *b == 0).find(marked)?;
    let value = entry.get(MARK.len() + 1..)?;
    String::from_utf8(value.to_vec()).ok()
}

/// What it uses.
#[must_use]
pub fn usage(stat: &Stat) -> Usage {
    let status = fs::read_to_string(format!("/proc/{}/status", stat.pid)).unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let files = fs::read_dir(format!("/proc/{}/fd", stat.pid)).ok();
    Usage {
        cpu_us: stat.cpu.saturating_mul(TICK_US),
        memory: kib.unwrap_or_default().saturating_mul(1_024),
        files: files.and_then(|dir| u32::try_from(dir.count()).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_is_read() {
        let tail = "S 1 77 77 0 -1 4194304 1 0 0 0 5 6 7 8 20 0 1 0 4242 0 0";
        let stat = Stat::parse(&format!("77 (a) R 9 (b)) {tail}")).unwrap();
        assert_eq!((stat.pid, stat.name.as_str(), stat.state), (77, "a) R 9 (b)", 'S'));
        assert_eq!((stat.ppid, stat.pgrp, stat.start, stat.cpu), (1, 77, 4242, 26));
    }

    #[test]
    fn this_process_is_found_and_uses_something() {
        let own = stat(std::process::id()).unwrap();
        assert!(own.lives() && all().iter().any(|s| s.pid == own.pid));
        let used = usage(&own);
        assert!(used.memory > 0 && used.files.is_some_and(|n| n > 0), "{used:?}");
        let who = Ident { pid: own.pid, start: own.start, boot: boot() };
        assert!(holds(&who, &boot()).is_some());
        assert!(holds(&Ident { start: own.start + 1, ..who.clone() }, &boot()).is_none());
        assert!(holds(&who, &Text::new("another boot")).is_none());
    }
}
