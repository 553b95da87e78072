//! What the run loop needs of the views: the seam between who draws and who
//! waits.

use super::keymap::{Context, Key, Keymap};
use super::prompt::Prompt;
use super::theme::Theme;
use super::ui::{Layout, Timeline};
use crate::control::{Action, MissionAsk, Proposal};
use crate::domain::{Stamp, Text, Ticket, UtcMicros};
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
    /// The line is slow: fewer frames, and what moves without need stands
    /// still.
    pub slow: bool,
    /// When it is drawn; State's own now is older by what waits.
    pub now: Stamp,
    /// What the panes show where it is not `state`: this session's past.
    pub past: Option<&'a State>,
    /// Where in time the panes are, while they don't show now.
    pub time: Option<&'a Timeline>,
}

/// What the mouse did, in cells. It moves the screen and acts on nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// What.
    pub what: Pointed,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointed {
    /// A button was pressed.
    Click,
    /// It was moved while a button was held.
    Drag,
    /// The wheel, towards the top.
    Up,
    /// The wheel, towards the bottom.
    Down,
}

/// Panes, overlays, focus and selection.
pub trait Screen {
    /// Draws everything into `area`. Must cope with any size, 1×1 included,
    /// and must show an open guard at every size.
    fn draw(&mut self, frame: Frame<'_>, area: Rect, buf: &mut Buffer);

    /// Carries out what moves the screen (focus, scroll, zoom, help, back).
    /// Verbs that act never come here.
    fn act(&mut self, action: Action, state: &State);

    /// Takes what the mouse did: focus, selection, scrolling, nothing else.
    fn pointed(&mut self, _point: Point, _state: &State, _theme: &Theme) {}

    /// The moment of the timeline that a point is on, if it is on it.
    fn moment(&self, _point: Point) -> Option<UtcMicros> {
        None
    }

    /// Something lies on top that `back` would close first.
    fn lies_open(&self) -> bool {
        false
    }

    /// Something is being filled in that another view would cover.
    fn fills_in(&self) -> bool {
        false
    }

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

    /// How it stands, for the next session; none when nothing is to be kept.
    fn layout(&self) -> Option<Layout> {
        None
    }

    /// Whose keys are looked up first.
    fn context(&self) -> Context;

    /// The gateway and the ticket of the position that `close-position` means,
    /// if one is selected.
    fn selected_position(&self, state: &State) -> Option<(u16, Ticket)>;

    /// The key of the alarm that `acknowledge` and `silence` mean, if one is
    /// selected.
    fn selected_alarm(&self, state: &State) -> Option<Text>;

    /// The process that a verb without a name means, if one is selected.
    fn selected_process(&self, _state: &State) -> Option<Text> {
        None
    }

    /// The alert of mission control that is selected, if one is.
    fn selected_alert(&self, _state: &State) -> Option<u64> {
        None
    }

    /// The guard, or the field for typed words, opens for this.
    fn asks(&mut self, _ask: &MissionAsk) {}

    /// This was asked of mission control.
    fn asked(&mut self, _ask: &MissionAsk, _state: &State) {}

    /// Offers a key to what is typed into, before the keymap hears of it. KILL
    /// and BLOCK never come here.
    fn typed(&mut self, _key: Key, _state: &State) -> Typed {
        Typed::Not
    }

    /// Tells the operator what the last key could not do, and why.
    fn say(&mut self, _words: &Text) {}

    /// The order of the ticket is on its way.
    fn ordered(&mut self) {}
}

/// What a key was to something that is typed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Nothing: it goes on to the keymap.
    Not,
    /// It was typed.
    Taken,
    /// It puts away what was typed into.
    Closed,
    /// It proposes this order, which a guard has to confirm.
    Propose(Proposal),
}
