//! What becomes of bytes: lines with a level and a number, into the file, the
//! ring, the rules and the listeners. Runs in the reader's thread alone.

use super::super::spec::Name;
use super::super::told::Told;
use super::Shared;
use super::counts::Counts;
use super::disk::{self, Queue, Stand};
use super::file::{HEAD, Out, head};
use super::level::level;
use super::ring::{Fresh, Ring};
use super::split::{Chunk, trimmed};
use super::tell::Tell;
use crate::domain::mission::LineLevel;
use crate::domain::{Text, UtcMicros};
use crate::host::clock;
use crate::mission::rules::Hits;
use memchr::memchr;
use memchr::memmem::Finder;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// So often a disk that hangs is looked for.
const LOOK: Duration = Duration::from_millis(100);
/// While one hangs, what was lost is said anew so often.
const ANEW: Duration = Duration::from_mins(1);
/// And a thread that there was none of is asked for again.
const AGAIN: Duration = Duration::from_secs(1);
/// A step of the clock back by less is none.
const STEP_US: i64 = 1_000;

/// Whose bytes these are.
#[derive(Debug)]
pub struct Meta {
    /// The process.
    pub process: Name,
    /// Which of its starts.
    pub run: u64,
    /// On standard error.
    pub stderr: bool,
    /// Its number in the ring.
    pub who: u16,
    /// What probes wait for in its lines, and where it is noted.
    pub seeks: Vec<(Finder<'static>, Arc<AtomicBool>)>,
}

/// The intake.
pub struct Intake {
    shared: Arc<Shared>,
    files: BTreeMap<u16, Way>,
    out: Out,
    tell: Tell,
    hits: Hits,
    /// Of the last read.
    at: UtcMicros,
    looked: Instant,
}

/// A process's way to the disk.
struct Way {
    process: Name,
    /// None: the system gave no thread.
    queue: Option<Arc<Queue>>,
    /// Lines that were dropped since it was well.
    dropped: u64,
    /// When it was said that it hangs.
    said: Option<Instant>,
    /// When a thread was asked for in vain.
    tried: Option<Instant>,
}

impl Way {
    fn new(process: &str) -> Self {
        Self { process: process.to_owned(), queue: None, dropped: 0, said: None, tried: None }
    }

    /// Its queue; a thread that the system does not give is asked for again.
    fn open(&mut self, shared: &Arc<Shared>) -> Option<&Queue> {
        if self.queue.is_none() && self.tried.is_none_or(|tried| tried.elapsed() >= AGAIN) {
            match disk::start(shared, &self.process, self.dropped) {
                Ok(queue) => self.queue = Some(queue),
                Err(e) => {
                    if self.tried.is_none() {
                        disk::failed(shared, &self.process, &e);
                        shared.count(&self.process, &Counts { faults: 1, ..Counts::default() });
                    }
                    self.tried = Some(Instant::now());
                }
            }
        }
        self.queue.as_deref()
    }
}

/// What goes with every line of one read.
struct Read<'a> {
    meta: &'a Meta,
    name: Text,
    at: UtcMicros,
    head: [u8; HEAD],
}

impl<'a> Read<'a> {
    fn new(ring: &Ring, meta: &'a Meta, at: UtcMicros) -> Self {
        let head = head(at, if meta.stderr { b'e' } else { b'o' });
        Self { meta, name: ring.name(meta.who), at, head }
    }
}

impl Intake {
    /// One that has read nothing yet.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            files: BTreeMap::new(),
            out: Out::default(),
            tell: Tell::new(Instant::now()),
            hits: Hits::default(),
            at: UtcMicros(0),
            looked: Instant::now(),
        }
    }

    /// The moment of a read. No two are of one, so that it leads from a line
    /// here to the same line in a file.
    fn now(&mut self) -> UtcMicros {
        let now = clock::utc();
        let back = (0..STEP_US).contains(&(self.at.0 - now.0));
        self.at = if back { UtcMicros(self.at.0 + 1) } else { now };
        self.at
    }

    /// Takes what was read; every byte is on its way to the file when this
    /// returns, or counted as lost.
    pub fn take(&mut self, meta: &mut Meta, chunk: Chunk<'_>) {
        let bytes = match chunk {
            Chunk::Lines(all) => {
                self.lines(meta, all);
                all
            }
            Chunk::Piece { bytes, first, cut } => {
                let bytes = if cut { bytes } else { trimmed(bytes) };
                self.piece(meta, bytes, first, cut);
                bytes
            }
        };
        self.write(meta.who, &meta.process);
        meta.seeks.retain(|(finder, said)| {
            let found = finder.find(bytes).is_some();
            if found {
                said.store(true, Ordering::Release);
            }
            !found
        });
        if let Some(alerts) = &self.shared.alerts {
            let rules = self.shared.rules();
            rules.hits(bytes, &mut self.hits);
            for (rule, line, times) in self.hits.all(bytes) {
                if let Some(rule) = rules.rule(rule) {
                    alerts.seen(rule, &meta.process, line, times);
                }
            }
        }
    }

    fn lines(&mut self, meta: &Meta, all: &[u8]) {
        let shared = Arc::clone(&self.shared);
        let at = self.now();
        let mut ring = shared.ring();
        let read = Read::new(&ring, meta, at);
        let mut counts = Counts { bytes: all.len() as u64, ..Counts::default() };
        let mut rest = all;
        while let Some(at) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at(at);
            self.line(&mut ring, &read, trimmed(line), false, &mut counts);
            rest = after.get(1..).unwrap_or_default();
        }
        drop(ring);
        shared.count(&meta.process, &counts);
    }

    fn piece(&mut self, meta: &Meta, bytes: &[u8], first: bool, cut: bool) {
        let shared = Arc::clone(&self.shared);
        let at = self.now();
        let mut ring = shared.ring();
        let read = Read::new(&ring, meta, at);
        let mut counts = Counts { bytes: bytes.len() as u64, ..Counts::default() };
        if first {
            counts.cut = u64::from(cut);
            self.line(&mut ring, &read, bytes, cut, &mut counts);
        } else if !bytes.is_empty() {
            self.out.line(&read.head, cut, false, bytes);
        }
        drop(ring);
        shared.count(&meta.process, &counts);
    }

    fn line(
        &mut self,
        ring: &mut Ring,
        read: &Read<'_>,
        bytes: &[u8],
        cut: bool,
        counts: &mut Counts,
    ) {
        let (who, stderr) = (read.meta.who, read.meta.stderr);
        let fresh = Fresh { who, stderr, at: read.at, level: level(bytes), cut, bytes };
        let seq = ring.push(&fresh);
        if self.tell.admits(who, fresh.level) {
            self.tell.push(fresh.line(seq, &read.name));
        } else {
            counts.left_out += 1;
        }
        counts.lines += 1;
        self.out.line(&read.head, cut, true, bytes);
    }

    /// The daemon's own word among the lines of a process.
    pub fn note(&mut self, process: &str, level: LineLevel, text: &Text) {
        let at = self.now();
        let who = self.word_at(at, process, level, text);
        // No line of the process: where the disk does not take it, none is lost.
        self.out.line(&head(at, b'd'), false, false, text.as_str().as_bytes());
        self.write(who, process);
    }

    /// As `note`, to everybody but the file.
    pub fn word(&mut self, process: &str, level: LineLevel, text: &Text) {
        let at = self.now();
        self.word_at(at, process, level, text);
    }

    fn word_at(&mut self, at: UtcMicros, process: &str, level: LineLevel, text: &Text) -> u16 {
        let bytes = text.as_str().as_bytes();
        let mut ring = self.shared.ring();
        let who = ring.who(process);
        let fresh = Fresh { who, stderr: false, at, level, cut: false, bytes };
        let seq = ring.push(&fresh);
        let line = fresh.line(seq, &ring.name(who));
        drop(ring);
        self.tell.push(line);
        self.shared.count(process, &Counts { lines: 1, ..Counts::default() });
        who
    }

    /// Sends what is in front of the file on its way.
    fn write(&mut self, who: u16, process: &str) {
        let way = self.files.entry(who).or_insert_with(|| Way::new(process));
        let queue = way.open(&self.shared);
        let dropped = queue.map_or(self.out.parts().1, |queue| queue.put(&self.out));
        self.out.clear();
        if dropped > 0 {
            way.dropped += dropped;
            self.shared.count(process, &Counts { lost: dropped, ..Counts::default() });
        }
    }

    /// The file of this process has no room, and its disk moves: what would
    /// fill it is read later.
    #[must_use]
    pub fn holds(&self, who: u16) -> bool {
        let queue = self.files.get(&who).and_then(|way| way.queue.as_ref());
        queue.is_some_and(|queue| queue.holds(Instant::now()))
    }

    /// Looks for a disk that hangs, and says so.
    pub fn look(&mut self) {
        let now = Instant::now();
        if now.duration_since(self.looked) < LOOK {
            return;
        }
        self.looked = now;
        for way in self.files.values_mut() {
            let Some(queue) = &way.queue else { continue };
            let hangs = queue.stand(now) == Stand::Hangs;
            let due = way.said.is_none_or(|said| now.duration_since(said) >= ANEW);
            if hangs && due {
                disk::hangs(&self.shared, &way.process, queue.waits(), way.dropped);
                let faults = u64::from(way.said.is_none());
                self.shared.count(&way.process, &Counts { faults, ..Counts::default() });
                way.said = Some(now);
            } else if !hangs && way.said.take().is_some() {
                // What was lost is said by who wrote again.
                if way.dropped == 0 {
                    disk::again(&self.shared, &way.process, 0);
                }
                way.dropped = 0;
            }
        }
    }

    /// Whether anything waits for a disk.
    #[must_use]
    pub fn waits(&self) -> bool {
        let mut queues = self.files.values().filter_map(|way| way.queue.as_ref());
        queues.any(|queue| queue.waits().1 > 0)
    }

    /// Tells what came together, and says what was left out.
    pub fn tell(&mut self) {
        let now = Instant::now();
        self.tell.refill(now);
        for (who, lines) in self.tell.missed(now) {
            let process = self.shared.ring().name(who);
            let text = format!(
                "{lines} lines are not shown here, they came too fast; the log file has them"
            );
            self.note(process.as_str(), LineLevel::Info, &Text::new(&text));
        }
        let batch = self.tell.take();
        if !batch.is_empty() {
            self.shared.hears.hear(Told::Lines(batch.into()));
        }
    }

    /// When [`Intake::tell`] has to be called again, however quiet it is.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.tell.due()
    }
}
