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

/// When this process was started, on the same clock; never too late, and
/// early by a hundredth of a second at most. `None` where `/proc` is missing.
#[must_use]
pub fn started_ns() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in brackets, may hold anything. Ticks are 10 ms to every program.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: u64 = fields.split_whitespace().nth(19)?.parse().ok()?;
    ticks.checked_mul(10_000_000)
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

    #[test]
    fn the_start_lies_before_now_and_not_long_before() {
        let (started, now) = (started_ns().unwrap(), mono_ns());
        assert!(started < now && now - started < 3_600_000_000_000, "{started} {now}");
    }
}
