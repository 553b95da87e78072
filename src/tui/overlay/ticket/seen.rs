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
        (Some(pair), Some(account)) => rates(state, draft.gateway, pair, account.currency.as_str()),
        _ => Vec::new(),
    };
    Seen {
        gateways: (0..count).map(|index| state.gateway_name(index)).collect(),
        mode: state.target_mode(draft.gateway),
        quote: symbol.and_then(|symbol| quote(state, draft.gateway, &symbol)),
        account,
        rates,
    }
}

/// The price at which `order` would open at the market of `gateway` now, while it
/// is known.
#[must_use]
pub fn shown(state: &State, gateway: u16, order: &OrderTicket) -> Option<Price> {
    quote(state, gateway, &order.symbol).and_then(|quote| quote.opens(order.side))
}

/// What the gateway itself quotes: another's price is none of its own.
fn quote(state: &State, gateway: u16, symbol: &Symbol) -> Option<QuoteSeen> {
    let quote = state.quotes.of(gateway, symbol)?;
    Some(QuoteSeen {
        bid: quote.bid,
        ask: quote.ask,
        digits: quote.digits,
        settled: quote.count >= SETTLED,
        fresh: state.quote_freshness(symbol, quote) == Freshness::Fresh,
    })
}

/// The gateway's own fresh quotes between the pair's currencies and the account's.
fn rates(state: &State, gateway: u16, pair: Pair, account: &str) -> Vec<Rate> {
    let Some(account) = currency(account) else { return Vec::new() };
    let wanted = [pair.base, pair.quote, account];
    let fresh = |(symbol, quote): &(&Symbol, &crate::state::Quote)| {
        state.quote_freshness(symbol, quote) == Freshness::Fresh
    };
    state
        .quotes
        .all()
        .filter(|(_, quote)| quote.feed == gateway)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Heard, Lots, Money, Position, Side, Stamp, Text, Tick, TickBatch, TickShape, Ticket,
    };
    use crate::event::{Event, PositionsRead, Read, Stamped};
    use crate::tui::view::positions::price_freshness;
    use std::time::Duration;

    fn put(state: &mut State, event: Event) {
        let at = state.now.plus(Duration::from_millis(500));
        state.apply(&Stamped { seq: state.seq + 1, at, event }).unwrap();
    }

    fn tick(state: &mut State, feed: u16, bid: &str, ask: &str) {
        let price = |text| Price::parse(text).unwrap();
        let (symbol, shape) = (Symbol::new("EURUSD").unwrap(), TickShape::T2);
        let (bid, ask) = (price(bid), price(ask));
        let tick = Tick { symbol, bid, ask, time: None, seq: None, shape };
        let ticks = vec![Heard { tick, after_us: 0 }];
        let base = state.now.plus(Duration::from_millis(500));
        put(state, Event::Ticks(TickBatch { feed, base, ticks, ..TickBatch::default() }));
    }

    fn position() -> Position {
        Position {
            ticket: Ticket(7),
            symbol: Text::new("EURUSD"),
            side: Side::Buy,
            lots: Lots::parse("0.1").unwrap(),
            open: Price::ZERO,
            current: None,
            profit: Money::ZERO,
            sl: None,
            tp: None,
        }
    }

    fn order() -> OrderTicket {
        let symbol = Symbol::new("EURUSD").unwrap();
        OrderTicket::market(symbol, Side::Buy, Lots::parse("0.1").unwrap())
    }

    #[test]
    fn a_ticket_rests_on_its_own_gateways_quote_only() {
        let mut state = State::default();
        tick(&mut state, 1, "1.2000", "1.2001");
        assert_eq!(shown(&state, 0, &order()), None, "the first one never quoted it");
        tick(&mut state, 0, "1.0850", "1.0851");
        tick(&mut state, 1, "1.2000", "1.2001");
        assert_eq!(shown(&state, 0, &order()), Price::parse("1.0851").ok());
        assert_eq!(shown(&state, 1, &order()), Price::parse("1.2001").ok());
        let pair = Pair::of(&order().symbol).unwrap();
        let bids: Vec<_> = rates(&state, 0, pair, "USD").iter().map(|rate| rate.bid).collect();
        assert_eq!(bids, [Price::parse("1.0850").unwrap()]);
    }

    #[test]
    fn another_feeds_tick_makes_no_price_young() {
        let mut state = State { now: Stamp { mono_ns: 1, ..Stamp::default() }, ..State::default() };
        tick(&mut state, 0, "1.0850", "1.0851");
        for _ in 0..10 {
            tick(&mut state, 1, "1.2000", "1.2001");
        }
        for gateway in [0, 1] {
            let (asked, read) = (state.now, Read::Good(vec![position()]));
            let read = PositionsRead { gateway, asked, rtt_us: 1, read };
            put(&mut state, Event::Positions(Box::new(read)));
        }
        assert_eq!(price_freshness(&state, 0, &position()), Freshness::Stale);
        assert_eq!(price_freshness(&state, 1, &position()), Freshness::Fresh);
    }
}
