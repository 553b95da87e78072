//! Causes by quotes: open positions whose price is no longer told.
//!
//! A quiet symbol alone is no alarm. With a position in it and its market open,
//! profit and loss on the screen are those of a moment ago, and stops may be
//! all that watches.

use super::causes::Causes;
use crate::domain::{Symbol, UtcMicros};
use crate::state::{FeedWord, Freshness, Market, State};
use std::collections::BTreeMap;

/// A quote must be stale for so many seconds: rhythms vary.
const HOLDS: u64 = 10;
/// One that never came must be missing for so many seconds.
const NEVER: u64 = 120;
/// So near to an end of the session nothing is missed.
const EDGE_US: u64 = 60_000_000;
/// More symbols of one feed than this have one alarm together.
const SINGLE: usize = 5;

/// Positions of one symbol at one gateway, without a quote of now.
struct Blind {
    positions: usize,
    /// No quote of it ever came from there.
    never: bool,
}

impl State {
    /// Open positions by gateway and symbol, where the market is open and that
    /// gateway's own quote is not fresh.
    fn blind_positions(&self) -> BTreeMap<(u16, Symbol), Blind> {
        let mut open: BTreeMap<(u16, &str), usize> = BTreeMap::new();
        for (index, gateway) in (0_u16..).zip(&self.gateways) {
            for p in gateway.positions.iter().flat_map(|read| &read.value) {
                *open.entry((index, p.symbol.as_str())).or_insert(0) += 1;
            }
        }
        let mut blind = BTreeMap::new();
        for ((gateway, name), positions) in open {
            let Ok(symbol) = Symbol::new(name) else { continue };
            let quote = self.quotes.of(gateway, &symbol);
            let fresh = quote.is_some_and(|q| self.quote_freshness(&symbol, q) == Freshness::Fresh);
            if fresh || self.market(&symbol, quote) == Market::Closed || self.is_at_an_edge(&symbol)
            {
                continue;
            }
            blind.insert((gateway, symbol), Blind { positions, never: quote.is_none() });
        }
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
        let mut feeds: BTreeMap<u16, Vec<(Symbol, Blind)>> = BTreeMap::new();
        for ((feed, symbol), blind) in self.blind_positions() {
            feeds.entry(feed).or_default().push((symbol, blind));
        }
        for (feed, symbols) in feeds {
            // A feed that gives nothing at all has an alarm of its own.
            let told = matches!(
                self.feed_word(feed),
                FeedWord::Dead | FeedWord::Silent | FeedWord::Connecting
            );
            if symbols.len() > SINGLE {
                let (name, count) = (self.gateway_name(feed), symbols.len());
                let seconds = if symbols.iter().all(|(_, b)| b.never) { NEVER } else { HOLDS };
                let text = format!("{name}: {count} symbols with open positions are stale");
                let advice = "see whether its terminal has prices (`crs ticks` shows what comes \
                              here); if it has, restart the gateway";
                let key = format!("quotes {name}");
                if told {
                    causes.leave_open(&key);
                } else {
                    causes.warning(&key, &text, advice, seconds);
                }
                continue;
            }
            // One gateway needs no name.
            let many = self.gateways.len() > 1;
            let at = if many { format!(" at {}", self.gateway_name(feed)) } else { String::new() };
            for (symbol, Blind { positions, never }) in symbols {
                let (word, seconds) =
                    if never { ("has no quote", NEVER) } else { ("is stale", HOLDS) };
                let s = if positions == 1 { "" } else { "s" };
                let text =
                    format!("{symbol}{at} {word} with {positions} position{s} open: P/L is old");
                let advice = "see its price in the terminal; `crs close TICKET` closes without it";
                let key = format!("quote {symbol}{at}");
                if told {
                    causes.leave_open(&key);
                } else {
                    causes.warning(&key, &text, advice, seconds);
                }
            }
        }
    }
}
