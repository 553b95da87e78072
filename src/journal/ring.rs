//! The directory of recordings: names, sessions, what may be recycled.
//!
//! A file is `crs-SESSION-NNNN.mcap` once it is sealed and
//! `crs-SESSION-NNNN.live.mcap` while it is written; SESSION begins with the
//! moment of its begin, so names sort by time.

use std::fs;
use std::io;
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
