//! Shared memory and lock files that were left behind.

use super::scan::{self, Scan};
use super::{File, Find, Known, Zombie};
use crate::domain::Text;
use crate::mission::spec::{Mission, Process};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// In the name of every latch.
const LATCH: &str = "kill_switch";

/// It is a latch, or another name of one.
#[must_use]
pub fn is_latch(path: &Path, latches: &[PathBuf]) -> bool {
    let named = |path: &Path| path.file_name().is_some_and(|n| n.to_string_lossy().contains(LATCH));
    let id = |path: &Path| fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    let own = id(path);
    // Where a link leads counts, too.
    named(path)
        || fs::canonicalize(path).is_ok_and(|real| named(&real))
        || latches.iter().any(|latch| latch == path || own.is_some() && id(latch) == own)
}

/// What stands at this path; a link is not followed.
#[must_use]
pub fn file(path: &Path) -> Option<File> {
    let meta = fs::symlink_metadata(path).ok().filter(|meta| !meta.is_dir())?;
    Some(File { path: path.to_owned(), id: (meta.dev(), meta.ino()) })
}

/// Who has this file open, in memory or locked.
#[must_use]
pub fn held(scan: &Scan, file: &File) -> Option<Text> {
    let opened = |pid: u32| scan::files(pid).any(|to| to == file.path) || maps(pid, file);
    let by = scan.all.values().find(|stat| opened(stat.pid));
    if let Some(stat) = by {
        return Some(Text::new(&format!("{} (pid {}) has it open", stat.comm.trim(), stat.pid)));
    }
    // Another user's process shows its locks, though not its files.
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let inode = format!(":{}", file.id.1);
    let locked = locks.lines().any(|line| {
        line.split_whitespace()
            .any(|field| field.matches(':').count() == 2 && field.ends_with(&inode))
    });
    locked.then(|| Text::new("somebody has it locked"))
}

fn maps(pid: u32, file: &File) -> bool {
    let shown = file.path.to_string_lossy();
    let text = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    memchr::memmem::find(&text, shown.as_bytes()).is_some()
}

/// Of every process that does not live.
pub(super) fn left(mission: &Mission, known: &Known, scan: &Scan, out: &mut Vec<Zombie>) {
    for process in mission.processes.iter().filter(|p| p.host.is_none()) {
        let lives =
            |one: &super::Recorded| one.name == process.name && (one.owned || scan.holds(&one.who));
        if known.recorded.iter().any(lives) || marked(process, known, scan) {
            continue;
        }
        let shm = process.shm.iter().filter_map(|name| shm(name)).map(|path| (path, true));
        let locks = process.locks.iter().map(|path| (known.dir.join(path), false));
        for (path, memory) in shm.chain(locks) {
            let Some(file) = file(&path) else { continue };
            let why = format!("{} is there, and {} does not run", path.display(), process.name);
            let never = if is_latch(&path, &known.latches) {
                Some(Text::new("it is a latch"))
            } else {
                held(scan, &file)
            };
            out.push(Zombie {
                find: if memory { Find::Shm(file) } else { Find::Lock(file) },
                process: process.name.clone(),
                ours: true,
                why: Text::new(&why),
                never,
            });
        }
    }
}

/// Somebody of an earlier run lives on and may need them.
fn marked(process: &Process, known: &Known, scan: &Scan) -> bool {
    let of = |pid: u32| scan::mark(pid, &known.id).is_some_and(|(name, _)| name == process.name);
    scan.all.keys().any(|pid| of(*pid))
}

/// A name in there, and nothing above it.
fn shm(name: &str) -> Option<PathBuf> {
    let name = name.strip_prefix('/').unwrap_or(name);
    let sound = !name.is_empty() && !name.contains('/') && !name.starts_with('.');
    sound.then(|| Path::new("/dev/shm").join(name))
}

/// Removes one, if it is still what was found.
///
/// # Errors
/// It is another one now, somebody has it, it is a latch, or it can't be
/// removed.
pub(super) fn remove(found: &File, known: &Known) -> Result<Text, Text> {
    let shown = found.path.display();
    if is_latch(&found.path, &known.latches) {
        return Err(Text::new(&format!("{shown} is a latch: it is never touched from here")));
    }
    match file(&found.path) {
        None => return Err(Text::new(&format!("{shown} is gone already"))),
        Some(now) if now != *found => {
            return Err(Text::new(&format!("{shown} is another file now; look again")));
        }
        Some(_) => {}
    }
    if let Some(who) = held(&Scan::now(), found) {
        return Err(Text::new(&format!("{shown} stays: {who}")));
    }
    fs::remove_file(&found.path)
        .map(|()| Text::new(&format!("removed {shown}")))
        .map_err(|e| Text::new(&format!("{shown} can't be removed: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_latch_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["mine.lock", "my_kill_switch.lock", "plain"] {
            fs::write(at(name), "").unwrap();
        }
        std::os::unix::fs::symlink(at("my_kill_switch.lock"), at("link")).unwrap();
        fs::hard_link(at("mine.lock"), at("hard")).unwrap();
        let latches = [at("mine.lock")];
        for name in ["mine.lock", "my_kill_switch.lock", "link", "hard"] {
            assert!(is_latch(&at(name), &latches), "{name}");
        }
        assert!(!is_latch(&at("plain"), &latches) && !is_latch(&at("none"), &latches));
        let known = Known { latches: latches.to_vec(), ..Known::default() };
        for name in ["mine.lock", "link", "hard"] {
            assert!(remove(&file(&at(name)).unwrap(), &known).is_err());
            assert!(at(name).exists());
        }
    }

    #[test]
    fn names_of_shared_memory_lead_nowhere_else() {
        assert_eq!(shm("/crs"), Some(PathBuf::from("/dev/shm/crs")));
        for name in ["", "/", "..", "../x", "a/b", ".hidden", "//x"] {
            assert_eq!(shm(name), None, "{name}");
        }
    }
}
