//! What becomes of bytes: lines with a level and a number, into the file, the
//! ring, the rules and the listeners. Runs in the reader's thread alone.

use super::super::lines::{Raise, Raises as _};
use super::super::spec::Name;
use super::super::told::Told;
use super::Shared;
use super::counts::Counts;
use super::file::{HEAD, LogFile, Out, Wrote, head};
use super::level::level;
use super::ring::{Fresh, Ring};
use super::split::{Chunk, trimmed};
use super::tell::Tell;
use crate::domain::mission::{Gravity, LineLevel, Recovery};
use crate::domain::{Text, UtcMicros};
use crate::host::clock;
use crate::mission::rules::Hits;
use memchr::memchr;
use memchr::memmem::Finder;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

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
    files: BTreeMap<u16, LogFile>,
    out: Out,
    tell: Tell,
    hits: Hits,
}

/// What goes with every line of one read.
struct Read<'a> {
    meta: &'a Meta,
    name: Text,
    at: UtcMicros,
    head: [u8; HEAD],
}

impl<'a> Read<'a> {
    fn new(ring: &Ring, meta: &'a Meta) -> Self {
        let at = clock::utc();
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
        }
    }

    /// Takes what was read; every byte is in the file when this returns, or
    /// counted as lost.
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
        let mut ring = shared.ring();
        let read = Read::new(&ring, meta);
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
        let mut ring = shared.ring();
        let read = Read::new(&ring, meta);
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
        let who = self.shared.ring().who(process);
        self.word(who, process, level, text);
        let at = clock::utc();
        // No line of the process: where the disk does not take it, none is lost.
        self.out.line(&head(at, b'd'), false, false, text.as_str().as_bytes());
        self.write(who, process);
    }

    /// As `note`, to everybody but the file.
    fn word(&mut self, who: u16, process: &str, level: LineLevel, text: &Text) {
        let bytes = text.as_str().as_bytes();
        let at = clock::utc();
        let fresh = Fresh { who, stderr: false, at, level, cut: false, bytes };
        let mut ring = self.shared.ring();
        let seq = ring.push(&fresh);
        let line = fresh.line(seq, &ring.name(who));
        drop(ring);
        self.tell.push(line);
        self.shared.count(process, &Counts { lines: 1, ..Counts::default() });
    }

    fn write(&mut self, who: u16, process: &str) {
        let file = match self.files.entry(who) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.shared.file(process)),
        };
        let mut counts = Counts::default();
        let wrote = file.write(&mut self.out, &mut counts.lost);
        let said = match wrote {
            Wrote::Well => None,
            Wrote::Failed(e) => {
                counts.faults = 1;
                self.fault(process, &e);
                let text = format!(
                    "the disk does not take this output: {e}; it is counted, and tried again \
                     every second; make room in {}",
                    self.shared.logs.display()
                );
                Some((LineLevel::Error, text))
            }
            Wrote::Again(lost) => Some((
                LineLevel::Warn,
                format!("the disk takes this output again; {lost} lines were lost to it"),
            )),
        };
        if counts != Counts::default() {
            self.shared.count(process, &counts);
        }
        if let Some((level, text)) = said {
            self.word(who, process, level, &Text::new(&text));
        }
    }

    fn fault(&self, process: &str, e: &std::io::Error) {
        let Some(alerts) = &self.shared.alerts else { return };
        alerts.raise(Raise {
            kind: String::from("log-disk"),
            severity: Gravity::High,
            process: process.to_owned(),
            title: Text::new("Output is not on disk"),
            message: Text::new(&e.to_string()),
            solution: Text::new(&format!(
                "make room in {}, or lower log_bytes and log_files",
                self.shared.logs.display()
            )),
            strategy: Recovery::Manual,
            actions: Vec::new(),
        });
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

    /// Looks after the files: somebody may have moved one.
    pub fn look(&mut self) {
        self.files.values_mut().for_each(LogFile::look);
    }
}
