//! The book of heads that were witnessed: what others told of their logs.
//!
//! Append-only JSON lines, bounded: at `MAX_BYTES` the file moves aside in
//! the place of an older one, and the newest head of every chain is written
//! anew. One process of a state directory writes; the next one takes over.

use super::verify::Finding;
use super::witness::Witness;
use crate::domain::{AuditHead, Text, UtcMicros};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Bytes after which the book moves aside.
const MAX_BYTES: u64 = 4_194_304;
/// Chains remembered of one teller; the one not heard of longest goes first.
const MAX_CHAINS: usize = 256;

/// One head, and who told it when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witnessed {
    /// Who told it: an endpoint, or the name of a file.
    pub from: Text,
    /// When it was heard, by the witness's clock.
    pub heard: UtcMicros,
    /// What was told.
    pub head: AuditHead,
}

/// Where the book of a state directory lies.
#[must_use]
pub fn book_path(state_dir: &Path) -> PathBuf {
    state_dir.join("heads.jsonl")
}

/// Where it was moved aside.
fn aside(path: &Path) -> PathBuf {
    path.with_extension("old.jsonl")
}

/// Which chain of whom.
type Key = (Text, Text, Text, Text);

fn key(seen: &Witnessed) -> Key {
    let head = &seen.head;
    (seen.from.clone(), head.host.clone(), head.log.clone(), head.chain.clone())
}

/// The writer's side.
#[derive(Debug)]
pub struct HeadBook {
    path: PathBuf,
    lock: Option<File>,
    newest: BTreeMap<Key, Witnessed>,
    bytes: u64,
    limit: u64,
}

impl HeadBook {
    /// The book of `state_dir`; nothing is touched before the first head.
    #[must_use]
    pub fn new(state_dir: &Path) -> Self {
        let path = book_path(state_dir);
        Self { path, lock: None, newest: BTreeMap::new(), bytes: 0, limit: MAX_BYTES }
    }

    /// Writes down a head that is news and was heard then: a chain's first, or
    /// one further on.
    /// Whether it was written; false where another process keeps the book.
    ///
    /// # Errors
    /// The system's, when it can't be written.
    pub fn hear(&mut self, from: &Text, at: UtcMicros, head: AuditHead) -> std::io::Result<bool> {
        if !self.is_ours()? {
            return Ok(false);
        }
        let seen = Witnessed { from: from.clone(), heard: at, head: head.in_words() };
        let key = key(&seen);
        if self.newest.get(&key).is_some_and(|known| known.head.n >= seen.head.n) {
            return Ok(false);
        }
        if !self.newest.contains_key(&key) {
            self.make_room(from);
        }
        self.newest.insert(key, seen.clone());
        if self.bytes >= self.limit {
            self.turn_over()?;
        } else {
            self.append(&[&seen])?;
        }
        Ok(true)
    }

    /// A teller who names ever new chains pushes out his own and nobody's.
    fn make_room(&mut self, from: &Text) {
        let own = || self.newest.iter().filter(|((teller, ..), _)| teller == from);
        if own().count() >= MAX_CHAINS
            && let Some(oldest) =
                own().min_by_key(|(_, seen)| seen.heard).map(|(key, _)| key.clone())
        {
            self.newest.remove(&oldest);
        }
    }

    /// Whether this process keeps the book; what it holds is read then.
    fn is_ours(&mut self) -> std::io::Result<bool> {
        if self.lock.is_some() {
            return Ok(true);
        }
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let lock = options.open(self.path.with_extension("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(false),
            Err(std::fs::TryLockError::Error(e)) => return Err(e),
        }
        for seen in read_file(&self.path)? {
            self.newest.insert(key(&seen), seen);
        }
        self.bytes = std::fs::metadata(&self.path).map_or(0, |meta| meta.len());
        // A line that was cut by a crash must not swallow the next one.
        if self.bytes > 0 {
            self.open()?.write_all(b"\n")?;
        }
        self.lock = Some(lock);
        Ok(true)
    }

    fn turn_over(&mut self) -> std::io::Result<()> {
        std::fs::rename(&self.path, aside(&self.path))?;
        self.bytes = 0;
        let all: Vec<Witnessed> = self.newest.values().cloned().collect();
        self.append(&all.iter().collect::<Vec<_>>())?;
        // Many tellers may fill it from the first line on.
        self.limit = self.limit.max(self.bytes.saturating_mul(2));
        Ok(())
    }

    fn append(&mut self, seen: &[&Witnessed]) -> std::io::Result<()> {
        let mut text = Vec::new();
        for seen in seen {
            serde_json::to_writer(&mut text, seen)?;
            text.push(b'\n');
        }
        self.open()?.write_all(&text)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn open(&self) -> std::io::Result<File> {
        OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)
    }
}

fn read_file(path: &Path) -> std::io::Result<Vec<Witnessed>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(read_bytes(&bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

/// Every line that is one; a torn or a strange line is no testimony.
#[must_use]
pub fn read_bytes(bytes: &[u8]) -> Vec<Witnessed> {
    let lines = bytes.split(|b| *b == b'\n');
    let read = lines.filter_map(|line| serde_json::from_slice::<Witnessed>(line).ok());
    read.map(|seen| Witnessed { head: seen.head.in_words(), ..seen }).collect()
}

/// The book at `path`, with what was moved aside, as a witness.
///
/// # Errors
/// The system's, when it is not there or can't be read.
pub fn witness(path: &Path) -> std::io::Result<Witness> {
    let mut seen = read_file(&aside(path))?;
    seen.extend(read_bytes(&std::fs::read(path)?));
    Ok(Witness { name: Text::new(&path.to_string_lossy()), seen })
}

/// What a finding says of who saw it.
pub(super) fn told(seen: &Witnessed, line: u64, what: &str) -> Finding {
    let (at, from) = (seen.head.at.iso(), &seen.from);
    let role = &seen.head.role;
    Finding::damage(line, &format!("{what} (written {at} by {role}, told by {from})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(chain: &str, n: u64) -> AuditHead {
        AuditHead { chain: Text::new(chain), n, ..AuditHead::default() }.in_words()
    }

    fn hear(book: &mut HeadBook, from: &str, chain: &str, n: u64) -> bool {
        let heard = UtcMicros(i64::try_from(n).unwrap());
        book.hear(&Text::new(from), heard, head(chain, n)).unwrap()
    }

    #[test]
    fn only_news_is_written_and_the_next_keeper_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let mut book = HeadBook::new(dir.path());
        for (n, news) in [(3, true), (3, false), (2, false), (4, true)] {
            assert_eq!(hear(&mut book, "a", "one", n), news, "{n}");
        }
        assert!(hear(&mut book, "b", "one", 3), "another teller is another witness");
        let mut other = HeadBook::new(dir.path());
        assert!(!hear(&mut other, "a", "one", 9), "one process keeps the book");
        drop(book);
        assert!(!hear(&mut other, "a", "one", 4), "it knows what was written before");
        assert!(hear(&mut other, "a", "one", 5));
        let ends: Vec<u64> =
            witness(&book_path(dir.path())).unwrap().seen.iter().map(|s| s.head.n).collect();
        assert_eq!(ends, [3, 4, 3, 5]);
        assert!(witness(&dir.path().join("none")).is_err());
    }

    #[test]
    fn a_torn_line_costs_itself_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        hear(&mut HeadBook::new(dir.path()), "a", "one", 1);
        let path = book_path(dir.path());
        let text = std::fs::read(&path).unwrap();
        std::fs::write(&path, &text[..text.len() / 2]).unwrap();
        assert!(hear(&mut HeadBook::new(dir.path()), "a", "one", 2));
        assert_eq!(witness(&path).unwrap().seen[0].head.n, 2);
    }

    #[test]
    fn it_is_bounded_and_keeps_the_newest_of_every_chain() {
        let dir = tempfile::tempdir().unwrap();
        let mut book = HeadBook::new(dir.path());
        book.limit = 10_000;
        hear(&mut book, "b", "quiet", 7);
        for n in 0..500 {
            hear(&mut book, "a", "loud", n);
        }
        let path = book_path(dir.path());
        let size = |path: &Path| std::fs::metadata(path).unwrap().len();
        assert!(size(&path) < 20_000 && size(&aside(&path)) < 20_000);
        let seen = witness(&path).unwrap().seen;
        let newest = |chain: &str| {
            seen.iter().filter(|s| s.head.chain.as_str() == chain).map(|s| s.head.n).max()
        };
        assert_eq!((newest("quiet"), newest("loud")), (Some(7), Some(499)));
        for n in 0..600 {
            hear(&mut book, "flood", &format!("{n:05}"), n);
        }
        assert!(book.newest.len() <= MAX_CHAINS + 2, "{}", book.newest.len());
        assert!(book.newest.values().any(|s| s.head.chain.as_str() == "quiet"));
    }
}
