//! The sanitising type: every string that came from outside wears it.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::sync::Arc;

/// Longest text kept, in characters; the rest is cut and marked with `…`.
pub const MAX_CHARS: usize = 512;
/// Combining marks kept after one base character (zalgo text has dozens).
const MAX_MARKS: usize = 2;

/// Text that is safe to show, log or panic with.
///
/// Control characters (C0, C1, DEL, so ESC, BEL and OSC introducers too),
/// bidirectional controls, zero-width and tag characters, line and paragraph
/// separators and stacked combining marks never survive construction. What
/// was removed leaves a visible `·`, so that a mangled name is seen as such.
/// Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Text {
    /// Sanitises `raw`; never fails.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        Self::limited(raw, MAX_CHARS)
    }

    /// Sanitises `raw` and keeps at most `max_chars` characters.
    #[must_use]
    pub fn limited(raw: &str, max_chars: usize) -> Self {
        if raw.len() <= max_chars && raw.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Self(Arc::from(raw));
        }
        Self(Arc::from(sanitise(raw, max_chars)))
    }

    /// Sanitises bytes that should be UTF-8; broken sequences become U+FFFD.
    #[must_use]
    pub fn from_bytes(raw: &[u8]) -> Self {
        Self::new(&String::from_utf8_lossy(raw))
    }

    /// The clean text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn sanitise(raw: &str, max_chars: usize) -> String {
    let mut out = String::with_capacity(raw.len().min(max_chars.saturating_mul(4)));
    let mut marks = 0_usize;
    let mut replaced = false;
    for (kept, c) in raw.chars().enumerate() {
        if kept >= max_chars {
            out.push('…');
            break;
        }
        if is_mark(c) {
            marks += 1;
            if marks <= MAX_MARKS && !out.is_empty() {
                out.push(c);
            }
            continue;
        }
        if is_unsafe(c) {
            // Without a dot of its own it is no base for further marks.
            if !replaced {
                out.push('·');
                marks = 0;
            }
            replaced = true;
            continue;
        }
        marks = 0;
        replaced = false;
        out.push(c);
    }
    out
}

/// Characters that steer a terminal or a reader's eye instead of being read.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}')
}

/// Combining marks of the blocks that zalgo text is made of.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{489}'
        | '\u{591}'..='\u{5bd}'
        | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl From<&str> for Text {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for Text {
    fn from(raw: String) -> Self {
        Self::new(&raw)
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Ok(Self::new(&raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_and_bidi_become_dots() {
        assert_eq!(Text::new("\x1b]52;c;aGk=\x07EUR").as_str(), "·]52;c;aGk=·EUR");
        assert_eq!(Text::new("a\u{202e}b\u{9b}31mc").as_str(), "a·b·31mc");
        assert_eq!(Text::new("line\r\nnext").as_str(), "line·next");
    }

    #[test]
    fn zalgo_is_thinned_and_length_is_bounded() {
        let zalgo = format!("e{}x", "\u{301}".repeat(40));
        assert_eq!(Text::new(&zalgo).as_str(), "e\u{301}\u{301}x");
        let long = "A".repeat(5_000);
        let text = Text::new(&long);
        assert_eq!(text.as_str().chars().count(), MAX_CHARS + 1);
        assert!(text.as_str().ends_with('…'));
    }

    #[test]
    fn ordinary_text_is_untouched() {
        for s in ["EURUSD.s", "Ölpreis", "日本", "Protocol v1.0: {\"a\":1}", ""] {
            assert_eq!(Text::new(s).as_str(), s);
        }
    }

    proptest! {
        #[test]
        fn nothing_unsafe_survives(raw in "\\PC*|.*") {
            let text = Text::new(&raw);
            prop_assert!(text.as_str().chars().all(|c| !is_unsafe(c)));
            prop_assert_eq!(Text::new(text.as_str()).as_str().len() <= text.as_str().len() + 4, true);
        }
    }
}
