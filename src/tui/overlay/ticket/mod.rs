//! The order ticket over the panes: fields, remarks as they are typed, and
//! what the order would cost. Under its open guard it is the preview, with
//! the mode in large letters.
//!
//! `seen` takes from State what is known, `keys` types, `fields` and `preview`
//! draw. What an order is, and what it costs, is `control::ticket`'s.

mod fields;
mod keys;
mod preview;
mod seen;

pub use keys::press;
pub use seen::{seen, shown};

use super::guard;
use crate::control::ticket::{Draft, Preview, check};
use crate::domain::{LatchPhase, Mode, Symbol, Text};
use crate::event::{GuardPhase, GuardReport, GuardedVerb};
use crate::state::State;
use crate::tui::theme::Role;
use crate::tui::view::pen::{Line, Pen, fit};
use crate::tui::view::{Scene, words, wrap_most};
use ratatui::layout::Rect;

/// Widest box.
const WIDTH: u16 = 78;
/// Rows of the body below which nobody could read what is confirmed.
pub const LOWEST: u16 = 10;
/// Columns below which the same holds.
pub const NARROWEST: u16 = 38;
/// Inner columns from which a field has its remark beside it.
const WIDE: u16 = 60;

/// An open ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// What was typed.
    pub draft: Draft,
    /// What the operator has to know before the next key; empty for nothing.
    pub said: Text,
}

impl Ticket {
    /// An empty one, for `symbol` at `gateway` where they are known.
    #[must_use]
    pub fn new(gateway: u16, symbol: Option<&Symbol>) -> Self {
        Self { draft: Draft::new(gateway, symbol), said: Text::default() }
    }
}

/// Draws it over `body`; under its open guard it is drawn by [`review`].
pub fn draw(pen: &mut Pen<'_>, body: Rect, scene: Scene<'_>, ticket: &Ticket) {
    let state = scene.state;
    let seen = seen(state, &ticket.draft);
    let checked = check(&ticket.draft, &seen);
    let width = WIDTH.min(body.width);
    let inner = width.saturating_sub(4);
    let mut lines = banner(seen.mode, inner, 1);
    if inner >= WIDE {
        lines.extend(fields::tall(pen, &ticket.draft, &seen, &checked, inner));
    } else {
        lines.extend(fields::short(pen, ticket, &seen, &checked, inner));
    }
    if let Some(order) = &checked.order {
        lines.push((6, Line::new()));
        lines.extend(preview::lines(&Preview::of(order, &seen), &seen, order, inner));
    }
    lines.extend(remarks(state, ticket, inner));
    lines.push((7, Line::new()));
    lines.push((5, keys()));
    let title = Line::new().text(" Order ticket ", Role::TitleFocus);
    boxed(pen, body, width, &title, Role::BorderFocus, lines);
}

/// What the second key will send, under the open guard.
pub fn review(pen: &mut Pen<'_>, body: Rect, scene: Scene<'_>, guard: &GuardReport) {
    let state = scene.state;
    let width = WIDTH.min(body.width);
    let inner = width.saturating_sub(4);
    let mut lines = Vec::new();
    if let Some(ticket) = &scene.ui.ticket {
        let seen = seen(state, &ticket.draft);
        lines.extend(banner(seen.mode, inner, 3));
        if let Some(order) = check(&ticket.draft, &seen).order {
            let preview = Preview::of(&order, &seen);
            let to = state.session.gateways.get(usize::from(ticket.draft.gateway));
            lines.extend(preview::sentence(&order, &preview, &seen, to, inner));
            lines.push((6, Line::new()));
            lines.extend(preview::lines(&preview, &seen, &order, inner));
        }
        lines.extend(refused(state, ticket, inner));
        lines.push((6, Line::new()));
    }
    let key = format!(" {} ", scene.hints.confirm);
    let what = match guard.phase {
        GuardPhase::TooEarly => "too early: press it again",
        _ => "sends it, other keys stand down",
    };
    let role = Role::GuardOther;
    lines.push((0, Line::new().text(key, role).gap(2).rest(what, Role::TextStrong)));
    lines.push((1, guard::countdown(pen, guard, scene)));
    let title = Line::new().text(format!(" {} ", guard.verb), role);
    boxed(pen, body, width, &title, role, lines);
}

/// Whether the guard of the ticket is open.
#[must_use]
pub fn is_reviewed(state: &State) -> bool {
    state.guard_open().is_some_and(|guard| guard.verb == GuardedVerb::Order)
}

type Ranked<'a> = Vec<(u8, Line<'a>)>;

fn boxed(
    pen: &mut Pen<'_>,
    body: Rect,
    width: u16,
    title: &Line<'_>,
    border: Role,
    lines: Ranked<'_>,
) {
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inner = super::frame(pen, body, width, height, title, border);
    pen.lines(inner, &fit(lines, inner.height));
}

/// The mode in large letters, on its own ground.
fn banner<'a>(mode: Mode, width: u16, rows: u16) -> Ranked<'a> {
    let role = words::mode(mode);
    let mut large = String::new();
    for letter in mode.word().chars() {
        large.push(letter);
        large.push(' ');
    }
    let large = large.trim_end().to_owned();
    let wide = u16::try_from(large.len()).unwrap_or(u16::MAX);
    let word = Line::new().gap(width.saturating_sub(wide) / 2).text(large, role).on(role);
    match rows {
        0 | 1 => vec![(0, word)],
        _ => vec![(5, Line::new().on(role)), (0, word), (5, Line::new().on(role))],
    }
}

/// What was said last, and what keeps every order from passing.
fn remarks<'a>(state: &State, ticket: &Ticket, width: u16) -> Ranked<'a> {
    let mut lines = Vec::new();
    let mut put = |text: &str, role: Role| {
        let rows = wrap_most(text, width, 2).into_iter();
        lines.extend(rows.map(|row| (0, Line::new().rest(row, role))));
    };
    if !ticket.said.is_empty() {
        put(ticket.said.as_str(), Role::HealthBad);
        return lines;
    }
    let phase = state.breaker_phase();
    if phase != LatchPhase::Safe {
        let reason = &state.latch.value.reason;
        let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        put(&format!("orders are denied now: {}{because}", phase.word()), Role::SwitchBlocked);
    }
    lines.extend(refused(state, ticket, width));
    lines
}

/// That the gateway it goes to remembers a kill.
fn refused<'a>(state: &State, ticket: &Ticket, width: u16) -> Ranked<'a> {
    let name = state.gateway_name(ticket.draft.gateway);
    if !state.refusing().contains(&name) {
        return Vec::new();
    }
    let text = format!("{name} remembers a kill and refuses orders: crs gateway reset");
    let rows = wrap_most(&text, width, 2).into_iter();
    rows.map(|row| (0, Line::new().rest(row, Role::HealthStale))).collect()
}

fn keys<'a>() -> Line<'a> {
    let mut line = Line::new();
    for (key, what) in [("Tab", "next"), ("Enter", "preview"), ("Esc", "close")] {
        line = line.text(key, Role::Key).gap(1).dim(what).gap(2);
    }
    line
}
