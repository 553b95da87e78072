//! The keys, as the keymap's reverse map gives them.

use crate::tui::theme::Role;
use crate::tui::view::Scene;
use crate::tui::view::pen::{Line, Pen};
use ratatui::layout::Rect;

/// Widest box.
const WIDTH: u16 = 72;
/// Columns of the keys.
const KEYS: u16 = 14;

/// Draws it over `body`.
pub fn draw(pen: &mut Pen<'_>, body: Rect, scene: Scene<'_>) {
    let lines = lines(scene);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let shown = usize::from(height.min(body.height).saturating_sub(2));
    let first = scene.ui.help_row.min(lines.len().saturating_sub(shown));
    let below = lines.len().saturating_sub(first + shown);
    let mut title = Line::new().text(" Keys ", Role::TitleFocus);
    if below > 0 {
        title = title.end(format!(" {below} more below "), Role::TextDim);
    }
    let inner = super::frame(pen, body, WIDTH, height, &title, Role::BorderFocus);
    pen.lines(inner, lines.get(first..).unwrap_or_default());
}

/// Rows of the help, for scrolling it.
#[must_use]
pub fn row_count(scene: Scene<'_>) -> usize {
    lines(scene).len()
}

fn lines(scene: Scene<'_>) -> Vec<Line<'_>> {
    let hints = scene.hints;
    let mut lines = Vec::new();
    for (keys, what) in [
        (&hints.kill, "KILL: stop trading, close every position"),
        (&hints.block, "BLOCK: deny new orders, positions stay"),
    ] {
        let chord = format!("{keys}, then {}", hints.confirm);
        lines.push(Line::new().left(KEYS + 2, chord, Role::Key).rest(what, Role::TextStrong));
    }
    for section in &hints.help {
        lines.push(Line::new());
        lines.push(Line::new().rest(section.title.as_str(), Role::Accent));
        lines.extend(section.rows.iter().map(|hint| {
            Line::new()
                .left(KEYS, hint.keys.as_str(), Role::Key)
                .gap(2)
                .rest(hint.what.as_str(), Role::TextNormal)
        }));
    }
    if !hints.card.is_empty() {
        lines.push(Line::new());
        lines.push(Line::new().rest("When no wire works", Role::Accent));
        lines.extend(hints.card.iter().map(|(label, words)| {
            Line::new()
                .left(KEYS, label.as_str(), Role::TextDim)
                .gap(2)
                .rest(words.as_str(), Role::TextNormal)
        }));
    }
    lines
}
