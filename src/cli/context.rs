//! What every verb gets.

use super::{Exit, Failure, Out};
use crate::config::{self, Flags, Loaded, Problem};

/// The global flags and the way out.
#[derive(Debug)]
pub struct Context {
    /// The configuration's strongest layer.
    pub flags: Flags,
    /// Where to print.
    pub out: Out,
}

impl Context {
    /// For one run of the program.
    #[must_use]
    pub fn new(flags: Flags) -> Self {
        Self { flags, out: Out::default() }
    }

    /// The configuration, mistakes included: for the verbs that stop things,
    /// which must not be held up by a misspelt theme.
    #[must_use]
    pub fn loaded(&self) -> Loaded {
        config::load(&self.flags)
    }

    /// The configuration.
    ///
    /// # Errors
    /// Status 78 and every problem, when there are any.
    pub fn strict(&self) -> Result<Loaded, Failure> {
        self.loaded().strict().map_err(|problems| {
            let count = match problems.len() {
                1 => "the configuration has a problem".to_owned(),
                n => format!("the configuration has {n} problems"),
            };
            Failure::new(Exit::CONFIG, format!("{count}\n{}", listed(&problems)))
        })
    }
}

/// Every problem, each with its next step below it.
#[must_use]
pub fn listed(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}
