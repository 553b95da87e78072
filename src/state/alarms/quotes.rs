//! Causes by quotes: open positions whose price is no longer told.
//!
//! A quiet symbol alone is no alarm. With a position in it and its market open,
//! profit and loss on the screen are those of a moment ago, and stops may be
//! all that watches.

use super::causes::Causes;
use crate::domain::{Symbol, UtcMicros};
use crate::state::{Freshness, Market, State};
use std::collections::BTreeMap;

/// A quote must be stale for so many seconds: rhythms vary.
const HOLDS: u64 = 10;
/// So near to an end of the session nothing is missed.
const EDGE_US: u64 = 60_000_000;
/// More symbols of one feed than this have one alarm together.
const SINGLE: usize = 5;

impl State {
    /// Open positions by symbol, where the quote is stale and the market open.
    fn blind_positions(&self) -> BTreeMap<&Symbol, (u16, usize)> {
        let mut blind = BTreeMap::new();
        for (symbol, quote, market) in self.markets() {
            let late = self.freshness_in(quote, market) > Freshness::Fresh;
            if late && market > Market::Closed {
                blind.insert(symbol, (quote.feed, 0));
            }
        }
        if blind.is_empty() {
            return blind;
        }
        for p in self.gateways.iter().flat_map(|g| &g.positions).flat_map(|read| &read.value) {
            if let Some((_, count)) =
                Symbol::new(p.symbol.as_str()).ok().and_then(|s| blind.get_mut(&s))
            {
                *count += 1;
            }
        }
        blind.retain(|symbol, (_, count)| *count > 0 && !self.is_at_an_edge(symbol));
        blind
    }

    /// Whether its market has just opened or is about to close: first and last
    /// quotes of a session come late, every week.
    fn is_at_an_edge(&self, symbol: &Symbol) -> bool {
        let phase = self.session_phase(self.session.calendar.hours(symbol));
        let near = |at: UtcMicros| at.0.abs_diff(self.now.utc.0) < EDGE_US;
        phase.since.is_some_and(near) || phase.until.is_some_and(near)
    }

    pub(super) fn of_the_quotes(&self, causes: &mut Causes) {
        let mut feeds: BTreeMap<u16, Vec<(&Symbol, usize)>> = BTreeMap::new();
        for (symbol, (feed, count)) in self.blind_positions() {
            feeds.entry(feed).or_default().push((symbol, count));
        }
        for (feed, symbols) in feeds {
            if symbols.len() > SINGLE {
                let (name, symbols) = (self.gateway_name(feed), symbols.len());
                let text = format!("{name}: {symbols} symbols with open positions are stale");
                let advice = "see whether its terminal has prices; if it has, restart the gateway";
                causes.warning(&format!("quotes {name}"), &text, advice, HOLDS);
                continue;
            }
            for (symbol, count) in symbols {
                let s = if count == 1 { "" } else { "s" };
                let text = format!("{symbol} is stale with {count} position{s} open: P/L is old");
                let advice = "see its price in the terminal; `crs close TICKET` closes without it";
                causes.warning(&format!("quote {symbol}"), &text, advice, HOLDS);
            }
        }
    }
}
