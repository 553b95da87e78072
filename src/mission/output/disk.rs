//! The way of lines to their file: a bounded queue and a thread for each, so
//! that a disk that hangs holds up neither who reads nor another file.
//!
//! While a queue is full and its disk still moves, the streams of its process
//! are read no further, as with any pipe: nothing is lost to a disk that is
//! slow. One that took nothing for [`STALL`] holds up nobody: what does not
//! fit is dropped for the disk alone, counted, and has a line in the file.

use super::counts::Counts;
use super::file::{LogFile, Out, Wrote};
use super::{Command, Shared, lock};
use crate::domain::Text;
use crate::domain::mission::{Gravity, LineLevel, Recovery};
use crate::mission::lines::{Raise, Raises as _};
use crate::mission::spec::Name;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that wait before the streams are held up. A line has [`HEAD`] bytes
/// and more, so lines are bounded too.
///
/// [`HEAD`]: super::file::HEAD
pub const FULL: usize = 4 * 1_024 * 1_024;
/// Most bytes that wait; what was read of a stream at once fits between.
pub const MOST: usize = 2 * FULL;
/// Bytes that are written at once.
const PIECE: usize = 256 * 1_024;
/// A disk that needs longer for a piece holds up no stream: one that takes
/// half a megabyte in a second is slow, one that takes less hangs.
const STALL: Duration = Duration::from_millis(500);
/// A write that takes longer is said.
const SAID: Duration = Duration::from_secs(1);
/// So often a thread looks whether its file is still the one at its path.
const LOOK: Duration = Duration::from_millis(250);
/// Stack of a thread.
const STACK: usize = 256 * 1_024;

/// Lines that are written together, and how many were dropped before them.
#[derive(Debug, Default)]
struct Block {
    gap: u64,
    bytes: Vec<u8>,
    lines: u64,
}

#[derive(Debug, Default)]
struct State {
    blocks: VecDeque<Block>,
    /// Of all blocks and of the one that is being written.
    bytes: usize,
    lines: u64,
    /// Lines dropped since the last block.
    gap: u64,
    /// Since when the block in hand is being written.
    since: Option<Instant>,
    /// The disk stalled, and the queue was not half empty since.
    stalled: bool,
    spare: Vec<u8>,
    ends: bool,
}

/// What waits for one file.
#[derive(Debug, Default)]
pub struct Queue {
    state: Mutex<State>,
    moved: Condvar,
}

/// What is not on disk yet, or never will be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Of which process; empty: the daemon's own.
    pub process: Name,
    /// How many lines.
    pub lines: u64,
    /// How many bytes of the file.
    pub bytes: usize,
}

/// How a disk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Nothing waits for long, nothing was dropped.
    Well,
    /// It has not taken a piece for long, or lines were dropped.
    Hangs,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Takes what is in front of the file; how many lines there is no room for.
    pub fn put(&self, out: &Out) -> u64 {
        let (bytes, lines) = out.parts();
        let mut held = self.state();
        let state = &mut *held;
        // After a drop half of it has to be free: few gaps, not many.
        let most = if state.gap > 0 { FULL } else { MOST };
        if state.bytes + bytes.len() > most {
            state.gap += lines;
            return lines;
        }
        state.bytes += bytes.len();
        state.lines += lines;
        let joins = state.gap == 0;
        match state.blocks.back_mut() {
            Some(last) if joins && last.bytes.len() + bytes.len() <= PIECE => {
                last.bytes.extend_from_slice(bytes);
                last.lines += lines;
            }
            _ => {
                let mut room = std::mem::take(&mut state.spare);
                room.extend_from_slice(bytes);
                let gap = std::mem::take(&mut state.gap);
                state.blocks.push_back(Block { gap, bytes: room, lines });
            }
        }
        drop(held);
        self.moved.notify_all();
        0
    }

    /// It is full, and its disk moves: who fills it has to wait a little.
    pub fn holds(&self, now: Instant) -> bool {
        let mut state = self.state();
        if state.bytes < FULL {
            return false;
        }
        state.stalled |= state.since.is_some_and(|since| now.duration_since(since) >= STALL);
        !state.stalled
    }

    /// How its disk stands.
    pub fn stand(&self, now: Instant) -> Stand {
        let state = self.state();
        let long = state.since.is_some_and(|since| now.duration_since(since) >= SAID);
        if long || state.gap > 0 { Stand::Hangs } else { Stand::Well }
    }

    /// Lines and bytes that wait.
    pub fn waits(&self) -> (u64, usize) {
        let state = self.state();
        (state.lines, state.bytes)
    }

    /// Nothing is put in any more: its thread ends when it is empty.
    pub fn close(&self) {
        self.state().ends = true;
        self.moved.notify_all();
    }

    /// Waits until it is empty, at most until then.
    pub fn emptied(&self, until: Instant) {
        let mut state = self.state();
        while state.bytes > 0 || state.gap > 0 || state.since.is_some() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.moved.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The next block; none at the end.
    fn next(&self) -> Option<Block> {
        let mut state = self.state();
        loop {
            if let Some(block) = state.blocks.pop_front() {
                state.since = Some(Instant::now());
                return Some(block);
            }
            if state.gap > 0 {
                // Said though nothing comes after it.
                state.since = Some(Instant::now());
                return Some(Block { gap: std::mem::take(&mut state.gap), ..Block::default() });
            }
            if state.ends {
                return None;
            }
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, block: Block) {
        let mut state = self.state();
        state.since = None;
        state.bytes -= block.bytes.len();
        state.lines -= block.lines;
        state.stalled &= state.bytes > FULL / 2;
        // One that is much larger was a long line's.
        if block.bytes.capacity() <= 2 * PIECE {
            state.spare = block.bytes;
            state.spare.clear();
        }
        drop(state);
        self.moved.notify_all();
    }
}

/// Begins the thread of a file; so many lines were dropped before.
///
/// # Errors
/// The system's, when it has no thread to give.
pub fn start(shared: &Arc<Shared>, process: &str, gap: u64) -> io::Result<Arc<Queue>> {
    let queue = Arc::<Queue>::default();
    queue.state().gap = gap;
    let writer = Writer {
        queue: Arc::clone(&queue),
        file: shared.file(process),
        shared: Arc::clone(shared),
        process: process.to_owned(),
    };
    let thread = std::thread::Builder::new().name(String::from("mission-disk")).stack_size(STACK);
    thread.spawn(move || writer.run())?;
    lock(&shared.queues).insert(process.to_owned(), Arc::clone(&queue));
    Ok(queue)
}

struct Writer {
    queue: Arc<Queue>,
    file: LogFile,
    shared: Arc<Shared>,
    process: Name,
}

impl Writer {
    fn run(mut self) {
        let mut looked = Instant::now();
        while let Some(block) = self.queue.next() {
            if looked.elapsed() >= LOOK {
                self.file.look();
                looked = Instant::now();
            }
            let mut lost = 0;
            let wrote = self.file.write(&block.bytes, block.lines, block.gap, &mut lost);
            let faults = u64::from(matches!(wrote, Wrote::Failed(_)));
            if lost + faults > 0 {
                self.shared.count(&self.process, &Counts { lost, faults, ..Counts::default() });
            }
            self.queue.done(block);
            match wrote {
                Wrote::Well => {}
                Wrote::Failed(e) => failed(&self.shared, &self.process, &e),
                Wrote::Again(lost) => again(&self.shared, &self.process, lost),
            }
        }
    }
}

/// Says that the file takes nothing; whoever says it counts it.
pub fn failed(shared: &Shared, process: &str, e: &io::Error) {
    let text = format!(
        "the disk does not take this output: {e}; it is counted, and tried again every second; \
         make room in {}",
        shared.logs.display()
    );
    shared.send(Command::Word(process.to_owned(), LineLevel::Error, Text::new(&text)));
    raise(shared, process, &e.to_string());
}

/// Says that the disk hangs.
pub fn hangs(shared: &Shared, process: &str, (lines, bytes): (u64, usize), lost: u64) {
    let text = format!(
        "the disk does not answer: {lines} lines ({} KB) wait, {lost} are lost to it; they are \
         shown all the same, and what comes is kept up to {} MB; look at {}",
        bytes / 1_024,
        MOST >> 20,
        shared.logs.display()
    );
    shared.send(Command::Word(process.to_owned(), LineLevel::Error, Text::new(&text)));
    raise(shared, process, &text);
}

/// Says that the disk takes output again, and what was lost.
pub fn again(shared: &Shared, process: &str, lost: u64) {
    let text = format!("the disk takes this output again; {lost} lines were lost to it");
    shared.send(Command::Word(process.to_owned(), LineLevel::Warn, Text::new(&text)));
    // The alert is open until somebody has seen it; what it says holds.
    raise(shared, process, &text);
}

fn raise(shared: &Shared, process: &str, message: &str) {
    let Some(alerts) = &shared.alerts else { return };
    alerts.raise(Raise {
        kind: String::from("log-disk"),
        severity: Gravity::High,
        process: process.to_owned(),
        title: Text::new("Output is not on disk"),
        message: Text::new(message),
        solution: Text::new(&format!(
            "look at the disk of {}: make room, lower log_bytes and log_files, or mount it again",
            shared.logs.display()
        )),
        strategy: Recovery::Manual,
        actions: Vec::new(),
    });
}
