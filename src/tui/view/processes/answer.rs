//! The answer to what was asked last: a plan, a reason, the audit.

use crate::domain::Text;
use crate::state::State;
use crate::tui::theme::Role;
use crate::tui::ui::Pane;
use crate::tui::view::more::{self, More};
use crate::tui::view::pen::{Line, Pen};
use crate::tui::view::{Scene, format, wrap};
use ratatui::layout::Rect;

/// Lines of it.
pub(super) fn row_count(state: &State) -> usize {
    state.mission.answer.as_ref().map_or(0, |answer| answer.value.lines.len())
}

/// The page.
pub(super) fn page(pen: &mut Pen<'_>, area: Rect, inner: Rect, scene: Scene<'_>) {
    let state = scene.state;
    let asked = scene.ui.mission.ask.as_ref().map(ToString::to_string);
    let answer = state.mission.answer.as_ref();
    // An answer to something else is not the one that is waited for.
    let fits = |ask: &Text| asked.as_ref().is_none_or(|asked| asked == ask.as_str());
    let Some(answer) = answer.filter(|answer| fits(&answer.value.ask)) else {
        let words = asked.map_or_else(
            || String::from("nothing was asked"),
            |asked| format!("{asked}: no answer yet"),
        );
        pen.line(inner, &Line::new().dim(words));
        return;
    };
    let (word, role) =
        if answer.value.ok { ("", Role::TextDim) } else { (" refused", Role::HealthBad) };
    let head = Line::new()
        .text(answer.value.ask.to_string(), Role::TextStrong)
        .text(word, role)
        .dim(format!("  {} ago", format::age(state.age(answer.at))));
    pen.line(inner, &head);
    let rows: Vec<String> =
        answer.value.lines.iter().flat_map(|line| wrap(line.as_str(), inner.width)).collect();
    let height = inner.height.saturating_sub(1);
    let last = rows.len().saturating_sub(usize::from(height));
    let first = scene.ui.row(Pane::Processes).min(last);
    let end = rows.len().min(first + usize::from(height));
    let out = More::of(&(first..end), rows.len());
    more::draw(pen, area, &[], (&out.words(), Role::TextDim));
    let shown = rows.into_iter().skip(first).take(usize::from(height));
    let lines: Vec<_> = shown.map(|row| Line::new().rest(row, Role::TextNormal)).collect();
    pen.lines(Rect { y: inner.y.saturating_add(1), height, ..inner }, &lines);
}
