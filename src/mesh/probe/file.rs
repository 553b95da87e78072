//! Something at a path.

use crate::domain::Text;
use crate::mesh::aside::{Adrift, aside};
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::{Until, not_asked};
use std::fs::Metadata;
use std::io;
use std::path::Path;

/// What is there, on a thread that may hang with its disk.
pub fn metadata(path: &Path, until: Until) -> Result<Metadata, Wrong> {
    let asked = path.to_owned();
    let work = move || (std::fs::metadata(&asked), asked.symlink_metadata().is_ok());
    let shown = Text::new(&path.to_string_lossy());
    match aside(until.left(), work) {
        Ok((Ok(found), _)) => Ok(found),
        Ok((Err(e), dangling)) => Err(missing(&shown, &e, dangling)),
        Err(Adrift::Late) => Err(Wrong::failed(
            format!("looking at {shown} hangs"),
            "its file system does not answer: see what is mounted there",
        )),
        Err(adrift) => Err(not_asked(&adrift)),
    }
}

fn missing(shown: &Text, e: &io::Error, dangling: bool) -> Wrong {
    match e.kind() {
        io::ErrorKind::NotFound if dangling => Wrong::failed(
            format!("{shown} is a link to something that is not there"),
            "mend the link",
        ),
        io::ErrorKind::NotFound => Wrong::failed(
            format!("{shown} is not there"),
            "put it there, or correct root in [mesh]",
        ),
        io::ErrorKind::PermissionDenied => Wrong::failed(
            format!("{shown} can't be seen by this user"),
            "give this user the right to its directory",
        ),
        _ => Wrong::failed(format!("{shown}: {e}"), "see its file system"),
    }
}

/// Looks.
pub fn look(path: &Path, until: Until) -> Seen {
    let found = metadata(path, until)?;
    let said = if found.is_dir() { "directory" } else { "there" };
    Ok(Good { said: said.to_owned(), took: None })
}
