//! The orders of this console: on their way, filled, refused, or UNKNOWN until
//! reads tell. An outcome stays for a minute, an UNKNOWN one until it is none.

use super::{TALL, WIDE};
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
/// Orders shown where there is room.
const MOST: usize = 3;

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

/// The newest orders, one or two rows each; a single row where rows are rare.
pub(super) fn lines<'a>(state: &State, inner: Rect, g: &'static Glyphs) -> Vec<Line<'a>> {
    let roomy = inner.height >= TALL && inner.width >= WIDE;
    let (most, rows) = if roomy { (MOST, 2) } else { (1, 1) };
    let mut lines = Vec::new();
    for order in shown(state).take(most) {
        let told = told(state, order, g);
        let text = format!("{} ORDER {}", told.mark, told.text);
        if rows == 1 {
            lines.push(Line::new().rest(text, told.role));
            continue;
        }
        let wrapped = wrap(&text, inner.width);
        let rest = wrapped.len().saturating_sub(rows);
        for (n, row) in wrapped.into_iter().take(rows).enumerate() {
            let cut = if rest > 0 && n + 1 == rows { g.ellipsis } else { "" };
            lines.push(Line::new().rest(format!("{row}{cut}"), told.role));
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
    let age = format::age(state.age(order.at));
    let told = |mark, role, text| Told { mark, role, text };
    match (phase, state.settled(req_id)) {
        (CommandPhase::Unknown, Some(settled)) => match settled.came {
            Some(ticket) => {
                let text = format!("came as {ticket}, it was UNKNOWN: {what}");
                told(g.check, Role::HealthStale, text)
            }
            None => told(g.flat, Role::TextNormal, format!("did not happen, by reads: {what}")),
        },
        (CommandPhase::Sent, _) => told(g.claim, Role::Accent, format!("sending {age}: {what}")),
        (CommandPhase::Done, _) => told(g.check, Role::HealthGood, format!("{note}: {what}")),
        (CommandPhase::Failed, _) => {
            told(g.bad, Role::HealthBad, format!("refused: {note} ({what})"))
        }
        (CommandPhase::Denied, _) => {
            told(g.bad, Role::HealthBad, format!("DENIED, not sent: {note} ({what})"))
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
