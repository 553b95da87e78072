//! Proof of flat: for each gateway what it claims against what was observed,
//! who survives, what is being done, and what the operator should do now.
//!
//! A claim stands in a column of its own, never in that of the verdict. What
//! v1.0 can't tell is said each time, and so is who was sent nothing.

mod open;
mod orders;
mod row;

use super::kill::{Ranked, advice, idle};
use super::more;
use super::pen::{Line, Pen, fit_counted};
use super::{Scene, format, wrap};
use crate::domain::{GatewayPhase, Intent, KillProgress, Position};
use crate::state::State;
use crate::state::switch::{KillStanding, standing};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::Pane;
use open::Open;
pub(in crate::tui::view) use open::owner;
pub(in crate::tui::view) use orders::said;
use ratatui::layout::Rect;

/// Inner columns from which a gateway is one row.
const WIDE: u16 = 66;
/// Rows that the list of positions gets at least.
const LEAST: usize = 3;

/// Draws the pane; `alone` says that the kill panel is not beside it.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>, alone: bool) {
    let (state, g) = (scene.state, pen.glyphs());
    let lead = lead(state);
    let since = state.engagement.as_ref().filter(|_| lead.is_some());
    let note = since.map_or_else(String::new, |engagement| {
        format!("{:>5} since the key", format::age(state.age(engagement.since)))
    });
    let alarm = lead.is_some_and(|kill| standing(kill) == KillStanding::Alarm);
    let look = if alarm { Role::BorderAlarm } else { Role::TextDim };
    let inner = scene.frame(pen, Pane::Proof, area, &note, look);
    let mut above = top(scene, lead, inner.width, g);
    let below = bottom(scene, lead, inner.width, g, alone);
    let open = open::listed(state, lead);
    // The list has what the first two ranks leave; where that is next to
    // nothing, what only the first leaves.
    let room = |ranks: u8| {
        let kept = above.iter().chain(&below).filter(|(rank, _)| *rank < ranks).count();
        usize::from(inner.height).saturating_sub(kept)
    };
    let room = room(2).max(room(1).min(LEAST));
    let list = list(scene, &open, inner.width, room, g);
    above.extend(list);
    above.extend(below);
    let (shown, left_out) = fit_counted(above, inner.height);
    pen.lines(inner, &shown);
    more::left_out(pen, area, left_out);
}

/// How many positions the list has, for scrolling.
#[must_use]
pub fn rows(state: &State) -> usize {
    open::listed(state, lead(state)).len()
}

/// The target of the running kill that is worst off.
fn lead(state: &State) -> Option<&KillProgress> {
    let kills = state.kills.values().map(|kill| &kill.value);
    kills.min_by_key(|kill| standing(kill)).filter(|_| state.kills_over.is_none())
}

fn top<'a>(scene: Scene<'a>, lead: Option<&'a KillProgress>, width: u16, g: &Glyphs) -> Ranked<'a> {
    let state = scene.state;
    let mut lines = Vec::new();
    if width >= WIDE {
        lines.push((3, row::header()));
    }
    for (index, gateway) in (0_u16..).zip(&state.session.gateways) {
        let kill = state.kills.values().map(|kill| &kill.value);
        let kill = kill.filter(|_| lead.is_some()).find(|kill| kill.gateway == gateway.name);
        lines.extend(row::lines(state, index, kill, width, g));
    }
    let why = if width < WIDE { "" } else { ", v1.0 can't list them" };
    lines.push((0, Line::new().dim(format!("pending orders: not verifiable{why}"))));
    let placed = state.placed_words().map(|text| wrap(&text, width)).unwrap_or_default();
    lines.extend(placed.into_iter().map(|row| (0, Line::new().rest(row, Role::HealthStale))));
    lines.extend(
        lead.and_then(|kill| super::kill::booked(scene, kill, width)).map(|line| (1, line)),
    );
    if let Some((text, role)) = open::left_alone(state, lead) {
        let rows = wrap(&text, width).into_iter();
        lines.extend(rows.map(|row| (0, Line::new().rest(row, role))));
    }
    lines
}

fn list<'a>(
    scene: Scene<'a>,
    open: &[Open<'a>],
    width: u16,
    room: usize,
    g: &Glyphs,
) -> Ranked<'a> {
    if open.is_empty() || room == 0 {
        return Vec::new();
    }
    let headed = room >= LEAST;
    let rows = room - usize::from(headed);
    let fits = open.len() <= rows;
    // What does not fit is counted, in a row of its own.
    let shown = if fits { rows } else { rows - 1 };
    let window = scene.window(Pane::Proof, open.len(), u16::try_from(shown).unwrap_or(u16::MAX));
    let left = open.len().saturating_sub(window.len());
    let focused = scene.ui.focus == Pane::Proof;
    let chosen = scene.ui.row(Pane::Proof).min(open.len().saturating_sub(1));
    let mut lines = Vec::new();
    lines.extend(headed.then(|| (0, open::header(width))));
    let part = open.iter().enumerate().take(window.end).skip(window.start);
    lines.extend(part.map(|(at, one)| {
        let line = one.line(width, g);
        (0, if focused && at == chosen && !fits { line.on(Role::Selection) } else { line })
    }));
    if left > 0 {
        let text = if shown == 0 { format!("{left} open") } else { format!("and {left} more") };
        lines.push((0, Line::new().gap(2).text(text, Role::TextStrong)));
    }
    lines
}

fn bottom<'a>(
    scene: Scene<'a>,
    lead: Option<&'a KillProgress>,
    width: u16,
    g: &Glyphs,
    alone: bool,
) -> Ranked<'a> {
    let mut lines = orders::lines(scene.state, width, g);
    let Some(kill) = lead else {
        lines.push((1, Line::new().dim("no kill and no BLOCK is in force")));
        let engaged = super::engaged(scene.state);
        let now = idle::now(scene.state.breaker_phase()).filter(|_| engaged);
        let rows = now.map(|text| wrap(text, width)).unwrap_or_default();
        lines.extend(rows.into_iter().map(|row| (0, Line::new().rest(row, Role::TextStrong))));
        return lines;
    };
    lines.extend(unheard(scene.state, width));
    lines.extend(advice::now_lines(kill, width));
    if alone {
        lines.extend(advice::card_lines(scene, kill, width));
    }
    lines
}

/// Consumers of the latch that said nothing: the proof is none about them.
fn unheard<'a>(state: &State, width: u16) -> Ranked<'a> {
    let rows = state.obedience();
    let silent = rows.iter().filter(|row| !row.is_known() && row.consumer.as_str() != "agent");
    let names: Vec<&str> = silent.map(|row| row.consumer.as_str()).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let text = format!("no evidence of obeying: {}", names.join(", "));
    wrap(&text, width).into_iter().map(|row| (3, Line::new().dim(row))).collect()
}

/// Whether this kill may close what is open.
const fn closes(kill: &KillProgress) -> bool {
    matches!(kill.intent, Intent::Kill)
        && !matches!(kill.phase, GatewayPhase::NotV1 | GatewayPhase::StoodDown)
}

/// The open positions of one gateway, as the console's own polls have them.
fn read(state: &State, gateway: u16) -> &[Position] {
    let pane = state.gateway(gateway).and_then(|pane| pane.positions.as_ref());
    pane.map_or(&[], |read| &read.value)
}
