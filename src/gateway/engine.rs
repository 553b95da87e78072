//! The broker's desk as pure logic: quotes and requests in, fills out.
//!
//! What belongs here: what an order does to positions and account, SL, TP,
//! limits, stops, stop-out, and the kill. What does not: sockets, files,
//! clocks (every call is told the time), and the words of the wire.
//!
//! Everything trades at the quote: a buy at the ask, a sell at the bid, SL
//! and TP too, so a gap slips as it would at a broker. No commission, no swap.

use super::book::{Book, CloseCause, Held, Pending};
use super::currency::Currency;
use super::market::{Market, Quote};
use super::rules::{self, Rejection};
use crate::domain::{
    Lots, Money, OrderKind, OrderTicket, Price, Ratio, Side, Symbol, Text, Ticket, UtcMicros,
};
use serde::{Deserialize, Serialize};

/// At this margin level, in percent, the position with the largest loss is
/// closed, and the next, until the level is above it again.
pub const STOP_OUT_PERCENT: i64 = 50;

/// A KILL_SWITCH in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillRecord {
    /// `req_id` of the request that engaged it.
    pub kill_id: Text,
    /// When that was read, UTC.
    pub at: UtcMicros,
}

/// The account and everything it holds.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Quotes.
    pub market: Market,
    /// Positions and pending orders.
    pub book: Book,
    /// Deposit and closed profit.
    pub balance: Money,
    /// Account currency.
    pub currency: Currency,
    /// 100 for 1:100.
    pub leverage: u32,
    /// In force until a reset.
    pub killed: Option<KillRecord>,
    /// Positions and orders that got in although killed: stays 0, and is
    /// counted where they get in, not where they are refused.
    pub leaks: u64,
}

/// The account now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// Deposit and closed profit.
    pub balance: Money,
    /// Balance and open profit.
    pub equity: Money,
    /// Bound by positions.
    pub used_margin: Money,
    /// Equity that is not bound.
    pub free_margin: Money,
    /// Equity over used margin in percent, zero when nothing is bound.
    pub margin_level: Ratio,
}

/// One position now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionView {
    /// The position.
    pub held: Held,
    /// Price it would be closed at.
    pub current: Price,
    /// Open profit, account currency.
    pub profit: Money,
    /// Decimals of its prices.
    pub digits: u32,
}

/// An order that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Number of the position or pending order.
    pub ticket: Ticket,
    /// Volume.
    pub lots: Lots,
    /// Fill price, or the price it waits for.
    pub price: Price,
    /// Decimals of its prices.
    pub digits: u32,
    /// It waits.
    pub pending: bool,
}

/// A position that was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The position.
    pub held: Held,
    /// Price it was closed at.
    pub price: Price,
    /// Booked profit, account currency.
    pub profit: Money,
    /// Decimals of its prices.
    pub digits: u32,
    /// Why.
    pub cause: CloseCause,
}

/// What a quote caused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A pending order became a position.
    Filled(Opened),
    /// A pending order was due and could not be filled.
    Dropped(Ticket, Rejection),
    /// A position was closed.
    Closed(Closed),
}

/// What a KILL_SWITCH did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KillOutcome {
    /// Positions there were.
    pub total: usize,
    /// Positions closed.
    pub closed: Vec<Closed>,
    /// Pending orders cancelled.
    pub cancelled: usize,
}

impl Engine {
    /// An account without positions.
    #[must_use]
    pub fn new(market: Market, balance: Money, currency: Currency, leverage: u32) -> Self {
        let book = Book::default();
        Self { market, book, balance, currency, leverage, killed: None, leaks: 0 }
    }

    /// Takes a quote: fills pending orders, then closes what SL, TP or the
    /// stop-out level demand.
    pub fn hear(&mut self, symbol: &Symbol, quote: Quote, now: UtcMicros) -> Vec<Happening> {
        self.market.hear(symbol, quote);
        let mut seen = Vec::new();
        if self.book.len() == 0 {
            return seen;
        }
        for order in self.book.filling(symbol, &quote) {
            self.book.pending.remove(&order.ticket);
            seen.push(self.fill(&order, &quote, now));
        }
        for (ticket, cause) in self.book.exiting(symbol, &quote) {
            seen.extend(self.shut(ticket, cause).map(Happening::Closed));
        }
        while let Some(worst) = self.stop_out() {
            seen.extend(self.shut(worst, CloseCause::StopOut).map(Happening::Closed));
        }
        seen
    }

    /// `OPEN_ORDER`.
    ///
    /// # Errors
    /// [`Rejection`], which becomes the nested error.
    pub fn open(&mut self, order: &OrderTicket, now: UtcMicros) -> Result<Opened, Rejection> {
        if let Some(kill) = &self.killed {
            return Err(Rejection::Killed { kill_id: kill.kill_id.clone() });
        }
        let listing = self.market.get(&order.symbol).ok_or_else(|| self.unknown(order))?;
        let quote = rules::judge(order, listing)?;
        let digits = listing.instrument.digits;
        if self.book.len() >= rules::MAX_OPEN {
            return Err(Rejection::TooMany);
        }
        let pending = order.kind != OrderKind::Market;
        let price = order.price.filter(|_| pending).unwrap_or_else(|| quote.opens(order.side));
        // A pending order binds nothing, but its margin must be reckonable.
        let margin = self.margin(order, price)?;
        if !pending {
            self.afford(margin)?;
        }
        let ticket = self.book.next_ticket();
        if pending {
            self.leaks += u64::from(self.killed.is_some());
            self.book.pending.insert(ticket, Pending { ticket, order: *order, price });
        } else {
            self.hold(ticket, order, price, margin, now);
        }
        Ok(Opened { ticket, lots: order.lots, price, digits, pending })
    }

    /// `CLOSE_POSITION`.
    ///
    /// # Errors
    /// [`Rejection`], which becomes the nested error.
    pub fn close(&mut self, ticket: Ticket) -> Result<Closed, Rejection> {
        self.shut(ticket, CloseCause::Asked).ok_or(if self.book.pending.contains_key(&ticket) {
            Rejection::IsPending(ticket)
        } else {
            Rejection::NoPosition(ticket)
        })
    }

    /// KILL_SWITCH: blocks new orders, cancels, closes. The first request
    /// stays the one that is named.
    pub fn kill(&mut self, kill_id: Text, at: UtcMicros) -> KillOutcome {
        self.killed.get_or_insert(KillRecord { kill_id, at });
        let cancelled = self.book.pending.len();
        self.book.pending.clear();
        let tickets: Vec<Ticket> = self.book.positions.keys().copied().collect();
        let total = tickets.len();
        let shut = |ticket| self.shut(ticket, CloseCause::Kill);
        KillOutcome { total, closed: tickets.into_iter().filter_map(shut).collect(), cancelled }
    }

    /// The account at the last quotes.
    #[must_use]
    pub fn account(&self) -> AccountView {
        let held = || self.book.positions.values();
        let equity = held().fold(self.balance, |sum, p| sum.plus(self.profit(p)));
        let used_margin = held().fold(Money::ZERO, |sum, p| sum.plus(p.margin));
        AccountView {
            balance: self.balance,
            equity,
            used_margin,
            free_margin: equity.minus(used_margin),
            margin_level: level(equity, used_margin),
        }
    }

    /// The positions at the last quotes, oldest first.
    #[must_use]
    pub fn positions(&self) -> Vec<PositionView> {
        let view = |held: &Held| PositionView {
            held: *held,
            current: self.exit_price(held),
            profit: self.profit(held),
            digits: self.digits(held),
        };
        self.book.positions.values().map(view).collect()
    }

    fn fill(&mut self, due: &Pending, quote: &Quote, now: UtcMicros) -> Happening {
        let price = quote.opens(due.order.side);
        let margin = self.margin(&due.order, price).and_then(|m| self.afford(m).map(|()| m));
        match margin {
            Ok(margin) => {
                self.hold(due.ticket, &due.order, price, margin, now);
                let digits = self.market.get(&due.order.symbol).map_or(5, |l| l.instrument.digits);
                let (ticket, lots) = (due.ticket, due.order.lots);
                Happening::Filled(Opened { ticket, lots, price, digits, pending: false })
            }
            Err(why) => Happening::Dropped(due.ticket, why),
        }
    }

    /// The only way into the list of positions.
    fn hold(
        &mut self,
        ticket: Ticket,
        order: &OrderTicket,
        open: Price,
        margin: Money,
        now: UtcMicros,
    ) {
        self.leaks += u64::from(self.killed.is_some());
        let OrderTicket { symbol, side, lots, sl, tp, .. } = *order;
        let held = Held { ticket, symbol, side, lots, open, open_time: now, sl, tp, margin };
        self.book.positions.insert(ticket, held);
    }

    /// The only way out of it.
    fn shut(&mut self, ticket: Ticket, cause: CloseCause) -> Option<Closed> {
        let held = self.book.positions.remove(&ticket)?;
        let profit = self.profit(&held);
        self.balance = self.balance.plus(profit);
        let (price, digits) = (self.exit_price(&held), self.digits(&held));
        Some(Closed { held, price, profit, digits, cause })
    }

    fn stop_out(&self) -> Option<Ticket> {
        let account = self.account();
        if account.used_margin == Money::ZERO
            || account.margin_level > Ratio::from_raw(STOP_OUT_PERCENT * 10_000)
        {
            return None;
        }
        self.book.positions.values().min_by_key(|p| self.profit(p)).map(|p| p.ticket)
    }

    fn exit_price(&self, held: &Held) -> Price {
        let quote = self.market.get(&held.symbol).and_then(|l| l.quote);
        quote.map_or(held.open, |q| q.closes(held.side))
    }

    fn digits(&self, held: &Held) -> u32 {
        self.market.get(&held.symbol).map_or_else(|| held.open.decimals(), |l| l.instrument.digits)
    }

    fn profit(&self, held: &Held) -> Money {
        let Some(listing) = self.market.get(&held.symbol) else { return Money::ZERO };
        let up = self.exit_price(held).raw() - held.open.raw();
        let gain = if held.side == Side::Buy { up } else { -up };
        let fine = listing.instrument.value(held.lots, gain);
        let booked = self.market.convert(fine, listing.instrument.quote, self.currency);
        self.currency.book(booked.unwrap_or(0))
    }

    /// Margin of an order at `price`: its worth in the account's currency
    /// over the leverage, bound until it is closed. Opposite positions bind
    /// margin each.
    fn margin(&self, order: &OrderTicket, price: Price) -> Result<Money, Rejection> {
        const ONE: i64 = 10_i64.pow(Price::SCALE);
        let listing = self.market.get(&order.symbol).ok_or_else(|| self.unknown(order))?;
        let instrument = &listing.instrument;
        let (worth, in_currency) = match instrument.base {
            // Lots of the base currency itself, so "at price 1".
            Some(base) if instrument.quote != self.currency => {
                (instrument.value(order.lots, ONE), base)
            }
            _ => (instrument.value(order.lots, price.raw()), instrument.quote),
        };
        let rate = |from: Currency| {
            Rejection::NoRate(Text::new(from.as_str()), Text::new(self.currency.as_str()))
        };
        // As a debt, so that the worse side of the market is taken.
        let debt = self.market.convert(-worth, in_currency, self.currency);
        let debt = debt.ok_or_else(|| rate(in_currency))?;
        // Profit must be reckonable too as long as the position lives.
        let _ = self
            .market
            .convert(1, instrument.quote, self.currency)
            .ok_or_else(|| rate(instrument.quote))?;
        Ok(self.currency.book(-debt / i128::from(self.leverage)))
    }

    fn afford(&self, needed: Money) -> Result<(), Rejection> {
        let free = self.account().free_margin;
        if needed > free {
            let currency = Text::new(self.currency.as_str());
            return Err(Rejection::Margin { needed, free, currency });
        }
        Ok(())
    }

    fn unknown(&self, order: &OrderTicket) -> Rejection {
        let known: Vec<&str> =
            self.market.listings().map(|l| l.instrument.symbol.as_str()).collect();
        let (symbol, known) = (order.symbol.as_str(), known.join(", "));
        Rejection::UnknownSymbol(Text::new(symbol), Text::limited(&known, 200))
    }
}

fn level(equity: Money, used: Money) -> Ratio {
    if used.raw() <= 0 {
        return Ratio::ZERO;
    }
    let percent = i128::from(equity.raw()) * 100 * 10_000 / i128::from(used.raw());
    let end = if percent < 0 { i64::MIN } else { i64::MAX };
    Ratio::from_raw(i64::try_from(percent).unwrap_or(end))
}
