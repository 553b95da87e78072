//! What came of an import.

use super::weave::Woven;
use super::{Cause, Clock, Format};
use crate::domain::Text;
use std::collections::BTreeMap;
use std::fmt;

/// Faults that are named by their line.
const NAMED: usize = 5;

/// Lines that were not taken, by cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    name: Text,
    causes: BTreeMap<Cause, u64>,
    first: Vec<(u64, Cause)>,
}

impl Faults {
    /// None yet, of the file `name`.
    #[must_use]
    pub const fn new(name: Text) -> Self {
        Self { name, causes: BTreeMap::new(), first: Vec::new() }
    }

    /// One more.
    pub fn add(&mut self, line: u64, cause: &'static str) {
        *self.causes.entry(cause).or_default() += 1;
        if self.first.len() < NAMED {
            self.first.push((line, cause));
        }
    }

    /// The file.
    #[must_use]
    pub const fn name(&self) -> &Text {
        &self.name
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.causes.values().sum()
    }

    /// How many there were of each cause.
    #[must_use]
    pub const fn causes(&self) -> &BTreeMap<&'static str, u64> {
        &self.causes
    }
}

impl fmt::Display for Faults {
    /// Nothing where there are none; else each cause and the first lines, each
    /// on a line of its own after a line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (cause, count) in &self.causes {
            write!(f, "\n{count:>10}  {cause}")?;
        }
        for (line, cause) in &self.first {
            write!(f, "\n{}:{line}: {cause}", self.name)?;
        }
        Ok(())
    }
}

/// What was read, and what was made of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// The format it was read as.
    pub format: Format,
    /// The clock its times were read by.
    pub clock: Clock,
    /// Lines of the file.
    pub lines: u64,
    /// What the recording holds.
    pub woven: Woven,
    /// What was not taken.
    pub faults: Faults,
}
