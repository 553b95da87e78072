//! A simulated file system: names, contents, what is synced of them, and
//! faults by order of the story.

use super::mail::Mail;
use super::time::{Inner, Sim};
use crate::domain::{FileId, UtcMicros};
use crate::host::world::{self, Edit, Made, Meta, NoLook, World};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// 2026-01-01, UTC.
const EPOCH_US: i64 = 1_767_225_600_000_000;

#[derive(Clone, Debug)]
pub struct Node {
    pub ino: u64,
    changed: u64,
    pub born: u64,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Default)]
pub struct Disk {
    pub files: BTreeMap<PathBuf, Node>,
    dirs: BTreeSet<PathBuf>,
    inodes: u64,
    /// Until this moment nothing can be written below this directory.
    pub full: Option<(PathBuf, u64)>,
    /// Until this moment a sync below this directory fails.
    pub sick: Option<(PathBuf, u64)>,
    /// Until this moment this directory is not there.
    pub gone: Option<(PathBuf, u64)>,
    /// Until this moment nothing that is asked about this directory comes back.
    pub hung: Option<(PathBuf, u64)>,
    /// Until this moment nothing below this directory can be read.
    pub unreadable: Option<(PathBuf, u64)>,
}

impl Disk {
    /// Makes a file as anybody might, from outside of every process.
    pub fn touch(&mut self, path: &Path, bytes: &[u8], now: u64) -> bool {
        if self.files.contains_key(path) {
            return false;
        }
        self.inodes += 1;
        let node = Node { ino: self.inodes, changed: now, born: now, bytes: bytes.to_vec() };
        self.files.insert(path.to_owned(), node);
        true
    }
}

impl Inner {
    fn fault(&self, path: &Path, what: impl Fn(&Disk) -> Option<&(PathBuf, u64)>) -> bool {
        what(&self.disk).is_some_and(|(dir, until)| self.now < *until && path.starts_with(dir))
    }

    fn there(&self, dir: &Path) -> io::Result<()> {
        if self.fault(dir, |d| d.gone.as_ref()) || !self.disk.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(())
    }

    fn parent(&self, path: &Path) -> io::Result<()> {
        self.there(path.parent().unwrap_or(path))
    }

    fn room(&self, path: &Path) -> io::Result<()> {
        if self.fault(path, |d| d.full.as_ref()) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn legible(&self, path: &Path) -> io::Result<()> {
        if self.fault(path, |d| d.unreadable.as_ref()) {
            return Err(io::Error::other("input/output error"));
        }
        Ok(())
    }

    fn health(&self, path: &Path) -> io::Result<()> {
        if self.fault(path, |d| d.sick.as_ref()) {
            return Err(io::Error::other("input/output error"));
        }
        Ok(())
    }
}

/// The world of every thread of a story.
struct Here(Arc<Sim>);

/// An operation about this path begins; on a disk that hangs it does not end
/// before that is over.
fn reach(sim: &Sim, path: &Path) {
    sim.operation();
    let inner = sim.lock();
    let hangs = inner.fault(path, |d| d.hung.as_ref());
    let until = inner.disk.hung.as_ref().filter(|_| hangs).map(|(_, until)| *until);
    drop(inner);
    if let Some(until) = until {
        sim.wait(until, None);
    }
}

pub fn enter(sim: &Arc<Sim>) {
    world::enter(Arc::new(Here(Arc::clone(sim))));
}

/// An open file: bound to the inode, not to the name.
struct Open {
    sim: Arc<Sim>,
    path: PathBuf,
    ino: u64,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.path.display(), self.ino)
    }
}

impl Made for Open {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        reach(&self.sim, &self.path);
        let mut inner = self.sim.lock();
        let room = inner.room(&self.path);
        let (now, ino) = (inner.now, self.ino);
        if let Some(node) = inner.disk.files.values_mut().find(|node| node.ino == ino) {
            // A full disk may take a part.
            let take = if room.is_ok() { bytes.len() } else { bytes.len() / 2 };
            node.bytes.extend_from_slice(&bytes[..take]);
            node.changed = now;
        }
        if room.is_ok() {
            let words = super::rules::wrote(&mut inner.truth, bytes, now);
            if let Some(words) = words {
                inner.note(words);
            }
        }
        room
    }

    fn sync(&mut self) -> io::Result<()> {
        reach(&self.sim, &self.path);
        self.sim.lock().health(&self.path)
    }
}

impl World for Here {
    fn mono_ns(&self) -> u64 {
        self.0.now()
    }

    fn utc(&self) -> UtcMicros {
        UtcMicros(EPOCH_US + i64::try_from(self.0.now() / 1_000).unwrap())
    }

    fn sleep(&self, time: Duration) {
        let wake = self.0.now() + u64::try_from(time.as_nanos()).unwrap();
        self.0.wait(wake, None);
    }

    fn random(&self) -> u64 {
        self.0.roll(u64::MAX)
    }

    fn look(&self, path: &Path) -> Result<Option<Meta>, NoLook> {
        reach(&self.0, path);
        let inner = self.0.lock();
        inner.parent(path).map_err(NoLook::Dir)?;
        Ok(inner.disk.files.get(path).map(|node| Meta {
            id: FileId { dev: 1, ino: node.ino },
            ctime_ns: EPOCH_US * 1_000 + i64::try_from(node.changed).unwrap(),
            form: None,
        }))
    }

    fn dir(&self, dir: &Path) -> Option<FileId> {
        reach(&self.0, dir);
        self.0.lock().there(dir).ok().map(|()| FileId { dev: 1, ino: 0 })
    }

    fn read(&self, path: &Path, _limit: u64) -> io::Result<Vec<u8>> {
        reach(&self.0, path);
        let inner = self.0.lock();
        inner.parent(path)?;
        inner.legible(path)?;
        let node = inner.disk.files.get(path);
        node.map(|node| node.bytes.clone()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn read_from(&self, path: &Path, from: u64) -> io::Result<Vec<u8>> {
        let bytes = self.read(path, u64::MAX)?;
        Ok(bytes.get(usize::try_from(from).unwrap()..).unwrap_or_default().to_vec())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Made>> {
        reach(&self.0, path);
        let mut inner = self.0.lock();
        inner.parent(path)?;
        let now = inner.now;
        if !inner.disk.touch(path, b"", now) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let ino = inner.disk.inodes;
        Ok(Box::new(Open { sim: Arc::clone(&self.0), path: path.to_owned(), ino }))
    }

    fn amend(&self, path: &Path, edit: &Edit<'_>) -> io::Result<bool> {
        self.0.operation();
        let mut inner = self.0.lock();
        inner.parent(path)?;
        let now = inner.now;
        let node = inner.disk.files.get_mut(path).ok_or(io::ErrorKind::NotFound)?;
        let Some((at, new)) = edit(&node.bytes) else { return Ok(false) };
        let at = usize::try_from(at).unwrap();
        node.bytes[at..at + new.len()].copy_from_slice(&new);
        node.changed = now;
        Ok(true)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        reach(&self.0, path);
        self.0.lock().health(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        reach(&self.0, dir);
        let inner = self.0.lock();
        inner.there(dir)?;
        inner.health(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        reach(&self.0, from);
        let mut inner = self.0.lock();
        inner.parent(from)?;
        let node = inner.disk.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        inner.disk.files.insert(to.to_owned(), node);
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
        reach(&self.0, dir);
        let inner = self.0.lock();
        inner.there(dir)?;
        inner.legible(dir)?;
        let inside = inner.disk.files.iter().filter(|(path, _)| path.parent() == Some(dir));
        Ok(inside.map(|(p, node)| (p.clone(), u64::try_from(node.bytes.len()).unwrap())).collect())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.operation();
        let mut inner = self.0.lock();
        inner.parent(path)?;
        inner.disk.files.remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn make_private_dir(&self, dir: &Path) -> io::Result<()> {
        self.make_dir(dir)
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        reach(&self.0, dir);
        let mut inner = self.0.lock();
        inner.room(dir)?;
        inner.disk.dirs.insert(dir.to_owned());
        Ok(())
    }

    fn aside(&self, limit: Duration, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        let Some(process) = self.0.process() else {
            work();
            return Ok(());
        };
        self.0.thread_to_be_had(process)?;
        let done = Mail::new(&self.0);
        let over = done.clone();
        self.0.spawn(process, move || {
            work();
            over.send((), 1);
        });
        if !limit.is_zero() {
            done.take(self.0.now() + u64::try_from(limit.as_nanos()).unwrap());
        }
        Ok(())
    }
}
