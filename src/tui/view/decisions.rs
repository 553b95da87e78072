//! What automatic traders decided, what was done, and why not.

use super::Scene;
use super::format;
use super::pen::{Line, Pen};
use crate::domain::{Decision, DecisionSource, Probabilities, Ratio, Side};
use crate::state::{Aged, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Pane, Ui, passes};
use ratatui::layout::Rect;
use std::fmt::Write as _;

/// Columns of the probabilities' bar.
const BAR: u16 = 10;
/// One in [`Ratio`]'s units.
const ONE: i64 = 10_000;

/// Inner rows from which the selected decision is told in full.
const TALL: u16 = 5;
/// Rows of that, at most.
const DETAIL: usize = 3;

/// The decisions that pass the filter, oldest first.
#[must_use]
pub fn listed<'a>(state: &'a State, ui: &Ui) -> Vec<&'a Aged<Decision>> {
    let filter = ui.filter(Pane::Decisions);
    let side = |d: &Decision| d.side.map_or("HOLD", Side::word);
    let passing = |d: &&Aged<Decision>| {
        let d = &d.value;
        let texts = [d.symbol.as_str(), side(d), d.action.as_str(), d.why.as_str()];
        passes(filter, texts)
    };
    state.decisions.iter().filter(passing).collect()
}

/// Draws the pane; below the rows stands the whole reason of the selected one,
/// which is the newest until another is chosen.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let (state, ui) = (scene.state, scene.ui);
    let all = listed(state, ui);
    let back = ui.row(Pane::Decisions).min(all.len().saturating_sub(1));
    let note = if back > 0 { format!("{back} newer below") } else { String::new() };
    let note = (note, Role::Accent);
    let note = scene.filtered(Pane::Decisions, all.len(), state.decisions.len(), note);
    let inner = scene.frame(pen, Pane::Decisions, area, &note.0, note.1);
    if all.is_empty() {
        // What a filter hides was heard.
        let silent = state.decisions.is_empty();
        let why = if silent { "no decision heard" } else { "no decision passes the filter" };
        pen.line(inner, &Line::new().dim(why));
        return;
    }
    let wide = inner.width >= 66;
    pen.line(inner, &header(wide));
    let chosen = all.len() - 1 - back;
    let detail = match all.get(chosen) {
        Some(one) if inner.height >= TALL => detail(&one.value, inner.width),
        _ => Vec::new(),
    };
    let kept = u16::try_from(detail.len()).unwrap_or(0);
    let height = inner.height.saturating_sub(1 + kept);
    let table = Rect { y: inner.y + 1, height, ..inner };
    let window = scene.window(Pane::Decisions, all.len(), height);
    let mut lines = Vec::new();
    for (at, d) in all.iter().enumerate().take(window.end).skip(window.start) {
        let line = row(&d.value, d.at.utc.hms(), wide, pen.glyphs(), at == chosen);
        let picked = ui.focus == Pane::Decisions && at == chosen;
        lines.push(if picked { line.on(Role::Selection) } else { line });
    }
    pen.lines(table, &lines);
    // At the bottom, where it is looked for.
    pen.lines(Rect { y: inner.bottom() - kept, height: kept, ..inner }, &detail);
}

/// The decision whose row is at `y`, counted back from the newest.
#[must_use]
pub fn at(area: Rect, y: u16, scene: Scene<'_>) -> Option<usize> {
    let all = listed(scene.state, scene.ui);
    let inner = super::pen::inside(area);
    let back = scene.ui.row(Pane::Decisions).min(all.len().saturating_sub(1));
    let chosen = all.len().checked_sub(1 + back)?;
    let kept = match all.get(chosen) {
        Some(one) if inner.height >= TALL => detail(&one.value, inner.width).len(),
        _ => 0,
    };
    let height = inner.height.saturating_sub(1 + u16::try_from(kept).unwrap_or(0));
    let window = scene.window(Pane::Decisions, all.len(), height);
    let down = y.checked_sub(inner.y.saturating_add(1)).filter(|down| *down < height)?;
    let at = window.start.checked_add(usize::from(down)).filter(|at| *at < window.end)?;
    Some(all.len() - 1 - at)
}

/// Everything that was said of it: what was done, and the whole reason.
fn detail<'a>(decision: &Decision, width: u16) -> Vec<Line<'a>> {
    let why = if decision.why.is_empty() { "no reason given" } else { decision.why.as_str() };
    let mut text = format!("{} {}: {why}", decision.symbol, decision.action);
    if let Some(shares) = &decision.probabilities {
        let shares = [shares.sell, shares.hold, shares.buy].map(|r| r.text(2));
        let [sell, hold, buy] = shares;
        let _ = write!(text, "; sell {sell}, hold {hold}, buy {buy}");
        if let Some(threshold) = decision.threshold {
            let _ = write!(text, ", threshold {}", threshold.text(2));
        }
    }
    let mut rows = super::wrap(&text, width);
    if rows.len() > DETAIL {
        // The last row takes what is left and is cut with a mark.
        let rest = rows.split_off(DETAIL - 1).join(" ");
        rows.push(rest);
    }
    let look = |at: usize| if at == 0 { Role::TextStrong } else { Role::TextNormal };
    rows.into_iter().enumerate().map(|(at, row)| Line::new().rest(row, look(at))).collect()
}

fn header<'a>(wide: bool) -> Line<'a> {
    let d = Role::TextDim;
    let line = Line::new()
        .gap(1)
        .left(9, "TIME", d)
        .left(4, "BY", d)
        .left(8, "SYMBOL", d)
        .left(7, "SIDE", d);
    if wide {
        line.left(BAR + 1, "S / H / B", d)
            .left(5, "OVER", d)
            .right(7, "LAG", d)
            .gap(1)
            .rest("DONE, WHY", d)
    } else {
        line.rest("DONE", d)
    }
}

fn row<'a>(
    decision: &'a Decision,
    heard: String,
    wide: bool,
    g: &Glyphs,
    chosen: bool,
) -> Line<'a> {
    let by = match decision.source {
        DecisionSource::Engine => "eng",
        DecisionSource::Sentinel => "sen",
        DecisionSource::Demo => "dem",
    };
    let (mark, side, role) = match decision.side {
        Some(Side::Buy) => (" ", "BUY", Role::PnlUp),
        Some(Side::Sell) => (" ", "SELL", Role::PnlDown),
        None => (g.flat, "HOLD", Role::TextDim),
    };
    let when = decision.at.map_or(heard, crate::domain::UtcMicros::hms);
    let mut line = Line::new()
        .text(if chosen { g.select } else { " " }, Role::Accent)
        .left(9, when, Role::TextDim)
        .left(4, by, Role::TextDim)
        .left(8, decision.symbol.as_str(), Role::TextNormal)
        .text(mark, role)
        .gap(1)
        .left(5, side, role);
    if wide {
        line = probabilities(line, decision.probabilities, g)
            .left(5, decision.threshold.map_or_else(String::new, |t| t.text(2)), Role::TextDim)
            .right(
                7,
                decision.lag_us.map_or_else(String::new, |us| format::span(Some(us))),
                lag(decision),
            )
            .gap(1);
    }
    let done = if decision.why.is_empty() {
        decision.action.to_string()
    } else {
        format!("{}: {}", decision.action, decision.why)
    };
    let loud = decision.action.as_str().starts_with("BLOCKED");
    line.rest(done, if loud { Role::SwitchBlocked } else { Role::TextNormal })
}

const fn lag(decision: &Decision) -> Role {
    match decision.lag_us {
        Some(us) if us > super::lag::ENGINE_LIMIT_US => Role::LagBreach,
        _ => Role::LagGood,
    }
}

/// Sell, hold, buy as parts of one bar.
fn probabilities<'a>(line: Line<'a>, shares: Option<Probabilities>, g: &Glyphs) -> Line<'a> {
    let Some(shares) = shares else { return line.gap(BAR + 1) };
    let columns = |r: Ratio| {
        let rounded = (r.raw().clamp(0, ONE) * i64::from(BAR) + ONE / 2) / ONE;
        usize::try_from(rounded).unwrap_or(0)
    };
    let sell = columns(shares.sell);
    let buy = columns(shares.buy).min(usize::from(BAR) - sell.min(usize::from(BAR)));
    let hold = usize::from(BAR).saturating_sub(sell + buy);
    line.text(g.bar.repeat(sell), Role::PnlDown)
        .text(g.bar_rest.repeat(hold), Role::BarRest)
        .text(g.bar.repeat(buy), Role::PnlUp)
        .gap(1)
}
