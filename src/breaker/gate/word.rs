//! The word of the gate: its bits, and until when the proof behind them holds.
//!
//! Its atomics are a parameter: the standard library's in every program, and
//! loom's where a model checker runs this very code through all interleavings
//! (`engine::model`).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

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
/// Above the others: how many decisions of this process have closed the gate
/// and not said yet which they are.
const NAMELESS: u32 = 1 << 8;
/// What no check can take away.
const DECIDED: u32 = KILLED | !(NAMELESS - 1);

/// As much of an atomic integer as the word needs.
pub(crate) trait Atomic {
    /// The integer.
    type Of: Copy;
    fn new(value: Self::Of) -> Self;
    fn load(&self, order: Ordering) -> Self::Of;
    fn store(&self, value: Self::Of, order: Ordering);
    /// Adds, around the end of the range: one instruction, never tried again.
    fn add(&self, value: Self::Of);
    /// Sets bits, likewise.
    fn set(&self, bits: Self::Of);
    /// Puts what `next` makes of the value there is in its place.
    fn change(&self, next: impl FnMut(Self::Of) -> Self::Of);
}

macro_rules! atomic {
    ($atomic:ty, $of:ty) => {
        impl Atomic for $atomic {
            type Of = $of;
            fn new(value: $of) -> Self {
                Self::new(value)
            }
            fn load(&self, order: Ordering) -> $of {
                self.load(order)
            }
            fn store(&self, value: $of, order: Ordering) {
                self.store(value, order);
            }
            fn add(&self, value: $of) {
                self.fetch_add(value, Ordering::AcqRel);
            }
            fn set(&self, bits: $of) {
                self.fetch_or(bits, Ordering::AcqRel);
            }
            fn change(&self, mut next: impl FnMut($of) -> $of) {
                let next = |old| Some(next(old));
                let _ = self.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
            }
        }
    };
}
atomic!(AtomicU32, u32);
atomic!(AtomicU64, u64);
#[cfg(test)]
atomic!(loom::sync::atomic::AtomicU32, u32);
#[cfg(test)]
atomic!(loom::sync::atomic::AtomicU64, u64);

/// See the module.
#[derive(Debug)]
pub(crate) struct Word<B = AtomicU32, P = AtomicU64> {
    bits: B,
    /// So long the last good check proves anything, nanoseconds since boot.
    proven_until: P,
}

impl<B: Atomic<Of = u32>, P: Atomic<Of = u64>> Default for Word<B, P> {
    /// Closed: nothing is proven yet.
    fn default() -> Self {
        Self { bits: B::new(UNPROVEN), proven_until: P::new(0) }
    }
}

impl<B: Atomic<Of = u32>, P: Atomic<Of = u64>> Word<B, P> {
    fn bits(&self) -> u32 {
        self.bits.load(Ordering::Acquire)
    }

    /// One load.
    pub(crate) fn is_open(&self) -> bool {
        self.bits() == 0
    }

    pub(crate) fn until(&self) -> u64 {
        self.proven_until.load(Ordering::Acquire)
    }

    /// Whether a permit that rests on a proof until then is worth something.
    /// The clock last: who is stopped in between finds that it went on.
    pub(crate) fn holds(&self, until: u64, now: impl FnOnce() -> u64) -> bool {
        self.is_open() && now() <= until
    }

    pub(super) fn is_engaged(&self) -> bool {
        self.bits() & (ENGAGED | DECIDED) != 0
    }

    pub(super) fn is_overdue(&self) -> bool {
        self.bits() & OVERDUE != 0
    }

    /// This process decided, and no look has seen a latch.
    pub(super) fn is_decided_alone(&self) -> bool {
        let bits = self.bits();
        bits & DECIDED != 0 && bits & ENGAGED == 0
    }

    pub(crate) fn prove(&self, until: u64) {
        self.proven_until.store(until, Ordering::Release);
    }

    /// What a finished check found; a decision of this process stays.
    pub(crate) fn found(&self, engaged: bool, unproven: bool, disarmed: bool) {
        let wanted = (u32::from(engaged) * ENGAGED)
            | (u32::from(unproven) * UNPROVEN)
            | (u32::from(disarmed) * DISARMED);
        self.bits.change(|old| (old & DECIDED) | wanted);
    }

    pub(super) fn overdue(&self) {
        self.bits.set(OVERDUE);
    }

    /// One decision more, which has no name yet.
    pub(crate) fn close(&self) {
        self.bits.add(NAMELESS);
    }

    /// It has one; [`Word::remember`] was called before.
    pub(crate) fn named(&self) {
        self.bits.add(NAMELESS.wrapping_neg());
    }

    pub(crate) fn remember(&self) {
        self.bits.set(KILLED);
    }

    /// Resets cover every decision that has a name.
    pub(super) fn forget(&self) {
        self.bits.change(|old| old & !KILLED);
    }
}
