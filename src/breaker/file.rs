//! The lock file: making it, looking at it, making it durable.

use super::{LatchBody, body};
use crate::audit::ForeignLatch;
use crate::domain::{FileId, Text};
use crate::host::world::{self, Made, Meta, NoLook, split};
use std::io::ErrorKind;
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
        body: LatchBody,
        /// Form, when it is no plain file: `symlink`, `directory`, …
        form: Option<&'static str>,
    },
    /// It can't be told.
    Doubt(Text),
}

/// A path whose file changes between stat and read is looked at so often.
const AGAIN: u32 = 4;

/// Looks. Never follows a link, never opens anything but a regular file.
#[must_use]
pub fn probe(path: &Path) -> Probe {
    let mut seen = look(path);
    for _ in 0..AGAIN {
        let Probe::Present { file, form: None, .. } = &seen else { break };
        // What was read may be of another file, or of none, if a reset or a
        // new decision came between the two steps.
        match world::here(|world| world.look(path)) {
            Ok(Some(meta)) if (meta.id.dev, meta.id.ino) == (file.dev, file.ino) => break,
            _ => seen = look(path),
        }
    }
    seen
}

fn look(path: &Path) -> Probe {
    match world::here(|world| world.look(path)) {
        Ok(None) => Probe::Absent,
        Ok(Some(meta)) => {
            let body = if meta.form.is_none() { read_body(path) } else { LatchBody::default() };
            Probe::Present { file: identity(&meta), body, form: meta.form }
        }
        Err(NoLook::Dir(e)) => {
            let dir = path.parent().unwrap_or(path);
            Probe::Doubt(Text::new(&format!("directory {}: {e}", dir.display())))
        }
        Err(NoLook::Name(e)) => Probe::Doubt(Text::new(&format!("latch {}: {e}", path.display()))),
    }
}

/// As [`probe`], for a thread that must not hang with the file system: what
/// is not answered within half a second is doubt.
#[must_use]
pub fn probe_soon(path: &Path) -> Probe {
    let looked_at = path.to_owned();
    let seen = world::within(Duration::from_millis(500), move || probe(&looked_at));
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
    let Ok((dir, _)) = split(path) else { return Sight::default() };
    world::here(|world| Sight {
        file: world.look(path).ok().flatten().map(|meta| meta.id),
        dir: world.dir(&dir),
    })
}

const fn identity(meta: &Meta) -> ForeignLatch {
    ForeignLatch { dev: meta.id.dev, ino: meta.id.ino, ctime_ns: meta.ctime_ns }
}

fn read_body(path: &Path) -> LatchBody {
    let limit = u64::try_from(body::MAX_BYTES).unwrap_or(u64::MAX);
    let bytes = world::here(|world| world.read(path, limit));
    bytes.map_or_else(|_| LatchBody::default(), |bytes| body::parse(&bytes))
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
    file: Box<dyn Made>,
    dir: PathBuf,
    path: PathBuf,
}

/// Makes the file: one system call, after which every reader sees it.
///
/// # Errors
/// [`CreateError::Exists`] when anything is there, else the system's words.
pub fn create(path: &Path) -> Result<Created, CreateError> {
    let io = |cause| CreateError::Io { path: Text::new(&path.to_string_lossy()), cause };
    let (dir, _) = split(path).map_err(io)?;
    match world::here(|world| world.create(path)) {
        Ok(file) => Ok(Created { file, dir, path: path.to_owned() }),
        Err(e) if e.kind() == ErrorKind::AlreadyExists || is_loop(&e) => Err(CreateError::Exists),
        Err(e) => Err(io(e)),
    }
}

/// A link that leads to itself, or one that may not be followed.
fn is_loop(e: &std::io::Error) -> bool {
    e.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
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
        let synced = self.file.sync();
        let synced = synced.and_then(|()| world::here(|world| world.sync_dir(&self.dir)));
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
    let (dir, _) = split(path).map_err(io)?;
    world::here(|world| world.sync(path).and_then(|()| world.sync_dir(&dir))).map_err(io)
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
    world::here(|world| world.rename(path, &to)).map_err(io)?;
    let (dir, _) = split(path).map_err(io)?;
    world::here(|world| world.sync_dir(&dir)).map_err(io)?;
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, Mode};
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
