//! One position as a row, wide or narrow.

use super::{OWNED, WIDE, money, profit_role};
use crate::domain::{Position, Price, Text};
use crate::state::{Freshness, Owner};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{PositionKey, Sort};
use crate::tui::view::pen::{Line, pad_decimals};
use crate::tui::view::{heading, proof, words};

/// The heading of the rows; the column that they are sorted by says so.
pub(super) fn header<'a>(width: u16, many: bool, sort: Sort<PositionKey>, g: &Glyphs) -> Line<'a> {
    let d = Role::TextDim;
    let wide = width >= WIDE;
    let head = |key, word| heading(word, key, sort, g);
    let (ticket, ticket_role) = head(PositionKey::Ticket, "TICKET");
    let (symbol, symbol_role) = head(PositionKey::Symbol, "SYMBOL");
    let (lots, lots_role) = head(PositionKey::Lots, "LOTS");
    let (profit, profit_role) = head(PositionKey::Profit, "P/L");
    let line = Line::new()
        .right(if wide { 11 } else { 10 }, ticket, ticket_role)
        .gap(1)
        .left(if wide { 10 } else { 7 }, symbol, symbol_role)
        .gap(1);
    if !wide {
        return line.right(7, lots, lots_role).right(10, profit, profit_role);
    }
    let line = line
        .left(6, if many { "  AT" } else { "SIDE" }, d)
        .right(7, lots, lots_role)
        .right(12, "OPEN", d)
        .right(12, "CURRENT", d)
        .right(11, profit, profit_role);
    if width >= OWNED { line.gap(2).left(9, "BY", d) } else { line }
}

/// One position and how it is shown.
pub(super) struct Row<'a> {
    pub(super) p: &'a Position,
    pub(super) digits: u32,
    pub(super) most: u32,
    /// Of its read.
    pub(super) freshness: Freshness,
    /// Of its price and profit.
    pub(super) price: Freshness,
    pub(super) chosen: bool,
    /// None loses more.
    pub(super) worst: bool,
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

    /// The mark of an old price, between it and the profit.
    fn old(&self) -> &'static str {
        if self.price == Freshness::Stale { self.g.stale } else { " " }
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
        let role = match self.price {
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
            (_, false) if self.worst => (self.g.worst, Role::PnlDown),
            (_, false) => (" ", Role::Accent),
        }
    }

    /// The wide row, and who ordered.
    pub(super) fn owned(&self) -> Line<'a> {
        let (by, role) = proof::owner(self.owner);
        self.wide().gap(2).left(9, by, role)
    }

    /// Profit or loss beside the greatest of all, in `width` columns: losses to
    /// the left of the middle, profits to the right.
    pub(super) fn bar(&self, width: u16, greatest: u64) -> Line<'a> {
        let half = usize::from(width / 2);
        if half < 3 || self.freshness == Freshness::Unknown {
            return Line::new();
        }
        let raw = self.p.profit.raw();
        let long = u128::from(raw.unsigned_abs()) * half as u128;
        let long = long.div_ceil(u128::from(greatest.max(1)));
        let long = usize::try_from(long).unwrap_or(half).min(half);
        let role =
            if self.price == Freshness::Fresh { profit_role(self.p.profit) } else { Role::TextDim };
        let bar = self.g.bar.repeat(long);
        let (before, after) =
            if raw < 0 { (half - long, String::new()) } else { (half, bar.clone()) };
        let before = u16::try_from(before).unwrap_or(0);
        let line = Line::new().gap(2).gap(before);
        let line = if raw < 0 { line.text(bar, role) } else { line };
        line.text(self.g.separator, Role::BarRest).text(after, role)
    }

    /// Its number; that none loses more is said beside it where the mark of the
    /// selection has the first column.
    fn ticket(&self, room: usize) -> String {
        let ticket = self.p.ticket.to_string();
        let marked = self.worst && self.chosen && self.owner != Owner::Orphan;
        // A mark that touches a number is read as a part of it; the border names
        // the worst one, too.
        let fits = ticket.len() + self.g.worst.chars().count() < room;
        if marked && fits { format!("{} {ticket}", self.g.worst) } else { ticket }
    }

    pub(super) fn wide(&self) -> Line<'a> {
        let (first, look) = self.mark();
        let (profit, role) = self.profit(10);
        // A gateway's name takes the place of the word.
        let side = match &self.at {
            Some(at) => format!("{} {at}", words::side(self.p.side)),
            None => self.p.side.word().to_owned(),
        };
        let current = if self.freshness == Freshness::Unknown { None } else { self.p.current };
        Line::new()
            .text(first, look)
            .right(10, self.ticket(10), self.look())
            .gap(1)
            .left(10, self.p.symbol.as_str(), self.look())
            .gap(1)
            .left(6, side, self.look())
            .right(7, self.lots(), self.look())
            .right(12, self.price(Some(self.p.open)), self.look())
            .right(12, self.price(current), words::value(self.price))
            .text(self.old(), Role::TextDim)
            .right(10, profit, role)
    }

    pub(super) fn narrow(&self) -> Line<'a> {
        let (first, look) = self.mark();
        let old = self.price == Freshness::Stale;
        let (mut profit, role) = self.profit(if old { 8 } else { 9 });
        if old {
            let space = if profit.len() < 8 { " " } else { "" };
            profit = format!("{}{space}{profit}", self.g.stale);
        }
        Line::new()
            .text(first, look)
            .right(9, self.ticket(9), self.look())
            .gap(1)
            .left(7, self.p.symbol.as_str(), self.look())
            .text(words::side(self.p.side), self.look())
            .right(7, self.lots(), self.look())
            .gap(1)
            .right(9, profit, role)
    }
}
