//! What is wrong with a configuration.

use super::Origin;
use crate::domain::Text;
use serde::Serialize;
use std::fmt;

/// One mistake: its place, its cause and what to do about it.
///
/// Values are not repeated except numbers and names, so that a secret pasted
/// into the wrong place does not show up in an error.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// Where it was written.
    pub at: Origin,
    /// What is wrong.
    pub cause: Text,
    /// What to do.
    pub next: Text,
}

impl Problem {
    /// A mistake at `at`.
    #[must_use]
    pub fn new(at: Origin, cause: impl AsRef<str>, next: impl AsRef<str>) -> Self {
        Self { at, cause: Text::new(cause.as_ref()), next: Text::new(next.as_ref()) }
    }
}

impl fmt::Display for Problem {
    /// `config.toml:12:8: unknown key "gatway"`, and the next step below it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    next: {}", self.at, self.cause, self.next)
    }
}

/// The name among `known` that somebody who wrote `word` probably meant.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|k| (strsim::damerau_levenshtein(word, k), k));
    let (distance, name) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + name.len() / 4).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["gateway", "events", "fps", "latch"];
        assert_eq!(nearest("gatway", known), Some("gateway"));
        assert_eq!(nearest("fsp", known), Some("fps"));
        assert_eq!(nearest("password", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
