//! A recording on disk: one file, or those of one session in a ring.

use super::chunk::Chunk;
use super::file::{OpenFile, error};
use super::head::Head;
use super::{Gap, Piece, RecordingError, Source, Span, ring};
use crate::domain::{Mark, MarkKind, Text, UtcMicros};
use crate::event::Stamped;
use crate::state::State;
use std::path::{Path, PathBuf};

/// Files that are read as one.
#[derive(Debug)]
pub struct Recording {
    files: Vec<OpenFile>,
    /// File and chunk of every chunk, in order.
    chunks: Vec<(usize, usize)>,
    marks: Vec<Mark>,
    /// What was read last, as it may be asked for again.
    held: Option<(usize, Vec<Stamped>)>,
    /// Where further files of the session appear, while it is being recorded.
    ring: Option<ring::Session>,
}

impl Recording {
    /// Opens a file, or a directory of recordings, of which it takes the
    /// newest session.
    ///
    /// # Errors
    /// [`RecordingError`] when nothing of it can be shown. Damage further in
    /// comes up when it is reached, and in [`Recording::damage`].
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        if path.is_dir() {
            return Self::session(newest(path)?);
        }
        let mut recording = Self::of(vec![OpenFile::open(path)?], None);
        recording.index();
        recording.not_empty(path)
    }

    /// The files that [`Recording::open`] would read.
    ///
    /// # Errors
    /// [`RecordingError`] of a directory without a recording.
    pub fn paths(path: &Path) -> Result<Vec<PathBuf>, RecordingError> {
        if path.is_dir() { Ok(newest(path)?.files()) } else { Ok(vec![path.to_owned()]) }
    }

    /// Opens all files of one session of a ring, the oldest first.
    ///
    /// # Errors
    /// As [`Recording::open`].
    pub fn session(session: ring::Session) -> Result<Self, RecordingError> {
        let dir = session.dir.clone();
        let mut recording = Self::of(Vec::new(), Some(session));
        recording.grow()?;
        recording.not_empty(&dir)
    }

    const fn of(files: Vec<OpenFile>, ring: Option<ring::Session>) -> Self {
        Self { files, chunks: Vec::new(), marks: Vec::new(), held: None, ring }
    }

    fn not_empty(self, path: &Path) -> Result<Self, RecordingError> {
        if !self.chunks.is_empty() {
            return Ok(self);
        }
        let damage = self.files.iter().find_map(|file| file.damage.clone());
        let next = if self.ring.is_some() {
            "a session's first record is written within its first second"
        } else {
            "it was ended before the first second was over"
        };
        Err(damage.unwrap_or_else(|| error(path, 8, "no record in it", next)))
    }

    /// Everything that is known to be wrong, in the order of the files.
    #[must_use]
    pub fn damage(&self) -> Vec<RecordingError> {
        self.files.iter().filter_map(|file| file.damage.clone()).collect()
    }

    /// The files it is read from.
    #[must_use]
    pub fn files(&self) -> &[OpenFile] {
        &self.files
    }

    /// What the chunks say about themselves, in order.
    pub fn heads(&self) -> impl Iterator<Item = &Head> {
        self.chunks.iter().filter_map(|at| self.head(*at))
    }

    /// Looks for what was recorded since.
    ///
    /// # Errors
    /// [`RecordingError`] of a file that can't be opened.
    pub fn grow(&mut self) -> Result<(), RecordingError> {
        let paths = self.ring.as_ref().map(ring::Session::files).unwrap_or_default();
        let mut first = None;
        for path in paths {
            if !self.files.iter().any(|file| ring::same(file.path(), &path)) {
                match OpenFile::open(&path) {
                    Ok(file) => self.files.push(file),
                    // One that has just been begun, or was recycled meanwhile,
                    // or got no byte from a disk that was full.
                    Err(e) => first = first.or(Some(e)),
                }
            }
        }
        if let Some(e) = first.filter(|_| self.files.is_empty()) {
            return Err(e);
        }
        let newest = self.files.len().saturating_sub(1);
        for (place, file) in self.files.iter_mut().enumerate() {
            if place == newest || file.places.is_empty() {
                file.grow();
            }
        }
        self.index();
        Ok(())
    }

    fn index(&mut self) {
        let known = self.chunks.len();
        let all = self.files.iter().enumerate();
        let all = all.flat_map(|(f, file)| (0..file.places.len()).map(move |c| (f, c)));
        self.chunks = all.collect();
        if self.chunks.len() == known {
            return;
        }
        let mut marks = Vec::new();
        for at in self.chunks.clone() {
            let gap = self.gap_before(at);
            let Some(head) = self.head(at) else { continue };
            if let Some(gap) = gap {
                let text = match gap.until.saturating_sub(gap.after) {
                    0 => Text::new("all is known again from here on"),
                    missing => Text::new(&format!("{missing} records are missing")),
                };
                let (seq, at, kind) = (head.first.0, head.first.1.utc, MarkKind::Gap);
                marks.push(Mark { seq, at, kind, text });
            }
            marks.extend_from_slice(&head.marks);
        }
        self.marks = marks;
    }

    fn head(&self, (file, chunk): (usize, usize)) -> Option<&Head> {
        self.files.get(file)?.places.get(chunk).map(|place| &place.head)
    }

    /// Records that are missing before a chunk; none before the first one. An
    /// empty gap where none is, but State before was not known to the full.
    fn gap_before(&self, at: (usize, usize)) -> Option<Gap> {
        let place = self.chunks.binary_search(&at).ok()?;
        let before = self.head(*self.chunks.get(place.checked_sub(1)?)?)?.last.0;
        let head = self.head(at)?;
        let until = head.first.0.checked_sub(1)?;
        let anew = head.is_anew() && until == before;
        (until > before || anew).then_some(Gap { after: before, until })
    }

    fn load(&self, place: usize) -> Result<Chunk, RecordingError> {
        let none = || error(Path::new(""), 0, "no such chunk", "open it again");
        let (file, chunk) = self.chunks.get(place).copied().ok_or_else(none)?;
        self.files.get(file).ok_or_else(none)?.chunk(chunk)
    }

    /// The chunk with record `seq`, or the last one before it.
    fn place_of(&self, seq: u64) -> usize {
        let first = |at: &(usize, usize)| self.head(*at).map_or(0, |head| head.first.0);
        self.chunks.partition_point(|at| first(at) <= seq).saturating_sub(1)
    }

    fn whole(&self, chunk: &Chunk, place: usize) -> Result<State, RecordingError> {
        let (path, offset) = self
            .chunks
            .get(place)
            .and_then(|(file, chunk)| {
                let file = self.files.get(*file)?;
                Some((file.path(), file.places.get(*chunk)?.offset))
            })
            .unwrap_or((Path::new(""), 0));
        let none = || error(path, offset, "no whole State here", "go to an earlier place");
        let state = chunk.state().ok_or_else(none)?;
        state.map_err(|cause| error(path, offset, &cause, "use the crs that wrote it"))
    }

    fn fold(
        &self,
        state: &mut State,
        record: &Stamped,
        place: usize,
    ) -> Result<(), RecordingError> {
        state.apply(record).map_err(|e| {
            let file = self.chunks.get(place).and_then(|(file, _)| self.files.get(*file));
            let path = file.map_or(Path::new(""), OpenFile::path);
            error(path, 0, &e.to_string(), "\"crs record repair\" writes what can be read")
        })
    }
}

/// The newest session of a directory.
fn newest(dir: &Path) -> Result<ring::Session, RecordingError> {
    let sessions = ring::sessions(dir)
        .map_err(|e| error(dir, 0, &e.to_string(), "see that the directory can be read"))?;
    sessions.into_iter().next_back().ok_or_else(|| {
        error(dir, 0, "no recording in this directory", "name a file of a recording")
    })
}

impl Source for Recording {
    fn span(&self) -> Span {
        let head = |at: Option<&(usize, usize)>| at.and_then(|at| self.head(*at));
        let place = |(seq, at): (u64, crate::domain::Stamp)| (seq, at.utc);
        Span {
            first: head(self.chunks.first()).map_or((0, UtcMicros(0)), |head| place(head.first)),
            last: head(self.chunks.last()).map_or((0, UtcMicros(0)), |head| place(head.last)),
        }
    }

    fn marks(&self) -> &[Mark] {
        &self.marks
    }

    fn state_at(&mut self, seq: u64) -> Result<State, RecordingError> {
        let goal = self.place_of(seq);
        let begin = (0..=goal).rev().find(|place| {
            self.chunks.get(*place).and_then(|at| self.head(*at)).is_some_and(|head| head.whole)
        });
        let begin = begin.unwrap_or(0);
        let mut chunk = self.load(begin)?;
        let mut state = self.whole(&chunk, begin)?;
        for place in begin..=goal {
            if place > begin {
                chunk = self.load(place)?;
            }
            for record in chunk.records.iter().take_while(|record| record.seq <= seq) {
                self.fold(&mut state, record, place)?;
            }
        }
        self.held = Some((goal, chunk.records));
        Ok(state)
    }

    fn seq_at(&mut self, at: UtcMicros) -> Result<u64, RecordingError> {
        let first = |place: &(usize, usize)| {
            self.head(*place).map_or(UtcMicros(0), |head| head.first.1.utc)
        };
        let place = self.chunks.partition_point(|place| first(place) <= at).saturating_sub(1);
        let records = match self.held.take() {
            Some((held, records)) if held == place => records,
            _ => self.load(place)?.records,
        };
        let before = records.iter().rev().find(|record| record.at.utc <= at);
        let seq = before.or(records.first()).map_or(0, |record| record.seq);
        self.held = Some((place, records));
        Ok(seq)
    }

    fn read_after(&mut self, seq: u64, out: &mut Vec<Piece>) -> Result<(), RecordingError> {
        let Some(next) = seq.checked_add(1) else { return Ok(()) };
        if self.span().last.0 <= seq {
            self.grow()?;
            if self.span().last.0 <= seq {
                // What is damaged ends the recording here; everything before
                // it was handed out.
                let damage = self.files.last().and_then(|file| file.damage.clone());
                return damage.map_or(Ok(()), Err);
            }
        }
        let mut place = self.place_of(next);
        if self.chunks.get(place).and_then(|at| self.head(*at)).is_some_and(|h| h.last.0 < next) {
            place += 1;
        }
        let at = self.chunks.get(place).copied();
        let gap = at.and_then(|at| self.gap_before(at));
        let gap = gap.filter(|gap| gap.until >= next || gap.after == seq);
        let records = match self.held.take() {
            Some((held, records)) if held == place && gap.is_none() => records,
            _ => {
                let chunk = self.load(place)?;
                if let Some(gap) = gap {
                    let state = self.whole(&chunk, place)?;
                    out.push(Piece::Whole(gap, Box::new(state)));
                }
                chunk.records
            }
        };
        let rest = records.into_iter().skip_while(|record| record.seq < next);
        out.extend(rest.map(Piece::Record));
        Ok(())
    }
}
