//! Time and files as the kill path asks for them, one operation a call.
//!
//! In a program there is one world, the operating system's. The crate's own
//! tests put a simulated one in its place, thread by thread, and so decide
//! what happens between any two operations: that is how the seeded schedules
//! of `control::kill` run the real code of latch, watch, log, agent and hand.

use crate::domain::{FileId, UtcMicros};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Debug;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What can't be repeated about an object in a directory, and its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Device and inode.
    pub id: FileId,
    /// Last change of the inode, nanoseconds since 1970, UTC.
    pub ctime_ns: i64,
    /// `symlink`, `directory`, …; none for a plain file.
    pub form: Option<&'static str>,
}

/// Why a look at a name says nothing about it.
#[derive(Debug)]
pub enum NoLook {
    /// The directory did not open.
    Dir(io::Error),
    /// The name can't be asked for.
    Name(io::Error),
}

/// A file that this process made.
pub trait Made: Debug + Send {
    /// Writes all of it at the end.
    ///
    /// # Errors
    /// The system's; some of it may be written.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Waits until what was written, and the length, are on disk.
    ///
    /// # Errors
    /// The system's. Another try on the same file proves nothing.
    fn sync(&mut self) -> io::Result<()>;
}

/// Where to write what, by what a file holds.
pub type Edit<'a> = dyn Fn(&[u8]) -> Option<(u64, Vec<u8>)> + 'a;

/// Clocks and files.
pub trait World: Send + Sync {
    /// Nanoseconds since boot, monotonic, suspended time included.
    fn mono_ns(&self) -> u64;
    /// The wall clock, UTC.
    fn utc(&self) -> UtcMicros;
    /// Lets time pass.
    fn sleep(&self, time: Duration);
    /// 64 bits that nobody had before.
    fn random(&self) -> u64;
    /// What lies at `path`; the last name is not followed. `None` is proof
    /// that nothing does: the directory opened and has no such name.
    ///
    /// # Errors
    /// [`NoLook`]
    fn look(&self, path: &Path) -> Result<Option<Meta>, NoLook>;
    /// Device and inode of a directory.
    fn dir(&self, dir: &Path) -> Option<FileId>;
    /// At most `limit` bytes of a plain file; never waits for a writer.
    ///
    /// # Errors
    /// The system's.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;
    /// All of a plain file from that byte on; never waits for a writer.
    ///
    /// # Errors
    /// The system's.
    fn read_from(&self, path: &Path, from: u64) -> io::Result<Vec<u8>>;
    /// Makes a plain file where nothing was (0640).
    ///
    /// # Errors
    /// The system's; `AlreadyExists` whatever lies there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Made>>;
    /// Overwrites bytes of a plain file, by one write: `edit` sees what it
    /// holds and says where and what, within its length. Whether it was done.
    ///
    /// # Errors
    /// The system's.
    fn amend(&self, path: &Path, edit: &Edit<'_>) -> io::Result<bool>;
    /// Syncs a plain file that somebody made; anything else has nothing to sync.
    ///
    /// # Errors
    /// The system's.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Makes the entries of a directory durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Gives a file another name in its directory.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// The files of a directory, with their lengths, by name.
    ///
    /// # Errors
    /// The system's.
    fn list(&self, dir: &Path) -> io::Result<Vec<(PathBuf, u64)>>;
    /// Takes a file of this process's own away.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory and what leads to it.
    ///
    /// # Errors
    /// The system's.
    fn make_dir(&self, dir: &Path) -> io::Result<()>;
    /// As [`World::make_dir`], for this user only (0700).
    ///
    /// # Errors
    /// The system's; or that somebody else owns it.
    fn make_private_dir(&self, dir: &Path) -> io::Result<()>;
    /// Has something done by a thread of its own and waits for its end, at
    /// most `limit`; a thread that is not done by then is left behind.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    fn aside(&self, limit: Duration, work: Box<dyn FnOnce() + Send>) -> io::Result<()>;
}

/// Bytes of the longest file that is amended.
const AMENDED: u64 = 65_536;

/// The operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Os;

#[derive(Debug)]
struct OsFile(File);

impl Made for OsFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

impl World for Os {
    fn mono_ns(&self) -> u64 {
        let t = clock_gettime(ClockId::Boottime);
        let secs = u64::try_from(t.tv_sec).unwrap_or(0);
        let nanos = u64::try_from(t.tv_nsec).unwrap_or(0);
        secs.saturating_mul(1_000_000_000).saturating_add(nanos)
    }

    fn utc(&self) -> UtcMicros {
        let t = clock_gettime(ClockId::Realtime);
        UtcMicros(t.tv_sec.saturating_mul(1_000_000).saturating_add(t.tv_nsec / 1_000))
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn random(&self) -> u64 {
        super::ids::fresh()
    }

    fn look(&self, path: &Path) -> Result<Option<Meta>, NoLook> {
        let (dir, name) = split(path).map_err(NoLook::Name)?;
        let dir = open_dir(&dir).map_err(NoLook::Dir)?;
        match rustix::fs::statat(&dir, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(meta(&stat))),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(e) => Err(NoLook::Name(e.into())),
        }
    }

    fn dir(&self, dir: &Path) -> Option<FileId> {
        let dir = open_dir(dir).ok()?;
        rustix::fs::fstat(&dir).ok().map(|stat| meta(&stat).id)
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        open_to_read(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn read_from(&self, path: &Path, from: u64) -> io::Result<Vec<u8>> {
        let mut file = open_to_read(path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Made>> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let flags = flags | OFlags::WRONLY | OFlags::APPEND;
        let fd = rustix::fs::open(path, flags, Mode::from_raw_mode(0o640))?;
        Ok(Box::new(OsFile(File::from(fd))))
    }

    fn amend(&self, path: &Path, edit: &Edit<'_>) -> io::Result<bool> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        let form = meta(&rustix::fs::fstat(&fd)?).form;
        let mut file = File::from(fd);
        let mut bytes = Vec::new();
        if form.is_none() {
            (&mut file).take(AMENDED).read_to_end(&mut bytes)?;
        }
        match edit(&bytes) {
            Some((at, new)) => Ok(rustix::io::pwrite(&file, &new, at)? == new.len()),
            None => Ok(false),
        }
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fd) if rustix::fs::fstat(&fd).is_ok_and(|stat| meta(&stat).form.is_none()) => {
                File::from(fd).sync_all()
            }
            // What can't be opened for reading has nothing to sync but its name.
            _ => Ok(()),
        }
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            // One that went meanwhile is not there.
            match entry.metadata() {
                Ok(meta) => files.push((entry.path(), meta.len())),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        files.sort();
        Ok(files)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).create(dir)
    }

    fn make_private_dir(&self, dir: &Path) -> io::Result<()> {
        use std::os::unix::fs::{DirBuilderExt, MetadataExt};
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let meta = std::fs::symlink_metadata(dir)?;
        if !meta.is_dir() || meta.uid() != rustix::process::geteuid().as_raw() {
            let text = format!("{} belongs to somebody else", dir.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        rustix::fs::chmod(dir, Mode::from_raw_mode(0o700))?;
        Ok(())
    }

    fn aside(&self, limit: Duration, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        let (done, ended) = std::sync::mpsc::channel::<()>();
        std::thread::Builder::new().name("aside".to_owned()).spawn(move || {
            work();
            drop(done);
        })?;
        // Nothing is ever sent: the end is what is waited for.
        let _ = ended.recv_timeout(limit);
        Ok(())
    }
}

/// Directory and name of a path.
///
/// # Errors
/// In words, when it names no file.
pub fn split(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let dir = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((dir, PathBuf::from(name)))
}

fn open_to_read(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

fn open_dir(dir: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, dir, flags, Mode::empty())?)
}

fn meta(stat: &Stat) -> Meta {
    let nanos = i64::try_from(stat.st_ctime_nsec).unwrap_or(0);
    Meta {
        id: FileId { dev: stat.st_dev, ino: stat.st_ino },
        ctime_ns: stat.st_ctime.saturating_mul(1_000_000_000).saturating_add(nanos),
        form: match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => None,
            FileType::Symlink => Some("symlink"),
            FileType::Directory => Some("directory"),
            FileType::Fifo => Some("FIFO"),
            FileType::Socket => Some("socket"),
            _ => Some("device"),
        },
    }
}

/// Does something that may hang, on a thread of its own that is left behind if
/// it does. `None` after `limit`, or when there is no thread to be had. Who
/// asks again and again has an [`Errand`](super::Errand).
pub fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    super::Errand::default().run(limit, work)
}

/// The world of this thread.
#[cfg(not(test))]
pub fn here<T>(ask: impl FnOnce(&dyn World) -> T) -> T {
    ask(&Os)
}

#[cfg(test)]
pub use seam::{enter, here, leave};

#[cfg(test)]
mod seam {
    use super::{Os, World};
    use std::cell::RefCell;
    use std::sync::Arc;

    thread_local! {
        static WORLD: RefCell<Option<Arc<dyn World>>> = const { RefCell::new(None) };
    }

    /// From here on this thread lives in `world`.
    pub fn enter(world: Arc<dyn World>) {
        WORLD.with(|slot| *slot.borrow_mut() = Some(world));
    }

    /// Back to the operating system's.
    pub fn leave() {
        WORLD.with(|slot| *slot.borrow_mut() = None);
    }

    /// The world of this thread.
    pub fn here<T>(ask: impl FnOnce(&dyn World) -> T) -> T {
        let world = WORLD.with(|slot| slot.borrow().clone());
        match world {
            Some(world) => ask(&*world),
            None => ask(&Os),
        }
    }
}
