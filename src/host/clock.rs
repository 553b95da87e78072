//! The two clocks.

use crate::domain::{Stamp, UtcMicros};
use rustix::time::{ClockId, clock_gettime};

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
    let t = clock_gettime(ClockId::Boottime);
    let secs = u64::try_from(t.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(t.tv_nsec).unwrap_or(0);
    secs.saturating_mul(1_000_000_000).saturating_add(nanos)
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
    let t = clock_gettime(ClockId::Realtime);
    UtcMicros(t.tv_sec.saturating_mul(1_000_000).saturating_add(t.tv_nsec / 1_000))
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
