//! The commented file that `crs config init` writes.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Every key with its default, commented out: an untouched copy changes
/// nothing.
pub const TEXT: &str = include_str!("../../assets/config.toml");

/// Writes [`TEXT`] to `path`, readable by this user alone, and never over
/// something that is there.
///
/// # Errors
/// The system's word; `AlreadyExists` when something has this name.
pub fn write(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(TEXT.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, load::load_with};

    /// The template with every `#key = …` and `#[table]` made real.
    fn uncommented() -> String {
        let live = |line: &str| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
            _ => line.to_owned(),
        };
        TEXT.lines().map(live).collect::<Vec<_>>().join("\n")
    }

    fn settings_of(text: &str) -> crate::config::Settings {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let flags = Flags {
            config: Some(path),
            state_dir: Some("/var/lib/crs".into()),
            ..Flags::default()
        };
        let loaded = load_with(&flags, &|_| None).strict();
        loaded.unwrap_or_else(|all| panic!("{all:#?}")).settings
    }

    #[test]
    fn what_the_template_calls_a_default_is_one() {
        assert_ne!(TEXT, uncommented());
        assert_eq!(settings_of(&uncommented()), settings_of(""));
    }

    #[test]
    fn an_untouched_template_changes_nothing() {
        assert_eq!(settings_of(TEXT), settings_of(""));
    }

    #[test]
    fn it_is_never_written_over_something() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/config.toml");
        write(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), TEXT);
        assert_eq!(write(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let dangling = dir.path().join("dangling.toml");
        std::os::unix::fs::symlink("/nonexistent/target", &dangling).unwrap();
        assert_eq!(write(&dangling).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
