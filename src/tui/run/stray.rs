//! Keys that mean something in the default keymap and nothing in the chosen one:
//! who learnt them there is told the right ones, instead of nothing at all.

use crate::domain::{Stamp, Text};
use crate::tui::keymap::{Context, Fed, Key, Keymap, Sequence};

/// Plays what the chosen keymap has left alone through the default one.
#[derive(Default)]
pub(super) struct Stray {
    usual: Keymap,
    sequence: Sequence,
}

impl Stray {
    /// The chosen keymap knew the key.
    pub fn clear(&mut self) {
        self.sequence.clear();
    }

    /// It was left with the beginning of something.
    pub fn has_begun(&self) -> bool {
        !self.sequence.shown().is_empty()
    }

    /// It did not: what to tell, once the keys are a verb's in the default one.
    pub fn feed(&mut self, chosen: &Keymap, context: Context, key: Key, at: Stamp) -> Option<Text> {
        let Fed::Run(action) = self.sequence.feed(&self.usual, context, key, at) else {
            return None;
        };
        let (name, keymap) = (action.name(), chosen.name());
        Some(Text::new(&match chosen.keys_for(action, context) {
            Some(keys) => format!("in keymap {keymap}, {keys} is {name}"),
            None => format!("keymap {keymap} has no key for {name}: type :{name}"),
        }))
    }
}
