//! The gate: one atomic word between a wish and an order, and the age of the
//! proof behind it.

pub(crate) mod word;

use crate::domain::{EngageId, Text};
use crate::host::clock;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use thiserror::Error;
use word::Word;

/// What is said of a proof that is too old.
const LATE: &str = "can't prove safe: the check of the latch is overdue";

/// Proof that the gate was open when it was asked for; only [`Gate::permit`]
/// can build one, and sending an order consumes it. It ends with the proof
/// that it rests on, whatever its holder slept through.
#[derive(Debug)]
pub struct Permit<'a> {
    gate: &'a Gate,
    /// Nanoseconds since boot.
    until: u64,
}

impl Permit<'_> {
    /// Whether it holds now: the gate is still open, and the proof not too
    /// old. Whoever sends asks this last.
    #[must_use]
    pub fn still(&self) -> bool {
        self.gate.word.holds(self.until, clock::mono_ns)
    }

    /// Why one that holds no more was worth nothing.
    #[must_use]
    pub fn ended(self) -> Denied {
        Denied(if self.gate.is_safe() { Text::new(LATE) } else { self.gate.why() })
    }
}

/// Why an order may not pass.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("denied: {0}")]
pub struct Denied(pub Text);

/// The gate of one process. `is_safe` is one atomic load; nothing it depends
/// on can hang it, since the threads that look at files only set bits. An
/// order needs more: a process that was stopped wakes with the bits of before,
/// so [`Gate::permit`] asks the clock how old the proof is, too.
#[derive(Debug)]
pub struct Gate {
    word: Word,
    why: Mutex<Text>,
    killed_by: Mutex<BTreeSet<EngageId>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            word: Word::default(),
            why: Mutex::new(Text::new("not proven yet")),
            killed_by: Mutex::default(),
        }
    }
}

impl Gate {
    /// Whether orders pass, by the last check: one atomic load, for an engine's
    /// loop. A process that just woke may be told what was true before; an
    /// order takes a [`Gate::permit`], which is not.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.word.is_open()
    }

    /// A permit for one order; one atomic load more, and the clock.
    ///
    /// # Errors
    /// [`Denied`] with the reason, when the gate is closed or its proof is old.
    pub fn permit(&self) -> Result<Permit<'_>, Denied> {
        self.pass().map_err(Permit::ended)
    }

    /// As [`Gate::permit`], without words: for a loop that is asked thousands
    /// of times why. What comes back as an error holds no more.
    ///
    /// # Errors
    /// A permit that is worth nothing; [`Permit::ended`] says why.
    pub fn pass(&self) -> Result<Permit<'_>, Permit<'_>> {
        let permit = Permit { gate: self, until: self.word.until() };
        if permit.still() { Ok(permit) } else { Err(permit) }
    }

    /// Whether somebody said stop: the latch is there, or this process decided.
    #[must_use]
    pub fn is_engaged(&self) -> bool {
        self.word.is_engaged()
    }

    /// Whether it is open on a proof that is too old.
    pub(super) fn is_past(&self) -> bool {
        self.is_safe() && clock::mono_ns() > self.word.until()
    }

    /// Closes for a kill or block. The first effect of the confirming key;
    /// [`Gate::name_kill`] follows it.
    pub fn close(&self) {
        self.word.close();
    }

    /// Whether the last look at the latch did not come back in time, so that
    /// nothing it said before is proven now.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.word.is_overdue()
    }

    /// What keeps it closed, in words.
    #[must_use]
    pub fn why(&self) -> Text {
        if self.word.is_decided_alone() {
            return Text::new("kill switch: the gate of this process is closed");
        }
        if self.word.is_overdue() {
            return Text::new(LATE);
        }
        self.why.lock().map_or_else(|e| e.into_inner().clone(), |w| w.clone())
    }

    /// A good check proves until then (nanoseconds since boot); before what it
    /// found is set.
    pub(super) fn prove(&self, until: u64) {
        self.word.prove(until);
    }

    /// What a finished check found.
    pub(super) fn set(&self, engaged: bool, unproven: bool, disarmed: bool, why: &Text) {
        match self.why.lock() {
            Ok(mut w) => w.clone_from(why),
            Err(e) => e.into_inner().clone_from(why),
        }
        self.word.found(engaged, unproven, disarmed);
    }

    /// The check did not come back in time.
    pub(super) fn set_overdue(&self) {
        self.word.overdue();
    }

    /// Audited resets cover some decisions of this process: once they cover
    /// all, they no longer close the gate.
    pub(super) fn forget_kills(&self, was_reset: impl Fn(EngageId) -> bool) {
        let mut ids = self.ids();
        let before = ids.len();
        ids.retain(|id| !was_reset(*id));
        // Under the lock: a decision that has no name yet, or gets one after
        // this, goes on closing it.
        if ids.is_empty() && before > 0 {
            self.word.forget();
        }
    }

    /// Names the decision that [`Gate::close`] was for, so that its own reset
    /// is needed to open the gate again. Called after the kill is on its way.
    pub fn name_kill(&self, id: EngageId) {
        self.remember_kill(id);
        self.word.named();
    }

    /// As [`Gate::name_kill`], by another than who closed the gate.
    pub fn remember_kill(&self, id: EngageId) {
        let mut ids = self.ids();
        ids.insert(id);
        self.word.remember();
    }

    /// The decisions of this process that no reset covers.
    fn ids(&self) -> MutexGuard<'_, BTreeSet<EngageId>> {
        self.killed_by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod engage;

#[cfg(test)]
mod tests {
    use super::*;

    pub const HOUR: u64 = 3_600_000_000_000;

    #[test]
    fn starts_closed_and_needs_proof() {
        let gate = Gate::default();
        assert!(!gate.is_safe() && gate.permit().is_err());
        gate.prove(clock::mono_ns() + HOUR);
        gate.set(false, false, false, &Text::default());
        assert!(gate.is_safe() && gate.permit().is_ok_and(|permit| permit.still()));
    }

    #[test]
    fn a_proof_that_is_too_old_permits_nothing_whatever_the_bits_say() {
        let gate = Gate::default();
        gate.prove(clock::mono_ns().saturating_sub(1));
        gate.set(false, false, false, &Text::default());
        assert!(gate.is_safe() && gate.is_past(), "the bits alone are of before");
        let words = gate.permit().unwrap_err().to_string();
        assert_eq!(words, "denied: can't prove safe: the check of the latch is overdue");
        gate.prove(clock::mono_ns() + HOUR);
        assert!(gate.permit().is_ok() && !gate.is_past(), "the next good check permits again");
    }

    #[test]
    fn a_permit_ends_with_its_proof_and_with_the_gate() {
        let gate = Gate::default();
        gate.prove(clock::mono_ns() + 100_000_000);
        gate.set(false, false, false, &Text::default());
        let early = gate.permit().unwrap();
        gate.prove(clock::mono_ns() + HOUR);
        std::thread::sleep(std::time::Duration::from_millis(150));
        assert!(!early.still(), "a later check is not the one that it rests on");
        let late = gate.permit().unwrap();
        assert!(late.still());
        gate.close();
        assert!(!late.still());
    }

    #[test]
    fn a_kill_is_sticky_whatever_a_check_says() {
        let gate = Gate::default();
        gate.close();
        gate.set(false, false, false, &Text::default());
        assert!(!gate.is_safe());
        assert!(gate.permit().unwrap_err().to_string().contains("kill switch"));
        let (first, second) = (EngageId::from_parts(1, 1), EngageId::from_parts(2, 2));
        gate.name_kill(first);
        gate.close();
        gate.name_kill(second);
        // Whoever carries the first one out says so once more.
        gate.remember_kill(first);
        gate.forget_kills(|id| id == first);
        assert!(!gate.is_safe(), "the reset of another kill opens nothing");
        gate.close();
        gate.forget_kills(|id| id == second);
        assert!(!gate.is_safe(), "nor does any, for one that has no name yet");
        let third = EngageId::from_parts(3, 3);
        gate.name_kill(third);
        gate.forget_kills(|id| id == third);
        assert!(gate.is_safe());
        gate.set_overdue();
        assert!(!gate.is_safe());
    }
}
