//! Every node of the mesh and what is known of it: a row for each check, and
//! below them what to do about the selected one.

use super::more::{self, More};
use super::pen::{Line, Pen};
use super::{Scene, format, window, wrap};
use crate::state::State;
use crate::state::mesh::{Row, Standing};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Pane, Ui, passes};
use ratatui::layout::Rect;

/// Inner columns from which latency is shown.
const ROOMY: u16 = 44;
/// Inner columns from which there is a moment, too.
const WIDE: u16 = 56;
/// Inner columns from which the next step has a column.
const NEXT: u16 = 84;
/// Inner rows from which there is a line for the selected row.
const TALL: u16 = 5;

/// The rows that pass the filter.
#[must_use]
pub fn listed(state: &State, ui: &Ui) -> Vec<Row> {
    let filter = ui.filter(Pane::Mesh);
    let mut rows = state.mesh_rows();
    // What is wrong comes first; the rest stands as the mesh does.
    rows.sort_by_key(|row| std::cmp::Reverse(row.standing));
    rows.retain(|row| passes(filter, [row.node.as_str(), row.check.as_str(), row.word.as_str()]));
    rows
}

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let (state, ui) = (scene.state, scene.ui);
    let rows = listed(state, ui);
    let all = if ui.filter(Pane::Mesh).is_empty() { rows.len() } else { state.mesh_rows().len() };
    let note = scene.filtered(Pane::Mesh, rows.len(), all, note(&rows));
    let inner = scene.frame(pen, Pane::Mesh, area, &note.0, note.1);
    pen.line(inner, &header(inner.width));
    let chosen = ui.row(Pane::Mesh).min(rows.len().saturating_sub(1));
    let detail = rows.get(chosen).map(|row| detail(row, inner)).unwrap_or_default();
    let kept = u16::try_from(detail.len()).unwrap_or(0);
    let height = inner.height.saturating_sub(1 + kept);
    let table = Rect { y: inner.y.saturating_add(1), height, ..inner };
    let window = window(chosen, rows.len(), height);
    let out = More::of(&window, rows.len());
    more::draw(pen, area, &[], (&out.words(), Role::TextDim));
    let lines: Vec<_> = rows
        .iter()
        .enumerate()
        .take(window.end)
        .skip(window.start)
        .map(|(at, one)| {
            let line = row(one, inner.width, pen.glyphs());
            let picked = ui.focus == Pane::Mesh && at == chosen;
            if picked { line.on(Role::Selection) } else { line }
        })
        .collect();
    pen.lines(table, &lines);
    pen.lines(Rect { y: table.bottom(), height: kept, ..inner }, &detail);
}

/// How many are not as they should be, in the look of the worst.
fn note(rows: &[Row]) -> (String, Role) {
    let worst = rows.iter().map(|row| row.standing).max().unwrap_or(Standing::Unknown);
    let wrong = rows.iter().filter(|row| row.standing > Standing::Unknown).count();
    match (wrong, worst) {
        (0, Standing::Unknown) => (String::from("not all known"), Role::TextDim),
        (0, _) => (format!("{} good", rows.len()), Role::TextDim),
        (n, worst) => (format!("{n} of {} not good", rows.len()), look(worst)),
    }
}

const fn look(standing: Standing) -> Role {
    match standing {
        Standing::Good => Role::HealthGood,
        Standing::Unknown => Role::HealthUnknown,
        Standing::Late => Role::HealthStale,
        Standing::Bad => Role::HealthBad,
    }
}

fn header<'a>(width: u16) -> Line<'a> {
    let d = Role::TextDim;
    let line = Line::new().gap(2).left(node(width), "NODE", d).gap(1).left(10, "CHECK", d).left(
        status(width),
        "STATUS",
        d,
    );
    let line = if width >= ROOMY { line.right(8, "TOOK", d) } else { line };
    let line = line.right(6, "AGE", d);
    let line = if width >= WIDE { line.gap(2).left(9, "SINCE", d) } else { line };
    if width >= NEXT { line.rest("NEXT", d) } else { line }
}

const fn node(width: u16) -> u16 {
    if width >= WIDE { 15 } else { 8 }
}

const fn status(width: u16) -> u16 {
    if width >= WIDE { 14 } else { 9 }
}

fn row<'a>(row: &Row, width: u16, g: &Glyphs) -> Line<'a> {
    let mark = match row.standing {
        Standing::Good => g.good,
        Standing::Unknown => g.unknown,
        Standing::Late => g.stale,
        Standing::Bad => g.bad,
    };
    let look = look(row.standing);
    let word = if row.standing == Standing::Good { Role::TextNormal } else { look };
    let mut line = Line::new()
        .text(mark, look)
        .gap(1)
        .left(node(width), row.node.to_string(), Role::TextNormal)
        .gap(1)
        .left(10, row.check.to_string(), Role::TextDim)
        .left(status(width), row.word.to_string(), word);
    if width >= ROOMY {
        let took = row.latency_us.map_or_else(String::new, |us| format::span(Some(us)));
        line = line.right(8, took, Role::TextNormal);
    }
    let age = row.age.map_or_else(|| String::from("-"), format::age);
    line = line.right(6, age, Role::TextDim);
    if width >= WIDE {
        let since = row.since.map_or_else(String::new, |at| at.utc.hms());
        line = line.gap(2).left(9, since, Role::TextDim);
    }
    if width >= NEXT { line.rest(row.next.to_string(), Role::TextNormal) } else { line }
}

/// What to do about the selected row.
fn detail<'a>(row: &Row, inner: Rect) -> Vec<Line<'a>> {
    if row.next.is_empty() || inner.width >= NEXT || inner.height < TALL {
        return Vec::new();
    }
    let text = format!("{} {}: {}", row.node, row.check, row.next);
    let rows = wrap(&text, inner.width).into_iter().take(2);
    rows.map(|text| Line::new().rest(text, Role::TextStrong)).collect()
}
