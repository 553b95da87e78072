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
    let fresh = dir.join(format!("{name}.new"));
    // One that a crash left behind may be somebody's link by now.
    match std::fs::remove_file(&fresh) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, dir.join(name))?;
    File::open(dir)?.sync_all()
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
