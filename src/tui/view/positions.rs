//! Open positions and the account, with the age of their reads.
//!
//! An empty list is shown as flat only when the account was read too: a blind
//! gateway lists nothing. What is not proven now is `?`, with the cause.

use super::pen::{Line, Pen, pad_decimals};
use super::{Scene, format};
use crate::domain::{Account, Money, Position, Price, Side, Symbol, Ticket};
use crate::state::{Freshness, GatewayPane, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Pane, Ui};
use ratatui::layout::Rect;

/// Inner columns from which the prices are shown.
const WIDE: u16 = 70;

/// Every listed position in the order of the rows, with its gateway.
pub fn listed(state: &State) -> impl Iterator<Item = (u16, &Position)> {
    (0_u16..).zip(&state.gateways).flat_map(|(index, pane)| {
        pane.positions.iter().flat_map(move |read| read.value.iter().map(move |p| (index, p)))
    })
}

/// The position under the row of the focus, for the verb that closes it.
#[must_use]
pub fn selected(state: &State, ui: &Ui) -> Option<(u16, Ticket)> {
    let row = ui.row(Pane::Positions).min(listed(state).count().saturating_sub(1));
    listed(state).nth(row).map(|(gateway, position)| (gateway, position.ticket))
}

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let state = scene.state;
    let (note, look) = title_note(state);
    let inner = scene.frame(pen, Pane::Positions, area, &note, look);
    let wide = inner.width >= WIDE;
    let foot = foot(state, wide, pen.glyphs());
    let kept = u16::try_from(foot.len()).unwrap_or(0).min(inner.height.saturating_sub(3));
    let mut above = doubts(state, inner.width, pen.glyphs());
    if listed(state).next().is_some() {
        above.push(header(wide));
    }
    let top = u16::try_from(above.len()).unwrap_or(u16::MAX).min(inner.height - kept);
    pen.lines(Rect { height: top, ..inner }, &above);
    let table = Rect { y: inner.y + top, height: inner.height - kept - top, ..inner };
    pen.lines(table, &rows(scene, table.height, wide, pen.glyphs()));
    let bottom = Rect { y: table.bottom(), height: kept, ..inner };
    pen.lines(bottom, &foot);
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

fn header<'a>(wide: bool) -> Line<'a> {
    let d = Role::TextDim;
    if wide {
        Line::new()
            .right(11, "TICKET", d)
            .gap(1)
            .left(10, "SYMBOL", d)
            .gap(1)
            .left(6, "SIDE", d)
            .right(7, "LOTS", d)
            .right(12, "OPEN", d)
            .right(12, "CURRENT", d)
            .right(11, "P/L", d)
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

fn rows<'a>(scene: Scene<'a>, height: u16, wide: bool, g: &'static Glyphs) -> Vec<Line<'a>> {
    let state = scene.state;
    let all: Vec<_> = listed(state).collect();
    let digits = |p: &Position| {
        let own = p.open.decimals().max(p.current.map_or(0, Price::decimals));
        let quoted = Symbol::new(p.symbol.as_str()).ok().and_then(|s| state.quotes.get(&s));
        quoted.map_or(own, |q| q.digits.max(own))
    };
    let most = all.iter().map(|(_, p)| digits(p)).max().unwrap_or(0);
    let window = scene.window(Pane::Positions, all.len(), height);
    let chosen = (scene.ui.focus == Pane::Positions)
        .then(|| scene.ui.row(Pane::Positions).min(all.len().saturating_sub(1)));
    let mut lines = Vec::new();
    for (at, (gateway, p)) in all.iter().enumerate().take(window.end).skip(window.start) {
        let freshness = state.positions_freshness(*gateway);
        let chosen = chosen == Some(at);
        let row = Row { p, digits: digits(p), most, freshness, chosen, g };
        let line = if wide { row.wide() } else { row.narrow() };
        lines.push(if chosen { line.on(Role::Selection) } else { line });
    }
    lines
}

struct Row<'a> {
    p: &'a Position,
    digits: u32,
    most: u32,
    freshness: Freshness,
    chosen: bool,
    g: &'static Glyphs,
}

impl<'a> Row<'a> {
    fn look(&self) -> Role {
        super::words::value(self.freshness)
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

    fn mark(&self) -> &'static str {
        if self.chosen { self.g.select } else { " " }
    }

    fn wide(&self) -> Line<'a> {
        let (mark, side) = self.side();
        let (profit, role) = self.profit(11);
        let current = if self.freshness == Freshness::Unknown { None } else { self.p.current };
        Line::new()
            .text(self.mark(), Role::Accent)
            .right(10, self.p.ticket.to_string(), self.look())
            .gap(1)
            .left(10, self.p.symbol.as_str(), self.look())
            .gap(1)
            .left(6, format!("{mark} {side}"), self.look())
            .right(7, self.lots(), self.look())
            .right(12, self.price(Some(self.p.open)), self.look())
            .right(12, self.price(current), self.look())
            .right(11, profit, role)
    }

    fn narrow(&self) -> Line<'a> {
        let (mark, _) = self.side();
        let (profit, role) = self.profit(9);
        Line::new()
            .text(self.mark(), Role::Accent)
            .right(9, self.p.ticket.to_string(), self.look())
            .gap(1)
            .left(7, self.p.symbol.as_str(), self.look())
            .text(mark, self.look())
            .right(7, self.lots(), self.look())
            .right(10, profit, role)
    }
}

fn profit_role(profit: Money) -> Role {
    match profit.raw().signum() {
        1 => Role::PnlUp,
        -1 => Role::PnlDown,
        _ => Role::PnlFlat,
    }
}

/// The longest form of an amount that fits into `width` columns.
fn money(amount: Money, width: u16, sign: bool) -> String {
    let dressed = |text: String| if sign { format::signed(&text) } else { text };
    let forms = [
        dressed(format::grouped(&amount.text(2))),
        dressed(amount.text(2)),
        dressed(format::grouped(&amount.text(0))),
    ];
    let fits = |form: &&String| form.len() <= usize::from(width);
    forms.iter().find(fits).or(forms.last()).cloned().unwrap_or_default()
}

/// The sum of the rows, and an account line for each gateway.
fn foot<'a>(state: &'a State, wide: bool, g: &'static Glyphs) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    if listed(state).next().is_some() {
        lines.push(total(state, wide));
    }
    for (index, pane) in (0_u16..).zip(&state.gateways) {
        let freshness = state.account_freshness(index);
        match &pane.account {
            Some(read) if freshness < Freshness::Unknown => {
                lines.extend(account(&read.value, wide, freshness));
            }
            _ if pane.account_fault.is_empty() => {
                lines.push(Line::new().dim(format!("{} account not known now", g.unknown)));
            }
            _ => {
                let text = format!("{} account unknown: {}", g.unknown, pane.account_fault);
                lines.push(Line::new().rest(text, Role::HealthBad));
            }
        }
    }
    lines
}

fn total<'a>(state: &State, wide: bool) -> Line<'a> {
    let worst = (0_u16..)
        .zip(&state.gateways)
        .filter(|(_, p)| p.positions.as_ref().is_some_and(|r| !r.value.is_empty()))
        .map(|(i, _)| state.positions_freshness(i))
        .max();
    let sum = listed(state).fold(Money::ZERO, |sum, (_, p)| sum.plus(p.profit));
    let (text, role) = match worst {
        Some(Freshness::Fresh) => (money(sum, 14, true), profit_role(sum)),
        Some(Freshness::Stale) => (money(sum, 14, true), Role::TextDim),
        _ => (String::from("?"), Role::HealthUnknown),
    };
    let count = format!("{} open", listed(state).count());
    let middle = if wide { 46 } else { 12 };
    Line::new().right(11, count, Role::TextNormal).right(middle, "total", Role::TextDim).right(
        if wide { 14 } else { 13 },
        text,
        role,
    )
}

fn account(account: &Account, wide: bool, freshness: Freshness) -> Vec<Line<'_>> {
    let look = super::words::value(freshness);
    let strong = if freshness == Freshness::Fresh { Role::TextStrong } else { look };
    let some = |m: Option<Money>| m.map_or_else(|| String::from("?"), |m| money(m, 14, false));
    let level = account
        .margin_level
        .map_or_else(|| String::from("none"), |r| format!("{}%", format::grouped(&r.text(2))));
    let equity = money(account.equity, 14, false);
    if !wide {
        return vec![
            Line::new()
                .dim("equity")
                .right(14, equity, strong)
                .gap(1)
                .left(4, account.currency.as_str(), Role::TextDim)
                .right(11, level, look),
        ];
    }
    vec![
        Line::new()
            .left(8, "balance", Role::TextDim)
            .right(14, money(account.balance, 14, false), look)
            .gap(2)
            .left(6, "equity", Role::TextDim)
            .right(14, equity, strong)
            .gap(1)
            .left(5, account.currency.as_str(), Role::TextDim)
            .left(6, "level", Role::TextDim)
            .right(13, level, look),
        Line::new()
            .left(8, "used", Role::TextDim)
            .right(14, some(account.used_margin), look)
            .gap(2)
            .left(6, "free", Role::TextDim)
            .right(14, some(account.free_margin), look),
    ]
}
