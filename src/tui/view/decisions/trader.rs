//! Traders by their own words: when each runs next, and what it counted.

use crate::domain::DecisionSource;
use crate::state::{Freshness, Pulse, State, Trader};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::view::format;
use crate::tui::view::pen::Line;
use std::time::Duration;

/// Inner columns from which words are whole.
const ROOMY: u16 = 56;

/// A line for each trader, at most `rows`: those in cycles first, since they
/// are missed when nothing comes.
pub(super) fn lines<'a>(state: &'a State, width: u16, rows: u16, g: &Glyphs) -> Vec<Line<'a>> {
    let rows = usize::from(rows);
    let mut all: Vec<&Trader> = state.traders.iter().collect();
    all.sort_by_key(|trader| !trader.has_cycles());
    let mut hidden = all.len().saturating_sub(rows);
    if hidden > 0 && rows > 1 {
        hidden += 1;
    }
    let shown = all.len() - hidden;
    let more = match (hidden, shown) {
        (0, _) => String::new(),
        (n, 0) => format!("{n} traders"),
        (n, _) => format!("+{n} more"),
    };
    // Room at the end of the only line for how many more there are.
    let room = if hidden > 0 && rows == 1 { width.saturating_sub(4) } else { width };
    let mut lines: Vec<Line<'a>> =
        all.iter().take(shown.max(rows.min(1))).map(|t| line(state, t, room, g)).collect();
    if !more.is_empty() && rows > 1 {
        lines.push(Line::new().gap(2).dim(more));
    } else if hidden > 0
        && let Some(line) = lines.last_mut()
    {
        *line = std::mem::take(line).end(format!(" +{hidden}"), Role::Accent);
    }
    lines
}

fn line<'a>(state: &State, trader: &'a Trader, width: u16, g: &Glyphs) -> Line<'a> {
    let status = &trader.value.status;
    let (pulse, fresh) = (state.pulse(trader), state.trader_freshness(trader));
    let (mark, look) = match (fresh, pulse) {
        (Freshness::Unknown, _) => (g.unknown, Role::HealthUnknown),
        (_, Pulse::Late(_)) if trader.has_cycles() => (g.bad, Role::HealthBad),
        (Freshness::Stale, _) => (g.stale, Role::HealthStale),
        (Freshness::Fresh, _) => (g.good, Role::HealthGood),
    };
    let mut line =
        Line::new().text(mark, look).gap(1).left(4, status.source.short(), Role::TextDim);
    if width >= ROOMY {
        line = line.left(9, status.host.as_str(), Role::TextDim);
    }
    let age = state.trader_age(trader);
    if fresh == Freshness::Unknown {
        return line.rest(format!("? no word for {}", format::age(age)), Role::HealthUnknown);
    }
    let plain = if fresh == Freshness::Stale { Role::TextDim } else { Role::TextNormal };
    let mode = if status.live { Role::TextStrong } else { plain };
    line = line.left(6, if status.live { "sends" } else { "dry" }, mode);
    for (text, role) in words(state, trader, width) {
        let role = if role == Role::TextNormal { plain } else { role };
        let next = line.clone().text(text, role).gap(2);
        // What is too long gives way to what is shorter; the gap may be cut.
        if next.width() <= usize::from(width) + 2 {
            line = next;
        }
    }
    line
}

/// The most important first.
fn words(state: &State, trader: &Trader, width: u16) -> Vec<(String, Role)> {
    let (status, short) = (&trader.value.status, width < ROOMY);
    let n = Role::TextNormal;
    let mut all = Vec::new();
    let run = if short { "next" } else { "next run" };
    match state.next_cycle(trader) {
        Some(Ok(left)) => all.push((format!("{run} in {}", whole(left)), n)),
        Some(Err(late)) if late > crate::state::traders::OVERDUE => {
            all.push((format!("LATE {}", format::age(late)), Role::HealthBad));
        }
        Some(Err(late)) => all.push((format!("{run} due {}", whole(late)), n)),
        None if trader.has_cycles() => all.push((format!("{run} not told"), n)),
        None => {}
    }
    if !status.safe {
        let whole = format!("denied: {}", status.why);
        let fits = !status.why.is_empty() && whole.chars().count() <= usize::from(width / 2);
        let text = if fits { whole } else { String::from("denied") };
        all.push((text, Role::SwitchBlocked));
    }
    // What is wrong comes before what is counted.
    if status.lost > 0 {
        all.push((format!("{} lost", format::count(status.lost)), Role::HealthStale));
    }
    let missed = state.missed(trader);
    if missed > 0 {
        all.push((format!("{} missed", format::count(missed)), Role::HealthStale));
    }
    let age = state.trader_age(trader);
    if state.trader_freshness(trader) == Freshness::Stale {
        all.push((format!("word {} old", format::age(age)), Role::HealthStale));
    }
    let ago = state.last_cycle(trader).map(format::age);
    let what = match (status.source, short) {
        (DecisionSource::Engine, false) => "decided",
        (DecisionSource::Engine, true) => "last",
        _ => "cycle",
    };
    all.push(match ago {
        Some(ago) if short => (format!("{what} {ago}"), n),
        Some(ago) => (format!("{what} {ago} ago"), n),
        None => (format!("no {what} yet"), n),
    });
    let orders = if status.orders == 1 { "order" } else { "orders" };
    let counts = [
        (status.orders, orders, "ord"),
        (status.blocked, "blocked", "blk"),
        (status.failed, "skipped", "skp"),
    ];
    for (count, long, brief) in counts {
        let word = if short { brief } else { long };
        all.push((format!("{} {word}", format::count(count)), n));
    }
    if status.safe && !status.why.is_empty() {
        all.push((status.why.to_string(), Role::TextDim));
    }
    for about in [&status.symbols, &status.strategy] {
        if !about.is_empty() {
            all.push((about.to_string(), Role::TextDim));
        }
    }
    all
}

/// Whole seconds, which do not jump: `12s`, `3m`.
fn whole(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..100 => format!("{s}s"),
        _ => format::age(time),
    }
}
