//! Orphans, unknown orders, and what their count rests on.

use super::super::kill::Ranked;
use super::super::pen::Line;
use super::super::{format, wrap};
use crate::domain::{OrderNews, Side};
use crate::state::State;
use crate::tui::theme::{Glyphs, Role};

/// Unknown orders told one by one.
const TOLD: usize = 3;

/// Orders without an outcome, orphans, and the sources that were read.
pub(super) fn lines<'a>(state: &State, width: u16, g: &Glyphs) -> Ranked<'a> {
    let mut lines = Vec::new();
    let unknown: Vec<_> = state.unknown_orders().collect();
    for order in unknown.iter().rev().take(TOLD) {
        let age = format::age(state.age(order.at));
        let text = format!("{} order UNKNOWN {age}: {}", g.unknown, said(&order.value));
        lines.push((1, Line::new().rest(text, Role::HealthBad)));
    }
    let orphans = state.orphans().count();
    let read: Vec<&str> = state
        .orders
        .sources
        .values()
        .filter(|source| state.is_read(source))
        .map(|source| source.value.name.as_str())
        .collect();
    let not: Vec<&str> = state
        .orders
        .sources
        .values()
        .filter(|source| !state.is_read(source))
        .map(|source| source.value.name.as_str())
        .collect();
    let counted = state.sources_read();
    let count = match (orphans, counted) {
        (0, true) => String::from("no orphan"),
        (0, false) => String::from("orphans can't be told"),
        (1, _) => String::from("1 ORPHAN"),
        (n, _) => format!("{n} ORPHANS"),
    };
    let role = if orphans > 0 { Role::HealthBad } else { Role::TextDim };
    let mut text = format!("{count}, {} unknown orders", unknown.len());
    if read.is_empty() {
        text.push_str("; orders are read from nowhere");
    } else {
        text.push_str("; read: ");
        text.push_str(&read.join(", "));
    }
    if !not.is_empty() {
        text.push_str("; NOT read: ");
        text.push_str(&not.join(", "));
    } else if !counted {
        text.push_str("; no trader's log is configured");
    }
    let rank = if orphans > 0 { 1 } else { 3 };
    let rows = wrap(&text, width).into_iter().take(2);
    lines.extend(rows.map(|row| (rank, Line::new().rest(row, role))));
    lines
}

/// `operator EURUSD BUY 0.10`.
#[must_use]
pub(in crate::tui::view) fn said(order: &OrderNews) -> String {
    let side = order.side.map_or("?", Side::word);
    let lots = order.lots.map_or_else(String::new, |lots| format!(" {}", lots.text(2)));
    let waits = if order.pending { " pending" } else { "" };
    format!("{} {} {side}{lots}{waits}", order.by.word(), order.symbol)
}
