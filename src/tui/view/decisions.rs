//! What automatic traders decided, what was done, and why not.

use super::Scene;
use super::format;
use super::pen::{Line, Pen};
use crate::domain::{Decision, DecisionSource, Probabilities, Ratio, Side};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::Pane;
use ratatui::layout::Rect;

/// Columns of the probabilities' bar.
const BAR: u16 = 10;
/// One in [`Ratio`]'s units.
const ONE: i64 = 10_000;

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let all = &scene.state.decisions;
    let back = scene.ui.row(Pane::Decisions).min(all.len().saturating_sub(1));
    let note = if back > 0 { format!("{back} newer below") } else { String::new() };
    let inner = scene.frame(pen, Pane::Decisions, area, &note, Role::Accent);
    if all.is_empty() {
        pen.line(inner, &Line::new().dim("no decision heard"));
        return;
    }
    let wide = inner.width >= 66;
    pen.line(inner, &header(wide));
    let table = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let window = scene.window(Pane::Decisions, all.len(), table.height);
    let lines: Vec<_> = all
        .iter()
        .take(window.end)
        .skip(window.start)
        .map(|d| row(&d.value, d.at.utc.hms(), wide, pen.glyphs()))
        .collect();
    pen.lines(table, &lines);
}

fn header<'a>(wide: bool) -> Line<'a> {
    let d = Role::TextDim;
    let line =
        Line::new().left(9, "TIME", d).left(4, "BY", d).left(8, "SYMBOL", d).left(7, "SIDE", d);
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

fn row<'a>(decision: &'a Decision, heard: String, wide: bool, g: &Glyphs) -> Line<'a> {
    let by = match decision.source {
        DecisionSource::Engine => "eng",
        DecisionSource::Sentinel => "sen",
        DecisionSource::Demo => "dem",
    };
    let (mark, side, role) = match decision.side {
        Some(Side::Buy) => (g.up, "BUY", Role::PnlUp),
        Some(Side::Sell) => (g.down, "SELL", Role::PnlDown),
        None => (g.flat, "HOLD", Role::TextDim),
    };
    let when = decision.at.map_or(heard, crate::domain::UtcMicros::hms);
    let mut line = Line::new()
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
