//! The engine's log file: appended in blocks, limited in size, older ones kept
//! as `.1`, `.2`, …
//!
//! A disk that takes nothing is told once, and what it cost is counted. The
//! engine makes no order as long as it lasts: an order that nobody can read of
//! would be one that nobody ordered.

use crate::domain::Text;
use rustix::fs::{FlockOperation, OFlags, flock};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A block of this size is written at once.
const BLOCK: usize = 64 * 1_024;
/// What waits in a block is written after so long, however small it is.
const WAIT_NS: u64 = 50_000_000;
/// Between two tries at a disk that took nothing, and between two looks
/// whether the file still has its name.
const SECOND_NS: u64 = 1_000_000_000;

/// Where a log lies and how much of it is kept.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// The file.
    pub path: PathBuf,
    /// Bytes after which a new one is begun.
    pub limit: u64,
    /// Older ones that are kept.
    pub keep: u32,
}

/// The file and the block that waits for it.
#[derive(Debug)]
pub struct FileLog {
    options: LogOptions,
    file: File,
    len: u64,
    block: Vec<u8>,
    /// Entries in the block, and when the first of them came (monotonic ns).
    waiting: u64,
    since: u64,
    lost: u64,
    fault: Option<Text>,
    retry_at: u64,
    look_at: u64,
    news: Vec<String>,
}

impl FileLog {
    /// Opens or makes the file, for this process alone.
    ///
    /// # Errors
    /// What is in the way and what to do.
    pub fn open(options: LogOptions) -> Result<Self, String> {
        let (file, len) = open(&options.path)
            .map_err(|e| format!("log {}: {e}; name another with --log", options.path.display()))?;
        Ok(Self {
            options,
            file,
            len,
            block: Vec::with_capacity(BLOCK + 4_096),
            waiting: 0,
            since: 0,
            lost: 0,
            fault: None,
            retry_at: 0,
            look_at: 0,
            news: Vec::new(),
        })
    }

    /// Takes one line, its end included; `now` is monotonic ns, here and below.
    pub fn put(&mut self, line: &[u8], now: u64) {
        if self.waiting == 0 {
            self.since = now;
        }
        self.block.extend_from_slice(line);
        self.waiting += 1;
        if self.block.len() >= BLOCK || now.saturating_sub(self.since) >= WAIT_NS {
            self.flush(now);
        }
    }

    /// Writes what waits.
    pub fn flush(&mut self, now: u64) {
        if self.fault.is_some() && now < self.retry_at {
            // The newest entries are tried again; a block bounds them.
            if self.block.len() >= BLOCK {
                self.drop_block();
            }
            return;
        }
        if self.block.is_empty() && self.fault.is_none() {
            return;
        }
        match self.write(now) {
            Ok(()) => {
                self.block.clear();
                self.waiting = 0;
                if self.fault.take().is_some() {
                    let (path, lost) = (self.options.path.display(), self.lost);
                    self.news.push(format!("log {path}: written again; {lost} entries were lost"));
                }
            }
            Err(e) => self.failed(&e, now),
        }
    }

    fn write(&mut self, now: u64) -> io::Result<()> {
        if now >= self.look_at {
            self.look_at = now.saturating_add(SECOND_NS);
            self.same_name()?;
        }
        if self.len > 0 && self.len.saturating_add(size(&self.block)) > self.options.limit {
            self.rotate()?;
        }
        self.file.write_all(&self.block)?;
        self.len = self.len.saturating_add(size(&self.block));
        Ok(())
    }

    fn failed(&mut self, e: &io::Error, now: u64) {
        // Half a line would spoil the one after it. What can't be cut off here
        // is still only one line that readers refuse.
        let _ = self.file.set_len(self.len);
        self.retry_at = now.saturating_add(SECOND_NS);
        if self.fault.is_none() {
            let text = format!("log {} can't be written: {e}", self.options.path.display());
            self.news.push(format!("{text}; no orders until it can"));
            self.fault = Some(Text::new(&text));
        }
        if self.block.len() >= BLOCK {
            self.drop_block();
        }
    }

    fn drop_block(&mut self) {
        self.block.clear();
        self.lost = self.lost.saturating_add(self.waiting);
        self.waiting = 0;
    }

    /// Somebody may have moved it away, as `logrotate` does.
    fn same_name(&mut self) -> io::Result<()> {
        let own = self.file.metadata()?;
        let same = std::fs::metadata(&self.options.path)
            .is_ok_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino()));
        if !same {
            (self.file, self.len) = open(&self.options.path)?;
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let named = |n: u32| -> PathBuf {
            let mut name = self.options.path.clone().into_os_string();
            name.push(format!(".{n}"));
            name.into()
        };
        for n in (1..self.options.keep).rev() {
            moved(&named(n), &named(n + 1))?;
        }
        if self.options.keep > 0 {
            moved(&self.options.path, &named(1))?;
            (self.file, self.len) = open(&self.options.path)?;
        } else {
            self.file.set_len(0)?;
            self.len = 0;
        }
        Ok(())
    }

    /// Why it can't be written now.
    #[must_use]
    pub const fn fault(&self) -> Option<&Text> {
        self.fault.as_ref()
    }

    /// Entries that it cost.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// What is to be told, each once.
    pub fn news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news)
    }

    /// Writes what waits, for the last time; what is not written is lost.
    pub fn end(&mut self, now: u64) {
        self.retry_at = 0;
        self.flush(now);
        self.drop_block();
    }
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn moved(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Only a regular file that no other engine writes: two in one file would turn
/// it away from each other.
fn open(path: &Path) -> io::Result<(File, u64)> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    // Opening a pipe without a reader would wait for one.
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::CLOEXEC).bits()).unwrap_or(0);
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o640).custom_flags(flags);
    let file = options.open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| io::Error::other("another engine writes it"))?;
    Ok((file, meta.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(path: &Path, limit: u64, keep: u32) -> FileLog {
        FileLog::open(LogOptions { path: path.to_owned(), limit, keep }).unwrap()
    }

    fn read(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn a_full_file_is_put_aside_and_the_oldest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/engine.jsonl");
        let mut log = log(&path, 10, 2);
        for n in 0..5 {
            log.put(format!("line {n}\n").as_bytes(), 0);
            log.flush(0);
        }
        let older = |n: u32| read(&dir.path().join(format!("sub/engine.jsonl.{n}")));
        assert_eq!(
            (read(&path), older(1), older(2)),
            ("line 4\n".into(), "line 3\n".into(), "line 2\n".into())
        );
        assert!(older(3).is_empty() && log.fault().is_none());
    }

    #[test]
    fn a_block_is_written_by_size_or_by_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = log(&path, 1 << 30, 1);
        log.put(b"a\n", 5);
        assert_eq!(read(&path), "");
        log.put(b"b\n", 5 + WAIT_NS);
        assert_eq!(read(&path), "a\nb\n");
        log.put(&vec![b'x'; BLOCK], 6 + WAIT_NS);
        assert!(read(&path).len() > BLOCK);
    }

    #[test]
    fn only_one_engine_writes_it_and_only_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let _first = log(&path, 100, 1);
        let open = |path: &Path| {
            FileLog::open(LogOptions { path: path.to_owned(), limit: 1, keep: 1 }).unwrap_err()
        };
        assert!(open(&path).contains("another engine writes it"));
        assert!(open(dir.path()).contains("--log"));
    }

    #[test]
    fn a_file_that_was_moved_away_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = log(&path, 1_000, 1);
        log.put(b"a\n", 1);
        log.flush(1);
        std::fs::rename(&path, dir.path().join("old")).unwrap();
        log.put(b"b\n", 2 + SECOND_NS);
        log.flush(2 + SECOND_NS);
        assert_eq!(read(&path), "b\n");
    }

    /// `/dev/full` is no regular file, so a file without its directory stands
    /// for the disk here; a full one is tried with the program.
    #[test]
    fn what_a_disk_refuses_is_told_once_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        let sub = dir.path().join("sub");
        let path = sub.join("log");
        let mut log = log(&path, 1_000_000, 1);
        std::fs::remove_dir_all(&sub).unwrap();
        std::fs::write(&sub, "in the way").unwrap();
        let mut line = [b'x'; 1_024];
        line[1_023] = b'\n';
        for n in 0..130 {
            log.put(&line, n * WAIT_NS);
        }
        assert!(log.fault().is_some() && log.lost() >= 64, "{}", log.lost());
        assert_eq!(log.news().len(), 1);
        std::fs::remove_file(&sub).unwrap();
        log.put(b"again\n", 1_000 * WAIT_NS);
        log.flush(1_000 * WAIT_NS);
        assert!(log.fault().is_none());
        let news = log.news();
        assert!(news[0].contains("entries were lost"), "{news:?}");
        let lines = u64::try_from(read(&path).lines().count()).unwrap();
        assert_eq!(lines + log.lost(), 131, "no entry without a trace");
    }
}
