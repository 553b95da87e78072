//! The user's own themes and keymaps: `<config_dir>/<kind>/<name>.toml`.

use crate::config::gateways::is_name;
use crate::domain::Text;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Larger files are no theme and no keymap.
const MAX_BYTES: u64 = 256 * 1_024;
/// Entries of a directory that are looked at.
const MAX_FILES: usize = 1_000;

/// The file's path and text, or none where there is no such file.
///
/// # Errors
/// A sentence for the Log pane: the name is no file name, or the file can't
/// be read.
pub fn read(config_dir: &Path, kind: &str, name: &str) -> Result<Option<(String, String)>, Text> {
    if !is_name(name) {
        let shown = Text::limited(name, 40);
        return Err(Text::new(&format!(
            "\"{shown}\" is no name for {kind}: use letters, digits, . - and _"
        )));
    }
    let path = config_dir.join(kind).join(format!("{name}.toml"));
    let shown = path.to_string_lossy().into_owned();
    let fail = |why: &str| Err(Text::new(&format!("{shown}: {why}")));
    match path.metadata() {
        Ok(meta) if !meta.is_file() => return fail("not a regular file"),
        Ok(meta) if meta.len() > MAX_BYTES => return fail("larger than 256 KiB"),
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return fail(&e.to_string()),
    }
    let mut text = String::new();
    let read =
        std::fs::File::open(&path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(Some((shown, text))),
        Err(e) => fail(&e.to_string()),
    }
}

/// Names of the user's files of one kind, sorted; files whose name a setting
/// could not hold are left out.
#[must_use]
pub fn names(config_dir: &Path, kind: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(config_dir.join(kind)) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .take(MAX_FILES)
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let name = name.to_str()?.strip_suffix(".toml")?;
            is_name(name).then(|| name.to_owned())
        })
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leaves_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("secret.toml"), "x").unwrap();
        assert!(read(dir.path(), "themes", "../secret").is_err());
        assert!(read(dir.path(), "themes", "").is_err());
        assert_eq!(read(dir.path(), "themes", "mine"), Ok(None));
        std::fs::create_dir(dir.path().join("themes")).unwrap();
        std::fs::write(dir.path().join("themes/mine.toml"), "name = 1").unwrap();
        let (path, text) = read(dir.path(), "themes", "mine").unwrap().unwrap();
        assert!(path.ends_with("themes/mine.toml"));
        assert_eq!(text, "name = 1");
    }
}
