//! Open positions and pending orders, and which of them a quote touches.
//!
//! What belongs here: the two lists (hedging: positions of both sides of one
//! symbol live side by side) and the conditions of SL, TP, limit and stop.
//! What does not: money, margin, permission.

use super::market::Quote;
use crate::domain::{Lots, Money, OrderKind, OrderTicket, Price, Side, Symbol, Ticket, UtcMicros};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Numbers of tickets begin above this.
const FIRST_TICKET: u64 = 1_000_000;

/// An open position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its number.
    pub ticket: Ticket,
    /// Instrument.
    pub symbol: Symbol,
    /// Long or short.
    pub side: Side,
    /// Volume.
    pub lots: Lots,
    /// Price it was opened at.
    pub open: Price,
    /// When, UTC.
    pub open_time: UtcMicros,
    /// Stop loss.
    pub sl: Option<Price>,
    /// Take profit.
    pub tp: Option<Price>,
    /// Margin bound since it was opened, account currency.
    pub margin: Money,
}

/// An order that waits for its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Its number; the position it becomes keeps it.
    pub ticket: Ticket,
    /// What was asked for.
    pub order: OrderTicket,
    /// The price it waits for.
    pub price: Price,
}

/// Why a position was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// `CLOSE_POSITION`.
    Asked,
    /// Its stop loss was touched.
    StopLoss,
    /// Its take profit was touched.
    TakeProfit,
    /// The margin level fell to the stop-out level.
    StopOut,
    /// KILL_SWITCH.
    Kill,
}

impl CloseCause {
    /// For log lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asked => "as asked",
            Self::StopLoss => "at its stop loss",
            Self::TakeProfit => "at its take profit",
            Self::StopOut => "by stop-out",
            Self::Kill => "by KILL_SWITCH",
        }
    }
}

impl Held {
    /// Which of its two exits the quote touches, the stop loss first.
    #[must_use]
    pub fn exit(&self, quote: &Quote) -> Option<CloseCause> {
        let price = quote.closes(self.side);
        let beyond = |level: Option<Price>, below: bool| {
            level.is_some_and(|level| if below { price <= level } else { price >= level })
        };
        let long = self.side == Side::Buy;
        if beyond(self.sl, long) {
            Some(CloseCause::StopLoss)
        } else if beyond(self.tp, !long) {
            Some(CloseCause::TakeProfit)
        } else {
            None
        }
    }
}

impl Pending {
    /// Whether the quote reaches its price: a limit fills at its price or
    /// better, a stop when the market trades through it.
    #[must_use]
    pub fn fills(&self, quote: &Quote) -> bool {
        let market = quote.opens(self.order.side);
        match (self.order.kind, self.order.side) {
            (OrderKind::Limit, Side::Buy) | (OrderKind::Stop, Side::Sell) => market <= self.price,
            (OrderKind::Limit, Side::Sell) | (OrderKind::Stop, Side::Buy) => market >= self.price,
            (OrderKind::Market, _) => true,
        }
    }
}

/// Both lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// Open positions by number.
    pub positions: BTreeMap<Ticket, Held>,
    /// Pending orders by number.
    pub pending: BTreeMap<Ticket, Pending>,
    last: u64,
}

impl Book {
    /// The next free number; never used twice, over restarts neither.
    pub fn next_ticket(&mut self) -> Ticket {
        self.last = self.last.max(FIRST_TICKET) + 1;
        Ticket(self.last)
    }

    /// Positions and pending orders together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.positions.len() + self.pending.len()
    }

    /// Pending orders of `symbol` that fill at `quote`, oldest first.
    #[must_use]
    pub fn filling(&self, symbol: &Symbol, quote: &Quote) -> Vec<Pending> {
        let touched = |p: &&Pending| p.order.symbol == *symbol && p.fills(quote);
        self.pending.values().filter(touched).copied().collect()
    }

    /// Positions of `symbol` whose SL or TP is touched, oldest first.
    #[must_use]
    pub fn exiting(&self, symbol: &Symbol, quote: &Quote) -> Vec<(Ticket, CloseCause)> {
        let of = self.positions.values().filter(|p| p.symbol == *symbol);
        of.filter_map(|p| p.exit(quote).map(|cause| (p.ticket, cause))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::market::tests::{quote, symbol};
    use super::*;

    fn price(text: &str) -> Price {
        Price::parse(text).unwrap()
    }

    #[test]
    fn exits_are_judged_at_the_closing_side() {
        let mut held = Held {
            ticket: Ticket(1),
            symbol: symbol("EURUSD"),
            side: Side::Buy,
            lots: Lots::parse("0.1").unwrap(),
            open: price("1.1"),
            open_time: UtcMicros(0),
            sl: Some(price("1.09")),
            tp: Some(price("1.12")),
            margin: Money::ZERO,
        };
        assert_eq!(held.exit(&quote("1.0901", "1.1300")), None, "the ask does not close a long");
        assert_eq!(held.exit(&quote("1.0900", "1.0902")), Some(CloseCause::StopLoss));
        assert_eq!(held.exit(&quote("1.1200", "1.1202")), Some(CloseCause::TakeProfit));
        (held.side, held.sl, held.tp) = (Side::Sell, Some(price("1.12")), Some(price("1.09")));
        assert_eq!(held.exit(&quote("1.0800", "1.0901")), None, "the bid does not close a short");
        assert_eq!(held.exit(&quote("1.1100", "1.1200")), Some(CloseCause::StopLoss));
        assert_eq!(held.exit(&quote("1.0800", "1.0900")), Some(CloseCause::TakeProfit));
    }

    #[test]
    fn pending_orders_wait_for_the_opening_side() {
        let fills = |side, kind, quoted: &Quote| {
            let order = OrderTicket {
                symbol: symbol("EURUSD"),
                side,
                lots: Lots::parse("0.1").unwrap(),
                kind,
                price: Some(price("1.1")),
                sl: None,
                tp: None,
            };
            Pending { ticket: Ticket(1), order, price: price("1.1") }.fills(quoted)
        };
        let (below, above) = (quote("1.0990", "1.1000"), quote("1.1000", "1.1010"));
        assert!(fills(Side::Buy, OrderKind::Limit, &below));
        assert!(!fills(Side::Buy, OrderKind::Limit, &above));
        assert!(fills(Side::Sell, OrderKind::Limit, &above));
        assert!(!fills(Side::Sell, OrderKind::Limit, &below));
        assert!(fills(Side::Buy, OrderKind::Stop, &above));
        assert!(!fills(Side::Buy, OrderKind::Stop, &quote("1.0980", "1.0999")));
        assert!(fills(Side::Sell, OrderKind::Stop, &below));
        assert!(!fills(Side::Sell, OrderKind::Stop, &quote("1.1001", "1.1010")));
    }
}
