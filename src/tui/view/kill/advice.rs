//! What the operator should do now, in words, for every way a kill can stand.

use super::Ranked;
use crate::config::Card;
use crate::domain::{GatewayPhase, Intent, KillProgress, LatchPhase};
use crate::tui::theme::Role;
use crate::tui::view::pen::Line;
use crate::tui::view::{Scene, is_whole, wrap};

/// Columns of the card's labels.
const LABEL: u16 = 12;

/// The advice.
#[must_use]
pub fn now_lines<'a>(kill: &KillProgress, width: u16) -> Ranked<'a> {
    let (text, loud) = now(kill);
    let role = if loud { Role::KillPartial } else { Role::TextStrong };
    let rows = wrap(&format!("NOW: {text}"), width);
    rows.into_iter().map(|row| (0, Line::new().rest(row, role))).collect()
}

/// The out-of-band card, where it is needed.
#[must_use]
pub fn card_lines<'a>(scene: Scene<'a>, kill: &KillProgress, width: u16) -> Ranked<'a> {
    let mut lines = Vec::new();
    if kill.needs_card() && scene.hints.card.is_empty() {
        let rows = wrap(Card::NONE, width).into_iter();
        lines.extend(rows.map(|row| (2, Line::new().rest(row, Role::TextNormal))));
    } else if kill.needs_card() {
        for (label, words) in &scene.hints.card {
            // Half a telephone number is none.
            let rows = wrap(words.as_str(), width.saturating_sub(LABEL)).into_iter();
            lines.extend(rows.enumerate().map(|(at, row)| {
                let label = if at == 0 { label.as_str() } else { "" };
                let line = Line::new().left(LABEL, label, Role::TextDim);
                (2, line.rest(row, Role::TextNormal))
            }));
        }
    }
    lines
}

/// Pending orders, which no read can list, and those that were placed from here.
#[must_use]
pub fn pending_lines<'a>(scene: Scene<'_>, rank: u8, width: u16) -> Ranked<'a> {
    let mut lines = vec![(rank, Line::new().dim("pending orders: not verifiable"))];
    let words = scene.state.placed_words().unwrap_or_default();
    let rows = wrap(&words, width).into_iter().filter(|row| !row.is_empty());
    lines.extend(rows.map(|row| (rank, Line::new().rest(row, Role::HealthStale))));
    lines
}

/// Rank of the way back.
const WAY: u8 = 5;
/// Columns of a step's number.
const NUMBER: u16 = 2;

/// Puts the commands that lead back, for a stop that is not under way any more,
/// into `lines` at `at`: all of them, or a line that says where they are. A part
/// of a recipe looks like the whole of it, and half a path is another one.
#[must_use]
pub fn with_way<'a>(
    mut lines: Ranked<'a>,
    at: usize,
    scene: Scene<'a>,
    (width, height): (u16, u16),
) -> Ranked<'a> {
    let steps = scene.hints.way_back.steps(scene.state.tells_memory());
    if steps.is_empty() {
        return lines;
    }
    let at = at.min(lines.len());
    // Of its own rank the last lines go first: what is behind it makes room.
    let stays = |(n, (rank, _)): (usize, &(u8, Line<'_>))| *rank < WAY || (*rank == WAY && n < at);
    let before = lines.iter().enumerate().filter(|line| stays(*line)).count();
    let whole = recipe(&steps, width);
    let whole = whole.filter(|rows| before + rows.len() <= usize::from(height));
    let way = whole.map_or_else(
        || vec![(0, Line::new().dim("the way back: ").rest(":reset", Role::TextStrong))],
        |rows| rows.into_iter().map(|row| (WAY, row)).collect(),
    );
    lines.splice(at..at, way);
    lines
}

/// The steps, each with its number; none where a word has no room.
fn recipe<'a>(steps: &[&str], width: u16) -> Option<Vec<Line<'a>>> {
    let room = width.saturating_sub(NUMBER);
    let mut lines = vec![Line::new().dim("when it is over, in a shell:")];
    for (number, step) in (1..).zip(steps) {
        if !is_whole(step, room) {
            return None;
        }
        for (n, row) in wrap(step, room).into_iter().enumerate() {
            let number = if n == 0 { format!("{number}") } else { String::new() };
            let line = Line::new().left(NUMBER, number, Role::TextNormal);
            lines.push(line.rest(row, Role::TextNormal));
        }
    }
    Some(lines)
}

/// What to do now in one command: itself where it has room, else where it is.
pub(super) fn step_now(step: &str, then: &str, width: u16) -> Vec<String> {
    if is_whole(step, width) {
        return wrap(&format!("NOW: {step}{then}"), width);
    }
    wrap(&format!("NOW: :reset has the command{then}"), width)
}

/// One sentence or two, and whether it is urgent.
#[must_use]
pub const fn now(kill: &KillProgress) -> (&'static str, bool) {
    if matches!(kill.latch, LatchPhase::NotDurable) {
        return (
            "the latch holds but is not on disk: keep this host running and see to its disk",
            true,
        );
    }
    if matches!(kill.intent, Intent::Block) {
        return ("new orders are denied, positions stay. Kill, or reset when it is over", false);
    }
    match kill.phase {
        GatewayPhase::Idle => ("wait: the first attempt is about to go out", false),
        GatewayPhase::Sending { .. } => ("wait: the gateway has not answered yet", false),
        GatewayPhase::Unconfirmed => {
            ("no valid answer, attempts go on: act by hand as the card says", true)
        }
        GatewayPhase::Acked => ("wait: three reads must agree with the claim", false),
        GatewayPhase::Partial if kill.survivors.is_empty() => {
            ("flat is not proven, attempts go on: look at the broker's own screen", true)
        }
        GatewayPhase::Partial => ("survivors are being closed; close by hand what stays", true),
        GatewayPhase::Verified => {
            ("nothing; flat is proven and watched, the latch holds until crs reset", false)
        }
        GatewayPhase::NotV1 => {
            ("not a v1.0 gateway, KILL_SWITCH was not sent: act by hand as the card says", true)
        }
        GatewayPhase::StoodDown => {
            ("flat is NOT proven, attempts were ended: check at the broker", true)
        }
    }
}
