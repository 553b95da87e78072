//! The one walk through the chunks of files: whoever wants to know what a
//! recording holds, and whoever writes it anew, goes this way.

use super::chunk::Chunk;
use super::file::{self, OpenFile};
use super::head::{Head, Place};
use super::{Gap, RecordingError};
use crate::domain::Stamp;
use crate::event::Stamped;
use crate::state::State;

/// Who is told what lies in the files. What it answers with an error ends the
/// walk.
pub trait Walker {
    /// State after the last record, once there was one.
    fn state(&self) -> Option<&State>;

    /// It goes on after `state`, without the records of `gap`; an empty one
    /// where State was not known to the full before.
    ///
    /// # Errors
    /// The walker's own.
    fn begin(&mut self, gap: Gap, state: State) -> Result<(), RecordingError>;

    /// A whole State that is not what the records before it make.
    ///
    /// # Errors
    /// The walker's own.
    fn differs(&mut self, error: RecordingError, whole: State) -> Result<(), RecordingError>;

    /// What is to be taken for State before a record where nobody knows it;
    /// none where its chunk is to be left out.
    fn unknown(&self, first: (u64, Stamp)) -> Option<State> {
        let _ = first;
        None
    }

    /// The records of a chunk follow.
    fn chunk(&mut self, head: &Head) {
        let _ = head;
    }

    /// The next record.
    ///
    /// # Errors
    /// The walker's own.
    fn record(&mut self, record: Stamped) -> Result<(), RecordingError>;

    /// Something can't be read.
    fn damaged(&mut self, error: RecordingError);
}

/// Goes through all chunks of `file`.
///
/// # Errors
/// What the walker answers with one.
pub fn walk(file: &OpenFile, walker: &mut impl Walker) -> Result<(), RecordingError> {
    for (index, place) in file.places.iter().enumerate() {
        match file.chunk(index) {
            Ok(chunk) => through(file, place, chunk, walker)?,
            Err(e) => walker.damaged(e),
        }
    }
    Ok(())
}

fn through(
    file: &OpenFile,
    place: &Place,
    chunk: Chunk,
    walker: &mut impl Walker,
) -> Result<(), RecordingError> {
    let at = |cause: &str| file::error(file.path(), place.offset, cause, file::REPAIR);
    let (first, moment) = chunk.head.first;
    let whole = match chunk.state() {
        Some(Ok(state)) if state.seq.checked_add(1) == Some(first) => Some(state),
        Some(Ok(_)) => {
            walker.damaged(at("its whole State is not that before its first record"));
            None
        }
        Some(Err(e)) => {
            walker.damaged(at(&e));
            None
        }
        None => None,
    };
    let last = walker.state().map(|state| state.seq);
    let gap = Gap { after: last.unwrap_or(0), until: first.saturating_sub(1) };
    let follows = last.is_some_and(|last| last == gap.until);
    match (whole, follows) {
        (Some(whole), false) => walker.begin(gap, whole)?,
        (Some(whole), true) => {
            if walker.state().is_some_and(|state| state.digest() != whole.digest()) {
                if chunk.head.is_anew() {
                    walker.begin(gap, whole)?;
                } else {
                    let cause = "the whole State is not what the records before it make";
                    walker.differs(at(cause), whole)?;
                }
            }
        }
        (None, true) => {}
        (None, false) => {
            let Some(state) = walker.unknown((first, moment)) else {
                walker.damaged(at("no State to go on from: the chunk before it is missing"));
                return Ok(());
            };
            walker.begin(gap, state)?;
        }
    }
    walker.chunk(&chunk.head);
    chunk.records.into_iter().try_for_each(|record| walker.record(record))
}
