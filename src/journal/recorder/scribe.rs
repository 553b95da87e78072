//! The scribe: the one thread that writes the recording.

use super::keeper::Keeper;
use super::{RingConfig, Shared, Told, weight};
use crate::domain::Text;
use crate::event::{Event, RecordingReport, Sender, Stamped};
use crate::host::clock;
use crate::journal::ring::{Lock, LockError, Name, Session};
use crate::journal::{Gap, Level, Segment};
use crate::state::State;
use crossbeam_channel as channel;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// After a fault it is tried again this often.
const AGAIN_NS: u64 = 5_000_000_000;
/// How the recording fares is told this often, also without news.
const TELL_NS: u64 = 60_000_000_000;
/// A disk with less room, in bytes, is full.
const PROBE: usize = 256 * 1024;

/// Owner of the files.
pub struct Scribe {
    config: RingConfig,
    session: Session,
    shared: Arc<Shared>,
    sender: Sender,
    lock: Option<Lock>,
    writing: Option<Writing>,
    keeper: Option<Keeper>,
    number: u32,
    /// State after the last record, while nothing can be written: what goes
    /// on begins with it. None where records passed this thread by.
    heard: Option<State>,
    /// The last record that was written.
    kept: u64,
    flush: u64,
    again: u64,
    told: u64,
    /// Another process has the ring.
    elsewhere: bool,
    /// What was told last.
    report: Option<RecordingReport>,
}

/// A file that grows.
struct Writing {
    segment: Segment,
    file: File,
    path: PathBuf,
    inode: u64,
    began: u64,
    /// Bytes of it that are whole records.
    good: u64,
    /// The last record in those.
    safe: u64,
}

impl Scribe {
    /// One that has written nothing yet.
    pub const fn new(
        config: RingConfig,
        session: Session,
        shared: Arc<Shared>,
        sender: Sender,
    ) -> Self {
        Self {
            config,
            session,
            shared,
            sender,
            lock: None,
            writing: None,
            heard: None,
            keeper: None,
            number: 0,
            kept: 0,
            flush: 0,
            again: 0,
            told: 0,
            elsewhere: false,
            report: None,
        }
    }

    /// Until it is told to end, or nobody is left to tell it anything.
    pub fn run(mut self, told: &channel::Receiver<Told>) {
        loop {
            let now = clock::mono_ns();
            let due = self.due().saturating_sub(now);
            match told.recv_timeout(Duration::from_nanos(due)) {
                Ok(Told::Record(record)) => {
                    self.shared.waiting.fetch_sub(weight(&record), Ordering::Relaxed);
                    self.take(record);
                }
                Ok(Told::Whole(state)) => self.begin(*state),
                Err(channel::RecvTimeoutError::Timeout) => {}
                Ok(Told::End) | Err(channel::RecvTimeoutError::Disconnected) => break,
            }
            self.on_time(clock::mono_ns());
        }
        self.end();
    }

    fn flush_ns(&self) -> u64 {
        u64::try_from(self.config.flush.as_nanos()).unwrap_or(u64::MAX)
    }

    const fn due(&self) -> u64 {
        if self.writing.is_some() { self.flush } else { self.again }
    }

    fn on_time(&mut self, now: u64) {
        if now < self.due() {
            return;
        }
        if self.writing.is_none() {
            self.again = now + AGAIN_NS;
            let began = self.kept > 0 || self.shared.lost.load(Ordering::Relaxed) > 0;
            match (self.room(), self.heard.take()) {
                (Ok(()), Some(state)) => self.begin(state),
                (Ok(()), None) if began => self.shared.ready.store(true, Ordering::Relaxed),
                (Ok(()), None) => {}
                (Err(why), heard) => {
                    self.heard = heard;
                    self.tell(false, &why);
                }
            }
            return;
        }
        self.flush = now + self.flush_ns();
        if let Err(e) = self.write() {
            self.fail(&e.to_string());
        } else {
            self.turn(now);
            if now >= self.told + TELL_NS {
                self.tell(true, "");
            }
        }
    }

    fn take(&mut self, record: Stamped) {
        if self.writing.is_none() && record.seq == 1 {
            self.begin(State::default());
        }
        let bookmark = matches!(record.event, Event::Bookmark(_)).then(|| record.clone());
        let Some(writing) = &mut self.writing else {
            self.lose(1);
            self.heard = self.heard.take().filter(|_| !self.elsewhere);
            // One that does not follow: the queue was full before it.
            self.heard.take_if(|state| state.apply(&record).is_err());
            return;
        };
        let seq = record.seq;
        if seq <= writing.segment.state().seq {
            return; // The whole State has it.
        }
        if let Err(e) = writing.segment.put(record) {
            self.lose(1);
            return self.fail(&e.to_string());
        }
        if let Err(e) = writing.carry() {
            return self.fail(&e.to_string());
        }
        if let Some(record) = bookmark {
            self.flush = 0;
            if let (Some(keeper), Event::Bookmark(mark)) = (&self.keeper, &record.event) {
                keeper.bookmark(record.at.utc, record.seq, mark.text.clone());
            }
        }
    }

    fn lose(&self, records: u64) {
        self.shared.lost.fetch_add(records, Ordering::Relaxed);
    }

    /// Begins a file after `state`.
    fn begin(&mut self, state: State) {
        if let Some(writing) = self.writing.take() {
            self.leave(writing);
        }
        let gap = (self.kept > 0 || state.seq > 0)
            .then_some(Gap { after: self.kept, until: state.seq })
            .filter(|gap| gap.until > gap.after);
        match self.try_begin(state, gap) {
            Ok(()) => {
                let now = clock::mono_ns();
                self.flush = now + self.flush_ns();
                self.tell(true, "");
            }
            Err(why) => self.fail(&why),
        }
    }

    /// Whether the ring is ours and takes what a file begins with: a whole
    /// State is asked for only then.
    fn room(&mut self) -> Result<(), String> {
        let dir = self.config.dir.clone();
        self.own()?;
        let probe = dir.join("probe.tmp");
        let written = fs::write(&probe, vec![0; PROBE]);
        let _ = fs::remove_file(&probe);
        written.map_err(|e| at(&e, &dir))
    }

    /// Takes the ring, or says who has it.
    fn own(&mut self) -> Result<(), String> {
        let dir = self.config.dir.clone();
        fs::create_dir_all(&dir).map_err(|e| at(&e, &dir))?;
        if self.lock.as_ref().is_none_or(|lock| !lock.holds(&dir)) {
            self.keeper = None;
            self.lock = None;
            let taken = Lock::take(&dir);
            self.elsewhere = matches!(taken, Err(LockError::Held(_)));
            self.lock = Some(taken.map_err(|e| match e {
                LockError::Held(by) => format!("process {by} records into {}", dir.display()),
                LockError::Io(e) => at(&e, &dir),
            })?);
        }
        if self.keeper.is_none() {
            let keeper = Keeper::start(self.config.clone(), self.session.name.clone());
            self.keeper = Some(keeper.map_err(|e| e.to_string())?);
        }
        Ok(())
    }

    fn try_begin(&mut self, state: State, gap: Option<Gap>) -> Result<(), String> {
        if let Err(why) = self.own() {
            self.heard = Some(state);
            return Err(why);
        }
        let dir = self.config.dir.clone();
        self.number += 1;
        let name = Name { session: self.session.name.clone(), number: self.number, live: true };
        let path = name.path(&dir);
        let made = OpenOptions::new().write(true).create_new(true).open(&path);
        let made = made.and_then(|file| file.metadata().map(|meta| (file, meta.ino())));
        let (file, inode) = match made {
            Ok(made) => made,
            Err(e) => {
                self.heard = Some(state);
                return Err(at(&e, &path));
            }
        };
        let about = BTreeMap::from([
            (String::from("session"), self.session.name.clone()),
            (String::from("number"), self.number.to_string()),
            (String::from("crs"), String::from(env!("CARGO_PKG_VERSION"))),
        ]);
        let safe = state.seq;
        let segment = Segment::begin(state, gap, about, Level::Quick).map_err(|e| e.to_string())?;
        let began = clock::mono_ns();
        let mut writing = Writing { segment, file, path, inode, began, good: 0, safe };
        if let Err(e) = writing.carry() {
            // Without its first records it would be no recording to anybody.
            let _ = fs::remove_file(&writing.path);
            self.heard = Some(writing.segment.into_state());
            return Err(e.to_string());
        }
        self.writing = Some(writing);
        Ok(())
    }

    /// Ends the chunk and hands it to the disk.
    fn write(&mut self) -> io::Result<()> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        // A file that was removed takes everything and keeps nothing.
        if fs::metadata(&writing.path).map(|meta| meta.ino()).ok() != Some(writing.inode) {
            return Err(io::Error::other("the file was removed while it was written"));
        }
        writing.segment.flush().map_err(io::Error::other)?;
        writing.carry()?;
        self.kept = writing.safe;
        self.shared.kept.store(self.kept, Ordering::Relaxed);
        if let (Some(keeper), Ok(file)) = (&self.keeper, writing.file.try_clone()) {
            keeper.sync(file);
        }
        Ok(())
    }

    /// A new file, once this one is large or old enough.
    fn turn(&mut self, now: u64) {
        let Some(writing) = &self.writing else { return };
        let age = Duration::from_nanos(now.saturating_sub(writing.began));
        if writing.good < self.config.file_bytes && age < self.config.file_age {
            return;
        }
        let state = writing.segment.state().clone();
        self.begin(state);
    }

    /// A file that grows no more.
    fn leave(&mut self, writing: Writing) {
        let (path, last) = (writing.path.clone(), writing.segment.state().seq);
        let safe = writing.finish();
        self.lose(last.saturating_sub(safe));
        self.kept = self.kept.max(safe);
        if let Some(keeper) = &self.keeper {
            keeper.seal(path);
        }
    }

    fn fail(&mut self, why: &str) {
        if let Some(writing) = self.writing.take() {
            // What is only half there would be taken for torn.
            let _ = writing.file.set_len(writing.good);
            if let Some(keeper) = &self.keeper {
                keeper.seal(writing.path);
            }
            let state = writing.segment.into_state();
            self.lose(state.seq.saturating_sub(writing.safe));
            self.kept = self.kept.max(writing.safe);
            self.heard = Some(state);
        }
        self.again = clock::mono_ns() + AGAIN_NS;
        self.tell(false, why);
    }

    fn end(mut self) {
        if let Err(e) = self.write() {
            return self.fail(&e.to_string());
        }
        if let Some(writing) = self.writing.take() {
            // The next session seals it: this one is in a hurry.
            writing.finish();
        }
    }

    /// How it fares, where that is news or was not told for long.
    fn tell(&mut self, on: bool, fault: &str) {
        let lost = self.shared.lost.load(Ordering::Relaxed);
        let known = self.report.as_ref();
        let news = known.is_none_or(|was| was.on != on || was.fault.as_str() != fault);
        let now = clock::mono_ns();
        if !news && now < self.told.saturating_add(TELL_NS) {
            return;
        }
        self.told = now;
        let report = RecordingReport {
            on,
            fault: Text::new(fault),
            elsewhere: self.elsewhere,
            dir: Text::new(&self.config.dir.to_string_lossy()),
            bytes: self.keeper.as_ref().map_or(0, Keeper::bytes),
            lost,
            kept: self.kept,
        };
        self.report = Some(report.clone());
        self.sender.send(Event::Recording(Box::new(report)));
    }
}

/// The cause before the place: a screen cuts the end.
fn at(e: &io::Error, path: &Path) -> String {
    format!("{e}: {}", path.display())
}

impl Writing {
    /// Writes all that is left, and the end; the last record in the file.
    fn finish(mut self) -> u64 {
        let last = self.segment.state().seq;
        let end = self.segment.finish().map_err(io::Error::other);
        if end.and_then(|end| self.file.write_all(&end)).is_ok() {
            let _ = self.file.sync_data();
            return last;
        }
        let _ = self.file.set_len(self.good);
        self.safe
    }

    /// Hands the file what is ready: always whole chunks.
    fn carry(&mut self) -> io::Result<()> {
        let bytes = self.segment.take();
        if bytes.is_empty() {
            return Ok(());
        }
        self.file.write_all(&bytes)?;
        self.good = self.segment.written();
        self.safe = self.segment.state().seq;
        Ok(())
    }
}
