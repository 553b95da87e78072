//! The orders of this console: on their way, filled, refused, or UNKNOWN until
//! reads tell. An outcome stays for a minute, an UNKNOWN one until it is none.

use super::WIDE;
use crate::domain::{OrderFate, Text};
use crate::event::{CommandPhase, CommandReport};
use crate::state::{Aged, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::view::pen::Line;
use crate::tui::view::{format, wrap};
use ratatui::layout::Rect;
use std::time::Duration;

/// How a command that opens a position begins.
const OPENS: &str = "OPEN_ORDER ";
/// How long an outcome is shown.
const TOLD: Duration = Duration::from_mins(1);

/// What is shown of one order.
struct Told {
    mark: &'static str,
    role: Role,
    text: String,
}

/// Whether the order of this id has a line here.
pub(super) fn tells(state: &State, id: &Text) -> bool {
    shown(state).any(|order| order.value.req_id == *id)
}

/// The newest orders, at most a quarter of the pane: the positions come first.
/// One alone has two rows, where there are that many.
pub(super) fn lines<'a>(state: &State, inner: Rect, g: &'static Glyphs) -> Vec<Line<'a>> {
    let room = if inner.width < WIDE { 1 } else { usize::from(inner.height / 4).max(1) };
    let orders: Vec<_> = shown(state).take(room).collect();
    let rows = if orders.len() == 1 { room.min(2) } else { 1 };
    let mut lines = Vec::new();
    for order in orders {
        let told = told(state, order, g);
        let mut text = format!("{} ORDER {}", told.mark, told.text);
        if rows == 2 {
            let mut wrapped = wrap(&text, inner.width).into_iter();
            let first = wrapped.next().unwrap_or_default();
            lines.push(Line::new().rest(first, told.role));
            text = wrapped.collect::<Vec<_>>().join(" ");
        }
        if !text.is_empty() {
            lines.push(Line::new().rest(text, told.role));
        }
    }
    lines
}

/// Newest first. What nobody knows stands above what is known.
fn shown(state: &State) -> impl Iterator<Item = &Aged<CommandReport>> {
    let all = || {
        let newest = state.commands.iter().rev();
        newest.filter(|command| command.value.what.as_str().starts_with(OPENS))
    };
    let unknown = |order: &&Aged<CommandReport>| {
        order.value.phase == CommandPhase::Unknown && state.settled(&order.value.req_id).is_none()
    };
    let told = move |order: &&Aged<CommandReport>| {
        let since = match state.settled(&order.value.req_id) {
            Some(settled) => settled.at,
            None => order.at,
        };
        order.value.phase == CommandPhase::Sent || state.age(since) < TOLD
    };
    all().filter(unknown).chain(all().filter(move |o| !unknown(o)).filter(told))
}

fn told(state: &State, order: &Aged<CommandReport>, g: &'static Glyphs) -> Told {
    let CommandReport { req_id, what, phase, note } = &order.value;
    let what = what.as_str().strip_prefix(OPENS).unwrap_or_default();
    let what = what.split_once(" lots").map_or(what, |(short, _)| short);
    let note = note.as_str();
    let age = format::age(state.age(order.at));
    let told = |mark, role, text| Told { mark, role, text };
    match (phase, state.settled(req_id)) {
        (CommandPhase::Unknown, Some(settled)) => match settled.came {
            Some(ticket) => {
                let text = format!("came as {ticket}, it was UNKNOWN: {what}");
                told(g.check, Role::HealthStale, text)
            }
            None => told(
                g.flat,
                Role::TextNormal,
                format!("left no position, by reads 30 s later: {what}"),
            ),
        },
        (CommandPhase::Sent, _) => told(g.claim, Role::Accent, format!("sending {age}: {what}")),
        (CommandPhase::Done, _) => told(g.check, Role::HealthGood, format!("{note}: {what}")),
        (CommandPhase::Failed, _) => told(g.bad, Role::HealthBad, format!("{note} ({what})")),
        (CommandPhase::Denied, _) => {
            let why = note.strip_prefix("denied: ").unwrap_or(note);
            told(g.bad, Role::HealthBad, format!("DENIED, not sent: {why} ({what})"))
        }
        (CommandPhase::Unknown, None) => {
            let mut news = state.orders.orders.iter().rev();
            let claimed = news.any(|o| o.value.id == *req_id && o.value.fate == OrderFate::Done);
            if claimed {
                let text = format!("CLAIMED {age}, nothing proves it: {what}; {note}");
                return told(g.claim, Role::HealthBad, text);
            }
            let text = format!("UNKNOWN {age}, it may have happened, never sent again: {what}");
            told(g.unknown, Role::HealthBad, text)
        }
    }
}
