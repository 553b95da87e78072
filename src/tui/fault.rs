//! What is wrong with a theme or keymap file, and where.
//!
//! One type for both kinds of file: a reader with an editor open needs the
//! file, the line, the column, the cause and the likely remedy.

use crate::domain::Text;
use std::fmt;
use std::ops::Range;
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// A fault at a place of a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct FileFault {
    /// The file as the reader knows it: a path, or the name of a bundled one.
    pub file: Text,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The cause and the next step.
    pub what: Text,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)
    }
}

/// A file's name and text, to turn byte ranges into places.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Name shown to the reader.
    pub file: &'a str,
    /// The whole text.
    pub text: &'a str,
}

impl Source<'_> {
    /// A fault at the start of `at`.
    #[must_use]
    pub fn fault(&self, at: &Range<usize>, what: impl AsRef<str>) -> FileFault {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        FileFault {
            file: Text::new(self.file),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
            what: Text::new(what.as_ref()),
        }
    }

    /// The same as a refusal.
    ///
    /// # Errors
    /// Always: the fault.
    pub fn refuse<T>(&self, at: &Range<usize>, what: impl AsRef<str>) -> Result<T, FileFault> {
        Err(self.fault(at, what))
    }

    /// Refuses a key that is none of `known`.
    ///
    /// # Errors
    /// Always: the fault, with the nearest known key.
    pub fn unknown<'k, T>(
        &self,
        at: &Range<usize>,
        word: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Result<T, FileFault> {
        self.refuse(at, format!("unknown key \"{word}\"{}", did_you_mean(word, known)))
    }

    /// The value as a table.
    ///
    /// # Errors
    /// It is something else.
    pub fn table<'t, 'a>(
        &self,
        value: &'t Spanned<DeValue<'a>>,
    ) -> Result<&'t DeTable<'a>, FileFault> {
        value.get_ref().as_table().ok_or_else(|| self.unlike(value, "a table"))
    }

    /// The value as a list.
    ///
    /// # Errors
    /// It is something else.
    pub fn list<'t, 'a>(
        &self,
        value: &'t Spanned<DeValue<'a>>,
        example: &str,
    ) -> Result<&'t DeArray<'a>, FileFault> {
        value.get_ref().as_array().ok_or_else(|| self.unlike(value, example))
    }

    /// The value as text.
    ///
    /// # Errors
    /// It is something else.
    pub fn string<'t>(&self, value: &'t Spanned<DeValue<'_>>) -> Result<&'t str, FileFault> {
        value.get_ref().as_str().ok_or_else(|| self.unlike(value, "text"))
    }

    fn unlike(&self, value: &Spanned<DeValue<'_>>, expected: &str) -> FileFault {
        let found = value.get_ref().type_str();
        self.fault(&value.span(), format!("expected {expected}, found {found}"))
    }

    /// A fault that the TOML parser found.
    #[must_use]
    pub fn syntax(&self, error: &toml::de::Error) -> FileFault {
        self.fault(&error.span().unwrap_or(0..0), error.message())
    }
}

/// ` (did you mean "…"?)` where one of `known` is near to `word`, else empty.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|k| (likeness(word, k), k))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, k)| format!(" (did you mean \"{k}\"?)"))
}

/// 0 to 1; one slip of the finger is always near, in short words too.
fn likeness(word: &str, known: &str) -> f64 {
    let near = strsim::jaro_winkler(word, known);
    if word.len() > 1 && strsim::damerau_levenshtein(word, known) == 1 {
        near.max(0.9)
    } else {
        near
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let source = Source { file: "a.toml", text: "x = 1\nö = 22\n" };
        let fault = source.fault(&(11..12), "no");
        assert_eq!(fault.to_string(), "a.toml:2:5: no");
        assert_eq!(source.fault(&(0..1), "no").to_string(), "a.toml:1:1: no");
    }

    #[test]
    fn only_near_words_are_offered() {
        let known = ["pnl.up", "pnl.down", "switch.fired"];
        assert_eq!(did_you_mean("pnl.upp", known), " (did you mean \"pnl.up\"?)");
        assert_eq!(did_you_mean("rbg", ["rgb", "ansi"]), " (did you mean \"rgb\"?)");
        assert_eq!(did_you_mean("zebra", known), "");
    }
}
