//! Every node of the mesh and what is known of it: a row for each check, and
//! below them what is wrong with the selected one and what to do about it.

use super::more::{self, More};
use super::pen::{Line, Pen};
use super::{Scene, format, window, wrap_most};
use crate::state::State;
use crate::state::mesh::{Course, Entry, Row, Standing};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Pane, Ui, passes};
use ratatui::layout::Rect;

/// Inner columns from which latency is shown.
const ROOMY: u16 = 44;
/// Inner columns from which there is a moment, too.
const WIDE: u16 = 56;
/// Inner columns from which there is the course of the latency.
const COURSE: u16 = 76;
/// Inner columns from which the next step has a column.
const NEXT: u16 = 84;
/// Inner columns from which it has one beside the course, with the changes.
const ALL: u16 = 112;
/// Columns of the course, and of the changes.
const TREND: u16 = 9;
const FLAPS: u16 = 6;
/// Inner rows from which there is a line for the selected row.
const TALL: u16 = 5;

/// The rows that pass the filter, and how many there are without it.
fn passing<'a>(state: &'a State, ui: &Ui) -> (Vec<Entry<'a>>, usize) {
    let filter = ui.filter(Pane::Mesh);
    let mut rows = state.mesh_entries();
    let all = rows.len();
    if !filter.is_empty() {
        rows.retain(|row| passes(filter, row.words(state)));
    }
    // What is wrong comes first; the rest stands as the mesh does.
    rows.sort_by_key(|row| std::cmp::Reverse(row.standing()));
    (rows, all)
}

/// The rows that pass the filter, in their order. They are made when they are
/// shown.
#[must_use]
pub fn listed<'a>(state: &'a State, ui: &Ui) -> Vec<Entry<'a>> {
    passing(state, ui).0
}

/// Whether a pane of this width has room for the course: where checks run it
/// has, at the cost of the next step, which stands below then.
fn has_course(width: u16, rows: &[Entry<'_>]) -> bool {
    width >= COURSE && rows.iter().any(Entry::has_course)
}

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let (state, ui) = (scene.state, scene.ui);
    let (rows, all) = passing(state, ui);
    let note = scene.filtered(Pane::Mesh, rows.len(), all, note(&rows));
    let inner = scene.frame(pen, Pane::Mesh, area, &note.0, note.1);
    let course = has_course(inner.width, &rows);
    pen.line(inner, &header(inner.width, course));
    let chosen = ui.row(Pane::Mesh).min(rows.len().saturating_sub(1));
    let detail = rows.get(chosen).map(|one| detail(&one.row(state), inner, course));
    let detail = detail.unwrap_or_default();
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
            let line = row(&one.row(state), inner.width, course, pen.glyphs());
            let picked = ui.focus == Pane::Mesh && at == chosen;
            if picked { line.on(Role::Selection) } else { line }
        })
        .collect();
    pen.lines(table, &lines);
    pen.lines(Rect { y: table.bottom(), height: kept, ..inner }, &detail);
}

/// How many are not as they should be, in the look of the worst.
fn note(rows: &[Entry<'_>]) -> (String, Role) {
    let worst = rows.iter().map(Entry::standing).max().unwrap_or(Standing::Unknown);
    let wrong = rows.iter().filter(|row| row.standing() > Standing::Unknown).count();
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

fn header<'a>(width: u16, course: bool) -> Line<'a> {
    let d = Role::TextDim;
    let line = Line::new().gap(2).left(node(width), "NODE", d).gap(1).left(10, "CHECK", d).left(
        status(width),
        "STATUS",
        d,
    );
    let line = if width >= ROOMY { line.right(8, "TOOK", d) } else { line };
    let line = if course { line.gap(1).left(TREND - 1, "COURSE", d) } else { line };
    let line = line.right(6, "AGE", d);
    let line = if width >= WIDE { line.gap(2).left(9, "SINCE", d) } else { line };
    let line = if course && width >= ALL { line.left(FLAPS, "FLAPS", d) } else { line };
    if has_next(width, course) { line.rest("NEXT", d) } else { line }
}

const fn has_next(width: u16, course: bool) -> bool {
    width >= if course { ALL } else { NEXT }
}

const fn node(width: u16) -> u16 {
    if width >= WIDE { 15 } else { 8 }
}

const fn status(width: u16) -> u16 {
    match width {
        WIDE.. => 14,
        // Most words are whole with as much.
        40.. => 13,
        _ => 9,
    }
}

fn row<'a>(row: &Row, width: u16, course: bool, g: &Glyphs) -> Line<'a> {
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
    if course {
        let trend = row.course.as_ref().map_or_else(String::new, |course| spark(course, g));
        line = line.gap(1).left(TREND - 1, trend, Role::Spark);
    }
    let age = row.age.map_or_else(|| String::from("-"), format::age);
    line = line.right(6, age, Role::TextDim);
    if width >= WIDE {
        let since = row.since.map_or_else(String::new, |at| at.utc.hms());
        line = line.gap(2).left(9, since, Role::TextDim);
    }
    if course && width >= ALL {
        let flaps = row.course.as_ref().map_or_else(String::new, |c| c.flaps.to_string());
        line = line.left(FLAPS, flaps, Role::TextDim);
    }
    if has_next(width, course) { line.rest(row.next.to_string(), Role::TextNormal) } else { line }
}

/// The last latencies, each in eighths of the greatest; a look without an
/// answer is a gap.
fn spark(course: &Course, g: &Glyphs) -> String {
    let last = usize::from(TREND - 1);
    let from = course.history.len().saturating_sub(last);
    let shown = course.history.get(from..).unwrap_or_default();
    let most = u64::from(shown.iter().flatten().copied().max().unwrap_or(0).max(1));
    let steps = u64::try_from(g.spark.len()).unwrap_or(1).saturating_sub(1);
    let bar = |us: &Option<u32>| {
        let level = us.map(|us| u64::from(us) * steps / most);
        let level = level.and_then(|level| usize::try_from(level).ok());
        level.and_then(|level| g.spark.get(level)).copied().unwrap_or(" ")
    };
    shown.iter().map(bar).collect()
}

/// What is wrong with the selected row, and what to do about it.
fn detail<'a>(row: &Row, inner: Rect, course: bool) -> Vec<Line<'a>> {
    let seen = has_next(inner.width, course);
    let cause = row.course.as_ref().map(|course| &course.cause).filter(|cause| !cause.is_empty());
    if inner.height < TALL || (cause.is_none() && (seen || row.next.is_empty())) {
        return Vec::new();
    }
    let what = cause.map_or_else(String::new, |cause| {
        let flaps = row.course.as_ref().map_or(0, |course| course.flaps);
        let since = row.since.map_or_else(String::new, |at| at.utc.hms());
        match flaps {
            0 => format!("{cause} (since {since})"),
            1 => format!("{cause} (since {since}, changed once)"),
            n => format!("{cause} (since {since}, changed {n} times)"),
        }
    });
    let next = if seen { "" } else { row.next.as_str() };
    let gap = if what.is_empty() || next.is_empty() { "" } else { "; " };
    let text = format!("{} {}: {what}{gap}{next}", row.node, row.check);
    let room = if inner.height >= 2 * TALL { 4 } else { 2 };
    let rows = wrap_most(&text, inner.width, room).into_iter();
    rows.map(|text| Line::new().rest(text, Role::TextStrong)).collect()
}
