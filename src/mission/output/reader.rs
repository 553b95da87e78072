//! The one thread that reads all output. It waits for no disk.

use super::super::lines::Source;
use super::intake::{Intake, Meta};
use super::split::CAP;
use super::stream::{Got, Stream};
use super::{Command, Shared};
use crate::domain::Text;
use crate::domain::mission::LineLevel;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fs::inotify;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Reads of one stream before the others have their turn: an error of a quiet
/// one waits for a read of each loud one.
const TURN: usize = 1;
/// Turns of a stream that is read for the last time: more than a pipe holds.
const LAST_TURNS: usize = 64;
/// After a run's end its pipes are read so long; a grandchild may hold them.
const DRAIN: Duration = Duration::from_secs(2);
/// After a run's end its file is read so long.
const DRAIN_FILE: Duration = Duration::from_millis(300);
/// Files are looked at so often, should inotify miss something.
const LOOK: Duration = Duration::from_millis(250);
/// While little comes, lines are collected for so long.
const REST: Duration = Duration::from_millis(1);
/// What is left is read for so long when the daemon ends.
const LAST: Duration = Duration::from_millis(500);

const WAKE: u64 = 0;
const NOTIFY: u64 = 1;

/// The reader and what it reads.
pub struct Reader {
    shared: Arc<Shared>,
    intake: Intake,
    streams: BTreeMap<u64, Stream>,
    next: u64,
    epoll: OwnedFd,
    inotify: Option<OwnedFd>,
    buffer: Vec<u8>,
    looked: Instant,
}

impl Reader {
    /// One that reads nothing yet.
    ///
    /// # Errors
    /// The system's, when it has no epoll to give.
    pub fn new(shared: Arc<Shared>) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &shared.wake, epoll::EventData::new_u64(WAKE), epoll::EventFlags::IN)?;
        let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
        // Without it files are looked at by the clock.
        let inotify = inotify::init(flags).ok();
        if let Some(fd) = &inotify {
            epoll::add(&epoll, fd, epoll::EventData::new_u64(NOTIFY), epoll::EventFlags::IN)?;
        }
        Ok(Self {
            intake: Intake::new(Arc::clone(&shared)),
            shared,
            streams: BTreeMap::new(),
            next: NOTIFY + 1,
            epoll,
            inotify,
            buffer: vec![0; CAP],
            looked: Instant::now(),
        })
    }

    /// Reads until it is told to end.
    pub fn run(mut self) {
        let mut events: Vec<epoll::Event> = Vec::with_capacity(64);
        let mut busy = false;
        loop {
            events.clear();
            let wait = if busy { Duration::ZERO } else { self.patience() };
            let wait = Timespec {
                tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(wait.subsec_nanos()),
            };
            // An interrupted wait has no events, and that is all.
            let _ = epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&wait));
            let mut last = false;
            while let Some(command) = self.shared.next() {
                last |= self.obey(command);
            }
            let ready: Vec<u64> = events.iter().map(|event| event.data.u64()).collect();
            let (mut read, mut held) = (0, false);
            for id in ready.iter().copied().filter(|id| *id > NOTIFY) {
                if self.is_held(id) {
                    held = true;
                } else {
                    read += self.pump(id).0;
                }
            }
            let (files, more) = self.files(ready.contains(&NOTIFY) || busy);
            busy = more;
            held |= self.end_those_due();
            self.intake.look();
            self.intake.tell();
            if last {
                return self.finish();
            }
            // Little comes, and often: a short rest makes fewer, larger reads.
            // What waits for a disk is looked at again as soon.
            if read + files < CAP && (read + files > 0 || held || busy) {
                std::thread::sleep(REST);
            }
        }
    }

    /// How long nothing has to be done while nothing comes.
    fn patience(&self) -> Duration {
        let follows = self.streams.values().any(|s| s.file().is_some());
        let look = follows.then(|| self.looked + LOOK);
        // A disk that hangs is found by the clock.
        let disk = self.intake.waits().then(|| Instant::now() + LOOK);
        let ends = self.streams.values().filter_map(|stream| stream.ending).min();
        let due = [look, disk, ends, self.intake.due()].into_iter().flatten().min();
        let longest = Duration::from_secs(1);
        due.map_or(longest, |due| due.saturating_duration_since(Instant::now()).min(longest))
    }

    /// Does as it is told; whether that was to end.
    fn obey(&mut self, command: Command) -> bool {
        match command {
            Command::Attach(source, seeks) => {
                let who = self.shared.ring().who(&source.process);
                let Source { process, run, stderr, output } = source;
                let meta = Meta { process, run, stderr, who, seeks };
                let process = meta.process.clone();
                if let Err(e) = Stream::new(meta, output).and_then(|stream| self.admit(stream)) {
                    let text = format!("output can't be read: {e}; restart the process");
                    self.intake.note(&process, LineLevel::Error, &Text::new(&text));
                }
            }
            Command::Ended(process, run) => {
                let now = Instant::now();
                let theirs = |s: &&mut Stream| s.meta.process == process && s.meta.run == run;
                for stream in self.streams.values_mut().filter(theirs) {
                    let drain = if stream.pipe().is_some() { DRAIN } else { DRAIN_FILE };
                    stream.ending.get_or_insert(now + drain);
                }
            }
            Command::Seek(process, run, seek) => {
                let theirs = |s: &&mut Stream| s.meta.process == process && s.meta.run == run;
                for stream in self.streams.values_mut().filter(theirs) {
                    stream.meta.seeks.push((*seek).clone());
                }
            }
            Command::Note(process, level, text) => self.intake.note(&process, level, &text),
            Command::Word(process, level, text) => self.intake.word(&process, level, &text),
            Command::End => return true,
        }
        false
    }

    fn admit(&mut self, stream: Stream) -> io::Result<()> {
        let id = self.next;
        self.next += 1;
        if let Some(pipe) = stream.pipe() {
            epoll::add(&self.epoll, pipe, epoll::EventData::new_u64(id), epoll::EventFlags::IN)?;
        }
        self.watch(&stream);
        let follows = stream.file().is_some();
        self.streams.insert(id, stream);
        if follows {
            self.pump(id);
        }
        Ok(())
    }

    fn watch(&self, stream: &Stream) {
        if let (Some(fd), Some(path)) = (&self.inotify, stream.file()) {
            let flags = inotify::WatchFlags::MODIFY
                | inotify::WatchFlags::MOVE_SELF
                | inotify::WatchFlags::ATTRIB;
            // A file that is not there yet is found by the clock.
            let _ = inotify::add_watch(fd, path, flags);
        }
    }

    /// Its file has no room for what it says, and will have some soon.
    fn is_held(&self, id: u64) -> bool {
        self.streams.get(&id).is_some_and(|stream| self.intake.holds(stream.meta.who))
    }

    /// Reads one stream; how many bytes, and whether there may be more.
    fn pump(&mut self, id: u64) -> (usize, bool) {
        let Some(mut stream) = self.streams.remove(&id) else { return (0, false) };
        let (read, more, ended) = self.turn(&mut stream);
        if let (Some(place), true) = (stream.place(), read > 0) {
            self.shared.is_at(&stream.meta, place);
        }
        if !ended {
            self.streams.insert(id, stream);
        }
        (read, more)
    }

    /// Bytes, whether there may be more now, and whether it ended.
    fn turn(&mut self, stream: &mut Stream) -> (usize, bool, bool) {
        let mut read = 0;
        for _ in 0..TURN {
            let got = stream.read(&mut self.buffer);
            let Stream { meta, carry, .. } = &mut *stream;
            match got {
                Got::Bytes(n) => {
                    read += n;
                    let block = self.buffer.get(..n).unwrap_or_default();
                    carry.feed(block, |chunk| self.intake.take(meta, chunk));
                }
                Got::Nothing => return (read, false, false),
                Got::Anew => {
                    carry.finish(|chunk| self.intake.take(meta, chunk));
                    self.watch(stream);
                }
                Got::End => {
                    carry.finish(|chunk| self.intake.take(meta, chunk));
                    return (read, false, true);
                }
            }
        }
        (read, true, false)
    }

    /// Reads the files that it follows, where one may have grown.
    fn files(&mut self, now: bool) -> (usize, bool) {
        if let Some(fd) = &self.inotify {
            let mut events = [0_u8; 4_096];
            while rustix::io::read(fd, &mut events).is_ok_and(|n| n > 0) {}
        }
        let by_clock = self.looked.elapsed() >= LOOK;
        if by_clock {
            self.looked = Instant::now();
        }
        if !(now || by_clock) {
            return (0, false);
        }
        let follows = self.streams.iter().filter(|(_, s)| s.file().is_some());
        let ids: Vec<u64> = follows.map(|(id, _)| *id).collect();
        let all =
            ids.into_iter().map(|id| if self.is_held(id) { (0, true) } else { self.pump(id) });
        all.fold((0, false), |(bytes, more), (n, m)| (bytes + n, more || m))
    }

    /// Ends the streams whose run ended a while ago; whether one has to wait
    /// for its disk first.
    fn end_those_due(&mut self) -> bool {
        let now = Instant::now();
        let due = |(_, s): &(&u64, &Stream)| s.ending.is_some_and(|ending| ending <= now);
        let ids: Vec<u64> = self.streams.iter().filter(due).map(|(id, _)| *id).collect();
        let (held, ids): (Vec<u64>, Vec<u64>) = ids.into_iter().partition(|id| self.is_held(*id));
        for id in ids {
            let _ = (0..LAST_TURNS).take_while(|_| self.pump(id).1).count();
            let Some(mut stream) = self.streams.remove(&id) else { continue };
            let Stream { meta, carry, .. } = &mut stream;
            carry.finish(|chunk| self.intake.take(meta, chunk));
            if stream.pipe().is_some() {
                let text = "it ended, and something that it started still holds its output; \
                            that is not read any further";
                self.intake.note(&stream.meta.process, LineLevel::Warn, &Text::new(text));
            }
        }
        !held.is_empty()
    }

    /// Reads what is there, keeps what was not ended, and ends. Half a line of
    /// a file is left to the next daemon, since the file stays.
    fn finish(mut self) {
        let until = Instant::now() + LAST;
        let ids: Vec<u64> = self.streams.keys().copied().collect();
        for id in ids {
            while Instant::now() < until {
                if self.is_held(id) {
                    std::thread::sleep(REST);
                } else if !self.pump(id).1 {
                    break;
                }
            }
            if let Some(mut stream) = self.streams.remove(&id).filter(|s| s.pipe().is_some()) {
                let Stream { meta, carry, .. } = &mut stream;
                carry.finish(|chunk| self.intake.take(meta, chunk));
            }
        }
        self.intake.tell();
    }
}
