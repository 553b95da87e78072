//! What is still open: survivors of a kill by ticket, and what a BLOCK leaves.

use super::super::pen::Line;
use super::{closes, read};
use crate::domain::{Intent, KillProgress, Lots, Money, OrderBy, Position, Side, Ticket};
use crate::state::{Freshness, Owner, State};
use crate::tui::theme::{Glyphs, Role};

/// Inner columns from which owner and work stand beside the rest.
const WIDE: u16 = 66;

/// One open position.
pub(super) struct Open<'a> {
    ticket: Ticket,
    symbol: &'a str,
    side: Side,
    lots: Lots,
    profit: Option<Money>,
    owner: Owner,
    doing: &'a str,
    alarm: bool,
}

/// Survivors as the drivers name them; where nothing is being closed, what the
/// console's polls show, orphans first.
pub(super) fn listed<'a>(state: &'a State, lead: Option<&'a KillProgress>) -> Vec<Open<'a>> {
    let mut all = Vec::new();
    for (index, gateway) in (0_u16..).zip(&state.session.gateways) {
        let kills = state.kills.values().map(|kill| &kill.value);
        let kill = kills.filter(|_| lead.is_some()).find(|kill| kill.gateway == gateway.name);
        let owner = |ticket| {
            let found = read(state, index).iter().find(|p| p.ticket == ticket);
            found.map_or(Owner::NotKnown, |p| state.owner(index, p))
        };
        match kill {
            Some(kill) if closes(kill) => {
                all.extend(kill.survivors.iter().map(|s| Open {
                    ticket: s.ticket,
                    symbol: s.symbol.as_str(),
                    side: s.side,
                    lots: s.lots,
                    profit: s.profit,
                    owner: owner(s.ticket),
                    doing: s.doing.as_str(),
                    alarm: true,
                }));
            }
            _ => {
                let known = state.positions_freshness(index) < Freshness::Unknown;
                let doing = match kill.map(|kill| kill.intent) {
                    _ if !known => "last known, not proven",
                    Some(Intent::Block) => "stays open",
                    Some(Intent::Kill) => "not being closed",
                    None => "",
                };
                all.extend(read(state, index).iter().map(|p| of(state, index, p, doing)));
            }
        }
    }
    all.sort_by_key(|open| open.owner != Owner::Orphan);
    all
}

fn of<'a>(state: &State, gateway: u16, p: &'a Position, doing: &'a str) -> Open<'a> {
    Open {
        ticket: p.ticket,
        symbol: p.symbol.as_str(),
        side: p.side,
        lots: p.lots,
        profit: Some(p.profit),
        owner: state.owner(gateway, p),
        doing,
        alarm: false,
    }
}

/// That nothing is being closed, where that is so: how many stay, and why.
pub(super) fn left_alone(state: &State, lead: Option<&KillProgress>) -> Option<(String, Role)> {
    let gateways = || 0..u16::try_from(state.gateways.len()).unwrap_or(u16::MAX);
    let known = gateways().all(|index| state.positions_freshness(index) < Freshness::Unknown);
    let count: usize = gateways().map(|index| read(state, index).len()).sum();
    let stays = match (known, count) {
        (false, _) => String::from("what is open is not known now"),
        (true, 0) => String::from("no position is open"),
        (true, 1) => String::from("1 position stays open"),
        (true, n) => format!("{n} positions stay open"),
    };
    let text = match lead {
        Some(kill) if kill.intent == Intent::Block => {
            format!("BLOCK, not flattening: {stays}, nothing is being closed")
        }
        None if state.latch.value.phase.is_engaged() => {
            format!("latched without a kill: {stays}, nothing is being closed")
        }
        _ => return None,
    };
    Some((text, if known { Role::TextStrong } else { Role::HealthBad }))
}

/// The heading of the list.
pub(super) fn header<'a>(width: u16) -> Line<'a> {
    let d = Role::TextDim;
    let line = Line::new()
        .right(11, "TICKET", d)
        .gap(1)
        .left(7, "SYMBOL", d)
        .left(5, "SIDE", d)
        .right(5, "LOTS", d);
    if width < WIDE {
        return line.gap(1).left(6, "BY", d);
    }
    line.right(10, "P/L", d).gap(1).left(9, "BY", d).rest("DOING", d)
}

/// Who ordered it, in a word.
#[must_use]
pub(in crate::tui::view) fn owner(owner: Owner) -> (&'static str, Role) {
    match owner {
        Owner::By(by) => (by.word(), Role::TextDim),
        Owner::Likely(OrderBy::Operator) => ("operator?", Role::TextDim),
        Owner::Likely(OrderBy::Engine) => ("engine?", Role::TextDim),
        Owner::Likely(OrderBy::Sentinel) => ("sentinel?", Role::TextDim),
        Owner::Likely(OrderBy::Demo) => ("demo?", Role::TextDim),
        Owner::Orphan => ("ORPHAN", Role::HealthBad),
        Owner::NotKnown => ("?", Role::TextDim),
    }
}

impl<'a> Open<'a> {
    pub(super) fn line(&self, width: u16, g: &Glyphs) -> Line<'a> {
        let (by, by_role) = owner(self.owner);
        let loud = if self.alarm { Role::KillPartial } else { Role::TextNormal };
        let mark = if self.alarm || self.owner == Owner::Orphan { g.bad } else { g.flat };
        let line = Line::new()
            .text(mark, if self.owner == Owner::Orphan { Role::HealthBad } else { loud })
            .right(10, self.ticket.to_string(), loud)
            .gap(1)
            .left(7, self.symbol, Role::TextNormal)
            .left(5, self.side.word(), Role::TextNormal)
            .right(5, self.lots.text(2), Role::TextNormal);
        if width < WIDE {
            return line.gap(1).left(6, by, by_role);
        }
        let profit = self.profit.map_or_else(
            || String::from("?"),
            |profit| super::super::positions::money(profit, 9, true),
        );
        line.right(10, profit, Role::TextNormal)
            .gap(1)
            .left(9, by, by_role)
            .rest(self.doing, Role::TextDim)
    }
}
