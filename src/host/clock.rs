//! The two clocks.

use super::world;
use crate::domain::{Stamp, UtcMicros};
use std::time::Duration;

/// A source of moments; tests bring their own.
pub trait Clock: Send + Sync {
    /// This moment on both clocks.
    fn now(&self) -> Stamp;
}

/// `CLOCK_BOOTTIME` and `CLOCK_REALTIME` of this host.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        now()
    }
}

/// This moment on both clocks.
#[must_use]
pub fn now() -> Stamp {
    Stamp { mono_ns: mono_ns(), utc: utc() }
}

/// Nanoseconds since boot, monotonic, suspended time included.
#[must_use]
pub fn mono_ns() -> u64 {
    world::here(|world| world.mono_ns())
}

/// The wall clock, UTC.
#[must_use]
pub fn utc() -> UtcMicros {
    world::here(|world| world.utc())
}

/// Lets time pass.
pub fn sleep(time: Duration) {
    world::here(|world| world.sleep(time));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_moves_forward() {
        let a = now();
        let b = now();
        assert!(b.mono_ns >= a.mono_ns && a.mono_ns > 0);
    }
}
