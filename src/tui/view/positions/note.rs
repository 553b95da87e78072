//! What stands on the border of the pane: the age of the reads, the filter, rows
//! out of view, prices that are old.

use super::{listed, money, price_freshness, worst};
use crate::domain::Position;
use crate::state::{Freshness, GatewayPane, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::Pane;
use crate::tui::view::more::More;
use crate::tui::view::{Scene, format};
use ratatui::layout::Rect;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// The filter, and the age of the reads, which no filter takes away.
pub(super) fn title(scene: Scene<'_>, shown: usize, area: Rect) -> (String, Role) {
    let (ages, look) = ages(scene.state);
    let room = scene.title_room(Pane::Positions, area);
    let all = listed(scene.state).count();
    let mut forms = Vec::new();
    for letters in [16, 6, 2] {
        let Some(filter) = scene.filter_note(Pane::Positions, shown, all, letters) else { break };
        forms.extend(ages.iter().map(|ages| format!("{filter}  {ages}")));
    }
    let role = if look == Role::TextDim && !forms.is_empty() { Role::Accent } else { look };
    forms.extend(ages);
    let fitting = forms.into_iter().find(|form| form.chars().count() <= room);
    (fitting.unwrap_or_default(), role)
}

/// The ages of the oldest reads, the longest words first.
fn ages(state: &State) -> ([String; 3], Role) {
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
    let forms = [
        format!("read {positions:>5}  account {account:>5}"),
        format!("read {positions} acct {account}"),
        format!("read {positions}"),
    ];
    (forms, look)
}

/// What of `rows` is out of view; the one that loses most is named there.
pub(super) fn hidden(
    state: &State,
    rows: &[(u16, &Position)],
    window: &Range<usize>,
) -> (Vec<String>, Role) {
    let more = More::of(window, rows.len());
    let mut words = more.words();
    let Some((gateway, p)) = worst(state) else { return (words, Role::TextDim) };
    let own = |(at, ticket): (u16, _)| (at, ticket) == (gateway, p.ticket);
    let at = rows.iter().position(|(gateway, p)| own((*gateway, p.ticket)));
    if words.is_empty() || at.is_none_or(|at| window.contains(&at)) {
        return (words, Role::TextDim);
    }
    let loss = money(p.profit, 12, true);
    let worst = [format!("worst {} {loss}", p.ticket), format!("worst {}", p.ticket)];
    let both = |worst: &String| words.iter().map(|more| format!("{more}, {worst}")).collect();
    let mut named: Vec<String> = worst.iter().flat_map::<Vec<String>, _>(both).collect();
    named.append(&mut words);
    let fresh = price_freshness(state, gateway, p) == Freshness::Fresh;
    (named, if fresh { Role::PnlDown } else { Role::TextDim })
}

/// Positions at a quote that is old, or never came.
pub(super) struct Old<'a> {
    count: usize,
    /// The oldest of the quotes; no age where there is none.
    symbol: &'a str,
    age: Option<Duration>,
}

/// The quotes are looked through first: there may be ten thousand positions in a
/// frame, and mostly no quote is old.
pub(super) fn old(state: &State) -> Option<Old<'_>> {
    let quotes: BTreeMap<(u16, &str), (bool, Duration)> = state
        .markets()
        .map(|(symbol, quote, market)| {
            let fresh = state.freshness_in(quote, market) == Freshness::Fresh;
            ((quote.feed, symbol.as_str()), (fresh, state.age(quote.at)))
        })
        .collect();
    // A price that is `?` is not shown as old too.
    let shown = |index: u16| state.positions_freshness(index) < Freshness::Unknown;
    let mut found: Option<Old<'_>> = None;
    for (gateway, p) in listed(state).filter(|(index, _)| shown(*index)) {
        let symbol = p.symbol.as_str();
        let age = match quotes.get(&(gateway, symbol)) {
            Some((true, _)) => continue,
            Some((false, age)) => Some(*age),
            None => None,
        };
        let known = |age: Option<Duration>| age.unwrap_or(Duration::MAX);
        let count = found.as_ref().map_or(0, |old| old.count) + 1;
        found = match found {
            Some(old) if known(old.age) >= known(age) => Some(Old { count, ..old }),
            _ => Some(Old { count, symbol, age }),
        };
    }
    found
}

/// What the mark of an old price means, for the border.
pub(super) fn old_prices(state: &State, g: &Glyphs) -> Vec<String> {
    let Some(Old { count, symbol, age }) = old(state) else { return Vec::new() };
    let age = age.map_or_else(|| String::from("none"), format::age);
    let mark = g.stale;
    vec![
        format!("{mark} {count} at an old quote: {symbol} {age}"),
        format!("{mark} {count} old: {symbol} {age}"),
        format!("{mark} {count} old"),
    ]
}
