//! The chords of KILL and BLOCK: built in, in every keymap, at every size.
//!
//! Ctrl-K and Ctrl-T are free on the way: no terminal, multiplexer or shell
//! in raw mode takes them, and neither is a byte that stands for another key.

use super::key::Key;
use crate::control::{Action, guard};
use crate::event::GuardedVerb;

/// The chord that opens the guard of KILL.
pub const KILL: char = 'k';
/// The chord that opens the guard of BLOCK.
pub const BLOCK: char = 't';
/// The key that confirms. Caps lock must not be in its way.
pub const CONFIRM: char = 'y';

/// What a key is to the guard of KILL and BLOCK.
#[must_use]
pub fn guard_key(key: Key) -> guard::Key {
    match (key.ctrl_char(), key.plain_char()) {
        (Some(KILL), _) => guard::Key::Chord(GuardedVerb::Kill),
        (Some(BLOCK), _) => guard::Key::Chord(GuardedVerb::Block),
        (_, Some(c)) if c.eq_ignore_ascii_case(&CONFIRM) => guard::Key::Confirm,
        _ => guard::Key::Other,
    }
}

/// The chord of a verb that no keymap can name.
#[must_use]
pub const fn shown(action: Action) -> Option<&'static str> {
    match action {
        Action::Kill => Some("Ctrl-K"),
        Action::Block => Some("Ctrl-T"),
        _ => None,
    }
}

/// Why a key may not stand in a keymap.
#[must_use]
pub fn refusal(key: Key) -> Option<&'static str> {
    match key.ctrl_char() {
        Some(KILL) => Some("Ctrl-K is the kill chord, the same in every keymap"),
        Some(BLOCK) => Some("Ctrl-T is the chord of BLOCK, the same in every keymap"),
        Some('i') => Some("a terminal can't tell Ctrl-I from Tab: write tab"),
        Some('m') => Some("a terminal can't tell Ctrl-M from Enter: write enter"),
        Some('[') => Some("a terminal can't tell Ctrl-[ from Esc: write esc"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bare_letter_confirms() {
        let of = |name: &str| guard_key(Key::named(name).unwrap());
        assert_eq!(of("y"), guard::Key::Confirm);
        assert_eq!(of("Y"), guard::Key::Confirm);
        for other in ["ctrl-y", "alt-y", "k", "K", "enter", "z", "alt-k"] {
            assert_eq!(of(other), guard::Key::Other, "{other}");
        }
        assert_eq!(of("ctrl-k"), guard::Key::Chord(GuardedVerb::Kill));
        assert_eq!(of("ctrl-t"), guard::Key::Chord(GuardedVerb::Block));
    }

    /// Taken on the way: by screen and tmux (A, B), as another key's byte (I, M,
    /// [), as signals and flow control (C, Q, S, Z, \\), as a prefix (X).
    #[test]
    fn neither_chord_is_one_that_something_on_the_way_takes() {
        for taken in ['a', 'b', 'c', 'i', 'm', 'q', 's', 'x', 'z', '\\', '['] {
            assert!(taken != KILL && taken != BLOCK, "{taken}");
        }
        assert_ne!(KILL, BLOCK);
    }

    #[test]
    fn what_is_shown_is_what_opens() {
        for action in [Action::Kill, Action::Block] {
            let chord = shown(action).unwrap().to_lowercase();
            assert!(matches!(guard_key(Key::named(&chord).unwrap()), guard::Key::Chord(_)));
        }
    }
}
