//! Mailboxes between simulated threads: what is sent arrives in order, late.

use super::time::Sim;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

struct Box_<T> {
    letters: VecDeque<(u64, T)>,
}

pub struct Mail<T> {
    sim: Arc<Sim>,
    id: usize,
    inner: Arc<Mutex<Box_<T>>>,
}

impl<T> Clone for Mail<T> {
    fn clone(&self) -> Self {
        Self { sim: Arc::clone(&self.sim), id: self.id, inner: Arc::clone(&self.inner) }
    }
}

/// What waiting for a letter came to.
pub enum Got<T> {
    Letter(T),
    Nothing,
}

impl<T> Mail<T> {
    pub fn new(sim: &Arc<Sim>) -> Self {
        let inner = Box_ { letters: VecDeque::new() };
        Self { sim: Arc::clone(sim), id: sim.mailbox(), inner: Arc::new(Mutex::new(inner)) }
    }

    /// Arrives within `late` nanoseconds, behind everything sent before.
    pub fn send(&self, letter: T, late: u64) {
        let at = {
            let mut sim = self.sim.lock();
            let at = sim.now + sim.roll(late.max(1));
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let at = inner.letters.back().map_or(at, |(last, _)| at.max(*last));
            inner.letters.push_back((at, letter));
            at
        };
        self.sim.ring(self.id, at);
    }

    /// The next letter that has arrived; waits for it until `until`.
    pub fn take(&self, until: u64) -> Got<T> {
        loop {
            let now = self.sim.now();
            let next = {
                let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
                match inner.letters.front() {
                    Some((at, _)) if *at <= now => {
                        if let Some((_, letter)) = inner.letters.pop_front() {
                            return Got::Letter(letter);
                        }
                        None
                    }
                    Some((at, _)) => Some(*at),
                    None => None,
                }
            };
            if now >= until {
                return Got::Nothing;
            }
            self.sim.wait(next.map_or(until, |at| at.min(until)), Some(self.id));
        }
    }
}
