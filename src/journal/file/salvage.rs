//! Chunks wherever they lie in a file, whatever lies between them.
//!
//! Reading goes from record to record and ends at the first that is unsound.
//! Here a chunk is looked for by what every chunk of ours has at its
//! beginning, and believed by its checksum and its head.

use super::{OpenFile, VERSION, error};
use crate::domain::Text;
use crate::journal::RecordingError;
use crate::journal::chunk::{Chunk, Want};
use crate::journal::container::{Found, op, record_at};
use crate::journal::head::Place;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How a chunk is packed, with the length of that word before it.
const PACKED: &[u8] = b"\x04\0\0\0zstd";
/// Bytes of a chunk's record before that: opcode and length, two times, size
/// and checksum.
const BEFORE: u64 = 37;
/// Bytes that are looked through at once.
const WINDOW: usize = 1 << 20;
/// What is said of what can't be used.
pub const LOST: &str = "its records are lost";

/// What is whole in a file.
#[derive(Debug)]
pub struct Salvaged {
    /// The file, with every whole chunk.
    pub file: OpenFile,
    /// Each stretch of bytes that is none, in order.
    pub damage: Vec<RecordingError>,
    /// Bytes after the last whole part of a file that was not sealed.
    pub torn: u64,
}

impl OpenFile {
    /// Opens `path` and takes every whole chunk of it.
    ///
    /// # Errors
    /// [`RecordingError`] where there is none, or of another version.
    pub fn salvage(path: &Path) -> Result<Salvaged, RecordingError> {
        let (mut file, size) = Self::bare(path)?;
        let front = file.front(size);
        let version = file.about.get("format").and_then(|text| text.parse::<u32>().ok());
        if version.is_some_and(|version| version != VERSION) {
            front?;
            return Ok(Salvaged { file, damage: Vec::new(), torn: size });
        }
        let failed = |e: io::Error| error(path, 0, &e.to_string(), "see that the disk is sound");
        let mut salvaged = Salvaged { file, damage: Vec::new(), torn: 0 };
        let at = salvaged.chunks(size, front.clone().err()).map_err(failed)?;
        salvaged.end(at, size).map_err(failed)?;
        if salvaged.file.places.is_empty() {
            front?;
        }
        Ok(salvaged)
    }
}

impl Salvaged {
    /// Takes the chunks; the byte after the last one. `cause` is what is known
    /// to be wrong before the first of them.
    fn chunks(&mut self, size: u64, mut cause: Option<RecordingError>) -> io::Result<u64> {
        let (mut at, mut from) = (self.file.scanned, self.file.scanned);
        while let Some(offset) = begin(&self.file.file, from, size)? {
            let found = record_at(&self.file.file, offset, size)?;
            let found = found.filter(|found| found.op == op::CHUNK);
            match found.map(|found| (found, self.file.chunk_at(found, Want::All))) {
                Some((found, Ok(chunk))) => {
                    if offset > at {
                        let none = || self.unsound(at, "bytes that are no record");
                        let damage = cause.take().unwrap_or_else(none);
                        self.damage.push(damage);
                    }
                    self.take(found, chunk);
                    (at, from, cause) = (found.end(), found.end(), None);
                }
                Some((_, Err(e))) => {
                    let e = RecordingError { next: Text::new(LOST), ..e };
                    cause.get_or_insert(e);
                    from = offset + 1;
                }
                None => from = offset + 1,
            }
        }
        self.damage.extend(cause);
        Ok(at)
    }

    fn take(&mut self, found: Found, chunk: Option<Chunk>) {
        // One that only announces the topics has no record.
        let Some(head) = chunk.map(|chunk| chunk.head) else { return };
        let last = self.file.places.last().map_or(0, |place| place.head.last.0);
        if head.first.0 <= last {
            self.damage.push(self.unsound(found.offset, "records that were there already"));
            return;
        }
        let len = found.end() - found.offset;
        self.file.places.push(Place { offset: found.offset, len, head });
    }

    /// What follows the last chunk: the end of a sealed file, or nothing
    /// whole.
    fn end(&mut self, mut at: u64, size: u64) -> io::Result<()> {
        self.file.sealed = false;
        while let Some(found) = record_at(&self.file.file, at, size)? {
            if found.op == op::CHUNK || found.op > op::DATA_END {
                break;
            }
            at = found.end();
            if found.op == op::FOOTER {
                self.file.sealed = true;
                break;
            }
        }
        self.file.scanned = at;
        self.torn = if self.file.sealed { 0 } else { size.saturating_sub(at) };
        Ok(())
    }

    fn unsound(&self, at: u64, cause: &str) -> RecordingError {
        error(self.file.path(), at, cause, LOST)
    }
}

/// The next byte from `from` on at which a chunk may begin.
fn begin(file: &File, from: u64, size: u64) -> io::Result<Option<u64>> {
    let mut at = from.saturating_add(BEFORE);
    let mut window = vec![0; WINDOW];
    while at < size {
        let len = usize::try_from(size - at).map_or(WINDOW, |left| left.min(WINDOW));
        let Some(bytes) = window.get_mut(..len) else { break };
        file.read_exact_at(bytes, at)?;
        if let Some(place) = bytes.windows(PACKED.len()).position(|part| part == PACKED) {
            return Ok(Some(at + place as u64 - BEFORE));
        }
        if len < WINDOW {
            break;
        }
        at += (WINDOW - PACKED.len() + 1) as u64;
    }
    Ok(None)
}
