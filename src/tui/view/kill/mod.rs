//! The kill panel: what the gateways claim against what was observed, every
//! step with its time since the key, who survives, and what to do now.
//!
//! An acknowledgement is a claim: it has a mark and a look of its own, and
//! nothing here looks done until three reads have proven it.

pub mod advice;
pub mod idle;
pub mod steps;

use super::more;
use super::pen::{Line, Pen, fit_counted};
use super::{Scene, format, words};
use crate::domain::{GatewayPhase, Intent, KillProgress, Money};
use crate::state::switch::{KillStanding, standing};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::Pane;
use ratatui::layout::Rect;

/// Inner columns from which steps and findings stand side by side.
const TWO_COLUMNS: u16 = 74;
/// Columns of the steps when they do.
const STEPS: u16 = 36;

/// Lines with the rank by which they are left out.
pub type Ranked<'a> = Vec<(u8, Line<'a>)>;

/// Draws the pane; where the proof of flat is shown, what that tells is not
/// told twice.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>, proof: bool) {
    let state = scene.state;
    let worst = state.kills.values().min_by_key(|k| standing(&k.value)).map(|k| &k.value);
    let Some(lead) = worst.filter(|_| state.kills_over.is_none()) else {
        let look =
            if state.latch.value.phase.is_engaged() { Role::BorderAlarm } else { Role::TextDim };
        let inner = scene.frame(pen, Pane::Kill, area, "", look);
        let lines = idle::lines(scene, (inner.width, inner.height), pen.glyphs());
        let left_out = put(pen, inner, lines);
        more::left_out(pen, area, left_out);
        return;
    };
    let since = state.engagement.as_ref().map(|e| format::age(state.age(e.since)));
    let from = if steps::is_elsewhere(lead) { "since it was heard of" } else { "since the key" };
    let note = since.map_or_else(String::new, |age| format!("{age:>5} {from}"));
    let look =
        if standing(lead) == KillStanding::Alarm { Role::BorderAlarm } else { Role::TextDim };
    let inner = scene.frame(pen, Pane::Kill, area, &note, look);
    let g = pen.glyphs();
    if inner.width < TWO_COLUMNS {
        let mut lines = head(scene, lead, inner.width, g);
        let mut found = findings(scene, lead, inner.width, g, proof);
        // What happened comes before what to do about it.
        let at = found.iter().position(|(rank, _)| *rank == SURVIVOR).unwrap_or(found.len());
        let tail = found.split_off(at.min(found.len()));
        lines.extend(found);
        lines.extend(steps::lines(lead, g));
        lines.extend(tail);
        let left_out = put(pen, inner, leading_back(lines, scene, lead, inner));
        more::left_out(pen, area, left_out);
        return;
    }
    let top = head(scene, lead, inner.width, g);
    let rows = u16::try_from(top.len()).unwrap_or(0).min(inner.height);
    let mut left_out = put(pen, Rect { height: rows, ..inner }, top);
    let below = Rect { y: inner.y + rows, height: inner.height - rows, ..inner };
    let right = Rect { x: below.x + STEPS + 2, width: below.width - STEPS - 2, ..below };
    left_out += put(pen, Rect { width: STEPS, ..below }, steps::lines(lead, g));
    let found = findings(scene, lead, right.width, g, proof);
    left_out += put(pen, right, leading_back(found, scene, lead, right));
    more::left_out(pen, area, left_out);
}

/// Draws what fits; how many lines did not.
fn put(pen: &mut Pen<'_>, area: Rect, lines: Ranked<'_>) -> usize {
    let (shown, left_out) = fit_counted(lines, area.height);
    pen.lines(area, &shown);
    left_out
}

/// With what leads back at the end, once nothing is under way any more.
fn leading_back<'a>(
    lines: Ranked<'a>,
    scene: Scene<'a>,
    lead: &KillProgress,
    area: Rect,
) -> Ranked<'a> {
    if standing(lead) < KillStanding::StoodDown {
        return lines;
    }
    let end = lines.len();
    advice::with_way(lines, end, scene, (area.width, area.height))
}

/// Rank of a survivor's line.
const SURVIVOR: u8 = 1;

/// The switch, then a line for each target, then who obeys.
fn head<'a>(scene: Scene<'a>, lead: &'a KillProgress, width: u16, g: &Glyphs) -> Ranked<'a> {
    // The driver knows of the latch before this process sees it.
    let seen = scene.state.breaker_phase();
    let latch = words::breaker(if seen.is_engaged() { seen } else { lead.latch }, g);
    // The strip shows the switch too: without room the targets come first.
    let mut lines = vec![(
        2,
        Line::new()
            .text(format!("{} {} ", latch.mark, latch.word), latch.role)
            .gap(1)
            .text(lead.intent.word(), Role::TextStrong)
            .end(format!("by {}", lead.driver), Role::TextDim),
    )];
    for kill in scene.state.kills.values().map(|k| &k.value) {
        let mut badge = words::kill(kill.phase, g);
        if kill.intent == Intent::Block {
            badge.word = "nothing was sent";
        }
        let mut line = Line::new()
            .left(9, kill.gateway.as_str(), Role::TextNormal)
            .text(badge.mark, badge.role)
            .gap(1)
            .text(badge.word, badge.role);
        if kill.attempts > 1 {
            line = line.end(format!("attempt {}", kill.attempts), Role::TextDim);
        }
        lines.push((u8::from(kill != lead), line));
    }
    lines.extend(super::obey::summary(scene.state, width, g));
    lines
}

/// Claim, observation, survivors, what can't be known, what to do.
fn findings<'a>(
    scene: Scene<'a>,
    lead: &'a KillProgress,
    width: u16,
    g: &Glyphs,
    proof: bool,
) -> Ranked<'a> {
    if proof {
        return advice::card_lines(scene, lead, width);
    }
    let mut lines = Vec::new();
    // Who was asked nothing claims nothing.
    if lead.intent == Intent::Kill && lead.phase != GatewayPhase::NotV1 {
        lines.push((0, claimed(lead, g)));
        lines.push((0, observed(lead, g)));
        lines.extend(booked(scene, lead, width).map(|line| (1, line)));
    }
    if !lead.note.is_empty() {
        let rows = super::wrap_most(lead.note.as_str(), width, 2).into_iter();
        lines.extend(rows.map(|row| (3, Line::new().rest(row, Role::TextNormal))));
    }
    for survivor in &lead.survivors {
        let line = Line::new()
            .text(g.bad, Role::KillPartial)
            .right(11, survivor.ticket.to_string(), Role::KillPartial)
            .gap(1)
            .left(7, survivor.symbol.as_str(), Role::TextNormal)
            .left(5, survivor.side.word(), Role::TextNormal)
            .right(5, survivor.lots.text(2), Role::TextNormal)
            .gap(1)
            .rest(survivor.doing.as_str(), Role::TextDim);
        lines.push((SURVIVOR, line));
    }
    lines.extend(advice::pending_lines(scene, 0, width));
    lines.extend(advice::now_lines(lead, width));
    lines.extend(advice::card_lines(scene, lead, width));
    lines
}

/// What the balance became, by the reads before and after; no claim of the gateway.
/// Where both have no room, what was booked stands alone: half a number is a lie.
pub(super) fn booked<'a>(scene: Scene<'_>, lead: &KillProgress, width: u16) -> Option<Line<'a>> {
    let (before, after) = scene.state.booked(lead)?;
    let (became, by) = booked_words(before, after);
    let line = Line::new().left(9, "balance", Role::TextDim);
    if line.width() + became.len() + by.len() > usize::from(width) {
        let by = by.trim_start_matches(", ").to_owned();
        return Some(line.rest(by, Role::TextStrong));
    }
    Some(line.text(became, Role::TextNormal).rest(by, Role::TextStrong))
}

/// `100,000.00 to 100,123.45` and `, booked +123.45`.
#[must_use]
pub fn booked_words(before: Money, after: Money) -> (String, String) {
    let money = |money: Money| format::grouped(&money.text(2));
    let by = after.minus(before);
    let sign = if by.raw() > 0 { "+" } else { "" };
    (format!("{} to {}", money(before), money(after)), format!(", booked {sign}{}", money(by)))
}

fn claimed<'a>(lead: &KillProgress, g: &Glyphs) -> Line<'a> {
    let line = Line::new().left(9, "claimed", Role::TextDim);
    match lead.claimed {
        None => line.text(g.flat, Role::TextDim).dim(" nothing yet"),
        Some((closed, total)) => line
            .text(g.claim, Role::KillClaimed)
            .text(format!(" {closed} of {total} closed"), Role::KillClaimed),
    }
}

fn observed<'a>(lead: &KillProgress, g: &Glyphs) -> Line<'a> {
    let line = Line::new().left(9, "observed", Role::TextDim);
    let Some(poll) = &lead.last_poll else {
        return line.text(g.flat, Role::TextDim).dim(" not looked yet");
    };
    let margin = match poll.margin_zero {
        Some(true) => ", no margin used",
        Some(false) => ", margin used",
        None => ", margin ?",
    };
    match poll.positions {
        None => line
            .text(g.unknown, Role::HealthBad)
            .text(format!(" a read that can't be trusted{margin}"), Role::HealthBad),
        Some(0) if poll.margin_zero == Some(true) => {
            line.text(g.good, Role::HealthGood).text(format!(" 0 open{margin}"), Role::TextStrong)
        }
        Some(0) => {
            line.text(g.unknown, Role::HealthBad).text(format!(" 0 open{margin}"), Role::HealthBad)
        }
        Some(n) => line
            .text(g.bad, Role::KillPartial)
            .text(format!(" {n} open{margin}"), Role::KillPartial),
    }
}
