//! The keeper: everything about the ring that may take its time. It seals
//! what grows no more, recycles what is too old or too much, and keeps what
//! was bookmarked.

use super::RingConfig;
use crate::domain::{Text, UtcMicros};
use crate::host::clock;
use crate::journal::ring::{self, Bookmark};
use crate::journal::{RecordingError, seal};
use crossbeam_channel as channel;
use std::fs::{self, File};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

/// The ring is looked over this often.
const ROUND: Duration = Duration::from_mins(1);

/// The verb of this program that seals a file.
pub const SEAL: &str = "__seal";

enum Errand {
    Sync(File),
    Seal(PathBuf),
    Bookmark(Bookmark),
}

/// A handle on its thread, which ends with it.
pub struct Keeper {
    to: channel::Sender<Errand>,
    bytes: Arc<AtomicU64>,
}

impl Keeper {
    /// Begins with what earlier sessions left unsealed.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn start(config: RingConfig, session: String) -> io::Result<Self> {
        let (to, errands) = channel::unbounded();
        let bytes = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&bytes);
        thread::Builder::new().name(String::from("record-keep")).spawn(move || {
            Round { config, session, bytes: counted, again: Vec::new() }.run(&errands);
        })?;
        Ok(Self { to, bytes })
    }

    /// Makes what was written survive the loss of power.
    pub fn sync(&self, file: File) {
        // One that waits does for this one too.
        if self.to.is_empty() {
            let _ = self.to.send(Errand::Sync(file));
        }
    }

    /// Seals a file that grows no more.
    pub fn seal(&self, path: PathBuf) {
        let _ = self.to.send(Errand::Seal(path));
    }

    /// Keeps the ten minutes before `at`.
    pub fn bookmark(&self, at: UtcMicros, seq: u64, text: Text) {
        let _ = self.to.send(Errand::Bookmark(Bookmark { at, seq, text }));
    }

    /// Bytes in the ring, as it was looked over last.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

struct Round {
    config: RingConfig,
    session: String,
    bytes: Arc<AtomicU64>,
    /// Files of this session that could not be sealed yet.
    again: Vec<PathBuf>,
}

impl Round {
    fn run(mut self, errands: &channel::Receiver<Errand>) {
        let mut next = clock::mono_ns();
        loop {
            let now = clock::mono_ns();
            if now >= next {
                for path in mem::take(&mut self.again) {
                    self.seal(path);
                }
                self.left_behind();
                self.recycle();
                next = now + u64::try_from(ROUND.as_nanos()).unwrap_or(u64::MAX);
            }
            match errands.recv_timeout(Duration::from_nanos(next.saturating_sub(now))) {
                Ok(Errand::Sync(file)) => drop(file.sync_data()),
                Ok(Errand::Seal(path)) => self.seal(path),
                Ok(Errand::Bookmark(bookmark)) => {
                    if let Err(e) = ring::add_bookmark(&self.config.dir, &bookmark) {
                        tracing::error!("the bookmark was not kept: {e}");
                    }
                }
                Err(channel::RecvTimeoutError::Timeout) => {}
                Err(channel::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Sealing takes room for a second copy; where there is none, the oldest
    /// may still be too much.
    fn seal(&mut self, path: PathBuf) {
        if let Err(e) = self.pack(&path) {
            tracing::warn!("not sealed, still readable: {e}");
            if path.exists() {
                self.again.push(path);
            }
        }
        self.recycle();
    }

    /// By a process of its own, where there is one to be had; what that one
    /// leaves undone, whatever the reason, is done here.
    fn pack(&self, path: &Path) -> Result<(), RecordingError> {
        if let Some(program) = &self.config.sealer {
            let child = Command::new(program)
                .arg(SEAL)
                .arg(path)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if child.is_ok_and(|status| status.success()) && !path.exists() {
                return Ok(());
            }
        }
        seal::seal(path)
    }

    /// What a session that died, or ended in a hurry, did not seal.
    fn left_behind(&self) {
        for (name, path) in ring::files(&self.config.dir).unwrap_or_default() {
            if name.live
                && name.session != self.session
                && let Err(e) = self.pack(&path)
            {
                tracing::warn!("not sealed, still readable: {e}");
            }
        }
    }

    /// Removes the oldest while there is too much, and what is too old.
    fn recycle(&self) {
        let files = ring::files(&self.config.dir).unwrap_or_default();
        let sized: Vec<(PathBuf, u64, Option<SystemTime>)> = files
            .into_iter()
            .filter_map(|(_, path)| {
                let meta = fs::metadata(&path).ok()?;
                Some((path, meta.len(), meta.modified().ok()))
            })
            .collect();
        let mut total: u64 = sized.iter().map(|(_, len, _)| len).sum();
        let bookmarks = ring::bookmarks(&self.config.dir);
        let now = SystemTime::now();
        // The newest is being written.
        let olds = sized.iter().take(sized.len().saturating_sub(1));
        for (path, len, modified) in olds {
            let age = modified.and_then(|then| now.duration_since(then).ok()).unwrap_or_default();
            if total <= self.config.max_bytes && age <= self.config.max_age {
                continue;
            }
            if ring::is_kept(path, &bookmarks) {
                continue;
            }
            match fs::remove_file(path) {
                Ok(()) => total = total.saturating_sub(*len),
                Err(e) => tracing::warn!("{}: not recycled: {e}", path.display()),
            }
        }
        self.bytes.store(total, Ordering::Relaxed);
    }
}
