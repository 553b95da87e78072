//! What runs, written down for the next daemon: a small file for each
//! process, replaced as a whole. The marks in the processes' environment say
//! the same again, for the moment between a start and its file.

use crate::domain::Text;
use crate::domain::UtcMicros;
use crate::mission::hands::Ident;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One process that was started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which.
    pub name: String,
    /// Which of its starts.
    pub run: u64,
    /// Who.
    pub who: Ident,
    /// When.
    pub since: UtcMicros,
    /// With what.
    pub stamp: Text,
    /// It outlives the daemon.
    pub keep: bool,
    /// Directory of its cgroup.
    pub cgroup: Option<PathBuf>,
    /// First byte of its output, and of its errors, that was not read.
    pub read: (u64, u64),
    /// What probes wait for and it has said in what was read.
    #[serde(default)]
    pub said: Vec<String>,
}

/// The files.
#[derive(Clone, Debug)]
pub struct Ledger {
    dir: PathBuf,
}

impl Ledger {
    /// In this directory, which is made.
    ///
    /// # Errors
    /// The directory can't be made.
    pub fn new(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self { dir: dir.to_path_buf() })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.json"))
    }

    /// Writes one down.
    ///
    /// # Errors
    /// The file can't be written; the old one stands.
    pub fn write(&self, entry: &Entry) -> io::Result<()> {
        let new = self.dir.join(format!(".{}.new", entry.name));
        fs::write(&new, serde_json::to_vec(entry)?)?;
        fs::rename(&new, self.file(&entry.name))
    }

    /// It lives no longer.
    pub fn forget(&self, name: &str) {
        let _ = fs::remove_file(self.file(name));
    }

    /// Everything that was written down; what can't be read is left out, as
    /// the marks say it too.
    #[must_use]
    pub fn all(&self) -> Vec<Entry> {
        let files = fs::read_dir(&self.dir).into_iter().flatten().flatten().map(|e| e.path());
        let ours = files.filter(|path| path.extension().is_some_and(|e| e == "json"));
        ours.filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_replaced_as_a_whole_and_a_torn_one_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(&dir.path().join("ledger")).unwrap();
        let mut entry = Entry { name: String::from("redis.1"), run: 3, ..Entry::default() };
        ledger.write(&entry).unwrap();
        entry.read = (7, 9);
        ledger.write(&entry).unwrap();
        fs::write(dir.path().join("ledger/torn.json"), "{\"name\":").unwrap();
        assert_eq!(ledger.all(), [entry]);
        ledger.forget("redis.1");
        assert_eq!(ledger.all(), []);
    }
}
