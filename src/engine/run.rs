//! The loop: from a source of ticks through the engine to the sinks, until it
//! is told to end.

use super::entry::{Entry, Outcome};
use super::queue::Queue;
use super::sinks::Sinks;
use super::source::{Next, Source};
use super::step::{Engine, Gates};
use crate::domain::{Text, UtcMicros};
use crate::host::clock;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A quiet source is looked at again after so long, for the signal to end.
const PATIENCE: Duration = Duration::from_millis(50);
/// What is to be told is told this often under a feed that is never quiet.
const TELL_NS: u64 = 1_000_000_000;

/// What the loop counts, for whoever tells it.
#[derive(Debug, Default)]
pub struct Counters {
    ticks: AtomicU64,
    orders: AtomicU64,
    blocked: AtomicU64,
    errors: AtomicU64,
    refused: AtomicU64,
    lost: AtomicU64,
    last: AtomicI64,
    last_blocked: AtomicI64,
    trouble: Mutex<Text>,
}

/// What is told in the end, and once a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Ticks taken; each has one entry.
    pub ticks: u64,
    /// Orders, dry ones too.
    pub orders_generated: u64,
    /// Ticks that a gate blocked.
    pub ticks_blocked: u64,
    /// Ticks that ended in an error.
    pub errors: u64,
    /// Messages that were no quote: none of them is a tick.
    pub refused: u64,
    /// Entries that a disk cost.
    pub entries_lost: u64,
}

impl Counters {
    fn count(&self, entry: &Entry) {
        // One thread writes: a load and a store are enough.
        let more = |counter: &AtomicU64| {
            counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        };
        more(&self.ticks);
        self.last.store(entry.at.0, Ordering::Relaxed);
        match &entry.outcome {
            Outcome::Ordered(..) => more(&self.orders),
            Outcome::Blocked(..) => {
                more(&self.blocked);
                self.last_blocked.store(entry.at.0, Ordering::Relaxed);
            }
            Outcome::Error(..) => more(&self.errors),
            Outcome::NoOrder(_) => {}
        }
    }

    /// As they stand.
    #[must_use]
    pub fn report(&self) -> Report {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Report {
            ticks: get(&self.ticks),
            orders_generated: get(&self.orders),
            ticks_blocked: get(&self.blocked),
            errors: get(&self.errors),
            refused: get(&self.refused),
            entries_lost: get(&self.lost),
        }
    }

    /// When the last tick was decided.
    #[must_use]
    pub fn last(&self) -> Option<UtcMicros> {
        some(&self.last)
    }

    /// When a gate last blocked a tick.
    #[must_use]
    pub fn last_blocked(&self) -> Option<UtcMicros> {
        some(&self.last_blocked)
    }

    /// What else keeps orders from being made: the feed, the log.
    #[must_use]
    pub fn trouble(&self) -> Text {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_trouble(&self, words: Text) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }
}

fn some(at: &AtomicI64) -> Option<UtcMicros> {
    Some(at.load(Ordering::Relaxed)).filter(|at| *at != 0).map(UtcMicros)
}

/// Everything that a run needs.
pub struct Run<'a, G> {
    /// Strategy, gates and desk.
    pub engine: Engine<G>,
    /// Where entries go.
    pub sinks: Sinks,
    /// Where ticks come from.
    pub source: &'a mut dyn Source,
    /// Counted here.
    pub counters: Arc<Counters>,
    /// Told to end.
    pub stop: &'a AtomicBool,
    /// Ends after so many ticks.
    pub max_ticks: Option<u64>,
    /// Called before each tick, with its number.
    pub before: Option<&'a mut dyn FnMut(u64)>,
    /// Hears each entry, after the sinks.
    pub hears: &'a mut dyn FnMut(&Entry),
    /// Hears what is to be told to the operator, each once.
    pub says: &'a mut dyn FnMut(&str),
}

impl<G: Gates> Run<'_, G> {
    /// Runs to the end: of the source, of the count, by the signal, or because
    /// the reader of standard output left.
    pub fn run(mut self) -> Report {
        let most = self.max_ticks.unwrap_or(u64::MAX);
        let mut queue = Queue::new(self.engine.is_live(), clock::mono_ns());
        let (mut ticks, mut engaged, mut held, mut told_ns) = (0, false, false, 0);
        while ticks < most && !self.stop.load(Ordering::Relaxed) && !self.sinks.reader_left() {
            let next = self.source.next();
            let read_ns = clock::mono_ns();
            queue.read(read_ns);
            let quiet = matches!(next, Next::Quiet);
            match next {
                Next::Tick(mut tick) => {
                    ticks += 1;
                    queue.taken(tick.at_ns);
                    tick.late = queue.waited();
                    if let Some(before) = &mut self.before {
                        before(ticks);
                    }
                    let entry = self.engine.step(&tick);
                    let now = tick.at_ns.saturating_add(entry.lag_ns);
                    self.sinks.put(&entry, now);
                    self.counters.count(&entry);
                    self.switch(&entry, &mut engaged);
                    (self.hears)(&entry);
                    if self.sinks.fault().is_some() != held {
                        held = !held;
                        told_ns = 0;
                    }
                }
                Next::Refused(cause) => self.refuse(&cause),
                Next::Quiet => {
                    queue.empty(read_ns);
                    self.sinks.flush(clock::mono_ns());
                    told_ns = 0;
                }
                Next::End => break,
            }
            if told_ns == 0 || read_ns.saturating_sub(told_ns) >= TELL_NS {
                told_ns = read_ns;
                self.told();
            }
            let busy = queue.done(clock::mono_ns());
            // What came while this was written and told waits for nothing more.
            if quiet && !busy {
                self.source.wait(PATIENCE);
            }
        }
        self.sinks.end(clock::mono_ns());
        self.told();
        self.counters.report()
    }

    /// Says it when the switch stops the first tick, and when it lets one pass
    /// again.
    fn switch(&mut self, entry: &Entry, engaged: &mut bool) {
        let now = matches!(&entry.outcome, Outcome::Blocked(_, closed) if closed.engaged);
        if now == *engaged {
            return;
        }
        *engaged = now;
        let word = if now { "ENGAGED" } else { "no longer engaged" };
        let at = entry.at.naive_iso();
        (self.says)(&format!("[KILL_SWITCH] {word} at tick #{} | {at}", entry.tick_id));
    }

    fn refuse(&mut self, cause: &Text) {
        let before = self.counters.refused.fetch_add(1, Ordering::Relaxed);
        // The first of them, then each time their number doubles.
        if (before + 1).is_power_of_two() {
            (self.says)(&format!("no tick: {cause} ({} refused)", before + 1));
        }
    }

    fn told(&mut self) {
        let fault = self.sinks.fault().cloned();
        for news in self.sinks.news().into_iter().chain(self.source.news()) {
            (self.says)(&news);
        }
        self.counters.lost.store(self.sinks.lost(), Ordering::Relaxed);
        self.counters
            .set_trouble(fault.clone().or_else(|| self.source.trouble()).unwrap_or_default());
        self.engine.hold(fault);
    }
}

#[cfg(test)]
mod tests;
