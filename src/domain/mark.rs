//! Places in a recording that are worth going to.

use super::{Text, UtcMicros};
use serde::{Deserialize, Serialize};

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// An automatic trader decided to buy or sell.
    Decision,
    /// New orders were stopped, nothing was flattened.
    Block,
    /// All trading was stopped.
    Kill,
    /// Records are missing before this place.
    Gap,
    /// An alarm was raised.
    Alarm,
    /// The operator marked it.
    Bookmark,
}

impl MarkKind {
    /// All, the least grave first.
    pub const ALL: [Self; 6] =
        [Self::Decision, Self::Bookmark, Self::Alarm, Self::Gap, Self::Block, Self::Kill];

    /// The word on the screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Block => "block",
            Self::Kill => "kill",
            Self::Gap => "gap",
            Self::Alarm => "alarm",
            Self::Bookmark => "bookmark",
        }
    }
}

/// One such place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The record after which it shows.
    pub seq: u64,
    /// When, UTC.
    pub at: UtcMicros,
    /// What it stands for.
    pub kind: MarkKind,
    /// One line.
    pub text: Text,
}
