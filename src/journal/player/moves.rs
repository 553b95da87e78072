//! What a player can be asked for, and what it shows.

use super::{Place, Speed};
use crate::domain::{Mark, MarkKind, Text, UtcMicros};
use crate::journal::Span;
use crate::state::State;
use std::sync::Arc;

/// A move through a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// To the first record.
    Start,
    /// To the last record, and on with it where the recording grows.
    End,
    /// To a record.
    Seq(u64),
    /// To the last record at or before a moment, UTC.
    Time(UtcMicros),
    /// To a clock time, microseconds after midnight UTC.
    Clock(i64),
    /// So many microseconds on, or back where negative.
    By(i64),
    /// So many records on, or back where negative.
    Step {
        /// How many.
        by: i64,
        /// Beats count too; without, a step shows something new.
        beats: bool,
    },
    /// To the next mark, of one kind or of any.
    NextMark(Option<MarkKind>),
    /// To the mark before.
    PreviousMark(Option<MarkKind>),
    /// To the next record that holds a text.
    Find(Text),
    /// The same text once more.
    FindNext,
    /// The same text, backwards.
    FindPrevious,
    /// Play on.
    Play,
    /// Stand still.
    Pause,
    /// The other one of the two.
    Turn,
    /// So fast from now on.
    Speed(Speed),
    /// The next faster speed.
    Faster,
    /// The next slower one.
    Slower,
}

impl From<Place> for Move {
    fn from(place: Place) -> Self {
        match place {
            Place::Seq(seq) => Self::Seq(seq),
            Place::Time(at) => Self::Time(at),
            Place::Clock(clock) => Self::Clock(clock),
            Place::By(us) => Self::By(us),
        }
    }
}

/// What a player shows.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub struct View {
    /// State after the record it stands at.
    pub state: Arc<State>,
    /// What the recording covers.
    pub span: Span,
    /// Time passes.
    pub playing: bool,
    /// It stays at the end of a recording that grows.
    pub following: bool,
    /// How fast time passes.
    pub speed: Speed,
    /// Places worth going to.
    pub marks: Arc<[Mark]>,
    /// Nothing comes after it, as far as is known.
    pub at_end: bool,
    /// A search is on its way.
    pub searching: bool,
    /// One line for the operator; empty for none.
    pub note: Text,
    /// Where and why the recording can't be read; empty while it can.
    pub damage: Text,
}
