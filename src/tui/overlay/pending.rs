//! What may follow the first key of a sequence, once it has waited a moment.

use crate::tui::theme::Role;
use crate::tui::view::Scene;
use crate::tui::view::pen::{Line, Pen};
use ratatui::layout::Rect;

/// Widest box.
const WIDTH: u16 = 72;
/// Columns of the keys.
const KEYS: u16 = 10;

/// Draws it over `body`, where something waits.
pub fn draw(pen: &mut Pen<'_>, body: Rect, scene: Scene<'_>) {
    let following = &scene.hints.following;
    if following.is_empty() || scene.ui.prompt.is_some() {
        return;
    }
    let height = u16::try_from(following.len()).unwrap_or(u16::MAX).saturating_add(2);
    let begun = scene.ui.pending.as_str();
    let title = Line::new().text(format!(" {begun} {} ", pen.glyphs().ellipsis), Role::TitleFocus);
    let inner = super::frame(pen, body, WIDTH, height, &title, Role::BorderFocus);
    let row = |hint: &'_ crate::tui::view::Hint| {
        Line::new()
            .left(KEYS, hint.keys.to_string(), Role::Key)
            .rest(hint.what.to_string(), Role::TextNormal)
    };
    let lines: Vec<Line<'_>> = following.iter().map(row).collect();
    pen.lines(inner, &lines);
}
