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

/// How many positions have an older price than their read says, and the oldest
/// of their quotes. The quotes are looked through first: there may be ten
/// thousand positions in a frame, and mostly no quote is old.
pub(super) fn oldest_price(state: &State) -> Option<(usize, &str, Duration)> {
    let late: BTreeMap<&str, Duration> = state
        .markets()
        .filter(|(_, quote, market)| state.freshness_in(quote, *market) > Freshness::Fresh)
        .map(|(symbol, quote, _)| (symbol.as_str(), state.age(quote.at)))
        .collect();
    if late.is_empty() {
        return None;
    }
    // A price that is `?` is not shown as old too.
    let shown = |(index, _): &(u16, _)| state.positions_freshness(*index) < Freshness::Unknown;
    let old = listed(state).filter(shown);
    let old = old.filter_map(|(_, p)| late.get_key_value(p.symbol.as_str()));
    old.fold(None, |found, (symbol, age)| match found {
        Some((count, _, oldest)) if oldest < *age => Some((count + 1, *symbol, *age)),
        Some((count, name, oldest)) => Some((count + 1, name, oldest)),
        None => Some((1, *symbol, *age)),
    })
}

/// What the mark of an old price means, for the border.
pub(super) fn old_prices(state: &State, g: &Glyphs) -> Vec<String> {
    let Some((count, symbol, age)) = oldest_price(state) else { return Vec::new() };
    let (mark, age) = (g.stale, format::age(age));
    vec![
        format!("{mark} {count} at an old price: {symbol} {age}"),
        format!("{mark} {count} old: {symbol} {age}"),
        format!("{mark} {count} old"),
    ]
}
