//! One finding.

use crate::domain::Text;
use serde::Serialize;
use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Works.
    Good,
    /// Works, with something to know.
    Note,
    /// Something will not work, or not as well as it could.
    Poor,
    /// Something that the console is for will not work.
    Broken,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Poor => "poor",
            Self::Broken => "BROKEN",
        }
    }
}

/// What was looked at, how it stands, and what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Subject.
    pub what: &'static str,
    /// How bad it is.
    pub state: State,
    /// What was found.
    pub found: Text,
    /// What will not work and why, and the next step; empty when all is well.
    pub advice: Text,
}

impl Check {
    /// All is well.
    pub fn good(what: &'static str, found: impl AsRef<str>) -> Self {
        Self::new(what, State::Good, found, "")
    }

    /// Any state, with what follows from it.
    pub fn new(
        what: &'static str,
        state: State,
        found: impl AsRef<str>,
        advice: impl AsRef<str>,
    ) -> Self {
        Self { what, state, found: Text::new(found.as_ref()), advice: Text::new(advice.as_ref()) }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<7}{:<15}{}", self.state.word(), self.what, self.found)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, "\n{:22}{}", "", self.advice) }
    }
}
