//! A recording written in one go: what import, cut and repair make.

use super::file::error;
use super::{Gap, Level, RecordingError, Segment, SegmentError};
use crate::event::Stamped;
use crate::state::State;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A sealed file in the making. It is named `….part` until it is whole.
pub struct SealedFile {
    segment: Segment,
    file: File,
    path: PathBuf,
    part: PathBuf,
}

impl SealedFile {
    /// Begins `path`, which must not be there, after `state`, with records
    /// missing before it where there is a `gap`.
    ///
    /// # Errors
    /// [`RecordingError`] when it can't be written.
    pub fn create(
        path: &Path,
        state: State,
        gap: Option<Gap>,
        about: BTreeMap<String, String>,
    ) -> Result<Self, RecordingError> {
        if path.exists() {
            return Err(error(path, 0, "the file is there already", "name one that is not"));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let file = File::create(&part);
        let file = file.map_err(|e| error(&part, 0, &e.to_string(), "name another place"))?;
        let segment = Segment::begin(state, gap, about, Level::Small);
        let segment = segment.map_err(|e| error(path, 0, &e.to_string(), "try again"))?;
        Ok(Self { segment, file, path: path.to_owned(), part })
    }

    /// Adds the next record.
    ///
    /// # Errors
    /// [`RecordingError`] when it can't be written or does not follow.
    pub fn put(&mut self, record: Stamped) -> Result<(), RecordingError> {
        self.segment.put(record).map_err(|e| self.refused(&e))?;
        let bytes = self.segment.take();
        self.write(&bytes)
    }

    /// Goes on after `state`, with the records of `gap` missing.
    ///
    /// # Errors
    /// [`RecordingError`] when it can't be written.
    pub fn skip(&mut self, gap: Gap, state: State) -> Result<(), RecordingError> {
        self.segment.skip(gap, state).map_err(|e| self.refused(&e))
    }

    /// State after the last record.
    #[must_use]
    pub const fn state(&self) -> &State {
        self.segment.state()
    }

    /// Seals the file and gives it its name.
    ///
    /// # Errors
    /// [`RecordingError`] when it can't be written.
    pub fn finish(mut self) -> Result<(), RecordingError> {
        let segment = self.segment;
        let at = segment.written();
        let bytes = segment.finish();
        let bytes = bytes.map_err(|e| error(&self.path, at, &e.to_string(), "try again"))?;
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_all());
        let named = written.and_then(|()| fs::rename(&self.part, &self.path));
        if named.is_err() {
            // It would take room from what comes next.
            let _ = fs::remove_file(&self.part);
        }
        named.map_err(|e| error(&self.path, at, &e.to_string(), SPACE))
    }

    /// Gives the file up: nothing is left of it.
    pub fn abandon(self) {
        // What can't be removed is named `….part` and taken for nothing else.
        let _ = fs::remove_file(&self.part);
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), RecordingError> {
        let written = self.file.write_all(bytes);
        written.map_err(|e| error(&self.path, self.segment.written(), &e.to_string(), SPACE))
    }

    fn refused(&self, e: &SegmentError) -> RecordingError {
        error(&self.path, self.segment.written(), &e.to_string(), "see what came before it")
    }
}

/// What to do when a file can't be written.
const SPACE: &str = "see that the disk has room and is writable";
