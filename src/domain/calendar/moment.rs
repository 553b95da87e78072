//! Times of a day and of a week, as they are written: `17:00`, `sun 17:00`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Minutes of a day.
pub(super) const DAY: u16 = 24 * 60;
/// As a week is written, from its first day.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A time that is written in another way, with the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("write it as {0}")]
pub struct WrittenOtherwise(pub &'static str);

/// Minutes since midnight, below 1,440.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(pub u16);

/// Minutes since Monday, 00:00, below 10,080.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct WeekMinute(pub u16);

/// A part of every day, which may reach over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Pause {
    /// It begins.
    pub from: TimeOfDay,
    /// It is over.
    pub to: TimeOfDay,
}

impl WeekMinute {
    /// Its time of day.
    #[must_use]
    pub const fn time(self) -> TimeOfDay {
        TimeOfDay(self.0 % DAY)
    }
}

impl FromStr for TimeOfDay {
    type Err = WrittenOtherwise;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (hours, minutes) = text.split_once(':')?;
            let two = |digits: &str, below: u16| -> Option<u16> {
                let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
                digits.parse().ok().filter(|n| plain && *n < below)
            };
            Some(Self(two(hours, 24)? * 60 + two(minutes, 60)?))
        };
        read().ok_or(WrittenOtherwise("\"17:00\""))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for WeekMinute {
    type Err = WrittenOtherwise;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (day, time) = text.split_once(' ')?;
            let at = DAYS.iter().position(|name| name.eq_ignore_ascii_case(day))?;
            let day = u16::try_from(at).ok()?;
            Some(Self(day * DAY + time.parse::<TimeOfDay>().ok()?.0))
        };
        read().ok_or(WrittenOtherwise("\"sun 17:00\""))
    }
}

impl fmt::Display for WeekMinute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = DAYS.get(usize::from(self.0 / DAY)).copied().unwrap_or("?");
        write!(f, "{day} {}", self.time())
    }
}

impl FromStr for Pause {
    type Err = WrittenOtherwise;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (from, to) = text.split_once('-')?;
            Some(Self { from: from.parse().ok()?, to: to.parse().ok()? })
        };
        read().filter(|pause| pause.from != pause.to).ok_or(WrittenOtherwise("\"17:00-18:00\""))
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

/// Serialised as it is written.
macro_rules! as_text {
    ($($name:ty),+) => {$(
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = WrittenOtherwise;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    )+};
}
pub(super) use as_text;

as_text!(WeekMinute, Pause);
