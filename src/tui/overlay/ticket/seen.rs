//! From State to what a ticket may rest on. What is not fresh is left out.

use crate::control::ticket::{
    AccountSeen, Draft, Pair, QuoteSeen, Rate, Seen, pair::known as currency,
};
use crate::domain::{OrderTicket, Price, Symbol};
use crate::state::{Freshness, State};

/// From so many ticks on the decimals of a symbol are believed.
const SETTLED: u64 = 10;

/// What is known about this draft now.
#[must_use]
pub fn seen(state: &State, draft: &Draft) -> Seen {
    let count = state.session.gateways.len().max(state.gateways.len());
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    let symbol = Symbol::new(draft.symbol.text()).ok();
    let account = state
        .gateway(draft.gateway)
        .filter(|_| state.account_freshness(draft.gateway) == Freshness::Fresh)
        .and_then(|pane| pane.account.as_ref())
        .map(|read| AccountSeen {
            currency: read.value.currency.clone(),
            leverage: read.value.leverage,
            free: read.value.free_margin,
        });
    let rates = match (symbol.as_ref().and_then(Pair::of), &account) {
        (Some(pair), Some(account)) => rates(state, pair, account.currency.as_str()),
        _ => Vec::new(),
    };
    Seen {
        gateways: (0..count).map(|index| state.gateway_name(index)).collect(),
        mode: state.target_mode(draft.gateway),
        quote: symbol.and_then(|symbol| quote(state, &symbol)),
        account,
        rates,
    }
}

/// The price at which `order` would open at the market now, while it is known.
#[must_use]
pub fn shown(state: &State, order: &OrderTicket) -> Option<Price> {
    quote(state, &order.symbol).and_then(|quote| quote.opens(order.side))
}

fn quote(state: &State, symbol: &Symbol) -> Option<QuoteSeen> {
    let quote = state.quotes.get(symbol)?;
    Some(QuoteSeen {
        bid: quote.bid,
        ask: quote.ask,
        digits: quote.digits,
        settled: quote.count >= SETTLED,
        fresh: state.quote_freshness(symbol, quote) == Freshness::Fresh,
    })
}

/// Fresh quotes between the pair's currencies and the account's.
fn rates(state: &State, pair: Pair, account: &str) -> Vec<Rate> {
    let Some(account) = currency(account) else { return Vec::new() };
    let wanted = [pair.base, pair.quote, account];
    let fresh = |(symbol, quote): &(&Symbol, &crate::state::Quote)| {
        state.quote_freshness(symbol, quote) == Freshness::Fresh
    };
    state
        .quotes
        .iter()
        .filter_map(|(symbol, quote)| {
            let of = Pair::of(symbol)?;
            (wanted.contains(&of.base) && wanted.contains(&of.quote)).then_some((symbol, quote, of))
        })
        .filter(|(symbol, quote, _)| fresh(&(symbol, quote)))
        .map(|(_, quote, of)| Rate {
            base: of.base,
            quote: of.quote,
            bid: quote.bid,
            ask: quote.ask,
        })
        .collect()
}
