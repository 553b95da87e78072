//! Open positions and the account, with the age of their reads.
//!
//! An empty list is shown as flat only when the account was read too: a blind
//! gateway lists nothing. What is not proven now is `?`, with the cause.

mod foot;
mod orders;
mod row;

use super::pen::{Line, Pen};
use super::{Scene, format};
use crate::domain::{Money, Position, Price, Symbol, Ticket};
use crate::state::{Freshness, GatewayPane, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Pane, PositionKey, Ui, passes};
use ratatui::layout::Rect;
use row::Row;

/// Inner columns from which the prices are shown.
const WIDE: u16 = 70;

/// Inner rows from which there is room for more than the positions.
const TALL: u16 = 9;
/// Inner columns from which it is shown who ordered.
const OWNED: u16 = 83;
/// Columns of the bar of profit, at most.
const BAR: u16 = 24;

/// Every listed position in the order of the rows, with its gateway.
pub fn listed(state: &State) -> impl Iterator<Item = (u16, &Position)> {
    (0_u16..).zip(&state.gateways).flat_map(|(index, pane)| {
        pane.positions.iter().flat_map(move |read| read.value.iter().map(move |p| (index, p)))
    })
}

/// The positions that pass the filter, in the order of the rows.
#[must_use]
pub fn rows<'a>(state: &'a State, ui: &Ui) -> Vec<(u16, &'a Position)> {
    let filter = ui.filter(Pane::Positions);
    let passing = listed(state).filter(|(gateway, p)| {
        filter.is_empty() || {
            let (ticket, name) = (p.ticket.to_string(), state.gateway_name(*gateway));
            passes(filter, [ticket.as_str(), p.symbol.as_str(), p.side.word(), name.as_str()])
        }
    });
    let mut rows: Vec<_> = passing.collect();
    let sort = ui.position_sort;
    match sort.key {
        PositionKey::Ticket => {
            sort.arrange(&mut rows, |a, b| (a.0, a.1.ticket).cmp(&(b.0, b.1.ticket)));
        }
        PositionKey::Symbol => sort.arrange(&mut rows, |a, b| a.1.symbol.cmp(&b.1.symbol)),
        PositionKey::Lots => sort.arrange(&mut rows, |a, b| b.1.lots.cmp(&a.1.lots)),
        PositionKey::Profit => sort.arrange(&mut rows, |a, b| a.1.profit.cmp(&b.1.profit)),
    }
    rows
}

/// The row of the selected position in `rows`: its own, wherever it went, else
/// the one that is where it was.
#[must_use]
pub fn row(rows: &[(u16, &Position)], ui: &Ui) -> usize {
    let own = |wanted| rows.iter().position(|(gateway, p)| (*gateway, p.ticket) == wanted);
    let last = rows.len().saturating_sub(1);
    ui.position.and_then(own).unwrap_or_else(|| ui.row(Pane::Positions).min(last))
}

/// The position under the row of the focus, for the verb that closes it.
#[must_use]
pub fn selected(state: &State, ui: &Ui) -> Option<(u16, Ticket)> {
    let rows = rows(state, ui);
    rows.get(row(&rows, ui)).map(|(gateway, position)| (*gateway, position.ticket))
}

/// The position that loses most, if one loses.
#[must_use]
pub fn worst(state: &State) -> Option<(u16, &Position)> {
    let known = |index| state.positions_freshness(index) < Freshness::Unknown;
    let losing = listed(state).filter(|(index, p)| p.profit < Money::ZERO && known(*index));
    losing.min_by_key(|(_, p)| p.profit)
}

/// Where everything in the pane is, and what is above the rows and below.
struct Cut<'a> {
    above: Vec<Line<'a>>,
    table: Rect,
    foot: Vec<Line<'a>>,
}

impl<'a> Cut<'a> {
    fn of(inner: Rect, scene: Scene<'a>, g: &'static Glyphs) -> Self {
        let state = scene.state;
        let foot = foot::lines(state, inner, g);
        let kept = u16::try_from(foot.len()).unwrap_or(0).min(inner.height.saturating_sub(3));
        let mut above = doubts(state, inner.width, g);
        above.extend(orders::lines(state, inner, g));
        above.extend(strangers(scene, inner, g));
        if listed(state).next().is_some() {
            above.push(row::header(inner.width, many(state), scene.ui.position_sort, g));
        }
        let top = u16::try_from(above.len()).unwrap_or(u16::MAX).min(inner.height - kept);
        let table = Rect { y: inner.y + top, height: inner.height - kept - top, ..inner };
        Self { above, table, foot }
    }
}

/// The position whose row is at `y`.
#[must_use]
pub fn at(area: Rect, y: u16, scene: Scene<'_>, g: &'static Glyphs) -> Option<(u16, Ticket)> {
    let table = Cut::of(super::pen::inside(area), scene, g).table;
    let rows = rows(scene.state, scene.ui);
    let window = super::window(row(&rows, scene.ui), rows.len(), table.height);
    let down = y.checked_sub(table.y).filter(|down| *down < table.height)?;
    let (gateway, position) = rows.get(window.start.saturating_add(usize::from(down)))?;
    Some((*gateway, position.ticket))
}

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let state = scene.state;
    let all = rows(state, scene.ui);
    let note = title_note(state);
    let note = scene.filtered(Pane::Positions, all.len(), listed(state).count(), note);
    let inner = scene.frame(pen, Pane::Positions, area, &note.0, note.1);
    let cut = Cut::of(inner, scene, pen.glyphs());
    let above = Rect { height: cut.table.y - inner.y, ..inner };
    pen.lines(above, &cut.above);
    pen.lines(cut.table, &table(scene, &all, cut.table, pen.glyphs()));
    let bottom = cut.table.bottom();
    pen.lines(Rect { y: bottom, height: inner.bottom() - bottom, ..inner }, &cut.foot);
}

fn title_note(state: &State) -> (String, Role) {
    let panes = || (0_u16..).zip(&state.gateways);
    let oldest = |at: fn(&GatewayPane) -> Option<crate::domain::Stamp>| {
        panes()
            .map(|(_, p)| at(p).map(|at| state.age(at)))
            .try_fold(std::time::Duration::ZERO, |worst, age| age.map(|a| worst.max(a)))
            .map_or_else(|| String::from("?"), format::age)
    };
    let worst = panes()
        .map(|(i, _)| state.positions_freshness(i).max(state.account_freshness(i)))
        .max()
        .unwrap_or(Freshness::Unknown);
    let look = match worst {
        Freshness::Fresh => Role::TextDim,
        Freshness::Stale => Role::HealthStale,
        Freshness::Unknown => Role::HealthBad,
    };
    let positions = oldest(|p| p.positions.as_ref().map(|r| r.at));
    let account = oldest(|p| p.account.as_ref().map(|r| r.at));
    (format!("read {positions:>5}  account {account:>5}"), look)
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
        let what = super::proof::said(&order.value);
        told(format!("{} order UNKNOWN {age}: {what}{more}, it may have happened", g.unknown));
    }
    lines
}

/// What keeps the list from being believed, or from meaning flat.
fn doubts<'a>(state: &'a State, width: u16, g: &Glyphs) -> Vec<Line<'a>> {
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
        let rows = super::wrap(&text, width).into_iter();
        lines.extend(rows.map(|row| Line::new().rest(row, role)));
    }
    if state.gateways.is_empty() {
        lines.push(Line::new().dim("no gateway configured: set one with --gateway HOST"));
    }
    lines
}

fn unproven(pane: &GatewayPane, state: &State, name: &str) -> String {
    match (&pane.positions, pane.positions_fault.is_empty()) {
        (None, true) => format!("? {name}: positions not read yet"),
        (None, false) => format!("? {name}: positions unknown: {}", pane.positions_fault),
        (Some(read), true) => {
            format!("? {name}: not read for {}; the last known:", format::age(state.age(read.at)))
        }
        (Some(_), false) => {
            format!("? {name}: positions unknown: {}; the last known:", pane.positions_fault)
        }
    }
}

/// Whether a row must say where its position is.
const fn many(state: &State) -> bool {
    state.gateways.len() > 1
}

/// The name before what is said of one of several gateways.
fn whose(state: &State, index: u16) -> String {
    if many(state) { format!("{}: ", state.gateway_name(index)) } else { String::new() }
}

fn table<'a>(
    scene: Scene<'a>,
    all: &[(u16, &'a Position)],
    table: Rect,
    g: &'static Glyphs,
) -> Vec<Line<'a>> {
    let state = scene.state;
    let digits = |p: &Position| {
        let own = p.open.decimals().max(p.current.map_or(0, Price::decimals));
        let quoted = Symbol::new(p.symbol.as_str()).ok().and_then(|s| state.quotes.get(&s));
        quoted.map_or(own, |q| q.digits.max(own))
    };
    let selected = row(all, scene.ui);
    let window = super::window(selected, all.len(), table.height);
    let most = all.iter().map(|(_, p)| p.open.decimals()).max().unwrap_or(0);
    let shown = || all.iter().enumerate().take(window.end).skip(window.start);
    let most = shown().map(|(_, (_, p))| digits(p)).fold(most, u32::max);
    let chosen = (scene.ui.focus == Pane::Positions).then_some(selected);
    let worst = worst(state).map(|(gateway, p)| (gateway, p.ticket));
    let bar = table.width.saturating_sub(OWNED + 2).min(BAR);
    let greatest = all.iter().map(|(_, p)| p.profit.raw().unsigned_abs()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (at, (gateway, p)) in shown() {
        let freshness = state.positions_freshness(*gateway);
        let chosen = chosen == Some(at);
        let at = many(state).then(|| state.gateway_name(*gateway));
        let owner = state.owner(*gateway, p);
        let worst = worst == Some((*gateway, p.ticket));
        let row = Row { p, digits: digits(p), most, freshness, chosen, worst, at, owner, g };
        let line = match table.width {
            OWNED.. => row.owned().chain(row.bar(bar, greatest)),
            WIDE.. => row.wide(),
            _ => row.narrow(),
        };
        lines.push(if chosen { line.on(Role::Selection) } else { line });
    }
    lines
}

/// The look of an amount.
fn profit_role(profit: Money) -> Role {
    match profit.raw().signum() {
        1 => Role::PnlUp,
        -1 => Role::PnlDown,
        _ => Role::PnlFlat,
    }
}

/// The longest form of an amount that fits into `width` columns.
pub(in crate::tui::view) fn money(amount: Money, width: u16, sign: bool) -> String {
    let dressed = |text: String| if sign { format::signed(&text) } else { text };
    let forms = [
        dressed(format::grouped(&amount.text(2))),
        dressed(amount.text(2)),
        dressed(format::grouped(&amount.text(0))),
    ];
    let fits = |form: &&String| form.len() <= usize::from(width);
    forms.iter().find(fits).or(forms.last()).cloned().unwrap_or_default()
}
