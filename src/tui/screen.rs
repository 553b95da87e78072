//! What the run loop needs of the views: the seam between who draws and who
//! waits.

use super::keymap::{Context, Keymap};
use super::prompt::Prompt;
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
    /// The sequence has waited long enough to show what may follow.
    pub waits: bool,
    /// The text field, if it is open.
    pub prompt: Option<&'a Prompt>,
    /// One line for the operator, empty for none.
    pub notice: &'a str,
}

/// Panes, overlays, focus and selection.
pub trait Screen {
    /// Draws everything into `area`. Must cope with any size, 1×1 included,
    /// and must show an open guard at every size.
    fn draw(&mut self, frame: Frame<'_>, area: Rect, buf: &mut Buffer);

    /// Carries out what moves the screen (focus, scroll, zoom, help, back).
    /// Verbs that act never come here.
    fn act(&mut self, action: Action, state: &State);

    /// Carries out a verb with what it was told on the command line.
    ///
    /// # Errors
    /// One line: why it can't be.
    fn tell(&mut self, action: Action, told: &str, state: &State) -> Result<(), Text> {
        let _ = told;
        self.act(action, state);
        Ok(())
    }

    /// What `action` may be told, for verbs that take a word of a list; empty
    /// when there is no list.
    fn choices(&self, action: Action, state: &State) -> Vec<String> {
        let _ = (action, state);
        Vec::new()
    }

    /// Shows the help with only what holds these words; all of it for none.
    fn search(&mut self, words: &str) {
        let _ = words;
    }

    /// Whose keys are looked up first.
    fn context(&self) -> Context;

    /// The position that `close-position` means, if one is selected.
    fn selected_position(&self, state: &State) -> Option<Ticket>;
}
