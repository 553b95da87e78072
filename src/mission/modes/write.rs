//! Files that are replaced whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A file of ours that is larger than this is none of ours.
const MAX_BYTES: u64 = 16 * 1_048_576;

/// Writes `bytes` to `dir/name` so that a crash leaves the old file or the new
/// one; file and directory are synced when it returns. This user alone may
/// read it.
///
/// # Errors
/// The system's word; the old file stands then.
pub fn replace(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    put(dir, name, Some(bytes), || Ok(()))
}

/// As [`replace`]; without bytes the file is taken away. `last` is asked right
/// before the file changes.
///
/// # Errors
/// The system's word or that of `last`; the old file stands then.
pub fn put(
    dir: &Path,
    name: &str,
    bytes: Option<&[u8]>,
    last: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    let (path, fresh) = (dir.join(name), dir.join(format!("{name}.new")));
    let Some(bytes) = bytes else {
        last()?;
        remove(&path)?;
        return File::open(dir)?.sync_all();
    };
    // One that a crash left behind may be somebody's link by now.
    remove(&fresh)?;
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    if let Err(e) = last() {
        let _ = remove(&fresh);
        return Err(e);
    }
    std::fs::rename(&fresh, path)?;
    File::open(dir)?.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// The bytes of a file that [`replace`] wrote; none where there is none.
///
/// # Errors
/// The system's word, and a file that is too large to be one of ours.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|n| n > MAX_BYTES) {
        return Err(io::Error::other("it is larger than any file of this kind"));
    }
    Ok(Some(bytes))
}
