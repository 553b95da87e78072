//! Who ordered a position, and what became of an order: only what can be known.

use super::{GRACE, Known, SOURCE_SILENT};
use crate::domain::{Decision, OrderBy, OrderFate, OrderNews, Position, Ticket, same_symbol};
use crate::event::OrderSourceReport;
use crate::state::{Aged, Freshness, State};
use std::time::Duration;

/// An answer may come so long after its request, and an order be filled so late.
const LATE: Duration = Duration::from_secs(30);
/// The same in words.
pub(super) const LATE_WORDS: &str = "30 s";

/// The same for an order on this host's own record, which is written before
/// the order leaves: it is heard of within a second.
const OWN_GRACE: Duration = Duration::from_secs(1);

/// Who ordered an open position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This source, by the ticket.
    By(OrderBy),
    /// This source ordered the like at that time; its log has no tickets.
    Likely(OrderBy),
    /// It came while every source was read, and none ordered it.
    Orphan,
    /// Nobody can tell: it was there before the sources were read, or they are
    /// not read.
    NotKnown,
}

/// What an order without an outcome amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// This position came after it: it happened.
    Happened(Ticket),
    /// Trusted reads that began long after it show no such position.
    Absent,
    /// Nothing tells yet, or nothing ever can.
    Unknown,
}

impl State {
    /// Whether every source of orders is read, a trader's among them.
    #[must_use]
    pub fn sources_read(&self) -> bool {
        let all = || self.orders.sources.values().map(|source| &source.value);
        self.orders.sources.values().all(|source| self.is_read(source))
            && all().any(|source| source.trader)
            && all().any(|source| !source.trader)
    }

    /// Whether one source is read, by its own word of these seconds.
    #[must_use]
    pub fn is_read(&self, source: &Aged<OrderSourceReport>) -> bool {
        source.value.read && self.age(source.at) <= SOURCE_SILENT
    }

    /// Who ordered `position` of `gateway`.
    #[must_use]
    pub fn owner(&self, gateway: u16, position: &Position) -> Owner {
        let mine = |news: &OrderNews| {
            news.ticket == Some(position.ticket)
                && same_symbol(position.symbol.as_str(), news.symbol.as_str())
                && news.side.is_none_or(|side| side == position.side)
                && self.went_to(news, gateway)
        };
        let orders = || self.orders.orders.iter().map(|order| &order.value);
        // A trader's own word says more than the log of what was sent for it.
        if let Some(news) = orders().filter(|news| mine(news)).max_by_key(|news| news.by) {
            return Owner::By(news.by);
        }
        let same = |k: &&Known| k.gateway == gateway && k.ticket == position.ticket;
        let Some(known) = self.orders.open.iter().find(same) else { return Owner::NotKnown };
        if let Some(by) = known.likely {
            return Owner::Likely(by);
        }
        let doubted = self
            .orders
            .orders
            .iter()
            .find(|order| self.is_doubtful(order) && self.fits(order, known, position));
        match doubted {
            Some(order) => Owner::Likely(order.value.by),
            None if known.watched && self.age(known.since) > GRACE => Owner::Orphan,
            None => Owner::NotKnown,
        }
    }

    /// Open positions that nobody of ours ordered, with their gateway.
    pub fn orphans(&self) -> impl Iterator<Item = (u16, &Position)> {
        self.orders
            .open
            .iter()
            .filter(|known| known.watched)
            .filter_map(|known| Some((known.gateway, self.position(known.gateway, known.ticket)?)))
            .filter(|(gateway, p)| self.owner(*gateway, p) == Owner::Orphan)
    }

    /// Orders of which nobody knows whether they happened.
    pub fn unknown_orders(&self) -> impl Iterator<Item = &Aged<OrderNews>> {
        let unknown = |order: &&Aged<OrderNews>| self.doubt(order) == Some(Doubt::Unknown);
        self.orders.orders.iter().filter(unknown)
    }

    /// What an order without an outcome amounts to; none for one that has it.
    #[must_use]
    pub fn doubt(&self, order: &Aged<OrderNews>) -> Option<Doubt> {
        if !self.is_doubtful(order) {
            return None;
        }
        let found = self.orders.open.iter().find_map(|known| {
            let p = self.position(known.gateway, known.ticket)?;
            let has = |news: &OrderNews| {
                news.ticket == Some(p.ticket) && self.went_to(news, known.gateway)
            };
            let taken = self.orders.orders.iter().any(|order| has(&order.value));
            (!taken && self.fits(order, known, p)).then_some(p.ticket)
        });
        Some(match found {
            Some(ticket) => Doubt::Happened(ticket),
            None if !order.value.pending && self.read_after(self.order_age(order)) => Doubt::Absent,
            None => Doubt::Unknown,
        })
    }

    /// Whether an order may have gone to this gateway: not where both have names
    /// and they differ.
    pub(super) fn went_to(&self, news: &OrderNews, gateway: u16) -> bool {
        let own = self.session.gateways.get(usize::from(gateway));
        news.gateway.as_ref().zip(own).is_none_or(|(name, own)| *name == own.name)
    }

    pub(super) fn position(&self, gateway: u16, ticket: Ticket) -> Option<&Position> {
        let read = self.gateway(gateway)?.positions.as_ref()?;
        read.value.iter().find(|p| p.ticket == ticket)
    }

    fn is_doubtful(&self, order: &Aged<OrderNews>) -> bool {
        match order.value.fate {
            OrderFate::Unknown => true,
            // Whoever sent it is gone, or it would have told by now.
            OrderFate::Sent => self.order_age(order) > LATE,
            OrderFate::Done | OrderFate::Failed | OrderFate::Untold => false,
        }
    }

    /// Time since an order was given, which may be before it was heard of. A
    /// clock that is set says nothing of the time since then: UTC tells only
    /// what lay between the order and its news.
    fn order_age(&self, order: &Aged<OrderNews>) -> Duration {
        let told = order.at.utc.0;
        let before = order.value.at.map_or(0, |at| told.saturating_sub(at.0));
        let before = Duration::from_micros(u64::try_from(before).unwrap_or(0));
        self.age(order.at).saturating_add(before)
    }

    /// Whether `order` may have become the position: the like of it, first seen
    /// after it. One that was seen before the order was given is another's. An
    /// order that tells no time may be older than what was there at the start.
    fn fits(&self, order: &Aged<OrderNews>, known: &Known, p: &Position) -> bool {
        let news = &order.value;
        let grace = if news.by == OrderBy::Operator { OWN_GRACE } else { GRACE };
        let after = self.age(known.since) <= self.order_age(order).saturating_add(grace);
        (after || (!known.watched && news.at.is_none()))
            && same_symbol(p.symbol.as_str(), news.symbol.as_str())
            && news.side.is_none_or(|side| side == p.side)
            && news.lots.is_none_or(|lots| lots == p.lots)
            && self.went_to(news, known.gateway)
    }

    /// Whether every gateway was read, to be trusted, by a question that went
    /// out later than an order of this age could still be filled.
    fn read_after(&self, age: Duration) -> bool {
        let mut gateways = (0_u16..).zip(&self.gateways);
        let late = |at: crate::domain::Stamp| self.age(at).saturating_add(LATE) <= age;
        !self.gateways.is_empty()
            && gateways.all(|(index, pane)| {
                let positions = pane.positions.as_ref().is_some_and(|read| late(read.at));
                let account = pane.account.as_ref().is_some_and(|read| late(read.at));
                positions
                    && account
                    && self.positions_freshness(index) != Freshness::Unknown
                    && self.account_freshness(index) != Freshness::Unknown
            })
    }
}

/// What a decision tells of the fate of an order; none when it ordered nothing.
#[must_use]
pub fn fate_of(decision: &Decision) -> Option<OrderFate> {
    let why = decision.why.as_str().to_lowercase();
    let silence = ["timeout", "timed out", "no answer"].iter().any(|word| why.contains(word));
    match decision.action.as_str() {
        "ORDER_GENERATED" | "SENT" => Some(OrderFate::Untold),
        "UNKNOWN" => Some(OrderFate::Unknown),
        "FAILED" | "ERROR" | "ERROR_ORDER_GENERATION" if silence && decision.side.is_some() => {
            Some(OrderFate::Unknown)
        }
        _ => None,
    }
}

/// The ticket that a decision tells of, with the order or in the reason.
#[must_use]
pub fn ticket_of(decision: &Decision) -> Option<Ticket> {
    ticket_in(decision.order.as_str()).or_else(|| ticket_in(decision.why.as_str()))
}

/// The number after the word `ticket`: `ticket 1000003`, `'ticket': 1000003`.
#[must_use]
pub fn ticket_in(words: &str) -> Option<Ticket> {
    let (_, rest) = words.split_once("ticket")?;
    let rest = rest.trim_start_matches(['\'', '"', ':', ' ', '=']);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok().filter(|n| *n > 0).map(Ticket)
}
