//! New recordings of old ones: a piece, or what can still be read.
//!
//! The old one is only read. A new one begins with a whole State, and names
//! the records that it lacks.

use super::file::{self, LOST, OpenFile, Salvaged};
use super::walk::{Walker, walk};
use super::{Gap, Piece, Recording, RecordingError, SealedFile, Source};
use crate::domain::{Stamp, Text, UtcMicros};
use crate::event::{Level, LogLine, Stamped};
use crate::state::{Aged, GatewayPane, State};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

/// What a new recording holds, and lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// Records in it.
    pub records: u64,
    /// Number and time of the first one.
    pub first: (u64, UtcMicros),
    /// Number and time of the last one.
    pub last: (u64, UtcMicros),
    /// Records that are missing between those.
    pub gaps: Vec<Gap>,
    /// What could not be read.
    pub damage: Vec<RecordingError>,
    /// Bytes after the last whole part.
    pub torn: u64,
}

fn about(how: &str, from: &Path) -> BTreeMap<String, String> {
    let name = from.file_name().unwrap_or(from.as_os_str()).to_string_lossy();
    BTreeMap::from([
        (String::from("made"), format!("{how} {name}")),
        (String::from("crs"), String::from(env!("CARGO_PKG_VERSION"))),
    ])
}

/// Writes the records from the last one at or before `from` to `to` into
/// `out`, which must not be there.
///
/// # Errors
/// [`RecordingError`] of either file; nothing is left of `out` then.
pub fn cut(
    source: &mut Recording,
    name: &Path,
    (from, to): (UtcMicros, UtcMicros),
    out: &Path,
) -> Result<Mended, RecordingError> {
    let span = source.span();
    if to < span.first.1 || from > span.last.1 || to < from {
        let cause = format!(
            "nothing between {} and {}: it spans {} to {}",
            from.iso(),
            to.iso(),
            span.first.1.iso(),
            span.last.1.iso()
        );
        return Err(file::error(name, 0, &cause, "name a time within it"));
    }
    let first = if from <= span.first.1 { span.first.0 } else { source.seq_at(from)? };
    let last = if to >= span.last.1 { span.last.0 } else { source.seq_at(to)? };
    // The State before the first record of all is at hand: a file begins so.
    // Behind a hole it is that before the hole.
    let state = source.state_at(first.saturating_sub(1))?;
    let before = state.seq;
    let gap = (state.seq > 0).then_some(Gap { after: 0, until: state.seq });
    let mut file = SealedFile::create(out, state, gap, about("cut from", name))?;
    match copy(source, (before, last), &mut file) {
        Ok(mended) => file.finish().map(|()| mended),
        Err(e) => {
            file.abandon();
            Err(e)
        }
    }
}

fn copy(
    source: &mut Recording,
    (mut seq, last): (u64, u64),
    out: &mut SealedFile,
) -> Result<Mended, RecordingError> {
    let (mut mended, mut pieces) = (Mended::default(), Vec::new());
    while seq < last {
        let read = source.read_after(seq, &mut pieces);
        if pieces.is_empty() {
            read?;
            break;
        }
        for piece in pieces.drain(..) {
            match piece {
                Piece::Whole(gap, state) => {
                    seq = gap.until;
                    mended.gaps.extend((gap.until > gap.after).then_some(gap));
                    out.skip(gap, *state)?;
                }
                Piece::Record(record) if record.seq > last => return Ok(mended),
                Piece::Record(record) => {
                    seq = record.seq;
                    mended.count(seq, record.at.utc);
                    out.put(record)?;
                }
            }
        }
        read?;
    }
    Ok(mended)
}

/// Writes everything of `from` (a file, or a directory for its newest session)
/// that is whole into `out`, which must not be there.
///
/// # Errors
/// [`RecordingError`] when nothing can be read, or `out` can't be written;
/// nothing is left of it then.
pub fn repair(from: &Path, out: &Path) -> Result<Mended, RecordingError> {
    let files = Recording::paths(from)?.into_iter().map(|path| OpenFile::salvage(&path));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let mut writing = Writing {
        name: from,
        out,
        file: None,
        like: first_whole(&files).unwrap_or_default(),
        unsure: false,
        mended: Mended::default(),
    };
    let done = files.iter().try_for_each(|salvaged| {
        writing.mended.torn += salvaged.torn;
        writing.mended.damage.extend(salvaged.damage.iter().cloned());
        walk(&salvaged.file, &mut writing)
    });
    let Writing { file, mended, .. } = writing;
    match (done, file) {
        (Ok(()), Some(file)) => file.finish().map(|()| mended),
        (Ok(()), None) => {
            let none = || file::error(from, 8, "nothing of it can be read", "there is no way back");
            Err(mended.damage.into_iter().next().unwrap_or_else(none))
        }
        (Err(e), file) => {
            file.into_iter().for_each(SealedFile::abandon);
            Err(e)
        }
    }
}

/// The first State that is whole: the session is the same in all of them.
fn first_whole(files: &[Salvaged]) -> Option<State> {
    files.iter().find_map(|Salvaged { file, .. }| {
        let index = file.places.iter().position(|place| place.head.whole)?;
        file.chunk(index).ok()?.state()?.ok()
    })
}

/// The new one, in the making.
struct Writing<'a> {
    name: &'a Path,
    out: &'a Path,
    file: Option<SealedFile>,
    /// A State of the session, for what does not change in it.
    like: State,
    /// State is not known to the full since the last hole.
    unsure: bool,
    mended: Mended,
}

impl Walker for Writing<'_> {
    fn state(&self) -> Option<&State> {
        self.file.as_ref().map(SealedFile::state)
    }

    fn begin(&mut self, gap: Gap, state: State) -> Result<(), RecordingError> {
        self.unsure = is_unsure(&state);
        let missing = (gap.until > gap.after).then_some(gap);
        if let Some(file) = &mut self.file {
            self.mended.gaps.extend(missing);
            return file.skip(gap, state);
        }
        let made = about("repaired from", self.name);
        self.file = Some(SealedFile::create(self.out, state, missing, made)?);
        Ok(())
    }

    fn differs(&mut self, _: RecordingError, whole: State) -> Result<(), RecordingError> {
        if !self.unsure {
            // What the records make is what is shown of them.
            return Ok(());
        }
        let gap = Gap { after: whole.seq, until: whole.seq };
        self.begin(gap, whole)
    }

    /// Nothing but what is the same in the whole session: everything else
    /// was not heard, and is shown so.
    fn unknown(&self, (seq, at): (u64, Stamp)) -> Option<State> {
        let line = LogLine {
            level: Level::Warn,
            source: Text::new(UNSURE),
            text: Text::new("what lies before this is lost: only what comes is known"),
            when: None,
        };
        let State { session, began, gateways, .. } = &self.like;
        Some(State {
            seq: seq.checked_sub(1).filter(|before| *before > 0)?,
            began: *began,
            now: at,
            session: session.clone(),
            gateways: vec![GatewayPane::default(); gateways.len()],
            log: VecDeque::from([Aged { at, value: line }]),
            ..State::default()
        })
    }

    fn record(&mut self, record: Stamped) -> Result<(), RecordingError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        self.mended.count(record.seq, record.at.utc);
        file.put(record)
    }

    fn damaged(&mut self, error: RecordingError) {
        self.mended.damage.push(RecordingError { next: Text::new(LOST), ..error });
    }
}

/// Who says in the log that State is not known to the full.
const UNSURE: &str = "repair";

/// Whether a State was made for want of a whole one.
fn is_unsure(state: &State) -> bool {
    state.log.front().is_some_and(|line| line.value.source.as_str() == UNSURE)
}

impl Mended {
    fn count(&mut self, seq: u64, at: UtcMicros) {
        if self.records == 0 {
            self.first = (seq, at);
        }
        self.last = (seq, at);
        self.records += 1;
    }
}
