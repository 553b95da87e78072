//! The clock that a market's hours are told in.

use super::moment::{TimeOfDay, WrittenOtherwise, as_text};
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Weekday};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// New York in winter, in minutes from UTC; an hour more in summer.
const NEW_YORK: i16 = -300;
/// No clock of the world is further from UTC, in minutes.
const FURTHEST: u16 = 14 * 60;

/// Local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Zone {
    /// So many minutes east of UTC, the whole year round.
    Fixed(i16),
    /// New York, whose afternoon is where the world's currency week begins and
    /// ends. Summer time by the rule of 15 U.S.C. 260a as amended in 2005, in
    /// force since 2007: from 2 a.m. of the second Sunday in March to 2 a.m. of
    /// the first Sunday in November.
    NewYork,
}

impl Zone {
    /// Local time at `utc`.
    #[must_use]
    pub fn local(self, utc: NaiveDateTime) -> Option<NaiveDateTime> {
        utc.checked_add_signed(TimeDelta::minutes(self.offset(utc).into()))
    }

    /// UTC at `local`. A local time that comes twice is the earlier one; one
    /// that the spring skips is told by winter's clock.
    #[must_use]
    pub fn utc(self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let back = |offset: i16| local.checked_sub_signed(TimeDelta::minutes(offset.into()));
        let (winter, summer) = match self {
            Self::Fixed(offset) => (offset, offset),
            Self::NewYork => (NEW_YORK, NEW_YORK + 60),
        };
        let early = back(summer)?;
        if self.offset(early) == summer { Some(early) } else { back(winter) }
    }

    fn offset(self, utc: NaiveDateTime) -> i16 {
        match self {
            Self::Fixed(offset) => offset,
            Self::NewYork if is_summer(utc) => NEW_YORK + 60,
            Self::NewYork => NEW_YORK,
        }
    }
}

impl fmt::Display for Zone {
    /// `utc`, `+02:00`, `new-york`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(0) => f.write_str("utc"),
            Self::Fixed(minutes) => {
                let sign = if *minutes < 0 { '-' } else { '+' };
                write!(f, "{sign}{}", TimeOfDay(minutes.unsigned_abs()))
            }
            Self::NewYork => f.write_str("new-york"),
        }
    }
}

impl FromStr for Zone {
    type Err = WrittenOtherwise;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let offset = |text: &str| {
            let minutes = text.parse::<TimeOfDay>().ok().filter(|time| time.0 <= FURTHEST)?;
            i16::try_from(minutes.0).ok()
        };
        let zone = match text {
            "utc" => Some(Self::Fixed(0)),
            "new-york" => Some(Self::NewYork),
            _ => match (text.strip_prefix('+'), text.strip_prefix('-')) {
                (Some(east), _) => offset(east).map(Self::Fixed),
                (_, Some(west)) => offset(west).map(|minutes| Self::Fixed(-minutes)),
                _ => None,
            },
        };
        zone.ok_or(WrittenOtherwise("\"new-york\", \"utc\" or an offset as \"+02:00\""))
    }
}

as_text!(Zone);

/// 2 a.m. is 7:00 UTC while winter time lasts, 6:00 UTC while summer's does.
fn is_summer(utc: NaiveDateTime) -> bool {
    let at = |month, nth, hour| {
        nth_sunday(utc.year(), month, nth).and_then(|day| day.and_hms_opt(hour, 0, 0))
    };
    match (at(3, 2, 7), at(11, 1, 6)) {
        (Some(begins), Some(ends)) => (begins..ends).contains(&utc),
        _ => false,
    }
}

fn nth_sunday(year: i32, month: u32, nth: u64) -> Option<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    let wait = Weekday::Sun.days_since(first.weekday());
    first.checked_add_days(Days::new(u64::from(wait) + 7 * (nth - 1)))
}
