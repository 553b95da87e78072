//! The decision log: one JSON line for each decision, by a thread of its own,
//! which is the only one that waits for this disk.

use crossbeam_channel as channel;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Lines that may wait.
const LINES: usize = 4_096;

enum Told {
    Line(String),
    End(channel::Sender<()>),
}

/// The near end.
#[derive(Debug)]
pub struct Log {
    to: channel::Sender<Told>,
    lost: Arc<AtomicU64>,
}

impl Log {
    /// Opens `path` for appending, so that a mistake shows at the start, and
    /// starts the thread.
    ///
    /// # Errors
    /// The system's.
    pub fn start(path: &Path) -> io::Result<Self> {
        let mut open = Some(open(path)?);
        let (path, lost) = (path.to_owned(), Arc::<AtomicU64>::default());
        let (to, from) = channel::bounded(LINES);
        let count = Arc::clone(&lost);
        let keep = move || {
            for told in from {
                match told {
                    Told::Line(line) => {
                        if let Err(e) = write(&path, &mut open, &line) {
                            open = None;
                            count.fetch_add(1, Ordering::Relaxed);
                            tracing::warn!("decision log {}: {e}", path.display());
                        }
                    }
                    Told::End(done) => {
                        drop(open);
                        let _ = done.send(());
                        return;
                    }
                }
            }
        };
        std::thread::Builder::new().name("decision-log".to_owned()).spawn(keep)?;
        Ok(Self { to, lost })
    }

    /// Leaves one line, without its end; never waits.
    pub fn put(&self, mut line: String) {
        line.push('\n');
        if self.to.try_send(Told::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines that were lost.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Lets what is left be written, within `patience`.
    pub fn end(&self, patience: Duration) {
        let (done, ended) = channel::bounded(1);
        if self.to.send_timeout(Told::End(done), patience).is_ok() {
            let _ = ended.recv_timeout(patience);
        }
    }
}

fn open(path: &Path) -> io::Result<(File, (u64, u64))> {
    let file = OpenOptions::new().create(true).append(true).mode(0o640).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    Ok((file, (meta.dev(), meta.ino())))
}

/// Writes a whole line, into a new file where the old one was rotated away.
fn write(path: &PathBuf, kept: &mut Option<(File, (u64, u64))>, line: &str) -> io::Result<()> {
    let there = std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    if kept.as_ref().map(|(_, id)| *id) != there {
        *kept = None;
    }
    let (file, _) = match kept {
        Some(kept) => kept,
        empty @ None => empty.insert(open(path)?),
    };
    file.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn lines_go_on_in_a_new_file_after_a_rotation() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("decisions.jsonl");
        let wait_for = |path: &Path, text: &str| {
            while fs::read_to_string(path).unwrap_or_default() != text {
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        let log = Log::start(&path).unwrap();
        log.put("one".to_owned());
        wait_for(&path, "one\n");
        fs::rename(&path, dir.path().join("old")).unwrap();
        log.put("two".to_owned());
        log.end(LONG);
        wait_for(&path, "two\n");
        assert_eq!(fs::read_to_string(dir.path().join("old")).unwrap(), "one\n");
        assert_eq!(log.lost(), 0);
        assert!(Log::start(dir.path()).is_err(), "a directory is told at the start");
    }

    #[test]
    fn what_can_not_be_written_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gone/decisions.jsonl");
        fs::create_dir(dir.path().join("gone")).unwrap();
        let log = Log::start(&path).unwrap();
        fs::remove_dir_all(dir.path().join("gone")).unwrap();
        log.put("one".to_owned());
        log.end(LONG);
        assert_eq!(log.lost(), 1);
    }
}
