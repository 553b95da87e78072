//! Rows of the Mesh pane before they are made: thousands are sorted and counted
//! for a frame that shows forty.

use super::{Row, Standing};
use crate::state::State;
use crate::state::checks::Checked;
use std::borrow::Cow;

/// One check of one node, made or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// What other folds know: they are few, and made at once.
    Made(Box<Row>),
    /// A check that runs at its period, and how it stands now.
    Check(&'a Checked, Standing),
}

impl Entry<'_> {
    /// How it stands.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Made(row) => row.standing,
            Self::Check(_, standing) => *standing,
        }
    }

    /// Whether its latencies are kept.
    #[must_use]
    pub const fn has_course(&self) -> bool {
        matches!(self, Self::Check(..))
    }

    /// Node, check and word: what a filter looks at.
    #[must_use]
    pub fn words(&self, state: &State) -> [&str; 3] {
        match self {
            Self::Made(row) => [row.node.as_str(), row.check.as_str(), row.word.as_str()],
            Self::Check(row, _) => {
                [row.report.node.as_str(), row.report.name.as_str(), state.check_word(row)]
            }
        }
    }

    /// The whole row.
    #[must_use]
    pub fn row(&self, state: &State) -> Cow<'_, Row> {
        match self {
            Self::Made(row) => Cow::Borrowed(row),
            Self::Check(row, _) => Cow::Owned(state.check_row(row)),
        }
    }
}

impl State {
    /// What is known of gateways and latch, then the checks.
    #[must_use]
    pub fn mesh_entries(&self) -> Vec<Entry<'_>> {
        let made = self.mesh_rows().into_iter().map(|row| Entry::Made(Box::new(row)));
        let checks = self.checks.rows().map(|row| Entry::Check(row, self.check_standing(row)));
        made.chain(checks).collect()
    }
}
