//! Below the rows: their sum, and what the accounts say.

use super::{TALL, WIDE, listed, many, money, note, price_freshness, profit_role, whose};
use crate::domain::{Account, Money, Position, Stamp};
use crate::state::{Aged, Freshness, GatewayPane, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::Pane;
use crate::tui::view::pen::Line;
use crate::tui::view::{Scene, format, words};
use ratatui::layout::Rect;
use std::time::Duration;

/// Inner rows from which a narrow pane has a line for the greatest loss.
const ROOM: u16 = 7;

/// Inner rows up to which only what is known has a line.
const LOW: u16 = 4;

/// Reads further apart than this tell of two moments; a poll's rhythm is none.
const APART: Duration = Duration::from_secs(3);

/// How much older the first read is, where the two don't tell of one moment.
fn older(first: Option<Stamp>, second: Option<Stamp>) -> Option<Duration> {
    let by = second?.since(first?);
    (by >= APART).then_some(by)
}

/// How much older the listed positions are than the account, and the account
/// than them.
fn apart(pane: &GatewayPane) -> (Option<Duration>, Option<Duration>) {
    let positions = pane.positions.as_ref().map(|read| read.at);
    let account = pane.account.as_ref().map(|read| read.at);
    (older(positions, account), older(account, positions))
}

/// The sum of the rows, and an account line for each gateway.
pub(super) fn lines<'a>(scene: Scene<'a>, inner: Rect, g: &'static Glyphs) -> Vec<Line<'a>> {
    let state = scene.state;
    let (wide, tall) = (inner.width >= WIDE, inner.height >= TALL);
    let mut lines = Vec::new();
    if listed(state).next().is_some() {
        if let (false, Some((p, freshness))) = (wide || inner.height < ROOM, worst_of(state)) {
            let look = if freshness == Freshness::Fresh { Role::PnlDown } else { Role::TextDim };
            let text = format!("{} {}", p.ticket, money(p.profit, 12, true));
            lines.push(Line::new().dim("worst ").rest(text, look));
        }
        lines.push(total(scene, wide));
    }
    for (index, pane) in (0_u16..).zip(&state.gateways) {
        let mut freshness = state.account_freshness(index);
        // A younger read shows nothing open: what is used is of before it.
        let used = |read: &Aged<Account>| read.value.margin_level.is_some();
        let flat = |read: &&Aged<Vec<Position>>| read.value.is_empty();
        if let (Some(open), Some(read)) = (pane.positions.as_ref().filter(flat), &pane.account)
            && open.at.mono_ns > read.at.mono_ns
            && used(read)
        {
            freshness = freshness.max(Freshness::Stale);
        }
        // An equity of before the sum does not hold what the sum holds.
        let behind = apart(pane).1;
        if behind.is_some() {
            freshness = freshness.max(Freshness::Stale);
        }
        match &pane.account {
            Some(read) if freshness < Freshness::Unknown => {
                let name = many(state).then(|| state.gateway_name(index).to_string());
                let mut all = account(&read.value, name.as_deref(), wide, freshness);
                if let (Some(by), Some(last)) = (behind.filter(|_| wide), all.last_mut()) {
                    let words = format!("  {} before the total", format::age(by));
                    *last = std::mem::take(last).rest(words, Role::HealthStale);
                }
                // The rows come first.
                all.truncate(if tall { all.len() } else { 1 });
                lines.extend(all);
            }
            // Without room, `account ?` in the title must do.
            _ if inner.height <= LOW => {}
            _ if pane.account_fault.is_empty() => {
                let text = format!("{} {}account not known now", g.unknown, whose(state, index));
                lines.push(Line::new().dim(text));
            }
            _ => {
                let who = whose(state, index);
                let text = format!("{} {who}account unknown: {}", g.unknown, pane.account_fault);
                lines.push(Line::new().rest(text, Role::HealthBad));
            }
        }
    }
    lines
}

/// Whether every part of the sum is known.
pub(super) fn knows_total(state: &State) -> bool {
    read_of_all(state).is_some_and(|read| read < Freshness::Unknown)
}

/// The worst read of those that list something.
fn read_of_all(state: &State) -> Option<Freshness> {
    (0_u16..)
        .zip(&state.gateways)
        .filter(|(_, p)| p.positions.as_ref().is_some_and(|r| !r.value.is_empty()))
        .map(|(i, _)| state.positions_freshness(i))
        .max()
}

/// A filter hides rows and not what they lose: the sum says that it is of all.
fn total(scene: Scene<'_>, wide: bool) -> Line<'_> {
    let state = scene.state;
    let sum = listed(state).fold(Money::ZERO, |sum, (_, p)| sum.plus(p.profit));
    let panes = || state.gateways.iter().filter(|p| p.positions.is_some());
    let behind = panes().any(|pane| apart(pane).0.is_some());
    let age = panes().filter_map(|p| p.positions.as_ref().map(|read| state.age(read.at))).max();
    let old = || behind || note::old(state).is_some();
    let (text, role) = match read_of_all(state) {
        Some(Freshness::Fresh) if !old() => (money(sum, 12, true), profit_role(sum)),
        Some(Freshness::Fresh | Freshness::Stale) => (money(sum, 12, true), Role::TextDim),
        _ => (String::from("?"), Role::HealthUnknown),
    };
    let count = format!("{} open", listed(state).count());
    let filtered = !scene.ui.filter(Pane::Positions).is_empty();
    let mut label = String::from(if filtered { "sum of all" } else { "total" });
    if let (true, Some(age)) = (behind, age) {
        // Where there is no room for the whole, the age says which sum it is.
        let age = format::age(age);
        label = if wide { format!("{label} {age} ago") } else { format!("total {age}") };
    }
    let line = Line::new().right(11, count, Role::TextNormal);
    if !wide {
        return line.right(12, label, Role::TextDim).right(13, text, role);
    }
    let label_room = u16::try_from(label.len() + 2).unwrap_or(12);
    let room = 46 - label_room;
    let line = match worst_of(state) {
        Some((p, freshness)) => {
            let look = if freshness == Freshness::Fresh { Role::PnlDown } else { Role::TextDim };
            let ticket = p.ticket.to_string();
            let left = room.saturating_sub(9 + u16::try_from(ticket.len()).unwrap_or(30));
            let loss = money(p.profit, left.min(12), true);
            // What has no room is no number, as in every column.
            let after = left.saturating_sub(u16::try_from(loss.len()).unwrap_or(left));
            let line = line.dim("  worst ").text(ticket, look).gap(1);
            line.right(left - after, loss, look).gap(after)
        }
        None => line.gap(room),
    };
    line.right(label_room, label, Role::TextDim).right(14, text, role)
}

fn worst_of(state: &State) -> Option<(&Position, Freshness)> {
    super::worst(state).map(|(index, p)| (p, price_freshness(state, index, p)))
}

fn account<'a>(
    account: &'a Account,
    name: Option<&str>,
    wide: bool,
    freshness: Freshness,
) -> Vec<Line<'a>> {
    let look = words::value(freshness);
    let strong = if freshness == Freshness::Fresh { Role::TextStrong } else { look };
    let some = |m: Option<Money>| m.map_or_else(|| String::from("?"), |m| money(m, 14, false));
    let level = account
        .margin_level
        .map_or_else(|| String::from("none"), |r| format!("{}%", format::grouped(&r.text(2))));
    let equity = money(account.equity, 13, false);
    let label = |word: &str| name.unwrap_or(word).to_owned();
    if !wide {
        return vec![
            Line::new()
                .left(7, label("equity"), Role::TextDim)
                .right(13, equity, strong)
                .gap(1)
                .left(4, account.currency.as_str(), Role::TextDim)
                .right(11, level, look),
        ];
    }
    vec![
        Line::new()
            .left(8, label("balance"), Role::TextDim)
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
