//! Below 24×5: mode, breaker, and the kill, which works at every size.

use super::pen::{Line, Pen};
use super::{Scene, words};
use crate::domain::Mode;
use crate::tui::theme::Role;
use ratatui::layout::Rect;

/// The mode's first letters tell it better than an ellipsis would.
fn start(word: &'static str, width: u16) -> &'static str {
    word.get(..usize::from(width)).unwrap_or(word)
}

/// Draws what fits.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let state = scene.state;
    let mode = scene.mode();
    let breaker = words::breaker(state.breaker_phase(), pen.glyphs());
    let mut lines = Vec::new();
    if let Some(guard) = state.guard_open() {
        let text = format!("{}? {}", guard.verb, scene.hints.confirm);
        lines.push(Line::new().rest(text, Role::GuardKill).on(Role::GuardKill));
    }
    lines.push(
        Line::new()
            .text(start(mode.word(), area.width), words::mode(mode))
            .gap(1)
            .text(breaker.mark, breaker.role)
            .text(breaker.word, breaker.role),
    );
    if mode != Mode::Replay {
        lines.push(
            Line::new().text(scene.hints.kill.as_str(), Role::Key).text(" KILL", Role::TextStrong),
        );
    }
    if let Some(kill) =
        state.kills.values().min_by_key(|k| crate::state::switch::standing(&k.value))
    {
        let badge = words::kill(kill.value.phase, pen.glyphs());
        lines.push(Line::new().text(badge.mark, badge.role).text(badge.word, badge.role));
    }
    lines.push(match &scene.ui.prompt {
        Some(field) => crate::tui::overlay::prompt::field(field, usize::from(area.width)),
        None => Line::new().dim("too small: 24×5"),
    });
    pen.lines(area, &lines);
    if words::is_flashing(state) {
        let row = area.y + u16::from(state.guard_open().is_some());
        pen.flip(Rect { y: row, height: 1, ..area }.intersection(area));
    }
}
