//! A recording read from its first record to its last.

use crate::journal::{Piece, RecordingError, Source};
use crate::state::State;

/// What the whole of a recording came to.
#[derive(Debug, Default)]
pub struct Whole {
    /// Records that were read.
    pub records: u64,
    /// State after the last of them.
    pub state: State,
    /// Why reading ended before the end.
    pub damage: Option<RecordingError>,
}

impl Whole {
    /// Reads and folds all of `source`, up to its end or to what is damaged.
    pub fn read(source: &mut dyn Source) -> Self {
        let mut whole = Self::default();
        match source.state_at(source.span().first.0) {
            Ok(state) => whole.state = state,
            Err(error) => {
                whole.damage = Some(error);
                return whole;
            }
        }
        whole.records = u64::from(whole.state.seq > 0);
        let mut pieces = Vec::new();
        while whole.damage.is_none() {
            whole.damage = source.read_after(whole.state.seq, &mut pieces).err();
            let before = whole.state.seq;
            for piece in pieces.drain(..) {
                match piece {
                    Piece::Record(record) => {
                        whole.records += u64::from(whole.state.apply(&record).is_ok());
                    }
                    Piece::Whole(_, state) => whole.state = *state,
                }
            }
            // The end, or a source whose records don't follow each other.
            if whole.state.seq == before {
                break;
            }
        }
        whole
    }
}
