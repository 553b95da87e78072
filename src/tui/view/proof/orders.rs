//! Orphans, unknown orders, and what their count rests on.

use super::super::kill::Ranked;
use super::super::pen::Line;
use super::super::{format, wrap_most};
use crate::domain::{OrderNews, Side};
use crate::state::{Freshness, State};
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
    let names = |read: bool| {
        let sources = state.orders.sources.values();
        let some = sources.filter(move |source| state.is_read(source) == read);
        some.map(|source| source.value.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (read, not) = (names(true), names(false));
    let gateways = 0..u16::try_from(state.gateways.len()).unwrap_or(u16::MAX);
    let mut known = gateways.map(|index| state.positions_freshness(index));
    let mut text = match (orphans, state.sources_read()) {
        _ if known.any(|freshness| freshness == Freshness::Unknown) => {
            String::from("orphans can't be told: positions are not known now")
        }
        (0, true) => format!("no orphan, by {read}"),
        (0, false) if not.is_empty() => {
            String::from("orphans can't be told: no trader's log is configured")
        }
        (0, false) => format!("orphans can't be told: not read: {not}"),
        (1, _) => format!("1 ORPHAN, by {read}"),
        (n, _) => format!("{n} ORPHANS, by {read}"),
    };
    if unknown.len() > TOLD {
        let more = unknown.len() - TOLD;
        text = format!("{more} more orders UNKNOWN; {text}");
    }
    let role = if orphans > 0 { Role::HealthBad } else { Role::TextDim };
    let rank = if orphans > 0 { 1 } else { 3 };
    let rows = wrap_most(&text, width, 2).into_iter();
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
