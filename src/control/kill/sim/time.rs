//! Simulated time: many threads of which one runs, and a seed that says which.
//!
//! Every operation of a thread takes a time drawn from the seed, now and then
//! a long one; the next to run is the one whose operation ends first. So a
//! seed is one interleaving of all threads, the same every time.

use super::disk::Disk;
use super::rules::Truth;
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, Thread};

pub const MS: u64 = 1_000_000;
/// Small ones are used again by the next thread; a story has many.
const STACK: usize = 1 << 19;

thread_local! {
    static ME: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Thrown through a thread whose process was shot.
struct Shot;

struct Task {
    process: u32,
    thread: Option<Thread>,
    wake: u64,
    /// The mailbox that it listens to while it waits.
    ear: Option<usize>,
    doomed: bool,
    over: bool,
}

pub struct Inner {
    pub now: u64,
    pub disk: Disk,
    pub truth: Truth,
    /// What happened, for the report of a seed that fails.
    pub trace: Vec<String>,
    dice: u64,
    tasks: Vec<Task>,
    running: Option<usize>,
    /// Who waits for the end of the story.
    waiting: Option<Thread>,
    fault: Option<String>,
    mailboxes: usize,
    /// Until this moment this process gets no more threads.
    pub threadless: Option<(u32, u64)>,
}

pub struct Sim {
    inner: Mutex<Inner>,
    hiccups: bool,
}

impl Inner {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % sides
    }

    pub fn note(&mut self, text: impl Into<String>) {
        let line = format!("{:>9.3} ms {}", ms(self.now), text.into());
        self.trace.push(line);
    }

    /// Whoever runs next, or nobody.
    fn next(&mut self) -> Option<usize> {
        let waiting = self.tasks.iter().enumerate().filter(|(_, task)| !task.over);
        let (next, wake) = waiting.map(|(n, task)| (n, task.wake)).min_by_key(|(_, wake)| *wake)?;
        self.now = self.now.max(wake);
        self.running = Some(next);
        Some(next)
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown, not reckoned with")]
fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

impl Sim {
    pub fn new(seed: u64) -> Arc<Self> {
        let inner = Inner {
            now: 10_000 * MS,
            disk: Disk::default(),
            truth: Truth::default(),
            trace: Vec::new(),
            dice: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            tasks: Vec::new(),
            running: None,
            waiting: None,
            fault: None,
            mailboxes: 0,
            threadless: None,
        };
        Arc::new(Self { inner: Mutex::new(inner), hiccups: !seed.is_multiple_of(4) })
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> u64 {
        self.lock().now
    }

    pub fn roll(&self, sides: u64) -> u64 {
        self.lock().roll(sides)
    }

    pub fn note(&self, text: impl Into<String>) {
        self.lock().note(text);
    }

    pub fn mailbox(&self) -> usize {
        let mut inner = self.lock();
        inner.mailboxes += 1;
        inner.mailboxes
    }

    /// An operation of the thread that runs: others may run before it ends.
    /// Outside of the simulated threads nothing passes.
    pub fn operation(&self) {
        let Some(me) = ME.get() else { return };
        let mut inner = self.lock();
        let long = self.hiccups && inner.roll(150) == 0;
        let span = if long { inner.roll(300 * MS) } else { 1_000 + inner.roll(150_000) };
        let wake = inner.now + span;
        self.switch(inner, me, wake, None);
    }

    /// Lets the thread that runs wait until `wake`, or until something comes
    /// into that mailbox.
    pub fn wait(&self, wake: u64, ear: Option<usize>) {
        let Some(me) = ME.get() else { return };
        self.switch(self.lock(), me, wake, ear);
    }

    /// Something came into a mailbox, to be heard at that moment.
    pub fn ring(&self, mailbox: usize, at: u64) {
        let mut inner = self.lock();
        for task in inner.tasks.iter_mut().filter(|task| task.ear == Some(mailbox)) {
            task.wake = task.wake.min(at);
        }
    }

    fn switch(&self, mut inner: MutexGuard<'_, Inner>, me: usize, wake: u64, ear: Option<usize>) {
        let task = &mut inner.tasks[me];
        task.ear = ear;
        if !task.doomed {
            task.wake = wake;
        }
        let next = inner.next();
        let thread = next.and_then(|next| inner.tasks[next].thread.clone());
        drop(inner);
        if next != Some(me) {
            if let Some(thread) = thread {
                thread.unpark();
            }
            self.until_i_run(me);
        }
        let mut inner = self.lock();
        inner.tasks[me].ear = None;
        let doomed = inner.tasks[me].doomed;
        drop(inner);
        if doomed && !std::thread::panicking() {
            resume_unwind(Box::new(Shot));
        }
    }

    fn until_i_run(&self, me: usize) {
        while self.lock().running != Some(me) {
            std::thread::park();
        }
    }

    /// A thread of a simulated process; it runs when its turn comes.
    pub fn spawn(
        self: &Arc<Self>,
        process: u32,
        work: impl FnOnce() + Send + 'static,
    ) -> JoinHandle<()> {
        let sim = Arc::clone(self);
        let me = {
            let mut inner = self.lock();
            let wake = inner.now + inner.roll(MS);
            let (thread, ear) = (None, None);
            let task = Task { process, thread, wake, ear, doomed: false, over: false };
            // The place of one that is over, for short errands come in numbers.
            if let Some(free) = inner.tasks.iter().position(|task| task.over) {
                inner.tasks[free] = task;
                free
            } else {
                inner.tasks.push(task);
                inner.tasks.len() - 1
            }
        };
        let thread = std::thread::Builder::new().stack_size(STACK);
        let handle = thread.spawn(move || {
            ME.set(Some(me));
            super::disk::enter(&sim);
            sim.until_i_run(me);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                // Shot before its first step.
                sim.wait(0, None);
                work();
            }));
            sim.leave(me, outcome.err());
        });
        let handle = handle.unwrap();
        self.lock().tasks[me].thread = Some(handle.thread().clone());
        handle
    }

    /// Whose thread this is; nobody's outside of the simulated ones.
    pub fn process(&self) -> Option<u32> {
        ME.get().map(|me| self.lock().tasks[me].process)
    }

    /// Whether a process may have one more thread now.
    ///
    /// # Errors
    /// As the system's, when it may not.
    pub fn thread_to_be_had(&self, process: u32) -> std::io::Result<()> {
        let inner = self.lock();
        match inner.threadless {
            Some((who, until)) if who == process && inner.now < until => {
                Err(std::io::Error::other("no thread to be had"))
            }
            _ => Ok(()),
        }
    }

    fn leave(&self, me: usize, panic: Option<Box<dyn Any + Send>>) {
        let mut inner = self.lock();
        inner.tasks[me].over = true;
        if let Some(panic) = panic.filter(|panic| !panic.is::<Shot>()) {
            let words = match panic.downcast::<String>() {
                Ok(text) => *text,
                Err(panic) => panic.downcast::<&str>().map_or("?".into(), |text| (*text).into()),
            };
            inner.fault.get_or_insert(words);
            inner.tasks.iter_mut().for_each(|task| task.doomed = true);
        }
        if inner.fault.is_some() {
            let now = inner.now;
            inner.tasks.iter_mut().for_each(|task| task.wake = now);
        }
        let next = inner.next();
        // The last one tells whoever waits for the end.
        let thread = next.map_or(inner.waiting.clone(), |next| inner.tasks[next].thread.clone());
        drop(inner);
        if let Some(thread) = thread {
            thread.unpark();
        }
    }

    /// kill -9: none of its threads does another thing.
    pub fn shoot(&self, process: u32) {
        let mut inner = self.lock();
        let now = inner.now;
        for task in inner.tasks.iter_mut().filter(|task| task.process == process && !task.over) {
            task.doomed = true;
            task.wake = now;
        }
    }

    /// Runs everything to its end.
    ///
    /// # Errors
    /// What failed, and what had happened.
    pub fn run(&self) -> Result<(), String> {
        let first = {
            let mut inner = self.lock();
            inner.waiting = Some(std::thread::current());
            let next = inner.next();
            next.and_then(|next| inner.tasks[next].thread.clone())
        };
        if let Some(thread) = first {
            thread.unpark();
        }
        loop {
            let inner = self.lock();
            if inner.tasks.iter().all(|task| task.over) {
                let trace = inner.trace.join("\n");
                return inner.fault.clone().map_or(Ok(()), |why| Err(format!("{trace}\n{why}")));
            }
            drop(inner);
            std::thread::park();
        }
    }

    /// Fails the whole story.
    pub fn fail(&self, why: &str) {
        self.note(format!("FAILED: {why}"));
        let mut inner = self.lock();
        inner.fault.get_or_insert(why.to_owned());
        let now = inner.now;
        for task in &mut inner.tasks {
            task.doomed = true;
            task.wake = now;
        }
    }
}
