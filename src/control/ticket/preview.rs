//! What an order would cost, as far as it is known.

use super::pair::{Pair, known};
use super::seen::{AccountSeen, Seen};
use super::sums::{cents, convert, margin, points, value};
use crate::domain::{Money, OrderKind, OrderTicket, Price};

/// An amount, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cost {
    /// In the account's currency.
    Known(Money),
    /// Why not.
    NotKnown(&'static str),
}

/// A distance in points and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distance {
    /// In points; none when a price of it is not known.
    pub points: Option<u64>,
    /// In the account's currency.
    pub money: Cost,
}

/// What is shown before an order fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The price at which it opens: its own, or that of the market now.
    pub entry: Option<Price>,
    /// Margin that it binds once it is open.
    pub margin: Cost,
    /// Free margin, where the account tells.
    pub free: Option<Money>,
    /// What the spread costs; of a pending order, at the spread of now.
    pub spread: Distance,
    /// From the entry to the stop; none without a stop.
    pub risk: Option<Distance>,
    /// From the entry to the target; none without one.
    pub reward: Option<Distance>,
    /// Currency of every amount, empty when not known.
    pub currency: String,
}

impl Preview {
    /// Reckons `order`. Each amount says which formula it rests on, see
    /// [`super::sums`].
    #[must_use]
    pub fn of(order: &OrderTicket, seen: &Seen) -> Self {
        let quote = seen.quote;
        let market = quote.and_then(|quote| quote.opens(order.side));
        let entry = if order.kind == OrderKind::Market { market } else { order.price };
        let reckon = Reckon { order, seen };
        let digits = quote.map(|quote| quote.digits);
        let distance = |a: Option<Price>, b: Option<Price>| match (a, b) {
            (Some(a), Some(b)) => Distance {
                points: digits.map(|digits| points(a, b, digits)),
                money: reckon.over(a, b),
            },
            _ => Distance {
                points: None,
                money: Cost::NotKnown(if quote.is_some() {
                    "no fresh quote"
                } else {
                    "never quoted here"
                }),
            },
        };
        let fresh = quote.filter(|quote| quote.fresh);
        Self {
            entry,
            margin: reckon.margin(),
            free: seen.account.as_ref().and_then(|account| account.free),
            spread: distance(fresh.map(|q| q.ask), fresh.map(|q| q.bid)),
            risk: order.sl.map(|sl| distance(entry, Some(sl))),
            reward: order.tp.map(|tp| distance(entry, Some(tp))),
            currency: seen.account.as_ref().map_or_else(String::new, |a| a.currency.to_string()),
        }
    }
}

struct Reckon<'a> {
    order: &'a OrderTicket,
    seen: &'a Seen,
}

impl Reckon<'_> {
    fn terms(&self) -> Result<(Pair, &AccountSeen, &'static str), &'static str> {
        let account = self.seen.account.as_ref().ok_or("account not read")?;
        self.seen.quote.ok_or("never quoted here")?;
        let pair = Pair::of(&self.order.symbol).ok_or("no currency pair: its lot is not known")?;
        let currency = known(account.currency.as_str()).ok_or("account currency not known")?;
        Ok((pair, account, currency))
    }

    fn booked(&self, fine: Option<i128>, from: &str, to: &str) -> Result<Money, &'static str> {
        let fine = fine.ok_or("too large to reckon")?;
        let fine = convert(fine, from, to, &self.seen.rates).ok_or("no fresh rate")?;
        cents(fine).ok_or("too large to reckon")
    }

    fn margin(&self) -> Cost {
        self.terms()
            .and_then(|(pair, account, currency)| {
                let leverage = account.leverage.ok_or("the gateway tells no leverage")?;
                self.booked(margin(self.order.lots, Some(leverage)), pair.base, currency)
            })
            .map_or_else(Cost::NotKnown, Cost::Known)
    }

    fn over(&self, a: Price, b: Price) -> Cost {
        let distance = Price::from_raw(a.minus(b).raw().saturating_abs());
        self.terms()
            .and_then(|(pair, _, currency)| {
                self.booked(value(self.order.lots, distance), pair.quote, currency)
            })
            .map_or_else(Cost::NotKnown, Cost::Known)
    }
}
