//! Standard output and error, with readers that may leave.
//!
//! `println!` panics when `head` has seen enough; here a reader that left
//! is remembered and nothing more is written. A verb that acts goes on to
//! its end all the same: half a close because of `| head` would be worse.

use crate::domain::Text;
use serde::Serialize;
use std::io::Write;

/// Longest line printed, in characters.
const MAX_LINE: usize = 4_096;

/// Where a verb prints.
#[derive(Debug, Default)]
pub struct Out {
    left: bool,
}

impl Out {
    /// Prints no answer; notes still go to standard error.
    #[must_use]
    pub const fn silent() -> Self {
        Self { left: true }
    }

    /// One line, or several, of the answer. Whatever a line holds, it can't
    /// steer the terminal.
    pub fn line(&mut self, text: impl AsRef<str>) {
        for line in text.as_ref().split('\n') {
            self.raw(Text::limited(line, MAX_LINE).as_str());
        }
    }

    /// The one JSON document of a `--json` answer, in ASCII: what could steer
    /// a terminal is escaped, and nothing is lost.
    pub fn json(&mut self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.raw(&ascii(&text)),
            Err(e) => self.note(format!("crs: this answer has no JSON form: {e}")),
        }
    }

    /// One JSON document on a line of its own, in ASCII: for what comes one by
    /// one.
    pub fn json_line(&mut self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.raw(&ascii(&text)),
            Err(e) => self.note(format!("crs: this line has no JSON form: {e}")),
        }
    }

    /// A generated file: a completion script, a manual page.
    pub fn file(&mut self, bytes: &[u8]) {
        if !self.left {
            let mut stdout = std::io::stdout().lock();
            self.left = stdout.write_all(bytes).and_then(|()| stdout.flush()).is_err();
        }
    }

    /// A line beside the answer, to standard error.
    pub fn note(&mut self, text: impl AsRef<str>) {
        let mut stderr = std::io::stderr().lock();
        for line in text.as_ref().split('\n') {
            // Nobody is left to be told about an error on standard error.
            let _ = writeln!(stderr, "{}", Text::limited(line, MAX_LINE));
        }
    }

    /// Whether the reader left: a verb that only reads may stop.
    #[must_use]
    pub const fn reader_left(&self) -> bool {
        self.left
    }

    fn raw(&mut self, line: &str) {
        if !self.left {
            let mut stdout = std::io::stdout().lock();
            self.left = writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err();
        }
    }
}

/// Escapes whatever is not printable ASCII. In a JSON document such
/// characters stand inside strings only, where an escape means the same.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0_u16; 2];
    for c in json.chars() {
        if c == '\n' || (' '..='~').contains(&c) {
            out.push(c);
        } else {
            let escaped = c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}"));
            out.extend(escaped);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_survives_its_escapes() {
        let text = "Öl \u{9b}31m \u{202e} \u{7f} \u{1f600} \"quoted\" \x1b";
        let json = ascii(&serde_json::to_string_pretty(&[text]).unwrap());
        assert!(json.is_ascii() && !json.contains('\x7f') && !json.contains('\x1b'));
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [text]);
    }
}
