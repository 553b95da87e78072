//! What every recording can be asked, whatever it lies in.

use super::Marker;
use crate::domain::{Mark, Text, UtcMicros};
use crate::event::Stamped;
use crate::state::State;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use thiserror::Error;

/// What a recording covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Number and time of the first record that can be shown.
    pub first: (u64, UtcMicros),
    /// Number and time of the last one.
    pub last: (u64, UtcMicros),
}

/// Records that were not kept: a disk that was full or slow, a file that is
/// not there any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The last record before it.
    pub after: u64,
    /// The last record that is missing.
    pub until: u64,
}

/// One piece of a recording, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The next record.
    Record(Stamped),
    /// Records are missing; this is State after the last of them.
    Whole(Gap, Box<State>),
}

/// A recording that can't be read, or not to its end. Everything before the
/// damage can.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}:{offset}: {cause}; {next}", path.display())]
pub struct RecordingError {
    /// The file.
    pub path: PathBuf,
    /// Byte at which reading ended.
    pub offset: u64,
    /// What is wrong.
    pub cause: Text,
    /// What to do about it.
    pub next: Text,
}

/// A recording that can be shown at any place.
///
/// Numbers of records have no holes but [`Gap`]s. All reads are bounded: a
/// portion is a few thousand records, some megabytes at most.
pub trait Source: Send {
    /// What there is; it may grow while the session is being recorded.
    fn span(&self) -> Span;

    /// Places worth going to, in order.
    fn marks(&self) -> &[Mark];

    /// State after the last record whose number is at most `seq`, within
    /// [`Source::span`].
    ///
    /// # Errors
    /// [`RecordingError`] where the file is damaged there.
    fn state_at(&mut self, seq: u64) -> Result<State, RecordingError>;

    /// Number of the last record at or before `at`, within [`Source::span`].
    ///
    /// # Errors
    /// [`RecordingError`] where the file is damaged there.
    fn seq_at(&mut self, at: UtcMicros) -> Result<u64, RecordingError>;

    /// Adds the next portion after record `seq` to `out`; nothing at the end.
    ///
    /// # Errors
    /// [`RecordingError`] where the file is damaged there; what came before
    /// the damage is in `out`.
    fn read_after(&mut self, seq: u64, out: &mut Vec<Piece>) -> Result<(), RecordingError>;
}

/// Pieces handed over at once.
const PORTION: usize = 4_096;

/// A short recording in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    records: Vec<Stamped>,
    marks: Vec<Mark>,
}

impl Memory {
    /// Takes records that are numbered from 1 without holes; what comes after
    /// the first hole is left out.
    #[must_use]
    pub fn new(mut records: Vec<Stamped>) -> Self {
        let (mut state, mut marker, mut marks) = (State::default(), Marker::default(), Vec::new());
        let sound = records.iter().take_while(|record| {
            let sound = state.apply(record).is_ok();
            if sound {
                marks.extend(marker.look(record, &state));
            }
            sound
        });
        let sound = sound.count();
        records.truncate(sound);
        Self { records, marks }
    }
}

impl Source for Memory {
    fn span(&self) -> Span {
        let of =
            |record: Option<&Stamped>| record.map_or_else(Default::default, |r| (r.seq, r.at.utc));
        Span { first: of(self.records.first()), last: of(self.records.last()) }
    }

    fn marks(&self) -> &[Mark] {
        &self.marks
    }

    fn state_at(&mut self, seq: u64) -> Result<State, RecordingError> {
        let mut state = State::default();
        for record in self.records.iter().take_while(|record| record.seq <= seq) {
            // Numbered without holes.
            let _ = state.apply(record);
        }
        Ok(state)
    }

    fn seq_at(&mut self, at: UtcMicros) -> Result<u64, RecordingError> {
        let before = self.records.iter().rev().find(|record| record.at.utc <= at);
        Ok(before.or(self.records.first()).map_or(0, |record| record.seq))
    }

    fn read_after(&mut self, seq: u64, out: &mut Vec<Piece>) -> Result<(), RecordingError> {
        let next = self.records.iter().skip_while(|record| record.seq <= seq);
        out.extend(next.take(PORTION).cloned().map(Piece::Record));
        Ok(())
    }
}
