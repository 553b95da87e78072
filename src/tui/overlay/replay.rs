//! What the chord of a kill does in a recording: nothing, and it says so.

use crate::tui::theme::Role;
use crate::tui::view::pen::{Line, Pen};
use crate::tui::view::{Scene, wrap};
use ratatui::layout::Rect;

/// Widest box.
const WIDTH: u16 = 62;

/// In the order of what an operator in a hurry needs.
const WORDS: [&str; 3] = [
    "To stop all trading NOW: run crs kill in another terminal.",
    "This key does nothing here: this is a recording, no gateway is connected to it and no latch \
     is touched.",
    "What the panes show is history.",
];

/// Draws it over `body`, while it is to be said.
pub fn draw(pen: &mut Pen<'_>, body: Rect, scene: Scene<'_>) {
    if !scene.ui.time.as_ref().is_some_and(|time| time.explains) {
        return;
    }
    let width = WIDTH.min(body.width).saturating_sub(4);
    let rows = |(at, words): (usize, &'static str)| {
        let role = if at == 0 { Role::TextStrong } else { Role::TextNormal };
        wrap(words, width).into_iter().map(move |row| Line::new().rest(row, role))
    };
    let lines: Vec<Line<'_>> = WORDS.into_iter().enumerate().flat_map(rows).collect();
    let title = Line::new().text(" NOT A KILL ", Role::GuardOther);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inner = super::frame(pen, body, WIDTH, height, &title, Role::GuardOther);
    pen.lines(inner, &lines);
}
