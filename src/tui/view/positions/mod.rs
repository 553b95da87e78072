//! Open positions and the account, with the age of their reads.
//!
//! An empty list is shown as flat only when the account was read too: a blind
//! gateway lists nothing. What is not proven now is `?`, with the cause.

mod cut;
mod foot;
mod note;
mod orders;
mod row;

use super::pen::{Line, Pen};
use super::{Scene, format, more};
use crate::domain::{Money, Position, Price, Symbol, Ticket};
use crate::state::{Freshness, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Pane, PositionKey, Ui, passes};
use cut::Cut;
use ratatui::layout::Rect;
use row::Row;

/// Inner columns from which the prices are shown.
const WIDE: u16 = 70;

/// Inner rows from which there is room for more than the positions.
const TALL: u16 = 9;
/// Inner columns from which it is shown who ordered.
const OWNED: u16 = 83;
/// Basis points in a whole.
const BASIS: u128 = 10_000;
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

/// Whether the price and the profit of a position may be believed now. Its
/// gateway can't know more than the last quote that left it, so a fresh read of
/// an old quote, or of one that never came, is an old price; only a read that is
/// none makes it unknown.
#[must_use]
pub fn price_freshness(state: &State, gateway: u16, p: &Position) -> Freshness {
    let read = state.positions_freshness(gateway);
    let quote = Symbol::new(p.symbol.as_str()).ok();
    let quoted = |symbol| {
        let own = state.quotes.of(gateway, &symbol)?;
        Some(state.quote_freshness(&symbol, own))
    };
    let quote = quote.and_then(quoted).unwrap_or(Freshness::Stale);
    read.max(quote.min(Freshness::Stale))
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

/// Whether a loss is worth a mark, which looks like a warning: from a basis
/// point of the account's equity on, or where that is not known.
fn weighs(state: &State, gateway: u16, p: &Position) -> bool {
    let account = state.gateway(gateway).and_then(|pane| pane.account.as_ref());
    account.is_none_or(|read| {
        let equity = u128::from(read.value.equity.raw().max(0).unsigned_abs());
        u128::from(p.profit.raw().unsigned_abs()) * BASIS >= equity
    })
}

/// The position whose row is at `y`.
#[must_use]
pub fn at(area: Rect, y: u16, scene: Scene<'_>, g: &'static Glyphs) -> Option<(u16, Ticket)> {
    let rows = rows(scene.state, scene.ui);
    let table = Cut::of(super::pen::inside(area), scene, g, rows.len()).table;
    let window = super::window(row(&rows, scene.ui), rows.len(), table.height);
    let down = y.checked_sub(table.y).filter(|down| *down < table.height)?;
    let (gateway, position) = rows.get(window.start.saturating_add(usize::from(down)))?;
    Some((*gateway, position.ticket))
}

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let state = scene.state;
    let all = rows(state, scene.ui);
    let (note, role) = note::title(scene, all.len(), area);
    let inner = scene.frame(pen, Pane::Positions, area, &note, role);
    let cut = Cut::of(inner, scene, pen.glyphs(), all.len());
    let above = Rect { height: cut.table.y - inner.y, ..inner };
    pen.lines(above, &cut.above);
    pen.lines(cut.table, &table(scene, &all, cut.table, pen.glyphs()));
    let bottom = cut.table.bottom();
    pen.lines(Rect { y: bottom, height: inner.bottom() - bottom, ..inner }, &cut.foot);
    let window = super::window(row(&all, scene.ui), all.len(), cut.table.height);
    let (hidden, look) = note::hidden(state, &all, &window);
    more::draw(pen, area, &note::old_prices(state, pen.glyphs()), (&hidden, look));
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
    let digits = |gateway: u16, p: &Position| {
        let own = p.open.decimals().max(p.current.map_or(0, Price::decimals));
        let quoted = Symbol::new(p.symbol.as_str()).ok();
        let quoted = quoted.and_then(|symbol| state.quotes.of(gateway, &symbol));
        quoted.map_or(own, |q| q.digits.max(own))
    };
    let selected = row(all, scene.ui);
    let window = super::window(selected, all.len(), table.height);
    let most = all.iter().map(|(_, p)| p.open.decimals()).max().unwrap_or(0);
    let shown = || all.iter().enumerate().take(window.end).skip(window.start);
    let most = shown().map(|(_, (gateway, p))| digits(*gateway, p)).fold(most, u32::max);
    let chosen = (scene.ui.focus == Pane::Positions).then_some(selected);
    let worst = worst(state).filter(|(gateway, p)| weighs(state, *gateway, p));
    let worst = worst.map(|(gateway, p)| (gateway, p.ticket));
    let bar = table.width.saturating_sub(OWNED + 2).min(BAR);
    let greatest = all.iter().map(|(_, p)| p.profit.raw().unsigned_abs()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (at, (gateway, p)) in shown() {
        let freshness = state.positions_freshness(*gateway);
        let chosen = chosen == Some(at);
        let at = many(state).then(|| state.gateway_name(*gateway));
        let owner = state.owner(*gateway, p);
        let worst = worst == Some((*gateway, p.ticket));
        let price = price_freshness(state, *gateway, p);
        let digits = digits(*gateway, p);
        let row = Row { p, digits, most, freshness, price, chosen, worst, at, owner, g };
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
