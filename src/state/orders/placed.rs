//! Pending orders that were placed from here: v1.0 can't list them, so that one
//! stands is never proven, and that it was placed is not forgotten.

use super::Known;
use crate::domain::{OrderFate, OrderNews};
use crate::state::State;

/// Named at most; the rest is counted.
const NAMED: usize = 3;

impl State {
    /// Those that were taken and did not become a position that is open.
    pub fn placed_pending(&self) -> impl Iterator<Item = &OrderNews> {
        let waits = |news: &&OrderNews| {
            let became = |k: &Known| news.ticket == Some(k.ticket) && self.went_to(news, k.gateway);
            let open = || self.orders.open.iter().any(became);
            news.pending && news.fate == OrderFate::Done && news.ticket.is_some() && !open()
        };
        self.orders.orders.iter().map(|order| &order.value).filter(waits)
    }

    /// The newest of them in words; none where there is none.
    #[must_use]
    pub fn placed_words(&self) -> Option<String> {
        let all: Vec<&OrderNews> = self.placed_pending().collect();
        let named = all.iter().rev().take(NAMED).map(|news| {
            let side = news.side.map_or("", |side| side.word());
            let lots = news.lots.map_or_else(String::new, |lots| format!(" {lots}"));
            let ticket = news.ticket.map_or_else(String::new, |ticket| ticket.to_string());
            let at = news.gateway.as_ref().filter(|_| self.gateways.len() > 1);
            let at = at.map_or_else(String::new, |name| format!(" at {name}"));
            format!("{ticket} {} {side}{lots}{at}", news.symbol)
        });
        let named: Vec<String> = named.collect();
        let more = all.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        let list = named.join(", ");
        (!all.is_empty()).then(|| format!("placed from here: {list}{more}; check by hand"))
    }
}
