//! The lines of all processes, in the order of their arrival.

use super::rule;
use crate::domain::mission::{ConsoleLine, LineLevel};
use crate::state::State;
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{MissionPage, Pane, Ui, passes};
use crate::tui::view::pen::{Line, Pen};
use crate::tui::view::{Scene, format};
use ratatui::layout::Rect;

/// The lines that pass process, level and text, oldest first. The text is the
/// page's own: below the table nothing is filtered by the table's.
pub(super) fn listed<'a>(
    state: &'a State,
    ui: &'a Ui,
) -> impl DoubleEndedIterator<Item = &'a ConsoleLine> {
    let own = ui.mission.page == MissionPage::Output;
    let filter = if own { ui.filter(Pane::Processes) } else { "" };
    let only = ui.mission.only.as_ref();
    state.mission.lines.iter().filter(move |line| {
        line.level >= ui.mission.level
            && only.is_none_or(|only| line.process == *only)
            && passes(filter, [line.process.as_str(), line.message.as_str()])
    })
}

/// For the title; nothing while every line is shown.
pub(super) const fn level_word(level: LineLevel) -> &'static str {
    match level {
        LineLevel::Trace => ", every line",
        LineLevel::Debug => ", from debug",
        LineLevel::Info => "",
        LineLevel::Warn => ", warnings and errors",
        LineLevel::Error | LineLevel::Critical => ", errors",
    }
}

/// What is not shown, in words.
pub(super) fn note(scene: Scene<'_>) -> String {
    let count = super::row_count(scene.state, scene.ui);
    let back = scene.ui.row(Pane::Processes).min(count.saturating_sub(1));
    let missed = scene.state.mission.missed;
    match (back, missed) {
        (0, 0) => String::new(),
        (0, missed) => format!("{} left out", format::count(missed)),
        (back, 0) => format!("{back} newer below"),
        (back, missed) => format!("{back} newer below, {} left out", format::count(missed)),
    }
}

fn look(level: LineLevel, g: &Glyphs) -> (&'static str, Role) {
    match level {
        LineLevel::Critical | LineLevel::Error => (g.bad, Role::LogAlarm),
        LineLevel::Warn => (g.stale, Role::LogWarn),
        LineLevel::Info => (g.flat, Role::LogInfo),
        LineLevel::Debug | LineLevel::Trace => (g.flat, Role::TextDim),
    }
}

fn row<'a>(line: &'a ConsoleLine, width: u16, g: &Glyphs) -> Line<'a> {
    let (mark, role) = look(line.level, g);
    let mut row = Line::new().left(9, line.at.hms(), Role::TextDim);
    if width >= 50 {
        let wide = if width >= 90 { 14 } else { 11 };
        row = row.left(wide, line.process.as_str(), Role::TextDim).gap(1);
    } else {
        row = row.left(6, line.process.as_str(), Role::TextDim).gap(1);
    }
    let cut = if line.cut { g.ellipsis } else { "" };
    row = row.text(mark, role).gap(1).text(cut, Role::TextDim);
    row.rest(line.message.as_str(), role)
}

/// The page.
pub(super) fn page(pen: &mut Pen<'_>, inner: Rect, scene: Scene<'_>) {
    let count = super::row_count(scene.state, scene.ui);
    let window = scene.window(Pane::Processes, count, inner.height);
    let shown = listed(scene.state, scene.ui).take(window.end).skip(window.start);
    let lines: Vec<_> = shown.map(|line| row(line, inner.width, pen.glyphs())).collect();
    if lines.is_empty() {
        let none = if scene.state.mission.lines.is_empty() {
            "no line yet"
        } else {
            "no line passes process, level and filter"
        };
        pen.line(inner, &Line::new().dim(none));
    }
    pen.lines(inner, &lines);
}

/// The newest lines, below the table.
pub(super) fn below(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let room = usize::from(area.height.saturating_sub(1));
    let mut newest: Vec<_> = listed(scene.state, scene.ui).rev().take(room).collect();
    newest.reverse();
    let words = match &scene.ui.mission.only {
        Some(only) => format!("Output of {only}{}", level_word(scene.ui.mission.level)),
        None => format!("Output{}", level_word(scene.ui.mission.level)),
    };
    let mut lines = vec![rule(pen, &words, area.width)];
    lines.extend(newest.into_iter().map(|line| row(line, area.width, pen.glyphs())));
    pen.lines(area, &lines);
}
