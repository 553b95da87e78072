//! Dates and times of files, and the clock they are told in.

use super::Cause;
use crate::domain::UtcMicros;
use crate::domain::calendar::{WrittenOtherwise, Zone};
use chrono::{NaiveDate, NaiveDateTime};
use std::fmt;
use std::str::FromStr;

/// Years that a tick can be of: nanoseconds since 1970 fit an unsigned 64.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2200;

/// The clock of a file's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    zone: Zone,
    /// Minutes ahead of the zone: many brokers' servers are seven hours ahead
    /// of New York, so that their day ends with the currency market's.
    ahead: i16,
}

impl Clock {
    /// Taken as it is.
    pub const UTC: Self = Self::fixed(0);

    /// So many minutes east of UTC.
    #[must_use]
    pub const fn fixed(minutes: i16) -> Self {
        Self { zone: Zone::Fixed(minutes), ahead: 0 }
    }

    /// The moment that this clock shows as `local`.
    fn utc(self, local: NaiveDateTime) -> Option<UtcMicros> {
        let micros = |at: NaiveDateTime| at.and_utc().timestamp_micros();
        if let Zone::Fixed(minutes) = self.zone {
            let ahead = i64::from(minutes) + i64::from(self.ahead);
            return Some(UtcMicros(micros(local) - ahead * 60_000_000));
        }
        let there = local.checked_sub_signed(chrono::TimeDelta::minutes(self.ahead.into()))?;
        self.zone.utc(there).map(|at| UtcMicros(micros(at)))
    }
}

impl FromStr for Clock {
    type Err = WrittenOtherwise;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const OTHERWISE: WrittenOtherwise = WrittenOtherwise(
            "\"utc\", an offset as \"+02:00\", \"new-york\", or as \"new-york+07:00\"",
        );
        let other = |_| OTHERWISE;
        match text.strip_prefix("new-york").filter(|rest| !rest.is_empty()) {
            None => text.parse().map(|zone| Self { zone, ahead: 0 }).map_err(other),
            Some(rest) => match rest.parse().map_err(other)? {
                Zone::Fixed(ahead) => Ok(Self { zone: Zone::NewYork, ahead }),
                Zone::NewYork => Err(OTHERWISE),
            },
        }
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.zone.fmt(f)?;
        if self.ahead == 0 { Ok(()) } else { Zone::Fixed(self.ahead).fmt(f) }
    }
}

/// Reads fixed places of a text.
struct Places<'a>(&'a [u8]);

impl Places<'_> {
    /// A number of exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        taken.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
    }

    fn one(&mut self, of: &[u8]) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        of.contains(first).then_some(())
    }

    /// `.065` and any further digits, in microseconds; 0 without a point.
    fn fraction(&mut self) -> Option<u32> {
        let Some(rest) = self.0.strip_prefix(b".") else { return Some(0) };
        let len = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at_checked(len).filter(|(d, _)| !d.is_empty())?;
        self.0 = rest;
        let six = digits.iter().chain(std::iter::repeat(&b'0')).take(6);
        Some(six.fold(0, |n, b| n * 10 + u32::from(b - b'0')))
    }
}

fn moment(date: [u32; 3], time: [u32; 3], us: u32) -> Option<NaiveDateTime> {
    let ([year, month, day], [h, m, s]) = (date, time);
    let year = i32::try_from(year).ok().filter(|year| YEARS.contains(year))?;
    NaiveDate::from_ymd_opt(year, month, day)?.and_hms_micro_opt(h, m, s, us)
}

/// `2020-01-01T22:00:00.065`, or with a space between; the clock of the file,
/// unless `Z` or an offset follows.
pub fn iso(text: &[u8], clock: Clock) -> Result<UtcMicros, Cause> {
    let read = || {
        let mut p = Places(text);
        let date = date(&mut p, b"-")?;
        p.one(b"T t")?;
        let (time, us) = time(&mut p)?;
        let clock = match p.0 {
            b"" => clock,
            b"Z" | b"z" | b"+00:00" => Clock::UTC,
            other => std::str::from_utf8(other).ok()?.parse().ok()?,
        };
        clock.utc(moment(date, time, us)?)
    };
    within(read())
}

/// `2020.01.02` and `00:00:00.065`, as MT5 writes them.
pub fn dotted(day: &[u8], hour: &[u8], clock: Clock) -> Result<UtcMicros, Cause> {
    let read = || {
        let (mut d, mut t) = (Places(day), Places(hour));
        let date = date(&mut d, b".")?;
        let (time, us) = time(&mut t)?;
        let whole = d.0.is_empty() && t.0.is_empty();
        clock.utc(moment(date, time, us)?).filter(|_| whole)
    };
    within(read())
}

/// `20200101 170000065`, milliseconds at the end.
pub fn packed(text: &[u8], clock: Clock) -> Result<UtcMicros, Cause> {
    let read = || {
        let mut p = Places(text);
        let date = [p.digits(4)?, p.digits(2)?, p.digits(2)?];
        p.one(b" ")?;
        let time = [p.digits(2)?, p.digits(2)?, p.digits(2)?];
        let us = p.digits(3)? * 1_000;
        clock.utc(moment(date, time, us)?).filter(|_| p.0.is_empty())
    };
    within(read())
}

fn date(p: &mut Places<'_>, between: &[u8]) -> Option<[u32; 3]> {
    let year = p.digits(4)?;
    p.one(between)?;
    let month = p.digits(2)?;
    p.one(between)?;
    Some([year, month, p.digits(2)?])
}

fn time(p: &mut Places<'_>) -> Option<([u32; 3], u32)> {
    let hour = p.digits(2)?;
    p.one(b":")?;
    let minute = p.digits(2)?;
    p.one(b":")?;
    let second = p.digits(2)?;
    Some(([hour, minute, second], p.fraction()?))
}

/// After 1970 on every clock.
fn within(at: Option<UtcMicros>) -> Result<UtcMicros, Cause> {
    at.filter(|at| at.0 > 0).ok_or("no date and time where they belong")
}
