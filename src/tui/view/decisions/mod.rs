//! What automatic traders decided, what was done, and why not; and of each
//! trader when it runs next and what it counted.

mod about;
mod row;
mod trader;

use super::Scene;
use super::pen::{Line, Pen};
use crate::domain::Side;
use crate::state::{Aged, Run, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Pane, Ui, passes};
use ratatui::layout::Rect;

/// Inner rows from which the selected decision is told in full.
const TALL: u16 = 5;
/// Inner rows for each line of a trader.
const ROWS: u16 = 5;

/// The rows that pass the filter, oldest first.
#[must_use]
pub fn listed<'a>(state: &'a State, ui: &Ui) -> Vec<&'a Aged<Run>> {
    let filter = ui.filter(Pane::Decisions);
    let passing = |row: &&Aged<Run>| {
        let d = &row.value.decision;
        let side = d.side.map_or("HOLD", Side::word);
        let texts = [d.symbol.as_str(), side, d.action.as_str(), d.why.as_str()];
        let more = [d.source.word(), d.order.as_str(), how(d.live)];
        passes(filter, texts.into_iter().chain(more))
    };
    state.decisions.iter().filter(passing).collect()
}

/// Whether its orders leave the process, in a word that is no mode's.
const fn how(live: Option<bool>) -> &'static str {
    match live {
        Some(true) => "sends",
        Some(false) => "dry",
        None => "",
    }
}

/// What is where inside the frame.
struct Places<'a> {
    table: Rect,
    /// Rows of the table, as places in what is listed.
    window: std::ops::Range<usize>,
    chosen: usize,
    detail: Vec<Line<'a>>,
    traders: Vec<Line<'a>>,
}

/// Cuts `inner` up; none where nothing is listed. The newest is selected until
/// another one is.
fn places<'a>(
    g: &Glyphs,
    inner: Rect,
    scene: Scene<'a>,
    all: &[&'a Aged<Run>],
) -> Option<Places<'a>> {
    let back = scene.ui.row(Pane::Decisions).min(all.len().saturating_sub(1));
    let chosen = all.len().checked_sub(1 + back)?;
    let traders = trader::lines(scene.state, inner.width, inner.height / ROWS, g);
    let detail = match all.get(chosen) {
        Some(one) if inner.height >= TALL => {
            about::lines(one, inner.width, inner.height.div_ceil(2) - 1, g)
        }
        _ => Vec::new(),
    };
    let kept = u16::try_from(detail.len() + traders.len()).unwrap_or(0);
    let height = inner.height.saturating_sub(1 + kept);
    let table = Rect { y: inner.y.saturating_add(1), height, ..inner };
    let window = scene.window(Pane::Decisions, all.len(), height);
    Some(Places { table, window, chosen, detail, traders })
}

/// Draws the pane; below the rows stands the whole reason of the selected one,
/// and below it the traders.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let (state, ui) = (scene.state, scene.ui);
    let all = listed(state, ui);
    let note = note(scene, all.len());
    let note = scene.filtered(Pane::Decisions, all.len(), state.decisions.len(), note);
    let inner = scene.frame(pen, Pane::Decisions, area, &note.0, note.1);
    let Some(places) = places(pen.glyphs(), inner, scene, &all) else {
        // What a filter hides was heard.
        let mut lines = if state.decisions.is_empty() {
            unheard(state, inner.width)
        } else {
            vec![Line::new().dim("no decision passes the filter")]
        };
        let rows = inner.height.saturating_sub(1);
        lines.extend(trader::lines(state, inner.width, rows, pen.glyphs()));
        pen.lines(inner, &lines);
        return;
    };
    pen.line(inner, &row::header(inner.width));
    let mut lines = Vec::new();
    for (at, one) in all.iter().enumerate().take(places.window.end).skip(places.window.start) {
        let line = row::line(one, inner.width, pen.glyphs(), at == places.chosen);
        let picked = ui.focus == Pane::Decisions && at == places.chosen;
        lines.push(if picked { line.on(Role::Selection) } else { line });
    }
    pen.lines(places.table, &lines);
    // At the bottom, where it is looked for.
    let mut y = places.table.bottom();
    for part in [places.detail, places.traders] {
        let height = u16::try_from(part.len()).unwrap_or(0);
        pen.lines(Rect { y, height, ..inner }, &part);
        y = y.saturating_add(height);
    }
}

/// Why nothing is heard, and what has to be set.
fn unheard<'a>(state: &State, width: u16) -> Vec<Line<'a>> {
    let feeds = state.obey.feeds.len();
    let logs = state.orders.sources.values().filter(|source| source.value.trader).count();
    let next = match (feeds, logs) {
        (0, 0) => String::from(
            "nothing is listened to: set events = [\"HOST:5557\"] for what gateway (5557), \
             engine (5560) and sentinel (5559) publish, or decision_logs = [\"FILE\"] to follow a log",
        ),
        _ => format!(
            "listening to {feeds} event endpoint{}, following {logs} decision log{}",
            if feeds == 1 { "" } else { "s" },
            if logs == 1 { "" } else { "s" },
        ),
    };
    let mut lines = vec![Line::new().dim("no decision heard")];
    lines.extend(super::wrap(&next, width).into_iter().map(|row| Line::new().dim(row)));
    lines
}

/// Decisions that never came, or were too many to keep, come before what is
/// newer.
fn note(scene: Scene<'_>, rows: usize) -> (String, Role) {
    let lost = scene.state.decisions_missing();
    let back = scene.ui.row(Pane::Decisions).min(rows.saturating_sub(1));
    match (lost, back) {
        (0, 0) => (String::new(), Role::Accent),
        (0, back) => (format!("{back} newer below"), Role::Accent),
        (lost, _) => (format!("{} missing", super::format::count(lost)), Role::HealthStale),
    }
}

/// The decision whose row is at `y`, counted back from the newest.
#[must_use]
pub fn at(area: Rect, y: u16, scene: Scene<'_>, g: &Glyphs) -> Option<usize> {
    let all = listed(scene.state, scene.ui);
    let Places { table, window, .. } = places(g, super::pen::inside(area), scene, &all)?;
    let down = y.checked_sub(table.y).filter(|down| *down < table.height)?;
    let at = window.start.checked_add(usize::from(down)).filter(|at| *at < window.end)?;
    Some(all.len() - 1 - at)
}
