//! Output: from the pipes of all processes to their files, to the lines at
//! hand, to the rules and to everybody who listens.
//!
//! One thread reads everything ([`Output::start`] begins it). Each line goes
//! into a ring of the last lines, under a number that has no holes, and on its
//! way to its process's file (`logs/NAME.log`, rotated; see `file`), which
//! gets all of them: a bounded queue, and a thread of the file's own (`disk`).
//! Listeners are told at once, of a flood a bounded part; what is left out is
//! counted and said. Nothing here waits for a listener, nor for a disk that is
//! full or hangs: what it does not take is counted and said too.

pub mod counts;
mod disk;
pub mod file;
mod gauges;
mod intake;
pub mod level;
mod past;
mod reader;
mod ring;
mod said;
pub mod split;
mod stream;
mod tell;
#[cfg(test)]
pub(super) mod tests;

use super::lines::{Output as From, Reads, Source};
use super::parts::{LineQuery, Lines, Older, OlderQuery, Place};
use super::rules::{Alerts, RuleBook};
use super::spec::{Look, Mission, Name};
use super::told::Hears;
use crate::config::Problem;
use crate::domain::Text;
use crate::domain::mission::{ConsoleLine, LineLevel};
use crate::host::world;
use counts::{ByProcess, Counts};
pub use disk::Left;
use disk::{Queue, Stand};
use file::LogFile;
use intake::Meta;
use memchr::memmem::Finder;
use reader::Reader;
use ring::{Ring, Wanted};
use rustix::event::{EventfdFlags, eventfd};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Runs of a process whose words are remembered for probes.
const RUNS: usize = 4;

/// Lines that may belong to the last words of a run.
const LAST: usize = 16;
/// Longest last words, in characters.
const WORDS: usize = 300;
/// Between two looks whether they were read.
const AGAIN: Duration = Duration::from_millis(10);
/// The reader has so long for what is in the pipes when it ends.
const READ: Duration = Duration::from_secs(2);
/// And the disks for what waits for them.
const WRITTEN: Duration = Duration::from_secs(3);

/// Longest look into the files for older lines.
const OLDER: Duration = Duration::from_secs(10);

/// What a probe waits for, and whether it was seen.
type Seek = (String, Arc<AtomicBool>);

/// What is remembered of one run.
struct Run {
    /// The last line before it.
    after: u64,
    seeks: Vec<Seek>,
}

/// What the reader is told.
enum Command {
    Attach(Source, Vec<(Finder<'static>, Arc<AtomicBool>)>),
    Ended(Name, u64),
    Seek(Name, u64, Box<(Finder<'static>, Arc<AtomicBool>)>),
    Note(Name, LineLevel, Text),
    Word(Name, LineLevel, Text),
    End,
}

/// What the reader and those who ask share.
struct Shared {
    logs: PathBuf,
    limits: Mutex<(u64, u32)>,
    ring: Mutex<Ring>,
    counts: Mutex<ByProcess>,
    rules: Mutex<Arc<RuleBook>>,
    /// Texts that probes of a process wait for.
    watched: Mutex<BTreeMap<Name, Vec<String>>>,
    said: Mutex<BTreeMap<(Name, u64), Run>>,
    /// The first byte that the next daemon has to read, of followed files.
    places: Mutex<BTreeMap<(Name, u64, bool), u64>>,
    queue: Mutex<VecDeque<Command>>,
    /// What waits for the disk, by process.
    queues: Mutex<BTreeMap<Name, Arc<Queue>>>,
    wake: OwnedFd,
    hears: Arc<dyn Hears>,
    alerts: Option<Arc<Alerts>>,
}

/// A lock that a panicking thread left is as good as any: each change behind
/// it is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        lock(&self.ring)
    }

    fn rules(&self) -> Arc<RuleBook> {
        Arc::clone(&lock(&self.rules))
    }

    fn count(&self, process: &str, more: &Counts) {
        let mut counts = lock(&self.counts);
        if let Some(known) = counts.get_mut(process) {
            known.add(more);
        } else {
            counts.insert(process.to_owned(), *more);
        }
    }

    /// The file of a process. A name is letters, digits, `_`, `-` and `.`; the
    /// daemon's own lines have no process.
    fn file(&self, process: &str) -> LogFile {
        let (bytes, files) = *lock(&self.limits);
        let own = if process.is_empty() { "mission" } else { process };
        LogFile::new(self.logs.join(format!("{own}.log")), bytes, files)
    }

    /// Notes how far a followed file is read.
    fn is_at(&self, meta: &Meta, place: u64) {
        let key = (meta.process.clone(), meta.run, meta.stderr);
        if let Some(known) = lock(&self.places).get_mut(&key) {
            *known = place;
        }
    }

    fn send(&self, command: Command) {
        lock(&self.queue).push_back(command);
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    fn next(&self) -> Option<Command> {
        let command = lock(&self.queue).pop_front();
        if command.is_none() {
            let mut count = [0_u8; 8];
            let _ = rustix::io::read(&self.wake, &mut count);
            // What came between the two looks would wait for the next wake.
            return lock(&self.queue).pop_front();
        }
        command
    }
}

/// The reader of all output; ends with it. What is left in the pipes then is
/// read first.
pub struct Output {
    shared: Arc<Shared>,
    /// Says when the reader has ended.
    ended: Mutex<Option<Receiver<()>>>,
}

impl Output {
    /// Begins to read, with files in `dir/logs`; `alerts` hears of errors in
    /// the lines.
    ///
    /// # Errors
    /// What is wrong with the rules of the mission, or that the system has no
    /// thread to give.
    pub fn start(
        mission: &Mission,
        dir: &Path,
        hears: Arc<dyn Hears>,
        alerts: Option<Arc<Alerts>>,
    ) -> Result<Arc<Self>, Vec<Problem>> {
        let rules = RuleBook::new(&mission.rules)?;
        let system = |e: io::Error| {
            let cause = format!("no thread for the output of processes: {e}");
            vec![Problem::new(crate::config::Origin::Default, cause, "see `ulimit -a`")]
        };
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let shared = Arc::new(Shared {
            logs: dir.join("logs"),
            limits: Mutex::new((mission.daemon.log_bytes, mission.daemon.log_files)),
            ring: Mutex::new(Ring::new(mission.daemon.ring)),
            counts: Mutex::default(),
            rules: Mutex::new(Arc::new(rules)),
            watched: Mutex::new(watched(mission)),
            said: Mutex::default(),
            places: Mutex::default(),
            queue: Mutex::default(),
            queues: Mutex::default(),
            wake: eventfd(0, flags).map_err(|e| system(e.into()))?,
            hears,
            alerts,
        });
        let reader = Reader::new(Arc::clone(&shared)).map_err(system)?;
        let thread = std::thread::Builder::new().name(String::from("mission-lines"));
        let (ends, ended) = channel();
        let run = move || {
            reader.run();
            drop(ends);
        };
        thread.spawn(run).map_err(system)?;
        Ok(Arc::new(Self { shared, ended: Mutex::new(Some(ended)) }))
    }

    /// Another configuration: its rules, limits and probes count from now on
    /// (limits for the files of processes that have written nothing yet).
    ///
    /// # Errors
    /// What is wrong with its rules; nothing was changed then.
    pub fn reload(&self, mission: &Mission) -> Result<(), Vec<Problem>> {
        let rules = RuleBook::new(&mission.rules)?;
        *lock(&self.shared.rules) = Arc::new(rules);
        *lock(&self.shared.limits) = (mission.daemon.log_bytes, mission.daemon.log_files);
        *lock(&self.shared.watched) = watched(mission);
        Ok(())
    }

    /// Lines at hand in the order of their numbers: of one process or all, at
    /// least so loud, with `contains` in them (empty: all). `after` a number:
    /// the first `most` behind it; 0: the newest `most`.
    #[must_use]
    pub fn lines(
        &self,
        process: Option<&str>,
        level: LineLevel,
        contains: &str,
        after: u64,
        most: usize,
    ) -> Vec<ConsoleLine> {
        let after = (after > 0).then_some(after);
        self.shared.ring().lines(&Wanted { process, level, contains, after, most })
    }

    /// The number of the last line, 0 before the first.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.shared.ring().last()
    }

    /// What was read of each process; the daemon's own lines are under `""`.
    #[must_use]
    pub fn counts(&self) -> ByProcess {
        lock(&self.shared.counts).clone()
    }

    /// What was read of all.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        lock(&self.shared.counts).values().for_each(|counts| total.add(counts));
        total
    }

    /// Of each process, how many lines wait for its disk, and whether that hangs.
    #[must_use]
    pub fn disks(&self) -> Vec<(Name, u64, bool)> {
        let now = Instant::now();
        let queues = lock(&self.shared.queues);
        let stand = |queue: &Queue| queue.stand(now) == Stand::Hangs;
        queues.iter().map(|(name, q)| (name.clone(), q.waits().0, stand(q))).collect()
    }

    /// Where the files are.
    #[must_use]
    pub fn logs(&self) -> &Path {
        &self.shared.logs
    }

    /// Reads what is left, has it written, and ends. A disk that hangs is
    /// waited for a bounded time; what it did not take is counted as lost, and
    /// said in the daemon's log ([`Output::left`] has it too).
    pub fn stop(&self) {
        let Some(ended) = lock(&self.ended).take() else { return };
        self.shared.send(Command::End);
        // It only ends; a followed file on a disk that hangs may hold it.
        let _ = ended.recv_timeout(READ);
        let until = Instant::now() + WRITTEN;
        let queues: Vec<Arc<Queue>> = lock(&self.shared.queues).values().cloned().collect();
        for queue in &queues {
            queue.close();
        }
        for queue in queues {
            queue.emptied(until);
        }
        for Left { process, lines, bytes } in self.left() {
            self.shared.count(&process, &Counts { lost: lines, ..Counts::default() });
            let file = self.shared.file(&process);
            tracing::error!(
                "{}: the disk does not answer; {lines} lines ({bytes} bytes) were not written",
                file.path().display()
            );
        }
    }

    /// What waits for the disk; after the end: what was not written.
    #[must_use]
    pub fn left(&self) -> Vec<Left> {
        let queues = lock(&self.shared.queues);
        let left = queues.iter().map(|(process, queue)| {
            let (lines, bytes) = queue.waits();
            Left { process: process.clone(), lines, bytes }
        });
        left.filter(|left| left.bytes > 0).collect()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Lines for Output {
    fn lines(&self, wanted: &LineQuery) -> Vec<ConsoleLine> {
        self.shared.ring().lines(&Wanted {
            process: wanted.process.as_deref(),
            level: wanted.level,
            contains: &wanted.contains,
            after: Some(wanted.after),
            most: wanted.most,
        })
    }

    fn newest(&self) -> u64 {
        self.last()
    }

    fn oldest(&self) -> u64 {
        self.shared.ring().oldest()
    }

    fn place(&self, line: Option<&ConsoleLine>) -> Option<Place> {
        Some(self.shared.ring().place(line.map(|line| (line.seq, line.at))))
    }

    fn older(&self, wanted: &OlderQuery) -> Older {
        let (logs, own) = (self.shared.logs.clone(), wanted.clone());
        let found = world::within(OLDER, move || past::older(&logs, &own));
        let mut older = found.unwrap_or_else(|| {
            let why = format!("the disk of the log files does not answer ({} s)", OLDER.as_secs());
            Older { notes: vec![Text::new(&why)], ..Older::default() }
        });
        for (name, lines, _) in self.disks().into_iter().filter(|(.., hangs)| *hangs) {
            let text = format!("{name}: the disk hangs; {lines} lines wait and are in no file yet");
            older.notes.push(Text::new(&text));
        }
        older
    }
}

/// The last words among the last lines of a run: its last line, and where that
/// is indented, the line that it belongs to before it.
fn words_of(lines: &[ConsoleLine]) -> Option<Text> {
    let loud = lines.iter().any(|line| line.stderr && !line.message.is_empty());
    let said = lines.iter().filter(|line| line.stderr == loud && !line.message.is_empty());
    let mut words: Vec<&str> = Vec::new();
    for line in said.rev() {
        words.push(line.message.as_str().trim());
        if !line.message.as_str().starts_with(char::is_whitespace) {
            break;
        }
    }
    words.reverse();
    (!words.is_empty()).then(|| Text::limited(&words.join("; "), WORDS))
}

/// What the log probes of each process wait for.
fn watched(mission: &Mission) -> BTreeMap<Name, Vec<String>> {
    let texts = mission.processes.iter().map(|process| {
        let probes = process.ready.iter().chain(&process.live);
        let texts = probes.filter_map(|probe| match &probe.look {
            Look::Log(text) => Some(text.clone()),
            _ => None,
        });
        (process.name.clone(), texts.collect())
    });
    texts.collect()
}

impl Reads for Output {
    fn attach(&self, source: Source) {
        let fresh = self.shared.fresh(&source.process);
        let mut said = lock(&self.shared.said);
        let runs = said.keys().filter(|(process, _)| *process == source.process).count();
        let first = said.keys().find(|(process, _)| *process == source.process).cloned();
        if let Some(first) = first.filter(|_| runs >= RUNS) {
            said.remove(&first);
            let mut places = lock(&self.shared.places);
            places.retain(|(process, run, _), _| (process, *run) != (&first.0, first.1));
        }
        let key = (source.process.clone(), source.run, source.stderr);
        if let From::File { from, .. } = &source.output {
            lock(&self.shared.places).insert(key, *from);
        }
        let run = said.entry((source.process.clone(), source.run)).or_insert(fresh);
        let finder =
            |(text, seen): &Seek| (Finder::new(text.as_bytes()).into_owned(), Arc::clone(seen));
        let seeks = run.seeks.iter().map(finder).collect();
        drop(said);
        self.shared.send(Command::Attach(source, seeks));
    }

    fn ended(&self, process: &str, run: u64) {
        self.shared.send(Command::Ended(process.to_owned(), run));
    }

    fn has_said(&self, process: &str, run: u64, text: &str) -> bool {
        let mut said = lock(&self.shared.said);
        let Some(Run { after, seeks }) = said.get_mut(&(process.to_owned(), run)) else {
            return false;
        };
        let known = seeks.iter().find(|(known, _)| known == text);
        if let Some((_, seen)) = known {
            return seen.load(Ordering::Acquire);
        }
        // No probe of the configuration: looked for from now on, and in what
        // is at hand.
        let seen = Arc::<AtomicBool>::default();
        seeks.push((text.to_owned(), Arc::clone(&seen)));
        let wanted = (Finder::new(text.as_bytes()).into_owned(), Arc::clone(&seen));
        self.shared.send(Command::Seek(process.to_owned(), run, Box::new(wanted)));
        if !self.lines(Some(process), LineLevel::Trace, text, *after, 1).is_empty() {
            seen.store(true, Ordering::Release);
        }
        seen.load(Ordering::Acquire)
    }

    fn forget(&self, process: &str) {
        self.shared.forget(process);
    }

    fn heard(&self, process: &str, run: u64) -> Vec<String> {
        self.shared.heard(process, run)
    }

    fn recall(&self, process: &str, run: u64, texts: &[String]) {
        self.shared.recall(process, run, texts);
    }

    fn last_words(&self, process: &str, run: u64, longest: Duration) -> Option<Text> {
        let after = lock(&self.shared.said).get(&(process.to_owned(), run))?.after;
        let until = Instant::now() + longest;
        loop {
            let mut lines = self.lines(Some(process), LineLevel::Trace, "", 0, LAST);
            lines.retain(|line| line.seq > after);
            let said = words_of(&lines);
            if said.is_some() || Instant::now() >= until {
                return said;
            }
            std::thread::sleep(AGAIN);
        }
    }

    fn position(&self, process: &str, run: u64, stderr: bool) -> Option<u64> {
        lock(&self.shared.places).get(&(process.to_owned(), run, stderr)).copied()
    }

    fn note(&self, process: &str, level: LineLevel, text: &Text) {
        self.shared.send(Command::Note(process.to_owned(), level, text.clone()));
    }
}
