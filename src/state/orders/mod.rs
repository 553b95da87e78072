//! Fold of what was ordered, beside what is open; [`judge`] compares them.
//!
//! A position on the wire carries a ticket and nothing that says who opened it,
//! so its owner is found in what our own programs tell: the audit log (tickets),
//! the sentinel's log (tickets, where the gateway's answer is in it) and the
//! engine's log (no tickets: symbol, side and moment).

pub mod judge;
mod placed;
pub mod settle;
#[cfg(test)]
mod tests;

pub use judge::{Doubt, Owner};

use super::{Aged, State};
use crate::domain::{
    Decision, DecisionSource, OrderBy, OrderFate, OrderNews, Side, Stamp, Text, Ticket, same_symbol,
};
use crate::event::{Level, OrderSourceReport, PositionsRead, Read};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Orders kept.
pub const MAX_ORDERS: usize = 1_000;
/// Sources and traders kept.
const MAX_NAMES: usize = 64;
/// Positions watched in one account.
const MAX_OPEN: usize = 4_096;
/// A source may tell of an order so long after the position is seen.
pub const GRACE: Duration = Duration::from_secs(5);
/// A source tells every second that it is read; one that is silent for so long,
/// which is less than [`GRACE`],
/// is not read.
const SOURCE_SILENT: Duration = Duration::from_secs(3);
/// An order without a ticket is taken for a position that comes so soon.
const NEAR: Duration = Duration::from_mins(1);
/// Between two reads a position's coming is noticed; after a longer silence it
/// may have been there for any time.
const UNBROKEN: Duration = Duration::from_secs(30);

/// What was ordered, and since when what is open is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Where orders are read, by name.
    pub sources: BTreeMap<Text, Aged<OrderSourceReport>>,
    /// Orders, newest last, bounded.
    pub orders: VecDeque<Aged<OrderNews>>,
    /// Traders that tell of no ticket: when they last ordered what.
    pub traders: Vec<Trader>,
    /// The open positions.
    pub open: Vec<Known>,
    /// Orders without an answer whose fate was told by reads.
    #[serde(default)]
    pub settled: Vec<settle::Settled>,
}

/// The last order without a ticket, for one symbol and side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trader {
    /// Who.
    pub by: OrderBy,
    /// Instrument.
    pub symbol: Text,
    /// Direction.
    pub side: Side,
    /// When it was heard.
    pub last: Stamp,
}

/// An open position, as far as its coming is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Gateway.
    pub gateway: u16,
    /// Number at the broker.
    pub ticket: Ticket,
    /// When it was first seen.
    pub since: Stamp,
    /// It came between two reads, and every source was read then and for
    /// [`GRACE`] after it: somebody of ours must have told of it.
    pub watched: bool,
    /// A trader that tells of no tickets ordered the like at that time.
    pub likely: Option<OrderBy>,
    /// That nobody ordered it was told.
    pub told: bool,
}

impl State {
    pub(super) fn on_order_source(&mut self, report: &OrderSourceReport) {
        let next = self.aged(report.clone());
        let sources = &mut self.orders.sources;
        if sources.len() < MAX_NAMES || sources.contains_key(&report.name) {
            sources.insert(report.name.clone(), next);
        }
    }

    /// News of one order keep its one row.
    pub(super) fn on_order(&mut self, news: &OrderNews) {
        let next = self.aged(news.clone());
        let same = |old: &&mut Aged<OrderNews>| old.value.by == news.by && old.value.id == news.id;
        if let Some(row) = self.orders.orders.iter_mut().rev().find(same) {
            // When it was sent stays what counts.
            row.value = next.value;
        } else {
            while self.orders.orders.len() >= MAX_ORDERS {
                self.orders.orders.pop_front();
            }
            self.orders.orders.push_back(next);
        }
    }

    /// What a decision tells of an order.
    pub(super) fn order_of(&mut self, decision: &Decision) {
        // A dry run orders nothing, whatever it calls an order.
        if decision.live == Some(false) {
            return;
        }
        let Some(fate) = judge::fate_of(decision) else { return };
        let by = match decision.source {
            DecisionSource::Engine => OrderBy::Engine,
            DecisionSource::Sentinel => OrderBy::Sentinel,
            DecisionSource::Demo => OrderBy::Demo,
        };
        let ticket = judge::ticket_of(decision);
        if let (None, OrderFate::Untold, Some(side)) = (ticket, fate, decision.side) {
            // The end of a log, read at the start, ordered what was there long
            // before. The clock of another host may be anywhere.
            let ours = decision.host.is_empty() || decision.host == self.session.host;
            let at = decision.at.filter(|_| ours);
            if at.is_none_or(|at| self.utc_age(at) <= NEAR) {
                self.trader(by, &decision.symbol, side);
            }
            return;
        }
        let at = decision.at.map_or(self.seq, |at| at.0.unsigned_abs());
        self.on_order(&OrderNews {
            by,
            id: Text::new(&match decision.pid {
                Some(pid) => format!("{} {at} {pid} {}", decision.symbol, decision.host),
                None => format!("{} {at}", decision.symbol),
            }),
            symbol: decision.symbol.clone(),
            side: decision.side,
            lots: None,
            pending: false,
            ticket,
            gateway: None,
            fate: if ticket.is_some() { OrderFate::Done } else { fate },
            at: decision.at,
        });
    }

    /// It ordered without a ticket: the next such position may be its own, and
    /// one that was seen just before its word came.
    fn trader(&mut self, by: OrderBy, symbol: &Text, side: Side) {
        let now = self.now;
        let same = |t: &&mut Trader| t.by == by && t.symbol == *symbol && t.side == side;
        if let Some(trader) = self.orders.traders.iter_mut().find(same) {
            trader.last = now;
        } else if self.orders.traders.len() < MAX_NAMES {
            self.orders.traders.push(Trader { by, symbol: symbol.clone(), side, last: now });
        }
        let gateways = &self.gateways;
        for known in self.orders.open.iter_mut().filter(|k| now.since(k.since) <= GRACE) {
            let pane = gateways.get(usize::from(known.gateway));
            let open = pane.and_then(|pane| pane.positions.as_ref()).into_iter();
            let mut rows = open.flat_map(|read| &read.value);
            let like = rows.any(|p| {
                p.ticket == known.ticket
                    && p.side == side
                    && same_symbol(p.symbol.as_str(), symbol.as_str())
            });
            if like {
                known.likely = known.likely.or(Some(by));
            }
        }
    }

    /// Notes which positions came and went, as a good read shows it.
    pub(super) fn compare(&mut self, read: &PositionsRead) {
        let Read::Good(open) = &read.read else { return };
        let (gateway, now) = (read.gateway, self.now);
        let seen = self.gateway(gateway).and_then(|pane| pane.compared);
        let unbroken = seen.is_some_and(|at| now.since(at) <= UNBROKEN);
        let watched = unbroken && self.sources_read();
        let listed: BTreeSet<Ticket> = open.iter().map(|p| p.ticket).collect();
        self.orders.open.retain(|k| k.gateway != gateway || listed.contains(&k.ticket));
        let all_read = self.sources_read();
        for known in self.orders.open.iter_mut().filter(|k| now.since(k.since) <= GRACE) {
            known.watched &= all_read;
        }
        let here = self.orders.open.iter().filter(|k| k.gateway == gateway);
        let known: BTreeSet<Ticket> = here.map(|k| k.ticket).collect();
        for p in open.iter().filter(|p| !known.contains(&p.ticket)) {
            if self.orders.open.len() >= MAX_OPEN {
                break;
            }
            let trader = self.orders.traders.iter().find(|t| {
                t.side == p.side
                    && same_symbol(p.symbol.as_str(), t.symbol.as_str())
                    && now.since(t.last) <= NEAR
            });
            let likely = trader.map(|t| t.by);
            let (ticket, since) = (p.ticket, now);
            self.orders.open.push(Known { gateway, ticket, since, watched, likely, told: false });
        }
        if let Some(pane) = self.gateway_mut(gateway) {
            pane.compared = Some(now);
        }
        self.tell_orphans();
    }

    /// Tells once of each position that nobody of ours ordered.
    fn tell_orphans(&mut self) {
        let mut told = Vec::new();
        for at in 0..self.orders.open.len() {
            let Some(known) = self.orders.open.get(at).filter(|k| k.watched && !k.told) else {
                continue;
            };
            let found = self.position(known.gateway, known.ticket);
            let (gateway, Some(p)) = (known.gateway, found) else { continue };
            if self.owner(gateway, p) == Owner::Orphan {
                let name = self.gateway_name(gateway);
                let (side, lots) = (p.side.word(), p.lots.text(2));
                told.push((at, format!("{} {} {side} {lots} at {name}", p.ticket, p.symbol)));
            }
        }
        for (at, text) in told {
            if let Some(known) = self.orders.open.get_mut(at) {
                known.told = true;
            }
            self.say(
                Level::Warn,
                "orders",
                &format!("ORPHAN {text}: no source read here ordered it"),
            );
        }
    }
}
