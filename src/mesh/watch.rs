//! The checks, each at its own period, for as long as somebody wants to know.
//!
//! One thread knows what is due; looks run on threads that are made as they
//! are needed, never more than `MOST`, and go when nothing is to be done. A
//! node that hangs holds `OF_A_NODE` of them at most. What can't be looked at
//! in time is looked at late, and the age of its last result says so.

use super::look::{self, Means, Memory};
use super::round::STACK;
use crate::config::Check;
use crate::domain::CheckResult;
use crate::event::{Event, Sender};
use crossbeam_channel::{self as channel, RecvTimeoutError};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Threads that look.
const MOST: usize = 48;
/// Of them, for one node.
const OF_A_NODE: usize = 4;
/// First looks are spread over this time.
const SPREAD: Duration = Duration::from_secs(3);
/// A thread without work goes after this time.
const IDLE: Duration = Duration::from_secs(5);
/// Longest time without a look at the crew.
const LOOK: Duration = Duration::from_secs(1);
/// The end is waited for so long; what hangs is left behind.
const LAST: Duration = Duration::from_millis(300);

/// A watch that runs. Dropping it ends it.
pub struct Watch {
    stop: channel::Sender<()>,
    /// How often the refused were forgotten.
    forgot: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Looks at `checks` from now on, and reports through `sender`.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(checks: Vec<Check>, means: Means, sender: Sender) -> std::io::Result<Self> {
        let (stop, stopped) = channel::bounded(1);
        let forgot = Arc::new(AtomicU64::new(0));
        let forgets = Arc::clone(&forgot);
        let thread = std::thread::Builder::new()
            .name(String::from("mesh-watch"))
            .stack_size(STACK)
            .spawn(move || Desk::new(checks, means, sender, forgets).run(&stopped))?;
        Ok(Self { stop, forgot, thread: Some(thread) })
    }

    /// Forgets who was refused as no gateway: the operator says that another
    /// HEARTBEAT may be sent.
    pub fn probe_again(&self) {
        self.forgot.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.stop.try_send(());
        let Some(thread) = self.thread.take() else { return };
        let until = Instant::now() + LAST;
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A look to be done, and one that was.
type Job = (usize, Memory);
type Done = (usize, CheckResult, Memory);

/// Who knows what is due.
struct Desk {
    checks: Arc<[Check]>,
    /// The node of each, by number, and how many of its looks are out.
    node_of: Vec<usize>,
    out: Vec<usize>,
    /// Due, but their node holds as many threads as it may.
    held: Vec<VecDeque<usize>>,
    memories: Vec<Memory>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    crew: Crew,
    done: channel::Receiver<Done>,
    sender: Sender,
    forgot: Arc<AtomicU64>,
    /// The same at the last look of each.
    asked: Vec<u64>,
    dice: u64,
}

/// The threads that look.
struct Crew {
    jobs: channel::Sender<Job>,
    work: channel::Receiver<Job>,
    back: channel::Sender<Done>,
    means: Means,
    running: Arc<AtomicUsize>,
    /// Jobs given and not begun.
    waiting: Arc<AtomicUsize>,
    idle: Arc<AtomicUsize>,
}

impl Desk {
    fn new(checks: Vec<Check>, means: Means, sender: Sender, forgot: Arc<AtomicU64>) -> Self {
        let mut names = BTreeMap::new();
        let node_of: Vec<usize> = checks
            .iter()
            .map(|check| {
                let next = names.len();
                *names.entry(check.node.clone()).or_insert(next)
            })
            .collect();
        let checks_len = checks.len();
        let (jobs, work) = channel::unbounded();
        let (back, done) = channel::unbounded();
        let (running, waiting, idle) = Default::default();
        let mut desk = Self {
            out: vec![0; names.len()],
            held: vec![VecDeque::new(); names.len()],
            memories: vec![Memory::default(); checks.len()],
            node_of,
            checks: checks.into(),
            due: BinaryHeap::new(),
            crew: Crew { jobs, work, back, means, running, waiting, idle },
            done,
            sender,
            forgot,
            asked: vec![0; checks_len],
            dice: crate::host::clock::mono_ns() | 1,
        };
        let now = Instant::now();
        for index in 0..desk.checks.len() {
            let period = desk.period(index);
            let after = desk.part(SPREAD.min(period));
            desk.due.push(Reverse((now + after, index)));
        }
        desk
    }

    fn run(mut self, stopped: &channel::Receiver<()>) {
        let mut first: Vec<bool> = vec![true; self.checks.len()];
        loop {
            let now = Instant::now();
            while self.due.peek().is_some_and(|due| due.0.0 <= now) {
                if let Some(Reverse((_, index))) = self.due.pop() {
                    self.give(index);
                }
            }
            self.crew.rescue(&self.checks);
            let due = self.due.peek().map_or(IDLE, |due| due.0.0.saturating_duration_since(now));
            let nap = due.min(LOOK);
            channel::select! {
                recv(stopped) -> _ => return,
                recv(self.done) -> done => if let Ok(done) = done {
                    self.take(done, &mut first);
                },
                default(nap) => {}
            }
        }
    }

    /// Gives a look to the crew, or keeps it until its node has a thread free.
    fn give(&mut self, index: usize) {
        let node = self.node_of.get(index).copied().unwrap_or_default();
        let Some(out) = self.out.get_mut(node) else { return };
        if *out >= OF_A_NODE {
            if let Some(held) = self.held.get_mut(node) {
                held.push_back(index);
            }
            return;
        }
        *out += 1;
        let mut memory = self.memories.get_mut(index).map(std::mem::take).unwrap_or_default();
        if self.is_forgotten(index) {
            memory = Memory::default();
        }
        if let Err(cause) = self.crew.give((index, memory), &self.checks) {
            let Some(check) = self.checks.get(index) else { return };
            let unasked = look::none(check, &cause, "`crs doctor` shows the limits of this host");
            let _ = self.crew.back.send((index, unasked, Memory::default()));
        }
    }

    fn take(&mut self, (index, result, mut memory): Done, first: &mut [bool]) {
        if self.is_forgotten(index) {
            memory = Memory::default();
        }
        if let Some(kept) = self.memories.get_mut(index) {
            *kept = memory;
        }
        let node = self.node_of.get(index).copied().unwrap_or_default();
        if let Some(out) = self.out.get_mut(node) {
            *out = out.saturating_sub(1);
        }
        let period = self.period(index);
        // The first looks came close together; the second are spread over the
        // whole period, later ones wander by a tenth.
        let is_first = first.get_mut(index).is_some_and(std::mem::take);
        let after = if is_first {
            period / 2 + self.part(period)
        } else {
            period.saturating_sub(period / 20) + self.part(period / 10)
        };
        self.due.push(Reverse((Instant::now() + after, index)));
        if let Some(check) = self.checks.get(index) {
            self.sender.send(Event::Check(Box::new(look::report(check, result))));
        }
        if let Some(next) = self.held.get_mut(node).and_then(VecDeque::pop_front) {
            self.give(next);
        }
    }

    /// Whether what this check remembers was to be forgotten since it was asked.
    fn is_forgotten(&mut self, index: usize) -> bool {
        let now = self.forgot.load(Ordering::SeqCst);
        self.asked.get_mut(index).is_some_and(|asked| std::mem::replace(asked, now) != now)
    }

    fn period(&self, index: usize) -> Duration {
        self.checks.get(index).map_or(IDLE, |check| check.period)
    }

    /// Any part of `whole` (xorshift; nothing secret depends on it).
    fn part(&mut self, whole: Duration) -> Duration {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        let share = u32::try_from(self.dice % 1_000).unwrap_or_default();
        whole * share / 1_000
    }
}

impl Crew {
    /// Hands a look over, and sees that somebody is there for it.
    fn give(&self, job: Job, checks: &Arc<[Check]>) -> Result<(), String> {
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        let running = self.running.load(Ordering::SeqCst);
        if waiting > self.idle.load(Ordering::SeqCst) && running < MOST {
            let hired = self.hire(checks);
            if let (Err(e), 0) = (hired, running) {
                self.waiting.fetch_sub(1, Ordering::SeqCst);
                return Err(format!("no thread for it: {e}"));
            }
        }
        let _ = self.jobs.send(job);
        Ok(())
    }

    /// A thread may go in the very moment that it is counted on.
    fn rescue(&self, checks: &Arc<[Check]>) {
        if !self.work.is_empty() && self.running.load(Ordering::SeqCst) == 0 {
            let _ = self.hire(checks);
        }
    }

    fn hire(&self, checks: &Arc<[Check]>) -> std::io::Result<()> {
        let (work, back, means) = (self.work.clone(), self.back.clone(), self.means.clone());
        let (running, waiting, idle) =
            (Arc::clone(&self.running), Arc::clone(&self.waiting), Arc::clone(&self.idle));
        let checks = Arc::clone(checks);
        self.running.fetch_add(1, Ordering::SeqCst);
        let hired = move || {
            loop {
                idle.fetch_add(1, Ordering::SeqCst);
                let job = work.recv_timeout(IDLE);
                idle.fetch_sub(1, Ordering::SeqCst);
                match job {
                    Ok((index, mut memory)) => {
                        waiting.fetch_sub(1, Ordering::SeqCst);
                        let Some(check) = checks.get(index) else { continue };
                        let result = look::look(check, &means, &mut memory);
                        if back.send((index, result, memory)).is_err() {
                            break;
                        }
                    }
                    Err(RecvTimeoutError::Timeout) if !work.is_empty() => {}
                    Err(_) => break,
                }
            }
            running.fetch_sub(1, Ordering::SeqCst);
        };
        let made = std::thread::Builder::new()
            .name(String::from("mesh-look"))
            .stack_size(STACK)
            .spawn(hired);
        made.map(drop).inspect_err(|_| {
            self.running.fetch_sub(1, Ordering::SeqCst);
        })
    }
}
