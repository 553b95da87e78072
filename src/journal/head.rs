//! What a chunk says about itself.

use super::Gap;
use crate::domain::{Mark, Stamp};
use serde::{Deserialize, Serialize};

/// Written as the last message of each chunk, and once more, for all chunks,
/// into the index of a sealed file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number and moment of the first record.
    pub first: (u64, Stamp),
    /// Number and moment of the last one.
    pub last: (u64, Stamp),
    /// Records in it, each tick counted for itself.
    pub events: u64,
    /// It begins with a whole State: that before its first record.
    pub whole: bool,
    /// Records are missing before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// Places worth going to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
}

impl Head {
    /// What was known before it was less than everything, since records were
    /// lost and no State was whole after them; its own State is.
    #[must_use]
    pub fn is_anew(&self) -> bool {
        self.gap.is_some_and(|gap| gap.after == gap.until)
    }
}

/// A chunk's head, and where the chunk lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Byte at which its record begins.
    pub offset: u64,
    /// Bytes of its record, opcode and length included.
    pub len: u64,
    /// What it says about itself.
    pub head: Head,
}
