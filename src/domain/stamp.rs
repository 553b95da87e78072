//! Moments: every event carries both clocks.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00Z. Used for display and for what
/// leaves this host, never to measure a duration.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UtcMicros(pub i64);

impl UtcMicros {
    /// `2026-01-14T13:56:58.271512Z`; a value outside chrono's years is
    /// shown as its raw number of microseconds.
    #[must_use]
    pub fn iso(self) -> String {
        self.date_time().map_or_else(
            || format!("{}us", self.0),
            |t| t.to_rfc3339_opts(SecondsFormat::Micros, true),
        )
    }

    /// What [`UtcMicros::iso`] wrote, or any other RFC 3339 date.
    #[must_use]
    pub fn from_iso(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|t| Self(t.timestamp_micros()))
    }

    /// Naive UTC ISO-8601 with microseconds and no zone, as the Python
    /// breaker writes into the lock file: `2026-01-14T13:56:58.271512`.
    #[must_use]
    pub fn naive_iso(self) -> String {
        let mut iso = self.iso();
        if iso.ends_with('Z') {
            iso.pop();
        }
        iso
    }

    /// Wall-clock part for the screen, `13:56:58` UTC.
    #[must_use]
    pub fn hms(self) -> String {
        self.date_time()
            .map_or_else(|| String::from("--:--:--"), |t| t.format("%H:%M:%S").to_string())
    }

    /// Hour and minute, `13:56` UTC.
    #[must_use]
    pub fn hm(self) -> String {
        self.date_time().map_or_else(|| String::from("--:--"), |t| t.format("%H:%M").to_string())
    }

    /// Day of the week and time, `Sun 22:00`, UTC.
    #[must_use]
    pub fn weekday_hm(self) -> String {
        self.date_time()
            .map_or_else(|| String::from("--- --:--"), |t| t.format("%a %H:%M").to_string())
    }

    /// Seconds since the epoch as Protocol v1.0 wants them (a float).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the wire's timestamps are floats of seconds")]
    pub fn as_wire_seconds(self) -> f64 {
        self.0 as f64 / 1_000_000.0
    }

    fn date_time(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }
}

/// A moment on both clocks of this host.
///
/// `mono_ns` counts nanoseconds of `CLOCK_BOOTTIME`: it never jumps, counts
/// suspended time, and is comparable between processes of one boot, which the
/// console and its agent rely on. `utc` says when it was on the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Nanoseconds since boot, monotonic.
    pub mono_ns: u64,
    /// Wall clock, UTC.
    pub utc: UtcMicros,
}

impl Stamp {
    /// Time from `earlier` to `self` on the monotonic clock; zero when
    /// `earlier` is later (events may be stamped by different threads).
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.mono_ns.saturating_sub(earlier.mono_ns))
    }

    /// The later of the two on the monotonic clock.
    #[must_use]
    pub const fn not_before(self, other: Self) -> Self {
        if self.mono_ns < other.mono_ns { other } else { self }
    }

    /// The earlier of the two on the monotonic clock.
    #[must_use]
    pub const fn not_after(self, other: Self) -> Self {
        if self.mono_ns > other.mono_ns { other } else { self }
    }

    /// This moment plus `by`, on both clocks.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        let ns = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        let us = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Self {
            mono_ns: self.mono_ns.saturating_add(ns),
            utc: UtcMicros(self.utc.0.saturating_add(us)),
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc.iso())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_forms_carry_microseconds() {
        let t = UtcMicros(1_768_399_018_271_512);
        assert_eq!(t.iso(), "2026-01-14T13:56:58.271512Z");
        assert_eq!(t.naive_iso(), "2026-01-14T13:56:58.271512");
        assert_eq!(t.hms(), "13:56:58");
        assert_eq!((UtcMicros::from_iso(&t.iso()), UtcMicros::from_iso("today")), (Some(t), None));
    }

    #[test]
    fn since_never_goes_negative() {
        let a = Stamp { mono_ns: 10, utc: UtcMicros(5) };
        let b = Stamp { mono_ns: 30, utc: UtcMicros(1) };
        assert_eq!(b.since(a), Duration::from_nanos(20));
        assert_eq!(a.since(b), Duration::ZERO);
    }

    #[test]
    fn absurd_times_are_shown_not_fatal() {
        assert_eq!(UtcMicros(i64::MAX).iso(), format!("{}us", i64::MAX));
        assert_eq!(UtcMicros(i64::MIN).hms(), "--:--:--");
    }
}
