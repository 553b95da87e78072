//! The directories of this user.

use crate::domain::Text;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Where `config.toml`, `themes/` and `keymaps/` are looked for:
/// `~/.config/crs` unless `XDG_CONFIG_HOME` says otherwise.
#[must_use]
pub fn config_dir() -> PathBuf {
    project().map_or_else(|| fallback().join("config"), |d| d.config_dir().to_owned())
}

/// Where the audit log and the agent's socket live unless told otherwise:
/// `~/.local/state/crs`.
#[must_use]
pub fn state_dir() -> PathBuf {
    project().and_then(|d| d.state_dir().map(Path::to_owned)).unwrap_or_else(fallback)
}

fn project() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "crs")
}

/// For a user without a home: outlives a reboot, as an audit log must, and
/// has the user's number in its name. [`ensure_private`] checks the owner.
fn fallback() -> PathBuf {
    PathBuf::from(format!("/var/tmp/crs-{}", rustix::process::geteuid().as_raw()))
}

/// Why a directory can't hold private files.
#[derive(Debug, Error)]
pub enum DirError {
    /// It could not be made or read.
    #[error("directory {path}: {cause}; choose another with --state-dir")]
    Io {
        /// The directory.
        path: Text,
        /// The system's word.
        cause: io::Error,
    },
    /// Something else has this name.
    #[error("{path} is not a directory; remove it or choose another with --state-dir")]
    NotADirectory {
        /// The path.
        path: Text,
    },
    /// It belongs to somebody else, who could change what is in it.
    #[error(
        "directory {path} belongs to user {owner}, not to you (user {me}); \
         choose another with --state-dir"
    )]
    Foreign {
        /// The directory.
        path: Text,
        /// Its owner.
        owner: u32,
        /// This process.
        me: u32,
    },
    /// Others may write into it.
    #[error("directory {path} can be written by others (mode {mode:03o}); run: chmod go-w {path}")]
    Writable {
        /// The directory.
        path: Text,
        /// Its permission bits.
        mode: u32,
    },
}

/// Makes `dir` with mode 0700 if it is not there, and refuses one that is
/// there but is not this user's alone to write. An existing directory's mode
/// is never changed: it may have been chosen on purpose.
///
/// # Errors
/// [`DirError`] with the cause and the next step.
pub fn ensure_private(dir: &Path) -> Result<(), DirError> {
    let failed = |cause| DirError::Io { path: shown(dir), cause };
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => Err(failed(cause)),
        _ => check_private(dir),
    }
}

/// The checks of [`ensure_private`] without making anything.
///
/// # Errors
/// [`DirError`] with the cause and the next step.
pub fn check_private(dir: &Path) -> Result<(), DirError> {
    let failed = |cause| DirError::Io { path: shown(dir), cause };
    let me = rustix::process::geteuid().as_raw();
    // The name itself first: in a shared directory a link could be planted.
    let named = fs::symlink_metadata(dir).map_err(failed)?;
    let meant = fs::metadata(dir).map_err(failed)?;
    if !meant.is_dir() {
        return Err(DirError::NotADirectory { path: shown(dir) });
    }
    if let Some(owner) = [named.uid(), meant.uid()].into_iter().find(|owner| *owner != me) {
        return Err(DirError::Foreign { path: shown(dir), owner, me });
    }
    if meant.mode() & 0o022 != 0 {
        return Err(DirError::Writable { path: shown(dir), mode: meant.mode() & 0o777 });
    }
    Ok(())
}

fn shown(path: &Path) -> Text {
    Text::new(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_new_directory_is_private_and_may_be_met_again() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("a/b/crs");
        ensure_private(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
        ensure_private(&dir).unwrap();
    }

    #[test]
    fn what_others_may_write_is_refused_and_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("open");
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(ensure_private(&dir), Err(DirError::Writable { mode: 0o777, .. })));
        assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o777);
    }

    #[test]
    fn a_file_in_its_place_is_named() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state");
        fs::write(&file, "").unwrap();
        assert!(matches!(ensure_private(&file), Err(DirError::NotADirectory { .. })));
    }

    #[test]
    fn a_foreign_directory_is_refused() {
        if !rustix::process::geteuid().is_root() {
            // Every other user sees root's `/usr` as foreign.
            assert!(matches!(ensure_private(Path::new("/usr")), Err(DirError::Foreign { .. })));
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("theirs");
        fs::create_dir(&dir).unwrap();
        std::os::unix::fs::chown(&dir, Some(65_534), None).unwrap();
        let refused = ensure_private(&dir);
        assert!(matches!(refused, Err(DirError::Foreign { owner: 65_534, .. })));
        let link = home.path().join("link");
        std::os::unix::fs::symlink(home.path(), &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(65_534), None).unwrap();
        assert!(matches!(ensure_private(&link), Err(DirError::Foreign { .. })));
    }
}
