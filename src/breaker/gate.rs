//! The gate: one atomic word between a wish and an order.

use crate::domain::{EngageId, Text};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use thiserror::Error;

/// This process confirmed a kill or a block; sticky until an audited reset.
const KILLED: u32 = 1;
/// The latch is engaged.
const ENGAGED: u32 = 2;
/// Safe is not proven (now, or in time).
const UNPROVEN: u32 = 4;
/// Proven, but an operator has to arm.
const DISARMED: u32 = 8;
/// The proof is overdue.
const OVERDUE: u32 = 16;

/// Proof that the gate was open when it was asked for; only [`Gate::permit`]
/// can build one, and sending an order consumes it.
#[derive(Debug)]
pub struct Permit(());

/// Why an order may not pass.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("denied: {0}")]
pub struct Denied(pub Text);

/// The gate of one process. `is_safe` is one atomic load; nothing it depends
/// on can hang it, since the threads that look at files only set bits.
#[derive(Debug)]
pub struct Gate {
    bits: AtomicU32,
    why: Mutex<Text>,
    killed_by: Mutex<Option<EngageId>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            bits: AtomicU32::new(UNPROVEN),
            why: Mutex::new(Text::new("not proven yet")),
            killed_by: Mutex::new(None),
        }
    }
}

impl Gate {
    /// Whether orders pass. Checked before a signal and again before an order.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.bits.load(Ordering::Acquire) == 0
    }

    /// A permit for one order.
    ///
    /// # Errors
    /// [`Denied`] with the reason, when the gate is closed.
    pub fn permit(&self) -> Result<Permit, Denied> {
        if self.is_safe() {
            return Ok(Permit(()));
        }
        Err(Denied(self.why()))
    }

    /// Closes for a kill or block. The first effect of the confirming key.
    pub fn close(&self) {
        self.bits.fetch_or(KILLED, Ordering::AcqRel);
    }

    /// Whether the last look at the latch did not come back in time, so that
    /// nothing it said before is proven now.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.bits.load(Ordering::Acquire) & OVERDUE != 0
    }

    /// What keeps it closed, in words.
    #[must_use]
    pub fn why(&self) -> Text {
        let bits = self.bits.load(Ordering::Acquire);
        if bits & (KILLED | ENGAGED) == KILLED {
            return Text::new("kill switch: the gate of this process is closed");
        }
        if bits & OVERDUE != 0 {
            return Text::new("can't prove safe: the check of the latch is overdue");
        }
        self.why.lock().map_or_else(|e| e.into_inner().clone(), |w| w.clone())
    }

    /// What a finished check found.
    pub(super) fn set(&self, engaged: bool, unproven: bool, disarmed: bool, why: &Text) {
        match self.why.lock() {
            Ok(mut w) => w.clone_from(why),
            Err(e) => e.into_inner().clone_from(why),
        }
        let wanted = (u32::from(engaged) * ENGAGED)
            | (u32::from(unproven) * UNPROVEN)
            | (u32::from(disarmed) * DISARMED);
        let _ = self
            .bits
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |old| Some((old & KILLED) | wanted));
    }

    /// The check did not come back in time.
    pub(super) fn set_overdue(&self) {
        self.bits.fetch_or(OVERDUE, Ordering::AcqRel);
    }

    /// An audited reset covers the decision of this process.
    pub(super) fn forget_kill(&self, id: EngageId) {
        let mut slot = match self.killed_by.lock() {
            Ok(slot) => slot,
            Err(e) => e.into_inner(),
        };
        // Under the lock: a decision that came since names itself after this
        // and closes the gate once more.
        if *slot == Some(id) {
            *slot = None;
            self.bits.fetch_and(!KILLED, Ordering::AcqRel);
        }
    }

    /// Names the decision that [`Gate::close`] was for, so that only its own
    /// reset opens the gate again. Called after the kill is on its way.
    pub fn name_kill(&self, id: EngageId) {
        let mut slot = match self.killed_by.lock() {
            Ok(slot) => slot,
            Err(e) => e.into_inner(),
        };
        *slot = Some(id);
        self.bits.fetch_or(KILLED, Ordering::AcqRel);
    }

    /// The decision of this process that closed the gate, while it holds.
    pub(super) fn killed_by(&self) -> Option<EngageId> {
        if self.bits.load(Ordering::Acquire) & KILLED == 0 {
            return None;
        }
        self.killed_by.lock().map_or_else(|e| *e.into_inner(), |slot| *slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_closed_and_needs_proof() {
        let gate = Gate::default();
        assert!(!gate.is_safe() && gate.permit().is_err());
        gate.set(false, false, false, &Text::default());
        assert!(gate.is_safe() && gate.permit().is_ok());
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
        gate.forget_kill(first);
        assert!(!gate.is_safe(), "the reset of an earlier kill opens nothing");
        gate.forget_kill(second);
        assert!(gate.is_safe());
        gate.set_overdue();
        assert!(!gate.is_safe());
    }
}
