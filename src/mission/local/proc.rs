//! What `/proc` says about processes of this host.

use crate::domain::Text;
use crate::mission::hands::{Ident, MARK, Usage};
use crate::mission::usage;
use std::fs;

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
}

impl Stat {
    /// It runs; a zombie does not.
    #[must_use]
    pub const fn lives(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// One process.
#[must_use]
pub fn stat(pid: u32) -> Option<Stat> {
    // A name that is no text hides nobody.
    let read = usage::stat(pid)?;
    Some(Stat {
        pid: read.pid,
        name: read.comm,
        state: read.state,
        ppid: read.parent,
        pgrp: read.group,
        start: read.start,
    })
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

/// What it uses; nothing where it is gone meanwhile.
#[must_use]
pub fn used(stat: &Stat) -> Usage {
    let now = usage::of(stat.pid).filter(|(start, _)| *start == stat.start);
    now.map(|(_, usage)| usage).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    /// What can't be found is never ended.
    #[test]
    fn a_name_that_is_no_text_hides_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join(OsStr::from_bytes(b"a\xff) R"));
        fs::copy("/bin/sleep", &program).unwrap();
        let mut child = Command::new(&program).arg("60").spawn().unwrap();
        let found = stat(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found.map(|stat| stat.ppid), Some(std::process::id()));
    }

    #[test]
    fn this_process_is_found_and_uses_something() {
        let own = stat(std::process::id()).unwrap();
        assert!(own.lives() && all().iter().any(|s| s.pid == own.pid));
        let used = used(&own);
        assert!(used.memory > 0 && used.files.is_some_and(|n| n > 0), "{used:?}");
        let who = Ident { pid: own.pid, start: own.start, boot: boot() };
        assert!(holds(&who, &boot()).is_some());
        assert!(holds(&Ident { start: own.start + 1, ..who.clone() }, &boot()).is_none());
        assert!(holds(&who, &Text::new("another boot")).is_none());
    }
}
