//! What lies over the panes: the order ticket, the open guard, the help, what may
//! follow a key, and the command line's list. Never over the truth strip or the
//! status line.

pub mod guard;
pub mod help;
mod mission;
pub mod pending;
pub mod prompt;
pub mod replay;
pub mod ticket;

use crate::tui::theme::Role;
use crate::tui::view::pen::{Line, Pen};
use ratatui::layout::Rect;

/// A box of at most `width` by `height` at the bottom of `body`, emptied and
/// framed; returns what is inside. The top keeps what is looked at: positions,
/// or the kill that runs.
fn frame(
    pen: &mut Pen<'_>,
    body: Rect,
    width: u16,
    height: u16,
    title: &Line<'_>,
    border: Role,
) -> Rect {
    let (width, height) = (width.min(body.width), height.min(body.height));
    let area =
        Rect { x: body.x + (body.width - width) / 2, y: body.bottom() - height, width, height };
    pen.clear(area, Role::Overlay);
    pen.frame(area, border, title)
}
