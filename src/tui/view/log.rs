//! What happened, newest last.

use super::pen::{Line, Pen};
use super::{Scene, words};
use crate::tui::theme::Role;
use crate::tui::ui::Pane;
use ratatui::layout::Rect;

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let log = &scene.state.log;
    let back = scene.ui.row(Pane::Log).min(log.len().saturating_sub(1));
    let note = if back > 0 { format!("{back} newer below") } else { String::new() };
    let inner = scene.frame(pen, Pane::Log, area, &note, Role::Accent);
    if log.is_empty() {
        pen.line(inner, &Line::new().dim("nothing happened yet"));
        return;
    }
    let window = scene.window(Pane::Log, log.len(), inner.height);
    let narrow = inner.width < 50;
    let source = if inner.width < 90 { 11 } else { 16 };
    let mut lines = Vec::new();
    for line in log.iter().take(window.end).skip(window.start) {
        let (mark, role) = words::level(line.value.level, pen.glyphs());
        let when = line.value.when.unwrap_or(line.at.utc);
        let mut row = Line::new().left(9, when.hms(), Role::TextDim).text(mark, role).gap(1);
        if !narrow {
            row = row.left(source, line.value.source.as_str(), Role::TextDim).gap(1);
        }
        lines.push(row.rest(line.value.text.as_str(), role));
    }
    pen.lines(inner, &lines);
}
