//! Whether a market trades: its calendar, and the ticks that know better.

use super::{Quote, State};
use crate::domain::calendar::Phase;
use crate::domain::{Hours, Symbol, UtcMicros};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A tick so soon after the close was on its way, or its clock differs.
const CLOSING_US: i64 = 60_000_000;

/// Where the market of a symbol, or of a whole feed, stands. In the order of how
/// much a feed may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Market {
    /// It is closed by its calendar.
    Closed,
    /// Closed by its calendar, and ticks come: the ticks are right.
    OffCalendar,
    /// It trades by its calendar.
    Open,
}

impl State {
    /// Where the market of `symbol` stands now, by the calendar and one feed's
    /// quote of it.
    #[must_use]
    pub fn market(&self, symbol: &Symbol, quote: Option<&Quote>) -> Market {
        let hours = self.session.calendar.hours(symbol);
        self.market_of(hours, hours.is_open(self.now.utc), quote)
    }

    /// As [`State::market`], for every quote. The hours that most symbols share
    /// are looked at once: there may be a thousand symbols in a frame.
    pub fn markets(&self) -> impl Iterator<Item = (&Symbol, &Quote, Market)> {
        let calendar = &self.session.calendar;
        let common = &calendar.market;
        let usual = common.is_open(self.now.utc);
        self.quotes.all().map(move |(symbol, quote)| {
            let hours = calendar.hours(symbol);
            let shared = std::ptr::eq(hours, common);
            let open = if shared { usual } else { hours.is_open(self.now.utc) };
            (symbol, quote, self.market_of(hours, open, Some(quote)))
        })
    }

    /// The market behind feed `index`, and its hours: those of the symbol of
    /// which most may be asked. A feed without symbols has the hours of all
    /// symbols that have none of their own.
    #[must_use]
    pub fn feed_market(&self, index: u16) -> (Market, &Hours) {
        let calendar = &self.session.calendar;
        let own = self.markets().filter(|(_, quote, _)| quote.feed == index);
        let all = own.map(|(symbol, _, market)| (market, calendar.hours(symbol)));
        let best = all.reduce(|a, b| if (b.0, b.1.always) > (a.0, a.1.always) { b } else { a });
        best.unwrap_or_else(|| {
            let hours = &calendar.market;
            (self.market_of(hours, hours.is_open(self.now.utc), None), hours)
        })
    }

    /// Where the hours stand now: since when, until when.
    #[must_use]
    pub fn session_phase(&self, hours: &Hours) -> Phase {
        hours.phase(self.now.utc)
    }

    /// Whether the last tick of `symbol` came while its calendar said closed.
    #[must_use]
    pub fn came_off_calendar(&self, symbol: &Symbol, quote: &Quote) -> bool {
        is_off(self.session.calendar.hours(symbol), quote)
    }

    fn market_of(&self, hours: &Hours, open: bool, quote: Option<&Quote>) -> Market {
        if open {
            return Market::Open;
        }
        let ticks = quote.is_some_and(|q| self.still_says(q) && is_off(hours, q));
        if ticks { Market::OffCalendar } else { Market::Closed }
    }

    /// Time from `at` to now on the wall clock; nothing when it lies ahead.
    pub(super) fn utc_age(&self, at: UtcMicros) -> Duration {
        let us = self.now.utc.0.saturating_sub(at.0);
        Duration::from_micros(u64::try_from(us).unwrap_or(0))
    }
}

/// Whether its last tick came while the hours said closed, and not just then.
fn is_off(hours: &Hours, quote: &Quote) -> bool {
    let closing = UtcMicros(quote.at.utc.0.saturating_sub(CLOSING_US));
    !hours.is_open(quote.at.utc) && !hours.is_open(closing)
}
