//! The recorder: takes what the session hears and never makes it wait.
//!
//! A handle on the loop's thread, a scribe that owns the files, a keeper that
//! seals and recycles behind it. What does not fit the scribe's queue is
//! dropped and counted; what comes after begins with a whole State again.

mod keeper;
mod scribe;

use super::ring;
use crate::domain::Text;
use crate::event::{Event, RecordingReport, Sender, Stamped};
use crate::host::{clock, ids};
use crate::state::State;
use crossbeam_channel as channel;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Where records are kept, before State sees them.
pub trait Journal: Send {
    /// Takes one record; never waits for a disk.
    fn record(&mut self, record: &Stamped);

    /// Records were dropped, and it can go on now: it wants a whole State.
    fn wants_whole(&self) -> bool {
        false
    }

    /// Goes on after a State that has heard everything so far.
    fn whole(&mut self, state: &State) {
        let _ = state;
    }
}

/// How a ring is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingConfig {
    /// Its directory.
    pub dir: PathBuf,
    /// Bytes after which the oldest files go, bookmarked ones apart.
    pub max_bytes: u64,
    /// Age after which files go, bookmarked ones apart.
    pub max_age: Duration,
    /// Bytes after which a new file is begun.
    pub file_bytes: u64,
    /// Time after which a new file is begun.
    pub file_age: Duration,
    /// What came is handed to the system after this time: what a crash of
    /// this process loses.
    pub flush: Duration,
    /// This program, which seals in a process of its own: packing well takes
    /// tens of megabytes for seconds, and they would stay with this one. None
    /// seals in a thread.
    pub sealer: Option<PathBuf>,
}

impl RingConfig {
    /// A ring in `dir` with the limits that nobody changed: 1 GB, a week, a
    /// file each 32 MB or 10 minutes.
    #[must_use]
    pub const fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            max_bytes: 1 << 30,
            max_age: Duration::from_hours(7 * 24),
            file_bytes: 32 << 20,
            file_age: Duration::from_mins(10),
            flush: Duration::from_secs(1),
            sealer: None,
        }
    }
}

/// Records and ticks that may wait for the scribe; about 80 bytes each.
const MOST_WAITING: u64 = 400_000;

/// What the handle and the scribe know of each other.
#[derive(Debug, Default)]
struct Shared {
    /// Records and ticks on their way.
    waiting: AtomicU64,
    /// Records that were not kept.
    lost: AtomicU64,
    /// With a whole State it can go on.
    ready: AtomicBool,
    /// The last record that the system has.
    kept: AtomicU64,
}

/// What the scribe is told.
enum Told {
    Record(Stamped),
    Whole(Box<State>),
    End,
}

/// The handle.
pub struct Recorder {
    to: channel::Sender<Told>,
    shared: Arc<Shared>,
    sender: Sender,
    dir: Text,
    session: ring::Session,
    /// Records are being dropped.
    skipping: bool,
}

/// The threads behind it.
pub struct Running {
    to: channel::Sender<Told>,
    shared: Arc<Shared>,
    scribe: JoinHandle<()>,
}

impl Running {
    /// Number of the last record that outlives this process, whatever ends it.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.shared.kept.load(Ordering::Relaxed)
    }

    /// Records that were not kept.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Writes what was taken and ends; false when that took longer than
    /// `limit`, as it does on a disk that hangs.
    #[must_use = "false: the last records may be missing"]
    pub fn stop(self, limit: Duration) -> bool {
        let _ = self.to.send(Told::End);
        let end =
            clock::mono_ns().saturating_add(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX));
        while !self.scribe.is_finished() {
            if clock::mono_ns() > end {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.scribe.join().is_ok()
    }
}

impl Recorder {
    /// Begins a recording of the session that begins now. That the directory
    /// can't be used is reported, again and again tried, and no error.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn start(config: RingConfig, sender: Sender) -> io::Result<(Self, Running)> {
        let (to, told) = channel::unbounded();
        let shared = Arc::new(Shared::default());
        let session = ring::Session { dir: config.dir.clone(), name: session_name() };
        let dir = Text::new(&config.dir.to_string_lossy());
        let scribe = {
            let (shared, sender, session) = (Arc::clone(&shared), sender.clone(), session.clone());
            thread::Builder::new().name(String::from("record")).spawn(move || {
                scribe::Scribe::new(config, session, shared, sender).run(&told);
            })?
        };
        let running = Running { to: to.clone(), shared: Arc::clone(&shared), scribe };
        let recorder = Self { to, shared, sender, dir, session, skipping: false };
        Ok((recorder, running))
    }

    /// The session in its ring: what a look back reads.
    #[must_use]
    pub const fn session(&self) -> &ring::Session {
        &self.session
    }
}

impl Journal for Recorder {
    fn record(&mut self, record: &Stamped) {
        let weight = weight(record);
        if !self.skipping {
            let waiting = self.shared.waiting.fetch_add(weight, Ordering::Relaxed);
            if waiting <= MOST_WAITING {
                let _ = self.to.send(Told::Record(record.clone()));
                return;
            }
            self.shared.waiting.fetch_sub(weight, Ordering::Relaxed);
            self.skipping = true;
            // The scribe can't say so: it waits for the disk.
            self.sender.send(Event::Recording(Box::new(RecordingReport {
                on: false,
                fault: Text::new("the disk is too slow or hangs; it goes on as soon as it can"),
                elsewhere: false,
                dir: self.dir.clone(),
                bytes: 0,
                lost: self.shared.lost.load(Ordering::Relaxed) + 1,
                kept: 0,
            })));
            self.shared.ready.store(true, Ordering::Relaxed);
        }
        self.shared.lost.fetch_add(1, Ordering::Relaxed);
    }

    fn wants_whole(&self) -> bool {
        self.shared.ready.load(Ordering::Relaxed)
            && self.shared.waiting.load(Ordering::Relaxed) < MOST_WAITING / 8
    }

    fn whole(&mut self, state: &State) {
        self.shared.ready.store(false, Ordering::Relaxed);
        self.skipping = false;
        let _ = self.to.send(Told::Whole(Box::new(state.clone())));
    }
}

/// Each tick counts for itself.
fn weight(record: &Stamped) -> u64 {
    match &record.event {
        Event::Ticks(batch) => u64::try_from(batch.ticks.len()).unwrap_or(u64::MAX).max(1),
        _ => 1,
    }
}

/// `20260114T135658Z-3f9c01`.
fn session_name() -> String {
    let iso = clock::utc().iso();
    let moment: String = iso.chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{moment}Z-{:06x}", ids::random_u64() & 0xff_ffff)
}
