//! Sealing: a file that grows no more is written anew, in large chunks that
//! are packed well, with an index; then it takes the place of the old one.

use super::file::{OpenFile, error};
use super::ring::Name;
use super::{Gap, RecordingError, SealedFile};
use std::fs;
use std::path::Path;

/// Seals `path`, a `….live.mcap`. One without a single record is removed.
///
/// # Errors
/// [`RecordingError`] when it can't be read or written; it stays then. What
/// lies behind a damage is left behind, and the damaged file is kept as
/// `….damaged`.
pub fn seal(path: &Path) -> Result<(), RecordingError> {
    let failed = |e: std::io::Error| error(path, 0, &e.to_string(), "see that the disk is sound");
    let name = Name::read(path).filter(|name| name.live);
    let name = name.ok_or_else(|| error(path, 0, "not a file that waits for it", "leave it"))?;
    let dir = path.parent().unwrap_or(Path::new(""));
    let sealed = Name { live: false, ..name }.path(dir);
    if fs::metadata(path).map_err(failed)?.len() == 0 {
        // Its writer ended, or had no room, before the first byte.
        return fs::remove_file(path).map_err(failed);
    }
    let old = OpenFile::open(path)?;
    if old.places.is_empty() {
        return fs::remove_file(path).map_err(failed);
    }
    if !sealed.exists() {
        write(&old, &sealed)?;
    }
    if old.damage.is_some() {
        let mut aside = path.as_os_str().to_owned();
        aside.push(".damaged");
        return fs::rename(path, aside).map_err(failed);
    }
    fs::remove_file(path).map_err(failed)
}

fn write(old: &OpenFile, sealed: &Path) -> Result<(), RecordingError> {
    let first = old.chunk(0)?;
    let none = || Err(String::from("no whole State here"));
    let state = first.state().unwrap_or_else(none);
    let state = state.map_err(|cause| error(old.path(), 0, &cause, "use the crs that wrote it"))?;
    let gap: Option<Gap> = first.head.gap;
    let mut out = SealedFile::create(sealed, state, gap, old.about.clone())?;
    for index in 0..old.places.len() {
        let Ok(chunk) = old.chunk(index) else { break };
        for record in chunk.records {
            if let Err(e) = out.put(record) {
                out.abandon();
                return Err(e);
            }
        }
    }
    out.finish()
}
