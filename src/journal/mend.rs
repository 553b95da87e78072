//! New recordings of old ones: a piece, or what can still be read.
//!
//! The old one is only read. A new one begins with a whole State, and names
//! the records that it lacks.

use super::{Gap, Piece, Recording, RecordingError, SealedFile, Source, file};
use crate::domain::UtcMicros;
use std::collections::BTreeMap;
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
                    mended.gaps.push(gap);
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

/// Writes everything that can be read into `out`, which must not be there.
///
/// # Errors
/// [`RecordingError`] when nothing can be read, or `out` can't be written;
/// nothing is left of it then.
pub fn repair(source: &Recording, name: &Path, out: &Path) -> Result<Mended, RecordingError> {
    let mut mended = Mended::default();
    let mut writing: Option<SealedFile> = None;
    let done = salvage(source, name, out, &mut writing, &mut mended);
    match (done, writing) {
        (Ok(()), Some(file)) => file.finish().map(|()| mended),
        (Ok(()), None) => {
            let none = || file::error(name, 8, "nothing of it can be read", "there is no way back");
            Err(mended.damage.into_iter().next().unwrap_or_else(none))
        }
        (Err(e), file) => {
            file.into_iter().for_each(SealedFile::abandon);
            Err(e)
        }
    }
}

fn salvage(
    source: &Recording,
    name: &Path,
    out: &Path,
    writing: &mut Option<SealedFile>,
    mended: &mut Mended,
) -> Result<(), RecordingError> {
    for file in source.files() {
        for (index, place) in file.places.iter().enumerate() {
            let chunk = match file.chunk(index) {
                Ok(chunk) => chunk,
                Err(e) => {
                    mended.damage.push(e);
                    continue;
                }
            };
            let first = place.head.first.0;
            let last = writing.as_ref().map(|file| file.state().seq);
            if last.is_none_or(|last| last.checked_add(1) != Some(first)) {
                let whole = chunk.state().and_then(Result::ok);
                let Some(state) = whole.filter(|state| state.seq.checked_add(1) == Some(first))
                else {
                    let cause = "no State to go on from: the chunk before it can't be read";
                    mended.damage.push(file::error(file.path(), place.offset, cause, LOST));
                    continue;
                };
                let gap = Gap { after: last.unwrap_or(0), until: state.seq };
                if let Some(file) = writing {
                    mended.gaps.push(gap);
                    file.skip(gap, state)?;
                } else {
                    let gap = (state.seq > 0).then_some(gap);
                    let made = about("repaired from", name);
                    *writing = Some(SealedFile::create(out, state, gap, made)?);
                }
            }
            let Some(file) = writing.as_mut() else { continue };
            for record in chunk.records {
                mended.count(record.seq, record.at.utc);
                file.put(record)?;
            }
        }
        mended.damage.extend(file.damage.clone());
    }
    Ok(())
}

/// What is said of a chunk that can't be used.
const LOST: &str = "its records are lost";

impl Mended {
    fn count(&mut self, seq: u64, at: UtcMicros) {
        if self.records == 0 {
            self.first = (seq, at);
        }
        self.last = (seq, at);
        self.records += 1;
    }
}
