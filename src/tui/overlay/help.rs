//! The keys, as the keymap's reverse map gives them.

use crate::tui::theme::Role;
use crate::tui::view::pen::{Line, Pen};
use crate::tui::view::{Scene, wrap};
use ratatui::layout::Rect;

/// Widest box.
const WIDTH: u16 = 72;

/// Draws it over `body`.
pub fn draw(pen: &mut Pen<'_>, body: Rect, scene: Scene<'_>) {
    let width = WIDTH.min(body.width);
    let lines = lines(scene, width.saturating_sub(4));
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let shown = usize::from(height.min(body.height).saturating_sub(2));
    let first = scene.ui.help_row.min(lines.len().saturating_sub(shown));
    let below = lines.len().saturating_sub(first + shown);
    let mut title = Line::new().text(" Keys ", Role::TitleFocus);
    if below > 0 {
        title = title.end(format!(" {below} more below "), Role::TextDim);
    }
    let inner = super::frame(pen, body, width, height, &title, Role::BorderFocus);
    pen.lines(inner, lines.get(first..).unwrap_or_default());
}

/// The first row of the help's last page.
#[must_use]
pub fn last_first_row(scene: Scene<'_>, body: Rect) -> usize {
    let rows = lines(scene, WIDTH.min(body.width).saturating_sub(4)).len();
    rows.saturating_sub(usize::from(body.height.saturating_sub(2)))
}

fn lines(scene: Scene<'_>, width: u16) -> Vec<Line<'_>> {
    let hints = scene.hints;
    let keys = if width < 60 { 12 } else { 16 };
    let mut lines = Vec::new();
    let mut put = |left: String, look: Role, what: &str, role: Role| {
        let mut left = Some(left);
        for row in wrap(what, width.saturating_sub(keys)) {
            let line = Line::new().left(keys, left.take().unwrap_or_default(), look);
            lines.push(line.rest(row, role));
        }
    };
    for (chord, what) in [
        (&hints.kill, "KILL: stop trading, close every position"),
        (&hints.block, "BLOCK: deny new orders, positions stay"),
    ] {
        put(format!("{chord}, {}", hints.confirm), Role::Key, what, Role::TextStrong);
    }
    for section in &hints.help {
        put(String::new(), Role::Key, "", Role::TextNormal);
        put(section.title.to_string(), Role::Accent, "", Role::TextNormal);
        for hint in &section.rows {
            put(hint.keys.to_string(), Role::Key, hint.what.as_str(), Role::TextNormal);
        }
    }
    if !hints.card.is_empty() {
        put(String::new(), Role::Key, "", Role::TextNormal);
        put(String::from("By hand"), Role::Accent, "", Role::TextNormal);
        for (label, words) in &hints.card {
            put(label.to_string(), Role::TextDim, words.as_str(), Role::TextNormal);
        }
    }
    lines
}
