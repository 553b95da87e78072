//! A bracketed paste whose first byte came alone.
//!
//! On a slow line the escape may arrive before the rest of the bracket. It is
//! then a key, and what is pasted would be keys too. Nobody types the rest of
//! the bracket by hand, so from there on keys are the paste's until they pause.

use crate::domain::Stamp;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::time::Duration;

/// What follows the escape.
const BRACKET: [char; 5] = ['[', '2', '0', '0', '~'];
/// Silence after which keys are keys again.
const PAUSE: Duration = Duration::from_secs(1);

/// How much of such a paste was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Paste {
    /// Keys of escape and bracket so far.
    seen: usize,
    /// The last key of the paste that runs.
    last: Option<Stamp>,
}

impl Paste {
    /// Whether this key is part of a paste, the end of its bracket included.
    pub(super) fn holds(&mut self, key: &KeyEvent, at: Stamp) -> bool {
        if self.last.is_some_and(|last| at.since(last) < PAUSE) {
            self.last = Some(at);
            return true;
        }
        self.last = None;
        let plain = key.kind == KeyEventKind::Press && key.modifiers == KeyModifiers::NONE;
        self.seen = match key.code {
            KeyCode::Esc if plain => 1,
            KeyCode::Char(c)
                if plain && self.seen > 0 && BRACKET.get(self.seen - 1) == Some(&c) =>
            {
                self.seen + 1
            }
            _ => 0,
        };
        if self.seen > BRACKET.len() {
            (self.seen, self.last) = (0, Some(at));
        }
        self.last.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(keys: &[KeyCode], gap_ms: u64) -> Vec<bool> {
        let mut paste = Paste::default();
        let mut at = Stamp::default();
        let mut hold = |code: &KeyCode| {
            at = at.plus(Duration::from_millis(gap_ms));
            paste.holds(&KeyEvent::from(*code), at)
        };
        keys.iter().map(&mut hold).collect()
    }

    fn keys(text: &str) -> Vec<KeyCode> {
        text.chars().map(|c| if c == '^' { KeyCode::Esc } else { KeyCode::Char(c) }).collect()
    }

    #[test]
    fn after_the_bracket_keys_are_pasted_until_they_pause() {
        let held = play(&keys("^[200~ky"), 200);
        assert_eq!(held, [false, false, false, false, false, true, true, true]);
        assert_eq!(play(&keys("^[200~ky"), 1_001)[5..], [true, false, false]);
    }

    #[test]
    fn nothing_else_begins_one() {
        for typed in ["[200~ky", "^[201~ky", "^j[200~ky", "^^[20~ky", "200~y"] {
            assert!(!play(&keys(typed), 50).contains(&true), "{typed}");
        }
        assert_eq!(play(&keys("^^[200~y"), 50)[6..], [true, true]);
    }
}
