//! How the pane is divided: what is above the rows, the rows, what is below.
//!
//! The rows come first. Where they have no room, what surrounds them is said in
//! fewer lines, down to none; who hides a position for a sentence hides the
//! news for the headline.

use super::{TALL, WIDE, foot, listed, many, orders, row};
use crate::state::{Freshness, GatewayPane, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::view::pen::Line;
use crate::tui::view::{Scene, format, proof, wrap};
use ratatui::layout::Rect;

/// Rows for which everything else makes room.
const ROWS: usize = 6;

/// How much is said around the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Say {
    /// All of it.
    All,
    /// A line each.
    Short,
    /// What must be, and the heading of the columns.
    Heading,
    /// What must be: doubts, and the sum if it is known.
    Least,
}

/// Where everything in the pane is, and what is above the rows and below.
pub(super) struct Cut<'a> {
    pub(super) above: Vec<Line<'a>>,
    pub(super) table: Rect,
    pub(super) foot: Vec<Line<'a>>,
}

impl<'a> Cut<'a> {
    /// For `count` rows that pass the filter.
    pub(super) fn of(inner: Rect, scene: Scene<'a>, g: &'static Glyphs, count: usize) -> Self {
        let wanted = count.min(ROWS);
        let cut = |say| Self::saying(say, inner, scene, g);
        let enough = |cut: &Self| usize::from(cut.table.height) >= wanted;
        let all = cut(Say::All);
        if enough(&all) {
            return all;
        }
        let short = cut(Say::Short);
        // Headings and sums go for the last of a few rows, or for all but nothing.
        if enough(&short) || short.table.height >= 3 {
            return short;
        }
        let heading = cut(Say::Heading);
        if enough(&heading) { heading } else { cut(Say::Least) }
    }

    fn saying(say: Say, inner: Rect, scene: Scene<'a>, g: &'static Glyphs) -> Self {
        let state = scene.state;
        // Whatever is said by the room there is says its least in a low pane.
        let low = if say == Say::All { inner.height } else { inner.height.min(4) };
        let room = Rect { height: low, ..inner };
        let mut foot = foot::lines(scene, room, g);
        let kept = match say {
            Say::All => inner.height.saturating_sub(3),
            // Where a gateway is gone its rows are worth more than an account.
            Say::Short if knows_all(state) => inner.height.saturating_sub(3).min(2),
            Say::Short => inner.height.saturating_sub(3).min(1),
            Say::Heading | Say::Least => u16::from(foot::knows_total(state)),
        };
        foot.truncate(usize::from(kept));
        let kept = u16::try_from(foot.len()).unwrap_or(0).min(inner.height);
        let mut above = doubts(state, inner.width, say == Say::All, g);
        above.extend(orders::lines(state, room, g));
        above.extend(strangers(scene, room, g));
        if say != Say::Least && listed(state).next().is_some() {
            above.push(row::header(inner.width, many(state), scene.ui.position_sort, g));
        }
        let top = u16::try_from(above.len()).unwrap_or(u16::MAX).min(inner.height - kept);
        let table = Rect { y: inner.y + top, height: inner.height - kept - top, ..inner };
        Self { above, table, foot }
    }
}

/// Whether every gateway lists positions that may be believed, if dimmed.
fn knows_all(state: &State) -> bool {
    (0_u16..)
        .zip(&state.gateways)
        .all(|(index, _)| state.positions_freshness(index) < Freshness::Unknown)
}

/// What was not ordered by anybody of ours, and orders nobody knows the fate of:
/// nothing else is marked.
fn strangers<'a>(scene: Scene<'_>, inner: Rect, g: &Glyphs) -> Vec<Line<'a>> {
    let state = scene.state;
    let mut lines = Vec::new();
    let mut told = |text: String| lines.push(Line::new().rest(text, Role::HealthBad));
    let orphans = state.orphans().count();
    let unknown = || state.unknown_orders().filter(|o| !orders::tells(state, &o.value.id));
    let last = unknown().last();
    let unknown = unknown().count();
    if inner.height < TALL || inner.width < WIDE {
        // The rows come first: here they are only counted.
        let mut counts = Vec::new();
        if orphans > 0 {
            counts.push(format!("{orphans} ORPHAN"));
        }
        if unknown > 0 {
            counts.push(format!("{unknown} order UNKNOWN"));
        }
        if !counts.is_empty() {
            let key = &scene.hints.proof;
            let more = if key.is_empty() { String::new() } else { format!(": {key} tells") };
            told(format!("{} {}{more}", g.bad, counts.join(", ")));
        }
        return lines;
    }
    if let Some((_, p)) = state.orphans().next() {
        let more = if orphans > 1 { format!(", and {} more", orphans - 1) } else { String::new() };
        let (side, lots) = (p.side.word(), p.lots.text(2));
        let what = format!("{} {} {side} {lots}{more}", p.ticket, p.symbol);
        told(format!("{} ORPHAN {what}: no source read here ordered it", g.bad));
    }
    if let Some(order) = last {
        let more = if unknown > 1 { format!(", and {} more", unknown - 1) } else { String::new() };
        let age = format::age(state.age(order.at));
        let what = proof::said(&order.value);
        told(format!("{} order UNKNOWN {age}: {what}{more}, it may have happened", g.unknown));
    }
    lines
}

/// What keeps the list from being believed, or from meaning flat.
fn doubts<'a>(state: &'a State, width: u16, wrapped: bool, g: &Glyphs) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for (index, pane) in (0_u16..).zip(&state.gateways) {
        let name = state.gateway_name(index);
        let text = match state.positions_freshness(index) {
            Freshness::Unknown => unproven(pane, state, name.as_str()),
            _ if pane.positions.as_ref().is_some_and(|p| !p.value.is_empty()) => continue,
            _ if state.account_freshness(index) == Freshness::Unknown => format!(
                "{} {name} lists no position, but its account can't be read: not proven flat",
                g.unknown
            ),
            _ => {
                lines.push(Line::new().dim(format!("{name}: no open position")));
                continue;
            }
        };
        // Nothing read yet is no bad news, only no news.
        let none = pane.positions.is_none() && pane.positions_fault.is_empty();
        let role = if none { Role::HealthUnknown } else { Role::HealthBad };
        let rows = if wrapped { wrap(&text, width) } else { vec![text] };
        lines.extend(rows.into_iter().map(|row| Line::new().rest(row, role)));
    }
    if state.gateways.is_empty() {
        lines.push(Line::new().dim("no gateway configured: set one with --gateway HOST"));
    }
    lines
}

/// The age comes before the cause: a long cause is cut, never the age.
fn unproven(pane: &GatewayPane, state: &State, name: &str) -> String {
    let fault = &pane.positions_fault;
    let because = if fault.is_empty() { String::new() } else { format!(": {fault}") };
    match &pane.positions {
        None if fault.is_empty() => format!("? {name}: positions not read yet"),
        None => format!("? {name}: positions unknown{because}"),
        Some(read) => {
            let age = format::age(state.age(read.at));
            let none = if read.value.is_empty() { "none were open" } else { "last known" };
            format!("? {name}: {none} {age} ago{because}")
        }
    }
}
