//! Following the heads of all chains of a log, reading only what is new.

use super::record::{Record, VERSION, line_sha};
use super::verify;
use crate::domain::{AuditHead, Text};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Names a log by where it is; with the host it is known among others.
#[must_use]
pub fn log_id(dir: &Path) -> Text {
    let sha = line_sha(dir.as_os_str().as_encoded_bytes());
    Text::new(sha.get(..12).unwrap_or_default())
}

/// The head that a record, whose line has this hash, makes of its chain.
fn head_of(dir: &Path, chain: &str, record: &Record, sha: &str) -> AuditHead {
    let head = AuditHead {
        log: log_id(dir),
        chain: Text::new(chain),
        n: record.n,
        sha: Text::new(sha),
        host: record.who.host.clone(),
        role: record.role.clone(),
        at: record.at.utc,
    };
    head.in_words()
}

/// Remembers the head of every chain of a directory.
#[derive(Debug)]
pub struct HeadFollower {
    dir: PathBuf,
    chains: BTreeMap<PathBuf, Followed>,
}

/// One chain, as far as it was read.
#[derive(Debug, Default)]
struct Followed {
    head: Option<AuditHead>,
    /// Bytes up to the end of that line.
    len: u64,
    /// What follows does not follow, or what was read is gone: told once.
    done: bool,
}

/// What a look found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct HeadNews {
    /// Heads that moved.
    pub moved: Vec<AuditHead>,
    /// Chains that lost what had been read of them.
    pub lost: Vec<AuditHead>,
    /// What could not be read, and is tried again at the next look.
    pub fault: Option<Text>,
}

impl HeadFollower {
    /// For the chains in `dir`, which may not exist yet.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), chains: BTreeMap::new() }
    }

    /// Looks at what was appended, and at what is gone, since the last call.
    /// A directory that can't be read loses nothing: it is a fault, unless it
    /// is one that nobody has made yet.
    pub fn look(&mut self) -> HeadNews {
        let mut news = HeadNews::default();
        let there = match verify::list(&self.dir) {
            Ok(there) => there,
            Err(e) if e.kind() == ErrorKind::NotFound && self.chains.is_empty() => return news,
            Err(e) => {
                news.fault = Some(fault(&self.dir, &e));
                return news;
            }
        };
        for path in &there {
            let chain = self.chains.entry(path.clone()).or_default();
            if !chain.done {
                chain.look(&self.dir, path, &mut news);
            }
        }
        for (path, chain) in &mut self.chains {
            if !chain.done && !there.contains(path) {
                chain.done = true;
                news.lost.extend(chain.head.clone());
            }
        }
        news
    }

    /// The heads that moved last, newest first, at most `most`. The others
    /// are in the first lines of these: a chain opens with all heads.
    #[must_use]
    pub fn newest(&self, most: usize) -> Vec<&AuditHead> {
        let mut heads: Vec<_> = self.chains.values().filter_map(|c| c.head.as_ref()).collect();
        heads.sort_by_key(|head| std::cmp::Reverse(head.at));
        heads.truncate(most);
        heads
    }
}

impl Followed {
    fn look(&mut self, dir: &Path, path: &Path, news: &mut HeadNews) {
        let len = match std::fs::metadata(path) {
            Ok(meta) => meta.len(),
            Err(e) => {
                // One that went since the list was made is the next look's.
                let gone = e.kind() == ErrorKind::NotFound;
                news.fault = news.fault.take().or_else(|| (!gone).then(|| fault(path, &e)));
                return;
            }
        };
        if len < self.len {
            self.done = true;
            news.lost.extend(self.head.clone());
            return;
        }
        if len == self.len {
            return;
        }
        let bytes = match read_from(path, self.len) {
            Ok(bytes) => bytes,
            Err(e) => {
                news.fault.get_or_insert_with(|| fault(path, &e));
                return;
            }
        };
        let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        let before = self.head.as_ref().map(|head| head.n);
        let mut rest = bytes.as_slice();
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            let record = serde_json::from_slice::<Record>(line).ok();
            let Some(record) = record.filter(|r| r.v == VERSION && self.continues(r)) else {
                self.done = true;
                break;
            };
            self.head = Some(head_of(dir, &name, &record, &line_sha(line)));
            self.len += u64::try_from(end).unwrap_or(u64::MAX).saturating_add(1);
        }
        if self.head.as_ref().map(|head| head.n) != before {
            news.moved.extend(self.head.clone());
        }
    }

    fn continues(&self, record: &Record) -> bool {
        match &self.head {
            None => record.n == 0 && record.prev.is_empty(),
            Some(head) => {
                head.n.checked_add(1) == Some(record.n) && head.sha.as_str() == record.prev
            }
        }
    }
}

fn fault(path: &Path, e: &std::io::Error) -> Text {
    Text::new(&format!("{}: {e}", path.display()))
}

fn read_from(path: &Path, at: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::{Act, Chain};
    use super::*;
    use crate::host::Identity;

    fn act() -> Act {
        Act::Tampered { ids: Vec::new() }
    }

    #[test]
    fn heads_move_with_their_chains_and_a_loss_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut follower = HeadFollower::new(dir.path());
        assert_eq!(follower.look(), HeadNews::default());
        let mut one = Chain::new(dir.path(), Identity::here(), "one");
        let mut two = Chain::new(dir.path(), Identity::here(), "two");
        one.append(act()).unwrap();
        assert_eq!(follower.look().moved.len(), 1);
        for _ in 0..3 {
            one.append(act()).unwrap();
        }
        two.append(act()).unwrap();
        let moved = follower.look().moved;
        let of = |role: &str| moved.iter().find(|h| h.role.as_str() == role).unwrap();
        let head = one.head().unwrap();
        assert_eq!((of("one").n, of("one").sha.as_str()), (head.n, head.sha.as_str()));
        assert_eq!(of("one").log, log_id(dir.path()));
        assert_eq!(follower.look(), HeadNews::default());
        assert_eq!(follower.newest(1)[0].role.as_str(), "two");

        let paths = verify::files(dir.path());
        let text = std::fs::read_to_string(&paths[0]).unwrap();
        let kept: Vec<&str> = text.split_inclusive('\n').take(2).collect();
        std::fs::write(&paths[0], kept.concat()).unwrap();
        std::fs::remove_file(&paths[1]).unwrap();
        let lost = follower.look();
        let ends: Vec<_> = lost.lost.iter().map(|h| (h.role.as_str(), h.n)).collect();
        assert_eq!((ends, lost.moved.len()), (vec![("one", 4), ("two", 1)], 0));
        assert_eq!(follower.look(), HeadNews::default());
    }

    #[test]
    fn a_directory_that_can_not_be_listed_is_a_fault_and_no_loss() {
        let dir = tempfile::tempdir().unwrap();
        let (log, aside) = (dir.path().join("log"), dir.path().join("aside"));
        let mut one = Chain::new(&log, Identity::here(), "one");
        let mut follower = HeadFollower::new(&log);
        assert_eq!(follower.look(), HeadNews::default(), "nobody has made it yet");
        one.append(act()).unwrap();
        assert_eq!(follower.look().moved.len(), 1);
        std::fs::rename(&log, &aside).unwrap();
        for is_a_file in [true, false] {
            if is_a_file {
                std::fs::write(&log, "").unwrap();
            }
            let news = follower.look();
            assert!(news.fault.is_some() && news.lost.is_empty(), "{news:?}");
            let _ = std::fs::remove_file(&log);
        }
        std::fs::rename(&aside, &log).unwrap();
        one.append(act()).unwrap();
        let news = follower.look();
        assert_eq!((news.moved.len(), news.lost.len(), news.fault), (1, 0, None));
    }

    #[test]
    fn what_does_not_follow_and_what_is_half_written_moves_no_head() {
        let dir = tempfile::tempdir().unwrap();
        let mut one = Chain::new(dir.path(), Identity::here(), "one");
        one.append(act()).unwrap();
        let path = verify::files(dir.path()).remove(0);
        let text = std::fs::read(&path).unwrap();
        let mut follower = HeadFollower::new(dir.path());
        let half = text.len() - 1;
        std::fs::write(&path, &text[..half]).unwrap();
        assert_eq!(follower.look().moved[0].n, 0);
        std::fs::write(&path, &text).unwrap();
        assert_eq!(follower.look().moved[0].n, 1);
        std::fs::write(&path, [&text[..], b"{}\n"].concat()).unwrap();
        assert_eq!(follower.look(), HeadNews::default());
    }
}
