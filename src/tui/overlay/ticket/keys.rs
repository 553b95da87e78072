//! Keys to the ticket: what is typed, where the next key goes, and the order
//! that is proposed in the end.

use super::{LOWEST, NARROWEST, Ticket, seen};
use crate::control::ticket::{Entry, check};
use crate::domain::Text;
use crate::state::State;
use crate::tui::keymap::Key;
use crate::tui::screen::Typed;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

/// Plays one key. Keys with Ctrl or Alt are the keymap's, wherever they are
/// pressed; those of KILL and BLOCK never come here.
pub fn press(ticket: &mut Ticket, key: Key, state: &State, body: Rect) -> Typed {
    if key.is_modified() {
        return Typed::Not;
    }
    let seen = seen(state, &ticket.draft);
    let draft = &mut ticket.draft;
    if !draft.has(draft.field, &seen) {
        draft.step(true, &seen);
    }
    match key.code() {
        KeyCode::Tab | KeyCode::Down => draft.step(true, &seen),
        KeyCode::BackTab | KeyCode::Up => draft.step(false, &seen),
        KeyCode::Left => draft.turn(false, &seen),
        KeyCode::Right => draft.turn(true, &seen),
        KeyCode::Home => draft.entry_mut().into_iter().for_each(|e| e.jump(false)),
        KeyCode::End => draft.entry_mut().into_iter().for_each(|e| e.jump(true)),
        KeyCode::Backspace => draft.entry_mut().into_iter().for_each(Entry::backspace),
        KeyCode::Delete => draft.entry_mut().into_iter().for_each(Entry::delete),
        KeyCode::Char(c) => draft.put(c),
        KeyCode::Esc => return Typed::Closed,
        KeyCode::Enter => return propose(ticket, state, body),
        _ => return Typed::Not,
    }
    ticket.said = Text::default();
    Typed::Taken
}

/// The order, where it is whole and can be read before it is confirmed; else
/// the field that is not gets the keys.
fn propose(ticket: &mut Ticket, state: &State, body: Rect) -> Typed {
    let seen = seen(state, &ticket.draft);
    let checked = check(&ticket.draft, &seen);
    ticket.said = Text::default();
    if let Some(fault) = checked.fault() {
        ticket.draft.field = fault.field;
        ticket.said = Text::new(&fault.said());
        return Typed::Taken;
    }
    if body.height < LOWEST || body.width < NARROWEST {
        ticket.said = Text::new("too small to read what would be sent: 40×12");
        return Typed::Taken;
    }
    checked.proposal(&ticket.draft, &seen).map_or(Typed::Taken, Typed::Propose)
}
