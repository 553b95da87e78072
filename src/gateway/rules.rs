//! What an order must satisfy before it is looked at as a risk.
//!
//! What belongs here: volume, prices, SL and TP against the market, and the
//! words of every refusal. What does not: margin, the kill (see `engine`).

use super::market::{Listing, Quote};
use crate::domain::{Lots, Money, OrderKind, OrderTicket, Price, Side, Symbol, Text, Ticket};
use thiserror::Error;

/// Smallest volume and step: 0.01 lot.
pub const LOT_STEP: Lots = Lots::from_raw(1_000_000);
/// Largest volume: 100 lots.
pub const MAX_LOTS: Lots = Lots::from_raw(100 * 100_000_000);
/// Positions and pending orders together.
pub const MAX_OPEN: usize = 1_000;

/// Why an order or a close was refused; the text is the nested error.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// Killed and not reset.
    #[error(
        "KILL_SWITCH engaged by request \"{kill_id}\": new orders are refused until the gateway is reset on its own host"
    )]
    Killed {
        /// `req_id` of the kill.
        kill_id: Text,
    },
    /// The latch file.
    #[error("latch {path}: {cause}; new orders are refused until it is reset")]
    Latched {
        /// Its path.
        path: Text,
        /// Engaged, or why that can't be told.
        cause: Text,
    },
    /// The memory can't be written, so an order might be forgotten.
    #[error("gateway memory can't be written ({0}): new orders are refused")]
    NotDurable(Text),
    /// The payload can't be read.
    #[error("{0}")]
    Payload(Text),
    /// Nobody quotes it here.
    #[error("unknown symbol {0}: this gateway quotes {1}")]
    UnknownSymbol(Text, Text),
    /// Listed, but no quote has come since the start.
    #[error("no quote for {0} yet: try again when a tick has come")]
    NoQuote(Symbol),
    /// Not 0.01 to 100 lots by steps of 0.01.
    #[error("volume {0} is not 0.01 to 100 lots in steps of 0.01")]
    Volume(Lots),
    /// More decimals than the instrument has.
    #[error("{what} {price} of {symbol} has more than {digits} decimals")]
    Digits {
        /// `price`, `sl`, `tp`.
        what: &'static str,
        /// As asked.
        price: Price,
        /// Instrument.
        symbol: Symbol,
        /// Decimals it has.
        digits: u32,
    },
    /// Limit and stop orders need a price.
    #[error("a {0} order needs a price above 0")]
    NoPrice(&'static str),
    /// Less than half or more than twice the market.
    #[error("{what} {price} is less than half or more than twice the market ({market})")]
    FarOff {
        /// `price`, `sl`, `tp`.
        what: &'static str,
        /// As asked.
        price: Price,
        /// The market.
        market: Price,
    },
    /// A limit that would fill at once, a stop that is already passed, an
    /// exit on the wrong side.
    #[error("{what} {price} must be {relation} {reference} for {order}")]
    WrongSide {
        /// `price`, `sl`, `tp`.
        what: &'static str,
        /// As asked.
        price: Price,
        /// `above` or `below`.
        relation: &'static str,
        /// The price it is held against.
        reference: Price,
        /// The wire's `type`.
        order: &'static str,
    },
    /// Free margin does not suffice.
    #[error("not enough money: {needed} {currency} of margin needed, {free} free")]
    Margin {
        /// Margin of the new position.
        needed: Money,
        /// Free margin now.
        free: Money,
        /// Account currency.
        currency: Text,
    },
    /// Margin or profit could not be reckoned.
    #[error("no rate from {0} to {1} is known yet: try again when a pair of them is quoted")]
    NoRate(Text, Text),
    /// The book is full.
    #[error("{MAX_OPEN} positions and orders are open: close some first")]
    TooMany,
    /// No such position.
    #[error("position {0} not found")]
    NoPosition(Ticket),
    /// The number is a pending order's.
    #[error("{0} is a pending order, not a position: only KILL_SWITCH cancels it")]
    IsPending(Ticket),
}

/// Judges an order against the market; gives back the quote it was judged by.
///
/// # Errors
/// The first rule that it breaks.
pub fn judge(order: &OrderTicket, listing: &Listing) -> Result<Quote, Rejection> {
    let quote = listing
        .quote
        .filter(|_| listing.live)
        .ok_or(Rejection::NoQuote(listing.instrument.symbol))?;
    if order.lots < LOT_STEP || order.lots > MAX_LOTS || order.lots.raw() % LOT_STEP.raw() != 0 {
        return Err(Rejection::Volume(order.lots));
    }
    let digits = listing.instrument.digits;
    let market = quote.opens(order.side);
    for (what, price) in [("price", order.price), ("sl", order.sl), ("tp", order.tp)] {
        let Some(price) = price else { continue };
        if price.decimals() > digits {
            return Err(Rejection::Digits { what, price, symbol: order.symbol, digits });
        }
        if price.raw() < market.raw() / 2 || price.raw() > market.raw() * 2 {
            return Err(Rejection::FarOff { what, price, market });
        }
    }
    let long = order.side == Side::Buy;
    let side = |what, price: Price, above: bool, reference: Price| {
        if (above && price > reference) || (!above && price < reference) {
            return Ok(());
        }
        let relation = if above { "above" } else { "below" };
        Err(Rejection::WrongSide { what, price, relation, reference, order: order.wire_type() })
    };
    // A market order's exits are held against the price that closes it.
    let mut entry = quote.closes(order.side);
    if order.kind != OrderKind::Market {
        let price = order.price.ok_or(Rejection::NoPrice(order.wire_type()))?;
        side("price", price, long == (order.kind == OrderKind::Stop), market)?;
        entry = price;
    }
    order.sl.map_or(Ok(()), |sl| side("sl", sl, !long, entry))?;
    order.tp.map_or(Ok(()), |tp| side("tp", tp, long, entry))?;
    Ok(quote)
}

#[cfg(test)]
mod tests {
    use super::super::currency::Currency;
    use super::super::market::Instrument;
    use super::super::market::tests::{quote, symbol};
    use super::*;

    fn listing() -> Listing {
        Listing {
            instrument: Instrument::of(symbol("EURUSD"), 5, Currency::USD),
            quote: Some(quote("1.10000", "1.10010")),
            live: true,
        }
    }

    /// `BUY_LIMIT 0.1 price sl tp`, 0 for none.
    fn verdict(words: &str) -> String {
        let mut words = words.split(' ');
        let mut next = || words.next().unwrap_or("0");
        let (side, kind) = match next() {
            "BUY" => (Side::Buy, OrderKind::Market),
            "SELL" => (Side::Sell, OrderKind::Market),
            "BUY_LIMIT" => (Side::Buy, OrderKind::Limit),
            "SELL_LIMIT" => (Side::Sell, OrderKind::Limit),
            "BUY_STOP" => (Side::Buy, OrderKind::Stop),
            _ => (Side::Sell, OrderKind::Stop),
        };
        let lots = Lots::parse(next()).unwrap();
        let mut price = || Price::parse(next()).ok().filter(|p| p.raw() > 0);
        let order = OrderTicket {
            symbol: symbol("EURUSD"),
            side,
            lots,
            kind,
            price: price(),
            sl: price(),
            tp: price(),
        };
        judge(&order, &listing()).map_or_else(|e| e.to_string(), |_| String::from("ok"))
    }

    #[test]
    fn what_a_broker_takes() {
        for order in [
            "BUY 0.01",
            "SELL 100",
            "BUY 1 0 1.09999 1.10001",
            "SELL 1 0 1.10011 1.10009",
            "BUY_LIMIT 0.1 1.10009 1.10008 1.2",
            "SELL_LIMIT 0.1 1.10001 1.2 1.1",
            "BUY_STOP 0.1 1.10011",
            "SELL_STOP 0.1 1.09999",
        ] {
            assert_eq!(verdict(order), "ok", "{order}");
        }
    }

    #[test]
    fn what_a_broker_refuses_and_how() {
        for (order, words) in [
            ("BUY 0", "volume 0 is not"),
            ("BUY 0.015", "volume 0.015 is not"),
            ("BUY 100.01", "volume 100.01 is not"),
            ("BUY_LIMIT 0.1", "needs a price"),
            ("BUY_LIMIT 0.1 1.1001", "price 1.1001 must be below 1.1001 for BUY_LIMIT"),
            ("SELL_LIMIT 0.1 1.1", "price 1.1 must be above 1.1 for SELL_LIMIT"),
            ("BUY_STOP 0.1 1.1001", "must be above 1.1001 for BUY_STOP"),
            ("SELL_STOP 0.1 1.1", "must be below 1.1 for SELL_STOP"),
            ("BUY 1 0 1.1", "sl 1.1 must be below 1.1 for BUY"),
            ("BUY 1 0 0 1.1", "tp 1.1 must be above 1.1 for BUY"),
            ("SELL 1 0 1.1001", "sl 1.1001 must be above 1.1001 for SELL"),
            ("SELL 1 0 0 1.2", "tp 1.2 must be below 1.1001 for SELL"),
            ("BUY_LIMIT 0.1 1.09 1.095", "sl 1.095 must be below 1.09"),
            ("BUY_LIMIT 0.1 1.090001", "more than 5 decimals"),
            ("BUY_LIMIT 0.1 0.109", "less than half"),
            ("BUY 1 0 0 2.3", "more than twice"),
        ] {
            assert!(verdict(order).contains(words), "{order}: {}", verdict(order));
        }
    }

    #[test]
    fn the_order_ticket_knows_the_same_volumes() {
        use crate::control::ticket::LotRule;
        let LotRule { min, max, step } = LotRule::PAPER;
        assert_eq!((min, max, step), (LOT_STEP, MAX_LOTS, LOT_STEP));
    }

    #[test]
    fn a_quote_of_an_earlier_run_takes_no_order() {
        let order = OrderTicket::market(symbol("EURUSD"), Side::Buy, LOT_STEP);
        let stale = Listing { live: false, ..listing() };
        assert_eq!(judge(&order, &stale), Err(Rejection::NoQuote(symbol("EURUSD"))));
    }
}
