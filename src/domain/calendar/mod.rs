//! When a market trades, by its calendar: what tells "closed" from "dead".
//!
//! A calendar is a belief of whoever wrote it, not a fact about the market: a
//! tick is the better witness, and `state` lets it win.

mod moment;
#[cfg(test)]
mod tests;
mod week;
mod zone;

pub use moment::{DAYS, Pause, TimeOfDay, WeekMinute, WrittenOtherwise};
pub use week::Hours;
pub use zone::Zone;

use super::{Symbol, Text, UtcMicros};
use chrono::{DateTime, NaiveDateTime};
use serde::{Deserialize, Serialize};

/// Hours of the market, and of symbols that have their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Of every symbol that no session names.
    pub market: Hours,
    /// Of some symbols; the first that names one counts.
    pub sessions: Vec<Session>,
}

/// Symbols with hours of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Names as the broker writes them; a `*` at the end stands for any rest.
    pub symbols: Vec<Text>,
    /// Their hours.
    pub hours: Hours,
}

/// Where a market stands by its calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// It trades.
    pub open: bool,
    /// Since when; none when that is longer ago than any week.
    pub since: Option<UtcMicros>,
    /// Until when; none when no end is in sight.
    pub until: Option<UtcMicros>,
}

impl Session {
    fn names(&self, symbol: &str) -> bool {
        self.symbols.iter().any(|name| match name.as_str().strip_suffix('*') {
            Some(start) => symbol.starts_with(start),
            None => name.as_str() == symbol,
        })
    }
}

impl Calendar {
    /// The hours of `symbol`.
    #[must_use]
    pub fn hours(&self, symbol: &Symbol) -> &Hours {
        let own = self.sessions.iter().find(|session| session.names(symbol.as_str()));
        own.map_or(&self.market, |session| &session.hours)
    }
}

/// For the calendar's arithmetic; none outside of chrono's years.
fn naive(at: UtcMicros) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(at.0).map(|at| at.naive_utc())
}

const fn micros(at: NaiveDateTime) -> UtcMicros {
    UtcMicros(at.and_utc().timestamp_micros())
}
