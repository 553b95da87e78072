//! Room on a file system, as an ordinary user has it.

use crate::domain::Text;
use crate::mesh::aside::{Adrift, aside};
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::{Until, not_asked};
use std::path::Path;

const MB: u64 = 1 << 20;

/// Looks, on a thread that may hang with the disk.
pub fn look(path: &Path, min_free_mb: u64, until: Until) -> Seen {
    let shown = Text::new(&path.to_string_lossy());
    let asked = path.to_owned();
    let found = match aside(until.left(), move || rustix::fs::statvfs(&asked)) {
        Ok(Ok(found)) => found,
        Ok(Err(e)) => {
            return Err(Wrong::failed(format!("{shown}: {e}"), "correct the path of this check"));
        }
        Err(Adrift::Late) => {
            let next = "its file system does not answer: see what is mounted there";
            return Err(Wrong::failed(format!("looking at {shown} hangs"), next));
        }
        Err(adrift) => return Err(not_asked(&adrift)),
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize) / MB;
    // A file system without a count of inodes has as many as it wants.
    if found.f_files > 0 && found.f_favail == 0 {
        return Err(Wrong::failed(
            format!("{shown} has no inode left"),
            "remove small files there",
        ));
    }
    if free < min_free_mb {
        let cause = format!("{shown} has {free} MB free, not {min_free_mb}");
        return Err(Wrong::failed(cause, "make room there"));
    }
    Ok(Good { said: format!("{free} MB free"), took: None })
}
