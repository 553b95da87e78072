//! Everybody on this host, read once for a search.

use super::Who;
use crate::domain::Text;
use crate::mission::hands::{Ident, MARK};
use crate::mission::usage::{Stat, stat};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// Everybody.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Which boot.
    pub boot: Text,
    /// By number; who has ended and was not asked for its status is left out.
    pub all: BTreeMap<u32, Stat>,
    users: BTreeMap<u32, String>,
}

impl Scan {
    /// Reads `/proc`.
    #[must_use]
    pub fn now() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let living = pids.filter_map(stat).filter(Stat::lives);
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let user = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            Some((fields.nth(1)?.parse().ok()?, name.to_owned()))
        };
        Self {
            boot: Text::new(boot.trim()),
            all: living.map(|stat| (stat.pid, stat)).collect(),
            users: passwd.lines().filter_map(user).collect(),
        }
    }

    /// It lives, and is who it was.
    #[must_use]
    pub fn holds(&self, who: &Ident) -> bool {
        who.boot == self.boot && self.all.get(&who.pid).is_some_and(|stat| stat.start == who.start)
    }

    /// What is shown of one.
    #[must_use]
    pub fn who(&self, stat: &Stat) -> Who {
        let dir = PathBuf::from("/proc").join(stat.pid.to_string());
        let line = fs::read(dir.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let uid = fs::metadata(&dir).ok().map(|meta| meta.uid());
        let user = match uid {
            None => String::from("unknown"),
            Some(uid) => self.users.get(&uid).cloned().unwrap_or_else(|| format!("uid {uid}")),
        };
        let program = Text::limited(stat.comm.trim(), 40);
        let command = Text::limited(line.trim(), 120);
        Who {
            who: Ident { pid: stat.pid, start: stat.start, boot: self.boot.clone() },
            command: if command.is_empty() { program.clone() } else { command },
            program,
            user: Text::limited(&user, 40),
        }
    }

    /// From a process to the first one: itself, its parent, and so on.
    pub fn line(&self, pid: u32) -> impl Iterator<Item = &Stat> {
        let first = self.all.get(&pid);
        // Numbers go round: a parent that is younger is none.
        let parent = |stat: &&Stat| {
            self.all.get(&stat.parent).filter(|parent| parent.start <= stat.start && parent.pid > 0)
        };
        std::iter::successors(first, parent).take(1_000)
    }
}

/// The mark in its environment: name and start of the process.
#[must_use]
pub fn mark(pid: u32, id: &str) -> Option<(String, u64)> {
    if id.is_empty() {
        return None;
    }
    let bytes = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let begin = format!("{MARK}={id}/");
    let entry = bytes.split(|b| *b == 0).find_map(|entry| entry.strip_prefix(begin.as_bytes()))?;
    let text = std::str::from_utf8(entry).ok()?;
    let (name, rest) = text.split_once('/')?;
    let run = rest.split('/').next()?.parse().ok()?;
    Some((name.to_owned(), run))
}

/// Targets of a process's open files, as far as this user is shown them.
pub fn files(pid: u32) -> impl Iterator<Item = PathBuf> {
    let all = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    all.filter_map(|entry| fs::read_link(entry.path()).ok())
}
