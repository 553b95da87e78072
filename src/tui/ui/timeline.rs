//! What a screen that shows the past says of time.

use crate::domain::{Mark, Text, UtcMicros};
use std::sync::Arc;

/// Whose past is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shows {
    /// A recording: nothing of the screen is now.
    #[default]
    Recording,
    /// This session's: strip, switch and alarms are of now.
    Session,
}

/// How time passes in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Motion {
    /// Not at all.
    #[default]
    Stands,
    /// At its speed.
    Plays,
    /// It stays at the end of what grows.
    Follows,
    /// A text is searched for.
    Searches,
}

/// Where the screen is in time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Whose past.
    pub shows: Shows,
    /// Number and time of the first record.
    pub first: (u64, UtcMicros),
    /// Number and time of the last one.
    pub last: (u64, UtcMicros),
    /// Number and time of the one that is shown.
    pub at: (u64, UtcMicros),
    /// How time passes.
    pub motion: Motion,
    /// As shown: `10x`.
    pub speed: Text,
    /// Places worth going to.
    pub marks: Arc<[Mark]>,
    /// The chord of a kill was pressed, which does nothing in a recording.
    pub explains: bool,
}
