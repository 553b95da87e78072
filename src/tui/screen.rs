//! What the run loop needs of the views: the seam between who draws and who
//! waits.

use super::keymap::{Context, Keymap};
use super::theme::Theme;
use crate::control::Action;
use crate::domain::{Text, Ticket};
use crate::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Everything that one frame is made of, beside the screen's own memory of
/// focus, scroll and selection.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// What is known.
    pub state: &'a State,
    /// How it looks.
    pub theme: &'a Theme,
    /// Which keys there are, for hints and help.
    pub keymap: &'a Keymap,
    /// Keys of a sequence that was begun, empty when none was.
    pub pending: &'a str,
    /// The line is slow: fewer frames, and what moves without need stands
    /// still.
    pub slow: bool,
}

/// Panes, overlays, focus and selection.
pub trait Screen {
    /// Draws everything into `area`. Must cope with any size, 1×1 included,
    /// and must show an open guard at every size.
    fn draw(&mut self, frame: Frame<'_>, area: Rect, buf: &mut Buffer);

    /// Carries out what moves the screen (focus, scroll, zoom, help, back).
    /// Verbs that act never come here.
    fn act(&mut self, action: Action, state: &State);

    /// Whose keys are looked up first.
    fn context(&self) -> Context;

    /// The position that `close-position` means, if one is selected.
    fn selected_position(&self, state: &State) -> Option<Ticket>;

    /// The key of the alarm that `acknowledge` and `silence` mean, if one is
    /// selected.
    fn selected_alarm(&self, state: &State) -> Option<Text>;
}
