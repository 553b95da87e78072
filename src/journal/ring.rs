//! The directory of recordings: names, sessions, what may be recycled.
//!
//! A file is `crs-SESSION-NNNN.mcap` once it is sealed and
//! `crs-SESSION-NNNN.live.mcap` while it is written; SESSION begins with the
//! moment of its begin, so names sort by time.

use super::file::OpenFile;
use crate::domain::{Text, UtcMicros};
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Ending of a sealed file.
const SEALED: &str = ".mcap";
/// Ending of one that is being written, or was when its writer died.
const LIVE: &str = ".live.mcap";
/// Beginning of all.
const NAME: &str = "crs-";

/// One session in a ring.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// The ring.
    pub dir: PathBuf,
    /// Its name in the names of files.
    pub name: String,
}

/// A name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The session.
    pub session: String,
    /// Which file of it, from 1.
    pub number: u32,
    /// It was not sealed.
    pub live: bool,
}

impl Name {
    /// Reads a file's name; none for a stranger.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_prefix(NAME)?;
        let live = name.ends_with(LIVE);
        let stem = name.strip_suffix(if live { LIVE } else { SEALED })?;
        let (session, number) = stem.rsplit_once('-')?;
        let number = number.parse().ok()?;
        Some(Self { session: session.to_owned(), number, live })
    }

    /// The path in `dir`.
    #[must_use]
    pub fn path(&self, dir: &Path) -> PathBuf {
        let ending = if self.live { LIVE } else { SEALED };
        dir.join(format!("{NAME}{}-{:04}{ending}", self.session, self.number))
    }
}

/// Whether both are the same file of the same session, sealed or not.
#[must_use]
pub fn same(one: &Path, other: &Path) -> bool {
    let known = |path| Name::read(path).map(|name| (name.session, name.number));
    known(one).is_some_and(|name| known(other) == Some(name))
}

/// All files of ours in `dir`, the oldest first; where one is there sealed and
/// not, the sealed one.
///
/// # Errors
/// The system's.
pub fn files(dir: &Path) -> io::Result<Vec<(Name, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        found.extend(Name::read(&path).map(|name| (name, path)));
    }
    found.sort();
    found.dedup_by(|next, one| next.0.session == one.0.session && next.0.number == one.0.number);
    Ok(found)
}

/// The sessions in `dir`, the oldest first.
///
/// # Errors
/// The system's.
pub fn sessions(dir: &Path) -> io::Result<Vec<Session>> {
    let mut names: Vec<String> = files(dir)?.into_iter().map(|(name, _)| name.session).collect();
    names.dedup();
    Ok(names.into_iter().map(|name| Session { dir: dir.to_owned(), name }).collect())
}

impl Session {
    /// Its files, the oldest first.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let all = files(&self.dir).unwrap_or_default().into_iter();
        all.filter(|(name, _)| name.session == self.name).map(|(_, path)| path).collect()
    }
}

/// A moment that the operator marked; the ten minutes before it are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// When, UTC.
    pub at: UtcMicros,
    /// After which record of its session.
    pub seq: u64,
    /// The operator's words.
    pub text: Text,
}

/// The file of bookmarks in a ring: one JSON object a line. A line that is
/// removed gives its recording up.
const BOOKMARKS: &str = "bookmarks.jsonl";
/// What a bookmark keeps before it, in microseconds.
const KEPT_BEFORE: i64 = 600_000_000;

/// Adds one.
///
/// # Errors
/// The system's.
pub fn add_bookmark(dir: &Path, bookmark: &Bookmark) -> io::Result<()> {
    let mut line = serde_json::to_vec(bookmark)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().append(true).create(true).open(dir.join(BOOKMARKS))?;
    file.write_all(&line)?;
    file.sync_data()
}

/// All that can be read.
#[must_use]
pub fn bookmarks(dir: &Path) -> Vec<Bookmark> {
    let text = fs::read_to_string(dir.join(BOOKMARKS)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Whether a bookmark keeps this file; one that can't be read is kept too,
/// while there are any.
#[must_use]
pub fn is_kept(path: &Path, bookmarks: &[Bookmark]) -> bool {
    if bookmarks.is_empty() {
        return false;
    }
    let Ok(file) = OpenFile::open(path) else { return true };
    let (Some(first), Some(last)) = (file.places.first(), file.places.last()) else {
        return false;
    };
    let (from, to) = (first.head.first.1.utc.0, last.head.last.1.utc.0);
    bookmarks.iter().any(|mark| mark.at.0 >= from && mark.at.0.saturating_sub(KEPT_BEFORE) <= to)
}

/// The right to write into a ring; it ends with the process.
#[derive(Debug)]
pub struct Lock {
    file: File,
    inode: u64,
}

/// Why it can't be had.
#[derive(Debug)]
pub enum LockError {
    /// A process has it, of this number where it says so.
    Held(Text),
    /// The system's.
    Io(io::Error),
}

/// The file that is locked.
const LOCK: &str = "ring.lock";

impl Lock {
    /// Takes it, or says who has it.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(dir: &Path) -> Result<Self, LockError> {
        let path = dir.join(LOCK);
        let mut how = OpenOptions::new();
        how.read(true).write(true).create(true).truncate(false);
        let mut file = how.open(&path).map_err(LockError::Io)?;
        if let Err(e) = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if e == rustix::io::Errno::WOULDBLOCK {
                let by = fs::read_to_string(&path).unwrap_or_default();
                return Err(LockError::Held(Text::limited(by.trim(), 12)));
            }
            return Err(LockError::Io(e.into()));
        }
        let inode = file.metadata().map_err(LockError::Io)?.ino();
        let said = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        said.map_err(LockError::Io)?;
        Ok(Self { file, inode })
    }

    /// Whether it is still the lock of this directory: one that was removed
    /// keeps nobody out.
    #[must_use]
    pub fn holds(&self, dir: &Path) -> bool {
        let now = fs::metadata(dir.join(LOCK)).map(|meta| meta.ino()).ok();
        now == Some(self.inode) && self.file.metadata().is_ok()
    }
}
