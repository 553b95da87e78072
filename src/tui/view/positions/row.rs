//! One position as a row, wide or narrow.

use super::{OWNED, WIDE, money, profit_role};
use crate::domain::{Position, Price, Side, Text};
use crate::state::{Freshness, Owner};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::view::pen::{Line, pad_decimals};
use crate::tui::view::{proof, words};

/// The heading of the rows.
pub(super) fn header<'a>(width: u16, many: bool) -> Line<'a> {
    let d = Role::TextDim;
    if width >= WIDE {
        let line = Line::new()
            .right(11, "TICKET", d)
            .gap(1)
            .left(10, "SYMBOL", d)
            .gap(1)
            .left(6, if many { "  AT" } else { "SIDE" }, d)
            .right(7, "LOTS", d)
            .right(12, "OPEN", d)
            .right(12, "CURRENT", d)
            .right(11, "P/L", d);
        if width >= OWNED { line.gap(2).left(9, "BY", d) } else { line }
    } else {
        Line::new()
            .right(10, "TICKET", d)
            .gap(1)
            .left(7, "SYMBOL", d)
            .gap(1)
            .right(7, "LOTS", d)
            .right(10, "P/L", d)
    }
}

/// One position and how it is shown.
pub(super) struct Row<'a> {
    pub(super) p: &'a Position,
    pub(super) digits: u32,
    pub(super) most: u32,
    pub(super) freshness: Freshness,
    pub(super) chosen: bool,
    /// Its gateway, where there are several.
    pub(super) at: Option<Text>,
    /// Who ordered it.
    pub(super) owner: Owner,
    pub(super) g: &'static Glyphs,
}

impl<'a> Row<'a> {
    fn look(&self) -> Role {
        words::value(self.freshness)
    }

    fn side(&self) -> (&'static str, &'static str) {
        match self.p.side {
            Side::Buy => (self.g.up, "BUY"),
            Side::Sell => (self.g.down, "SELL"),
        }
    }

    /// A price with its point in the same column as all others.
    fn price(&self, price: Option<Price>) -> String {
        let Some(price) = price else { return String::from("?") };
        let missing =
            self.most.saturating_sub(self.digits) + u32::from(self.digits == 0 && self.most > 0);
        pad_decimals(price.text(self.digits), missing, 11)
    }

    /// What moves with the market is not shown when it is not known.
    fn profit(&self, width: u16) -> (String, Role) {
        if self.freshness == Freshness::Unknown {
            return (String::from("?"), Role::HealthUnknown);
        }
        let role = match self.freshness {
            Freshness::Fresh => profit_role(self.p.profit),
            _ => Role::TextDim,
        };
        (money(self.p.profit, width, true), role)
    }

    fn lots(&self) -> String {
        self.p.lots.text(self.p.lots.decimals().max(2))
    }

    fn mark(&self) -> (&'static str, Role) {
        match (self.owner, self.chosen) {
            (Owner::Orphan, _) => (self.g.bad, Role::HealthBad),
            (_, true) => (self.g.select, Role::Accent),
            (_, false) => (" ", Role::Accent),
        }
    }

    /// The wide row, and who ordered.
    pub(super) fn owned(&self) -> Line<'a> {
        let (by, role) = proof::owner(self.owner);
        self.wide().gap(2).left(9, by, role)
    }

    pub(super) fn wide(&self) -> Line<'a> {
        let (mark, side) = self.side();
        let (first, look) = self.mark();
        let (profit, role) = self.profit(11);
        let current = if self.freshness == Freshness::Unknown { None } else { self.p.current };
        Line::new()
            .text(first, look)
            .right(10, self.p.ticket.to_string(), self.look())
            .gap(1)
            .left(10, self.p.symbol.as_str(), self.look())
            .gap(1)
            .text(mark, self.look())
            .left(5, format!(" {}", self.at.as_ref().map_or(side, Text::as_str)), self.look())
            .right(7, self.lots(), self.look())
            .right(12, self.price(Some(self.p.open)), self.look())
            .right(12, self.price(current), self.look())
            .right(11, profit, role)
    }

    pub(super) fn narrow(&self) -> Line<'a> {
        let (mark, _) = self.side();
        let (first, look) = self.mark();
        let (profit, role) = self.profit(9);
        Line::new()
            .text(first, look)
            .right(9, self.p.ticket.to_string(), self.look())
            .gap(1)
            .left(7, self.p.symbol.as_str(), self.look())
            .text(mark, self.look())
            .right(7, self.lots(), self.look())
            .right(10, profit, role)
    }
}
