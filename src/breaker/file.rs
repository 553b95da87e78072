//! The lock file: making it, looking at it, making it durable.

use super::body;
use crate::audit::ForeignLatch;
use crate::domain::{FileId, Text};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One look at the latch's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The directory opened and the name is not there: positive proof.
    Absent,
    /// Something is there, of whatever form.
    Present {
        /// What can't be repeated about it.
        file: ForeignLatch,
        /// What it says, as far as it is a readable regular file.
        body: super::LatchBody,
        /// Form, when it is no plain file: `symlink`, `directory`, …
        form: Option<&'static str>,
    },
    /// It can't be told.
    Doubt(Text),
}

/// Looks. Never follows a link, never opens anything but a regular file.
#[must_use]
pub fn probe(path: &Path) -> Probe {
    let (dir, name) = match split(path) {
        Ok(parts) => parts,
        Err(why) => return Probe::Doubt(why),
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir_fd = match rustix::fs::openat(CWD, &dir, flags, Mode::empty()) {
        Ok(fd) => fd,
        Err(e) => return Probe::Doubt(doubt(&dir, "directory", e)),
    };
    match rustix::fs::statat(&dir_fd, &name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Probe::Absent,
        Err(e) => Probe::Doubt(doubt(path, "latch", e)),
        Ok(stat) => {
            let form = form_of(&stat);
            let body = if form.is_none() {
                read_body(&dir_fd, &name)
            } else {
                super::LatchBody::default()
            };
            Probe::Present { file: identity(&stat), body, form }
        }
    }
}

/// As [`probe`], for a thread that must not hang with the file system: what
/// is not answered within half a second is doubt.
#[must_use]
pub fn probe_soon(path: &Path) -> Probe {
    let (tell, told) = std::sync::mpsc::channel();
    let looked_at = path.to_owned();
    let look = move || drop(tell.send(probe(&looked_at)));
    let thread = std::thread::Builder::new().name("latch-look".to_owned()).spawn(look);
    let seen = thread.ok().and_then(|_| told.recv_timeout(Duration::from_millis(500)).ok());
    seen.unwrap_or_else(|| {
        Probe::Doubt(Text::new(&format!("latch {}: no answer (500 ms)", path.display())))
    })
}

/// Which directory and which file a path means now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// What lies at the path, while something does.
    pub file: Option<FileId>,
    /// The directory it is in.
    pub dir: Option<FileId>,
}

/// Looks without following a link at the end of `path`; proves nothing.
#[must_use]
pub fn sight(path: &Path) -> Sight {
    let Ok((dir, name)) = split(path) else { return Sight::default() };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(dir) = rustix::fs::openat(CWD, &dir, flags, Mode::empty()) else {
        return Sight::default();
    };
    let id = |stat: Stat| FileId { dev: stat.st_dev, ino: stat.st_ino };
    Sight {
        file: rustix::fs::statat(&dir, &name, AtFlags::SYMLINK_NOFOLLOW).ok().map(id),
        dir: rustix::fs::fstat(&dir).ok().map(id),
    }
}

fn split(path: &Path) -> Result<(PathBuf, PathBuf), Text> {
    let name = path.file_name().ok_or_else(|| Text::new("the latch's path names no file"))?;
    let dir = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((dir, PathBuf::from(name)))
}

fn doubt(path: &Path, what: &str, e: Errno) -> Text {
    Text::new(&format!("{what} {}: {}", path.display(), std::io::Error::from(e)))
}

const fn form_of(stat: &Stat) -> Option<&'static str> {
    match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
        rustix::fs::FileType::RegularFile => None,
        rustix::fs::FileType::Symlink => Some("symlink"),
        rustix::fs::FileType::Directory => Some("directory"),
        rustix::fs::FileType::Fifo => Some("FIFO"),
        rustix::fs::FileType::Socket => Some("socket"),
        _ => Some("device"),
    }
}

fn identity(stat: &Stat) -> ForeignLatch {
    let nanos = i64::try_from(stat.st_ctime_nsec).unwrap_or(0);
    ForeignLatch {
        dev: stat.st_dev,
        ino: stat.st_ino,
        ctime_ns: stat.st_ctime.saturating_mul(1_000_000_000).saturating_add(nanos),
    }
}

fn read_body(dir: &OwnedFd, name: &Path) -> super::LatchBody {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(fd) = rustix::fs::openat(dir, name, flags, Mode::empty()) else {
        return super::LatchBody::default();
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(body::MAX_BYTES).unwrap_or(u64::MAX);
    match File::from(fd).take(limit).read_to_end(&mut bytes) {
        Ok(_) => body::parse(&bytes),
        Err(_) => super::LatchBody::default(),
    }
}

/// Why the latch could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Something is there already: the latch is engaged, and the first
    /// reason stays.
    #[error("the latch is engaged already")]
    Exists,
    /// The system refused.
    #[error("latch {path}: {cause}")]
    Io {
        /// Where.
        path: Text,
        /// Why.
        cause: std::io::Error,
    },
}

/// A latch that exists: visible, not yet written nor durable.
#[derive(Debug)]
pub struct Created {
    file: File,
    dir: PathBuf,
    path: PathBuf,
}

/// Makes the file: one system call, after which every reader sees it.
///
/// # Errors
/// [`CreateError::Exists`] when anything is there, else the system's words.
pub fn create(path: &Path) -> Result<Created, CreateError> {
    let (dir, _) = split(path).map_err(|why| CreateError::Io {
        path: Text::new(&path.to_string_lossy()),
        cause: std::io::Error::other(why.to_string()),
    })?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::WRONLY;
    match rustix::fs::open(path, flags, Mode::from_raw_mode(0o640)) {
        Ok(fd) => Ok(Created { file: File::from(fd), dir, path: path.to_owned() }),
        Err(Errno::EXIST | Errno::LOOP) => Err(CreateError::Exists),
        Err(e) => Err(CreateError::Io {
            path: Text::new(&path.to_string_lossy()),
            cause: std::io::Error::from(e),
        }),
    }
}

impl Created {
    /// Writes the body and syncs file and directory: what is there without
    /// its words, too, for existence is the signal.
    ///
    /// # Errors
    /// The system's; the file exists all the same, empty if need be, and
    /// stays engaged. A failed sync is not tried again on this descriptor.
    pub fn make_durable(mut self, body: &[u8]) -> Result<(), CreateError> {
        let path = Text::new(&self.path.to_string_lossy());
        let io = |cause| CreateError::Io { path, cause };
        let written = self.file.write_all(body);
        let synced = self.file.sync_all().and_then(|()| crate::audit::chain::sync_dir(&self.dir));
        written.and(synced).map_err(io)
    }
}

/// Syncs a latch that somebody made, and its directory. What can't be opened
/// for reading, or is no plain file, has nothing to sync but its name.
///
/// # Errors
/// The system's words.
pub fn sync(path: &Path) -> Result<(), CreateError> {
    let io = |cause| CreateError::Io { path: Text::new(&path.to_string_lossy()), cause };
    let (dir, _) = split(path).map_err(|why| io(std::io::Error::other(why.to_string())))?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    if let Ok(fd) = rustix::fs::open(path, flags, Mode::empty())
        && rustix::fs::fstat(&fd).is_ok_and(|stat| form_of(&stat).is_none())
    {
        File::from(fd).sync_all().map_err(io)?;
    }
    crate::audit::chain::sync_dir(&dir).map_err(io)
}

/// Moves a latch out of the way, beside itself, and syncs the directory.
///
/// # Errors
/// The system's words, with both names.
pub fn archive(path: &Path, suffix: &str) -> Result<PathBuf, CreateError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{suffix}.reset"));
    let to = PathBuf::from(name);
    let io = |cause| CreateError::Io { path: Text::new(&path.to_string_lossy()), cause };
    std::fs::rename(path, &to).map_err(io)?;
    let (dir, _) = split(path).map_err(|why| io(std::io::Error::other(why.to_string())))?;
    crate::audit::chain::sync_dir(&dir).map_err(io)?;
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn engaged(path: &Path) -> bool {
        matches!(probe(path), Probe::Present { .. })
    }

    #[test]
    fn any_object_engages_and_nothing_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |n: &str| dir.path().join(n);
        assert_eq!(probe(&at("none")), Probe::Absent);
        std::fs::write(at("empty"), "").unwrap();
        std::fs::write(at("garbage"), [0xff, 0, 0x1b]).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        symlink(at("loop"), at("loop")).unwrap();
        std::fs::create_dir(at("dir")).unwrap();
        rustix::fs::mkfifoat(CWD, at("fifo"), Mode::from_raw_mode(0o600)).unwrap();
        for name in ["empty", "garbage", "dangling", "loop", "dir", "fifo"] {
            assert!(engaged(&at(name)), "{name}");
            assert!(matches!(create(&at(name)), Err(CreateError::Exists)), "{name}");
        }
    }

    #[test]
    fn a_missing_directory_is_doubt_not_safety() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(probe(&dir.path().join("gone/latch")), Probe::Doubt(_)));
        assert!(matches!(probe(Path::new("/")), Probe::Doubt(_)));
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(matches!(probe(&dir.path().join("file/latch")), Probe::Doubt(_)));
    }

    #[test]
    fn one_of_many_makes_it_and_its_reason_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("latch");
        let winners: usize = std::thread::scope(|s| {
            let race = |n: u8| {
                let path = &path;
                s.spawn(move || create(path).is_ok_and(|c| c.make_durable(&[b'0' + n]).is_ok()))
            };
            let threads: Vec<_> = (0..8).map(race).collect();
            threads.into_iter().filter_map(|t| t.join().ok()).filter(|won| *won).count()
        });
        assert_eq!(winners, 1);
        let first = std::fs::read(&path).unwrap();
        assert!(matches!(create(&path), Err(CreateError::Exists)));
        assert_eq!(std::fs::read(&path).unwrap(), first);
        let kept = archive(&path, "X").unwrap();
        assert_eq!((probe(&path), std::fs::read(kept).unwrap()), (Probe::Absent, first));
    }
}
