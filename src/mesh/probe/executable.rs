//! A file that may be run.

use super::file;
use crate::domain::Text;
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::Until;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Looks.
pub fn look(path: &Path, until: Until) -> Seen {
    let found = file::metadata(path, until)?;
    let shown = Text::new(&path.to_string_lossy());
    if !found.is_file() {
        return Err(Wrong::failed(format!("{shown} is no file"), "put the program there"));
    }
    if found.permissions().mode() & 0o111 == 0 {
        let cause = format!("{shown} is there, but not executable");
        return Err(Wrong::failed(cause, format!("chmod +x {shown}")));
    }
    Ok(Good { said: String::from("executable"), took: None })
}
