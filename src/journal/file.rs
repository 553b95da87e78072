//! One file of a recording: its chunks, sealed or still growing or torn.

mod salvage;

use super::RecordingError;
use super::chunk::{Chunk, Want};
use super::container::{self, FRAME, Fields, Found, MAGIC, body, op, record_at};
use super::head::Place;
use super::segment::{ABOUT, PROFILE, VERSION};
use crate::domain::Text;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use salvage::{LOST, Salvaged};

/// A file that can be read.
#[derive(Debug)]
pub struct OpenFile {
    path: PathBuf,
    file: File,
    /// What its writer said about it.
    pub about: BTreeMap<String, String>,
    /// Its chunks, in order.
    pub places: Vec<Place>,
    /// It was sealed: nothing will be added.
    pub sealed: bool,
    /// Byte after the last sound record.
    scanned: u64,
    /// Why nothing after that can be read; none while it is only not there yet.
    pub damage: Option<RecordingError>,
}

impl OpenFile {
    /// Opens `path` and finds its chunks: from its index, else by going
    /// through it.
    ///
    /// # Errors
    /// [`RecordingError`] for what is no recording of ours. A damage further
    /// in is in [`OpenFile::damage`].
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let (mut opened, size) = Self::bare(path)?;
        opened.front(size)?;
        let listed = container::index(&opened.file, size);
        let listed = listed.map_err(|e| unreadable(path, &e))?;
        let listed = listed.and_then(|json| serde_json::from_slice::<Vec<Place>>(&json).ok());
        if let Some(places) = listed.filter(|places| sound(places, size)) {
            opened.places = places;
            opened.sealed = true;
            opened.scanned = size;
        } else {
            opened.grow();
        }
        Ok(opened)
    }

    /// Nothing of it was read yet; with its size in bytes.
    fn bare(path: &Path) -> Result<(Self, u64), RecordingError> {
        let file = File::open(path).map_err(|e| unreadable(path, &e))?;
        let meta = file.metadata().map_err(|e| unreadable(path, &e))?;
        if meta.is_dir() {
            return Err(error(path, 0, "a directory", "name a file, or a directory of recordings"));
        }
        let opened = Self {
            path: path.to_owned(),
            file,
            about: BTreeMap::new(),
            places: Vec::new(),
            sealed: false,
            scanned: 0,
            damage: None,
        };
        Ok((opened, meta.len()))
    }

    /// Header and metadata: is it ours, and of which version?
    fn front(&mut self, size: u64) -> Result<(), RecordingError> {
        let path = self.path.clone();
        let io = |e: io::Error| error(&path, 0, &e.to_string(), "see that the disk is sound");
        if size == 0 {
            return Err(error(&path, 0, "the file is empty", "name a recording"));
        }
        let mut magic = [0; 8];
        let read = std::os::unix::fs::FileExt::read_at(&self.file, &mut magic, 0).map_err(io)?;
        let foreign = "\"crs record import\" takes files of ticks";
        if !MAGIC.starts_with(magic.get(..read.min(8)).unwrap_or_default()) {
            return Err(error(&path, 0, "no recording: the file does not begin as one", foreign));
        }
        let mut at = 8;
        let cut = || {
            error(&path, 8, "the file ends within its first records", "nothing of it can be read")
        };
        let mut part = |wanted: u8| {
            let found = record_at(&self.file, at, size).map_err(io)?.ok_or_else(cut)?;
            at = found.end();
            let body = body(&self.file, found).map_err(io)?.ok_or_else(cut)?;
            if found.op == wanted { Ok(body) } else { Err(cut()) }
        };
        let header = part(op::HEADER)?;
        let profile = Fields(&header).text().unwrap_or_default().to_owned();
        if profile != PROFILE {
            let cause = format!("an MCAP of profile \"{profile}\", not a recording of crs");
            return Err(error(&path, 8, &cause, "only recordings of crs can be replayed"));
        }
        let metadata = part(op::METADATA)?;
        self.about = about(&metadata).ok_or_else(cut)?;
        let version = self.about.get("format").and_then(|text| text.parse::<u32>().ok());
        if version != Some(VERSION) {
            let version = self.about.get("format").map_or("none", String::as_str);
            let cause = format!("format {version}; this crs reads format {VERSION}");
            return Err(error(&path, 8, &cause, "use the crs that wrote it"));
        }
        self.scanned = at;
        Ok(())
    }

    /// Looks for chunks that were added since.
    pub fn grow(&mut self) {
        if self.sealed || self.damage.is_some() {
            return;
        }
        if let Err(damage) = self.try_grow() {
            self.damage = Some(damage);
        }
    }

    fn try_grow(&mut self) -> Result<(), RecordingError> {
        let failed =
            |at, e: &io::Error| error(&self.path, at, &e.to_string(), "see that the disk is sound");
        let size = self.file.metadata().map_err(|e| failed(self.scanned, &e))?.len();
        let mut at = self.scanned;
        while let Some(found) = record_at(&self.file, at, size).map_err(|e| failed(at, &e))? {
            match found.op {
                op::CHUNK => {
                    let chunk = self.chunk_at(found, Want::Head)?;
                    if let Some(chunk) = chunk {
                        let len = found.end() - found.offset;
                        let place = Place { offset: at, len, head: chunk.head };
                        let last = self.places.last().map_or(0, |place| place.head.last.0);
                        if place.head.first.0 <= last {
                            let cause = "records that were there already";
                            return Err(error(&self.path, at, cause, REPAIR));
                        }
                        self.places.push(place);
                    }
                }
                op::DATA_END | op::FOOTER => self.sealed = true,
                op::HEADER..=0x0f => {}
                _ => return Err(error(&self.path, at, "bytes that are no record", REPAIR)),
            }
            at = found.end();
            self.scanned = at;
        }
        Ok(())
    }

    /// Bytes after the last sound record.
    ///
    /// # Errors
    /// The system's.
    pub fn torn(&self) -> io::Result<u64> {
        let size = self.file.metadata()?.len();
        Ok(if self.sealed { 0 } else { size.saturating_sub(self.scanned) })
    }

    /// Bytes of the file.
    ///
    /// # Errors
    /// The system's.
    pub fn size(&self) -> io::Result<u64> {
        self.file.metadata().map(|meta| meta.len())
    }

    /// Reads the chunk of number `index`.
    ///
    /// # Errors
    /// [`RecordingError`] where it is damaged or there is none.
    pub fn chunk(&self, index: usize) -> Result<Chunk, RecordingError> {
        let none = || error(&self.path, self.scanned, "no such chunk", REPAIR);
        let place = self.places.get(index).ok_or_else(none)?;
        let len = place.len.saturating_sub(FRAME);
        let found = Found { op: op::CHUNK, offset: place.offset, len };
        let chunk = self.chunk_at(found, Want::All)?.ok_or_else(none)?;
        if chunk.head != place.head {
            let cause = "the chunk is not the one that the index names";
            return Err(error(&self.path, place.offset, cause, REPAIR));
        }
        Ok(chunk)
    }

    fn chunk_at(&self, found: Found, want: Want) -> Result<Option<Chunk>, RecordingError> {
        let at = |cause: &str| error(&self.path, found.offset, cause, REPAIR);
        let body = body(&self.file, found).map_err(|e| at(&e.to_string()))?;
        let body = body.ok_or_else(|| at("a chunk that is too large"))?;
        Chunk::read(&body, want).map_err(|cause| at(&cause))
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Byte after the last sound record.
    #[must_use]
    pub const fn scanned(&self) -> u64 {
        self.scanned
    }
}

/// What to do about a damage.
pub const REPAIR: &str = "\"crs record repair\" writes what can be read into a new file";

fn unreadable(path: &Path, e: &io::Error) -> RecordingError {
    error(path, 0, &e.to_string(), "see that it is there and can be read")
}

/// An error of `path`.
pub fn error(path: &Path, offset: u64, cause: &str, next: &str) -> RecordingError {
    let (cause, next) = (Text::new(cause), Text::new(next));
    RecordingError { path: path.to_owned(), offset, cause, next }
}

/// Whether an index can be believed: a chunk that it names is checked when it
/// is read.
fn sound(places: &[Place], size: u64) -> bool {
    let mut end = 0;
    let mut seq = 0;
    places.iter().all(|place| {
        let head = &place.head;
        let fits = place.offset >= end && place.len > FRAME && head.first.0 > seq;
        end = place.offset.saturating_add(place.len);
        seq = head.last.0;
        fits && head.first.0 <= head.last.0 && end <= size
    })
}

/// The texts of our metadata record.
fn about(metadata: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut fields = Fields(metadata);
    if fields.text()? != ABOUT {
        return None;
    }
    let len = usize::try_from(fields.u32()?).ok()?;
    let mut map = Fields(fields.take(len)?);
    let mut about = BTreeMap::new();
    while !map.0.is_empty() {
        about.insert(map.text()?.to_owned(), map.text()?.to_owned());
    }
    Some(about)
}
