//! The program's own words, for the second page of the Log pane.
//!
//! What belongs here: keeping them (by `tui-logger`, see [`keeper`]) and the
//! snapshot that a view may read. What does not: what happened to the market,
//! the account or the switch; that is State's log and the first page. These
//! lines prove nothing, are not recorded, and a replay has none.

pub mod keeper;

pub use keeper::{Feed, Keeper};
pub use log::Level;

use crate::domain::{Text, UtcMicros};
use std::sync::Arc;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When it was said.
    pub at: UtcMicros,
    /// How loudly.
    pub level: Level,
    /// The part of the program that said it: `feeds::ticks`.
    pub source: Text,
    /// The words.
    pub text: Text,
}

/// How much was said loudly since the program began, shown or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Something failed.
    pub errors: u64,
    /// Something should be looked at.
    pub warnings: u64,
}

impl Counts {
    /// Counts one line.
    pub const fn add(&mut self, level: Level) {
        match level {
            Level::Error => self.errors += 1,
            Level::Warn => self.warnings += 1,
            Level::Info | Level::Debug | Level::Trace => {}
        }
    }

    /// What came after `before`.
    #[must_use]
    pub const fn since(self, before: Self) -> Self {
        Self {
            errors: self.errors.saturating_sub(before.errors),
            warnings: self.warnings.saturating_sub(before.warnings),
        }
    }
}

/// The lines as they stood at one moment; cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The last lines, newest last.
    pub lines: Arc<[Said]>,
    /// Of all lines ever.
    pub counts: Counts,
}
