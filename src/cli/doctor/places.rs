//! Files and directories: the configuration, the state directory.

use super::check::{Check, State};
use crate::config::{Loaded, dirs};
use crate::host::ids::random_u64;
use rustix::fs::{Access, access};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Looks at them.
pub fn checks(loaded: &Loaded) -> Vec<Check> {
    vec![configuration(loaded), state_dir(&loaded.settings.state_dir)]
}

fn configuration(loaded: &Loaded) -> Check {
    let file = loaded.file.as_ref().map(|f| f.display().to_string());
    let named = file.unwrap_or_else(|| "no file, defaults and environment".to_owned());
    match loaded.problems.len() {
        0 => Check::good("configuration", named),
        n => Check::new(
            "configuration",
            State::Broken,
            format!("{named}: mistakes: {n}"),
            "every verb but those that stop things refuses to run; see: crs config check",
        ),
    }
}

fn state_dir(dir: &Path) -> Check {
    let what = "state dir";
    if fs::symlink_metadata(dir).is_err() {
        return absent(what, dir);
    }
    if let Err(e) = dirs::check_private(dir) {
        return Check::new(
            what,
            State::Broken,
            e.to_string(),
            "no audit log and no agent: a kill would not outlive this console",
        );
    }
    match scratch(dir) {
        Ok(took) => Check::good(what, format!("{}, synced in {}", dir.display(), ms(took))),
        Err(e) => Check::new(
            what,
            State::Broken,
            format!("{} can't be written: {e}", dir.display()),
            "no audit log and no agent; free space, or choose another with --state-dir",
        ),
    }
}

fn absent(what: &'static str, dir: &Path) -> Check {
    let above = dir.ancestors().skip(1).find(|a| a.is_dir());
    let found = format!("{} is not there yet", dir.display());
    match above {
        Some(above) if access(above, Access::WRITE_OK | Access::EXEC_OK).is_ok() => {
            Check::new(what, State::Note, found, "it is made, private, when it is needed")
        }
        _ => Check::new(
            what,
            State::Broken,
            format!("{found} and can't be made"),
            "no audit log and no agent; choose another with --state-dir",
        ),
    }
}

/// Makes a file of a random name in `dir` as the latch is made, syncs file
/// and directory, removes it, and says how long the first two took.
///
/// # Errors
/// The system's word.
pub fn scratch(dir: &Path) -> io::Result<Duration> {
    let path = dir.join(format!(".crs-doctor-{:016x}", random_u64()));
    let started = Instant::now();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let synced = file
        .write_all(b"crs doctor\n")
        .and_then(|()| file.sync_all())
        .and_then(|()| File::open(dir)?.sync_all());
    let took = started.elapsed();
    fs::remove_file(&path)?;
    synced.map(|()| took)
}

/// `0.4 ms`
pub fn ms(took: Duration) -> String {
    let us = took.as_micros();
    format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_file_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        scratch(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(scratch(&dir.path().join("absent")).is_err());
    }

    #[test]
    fn a_state_dir_is_judged_and_not_made() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("a/b");
        assert_eq!(state_dir(&dir).state, State::Note);
        assert!(!dir.exists());
        dirs::ensure_private(&dir).unwrap();
        assert_eq!(state_dir(&dir).state, State::Good);
        fs::remove_dir(&dir).unwrap();
        fs::write(&dir, "in the way").unwrap();
        assert_eq!(state_dir(&dir).state, State::Broken);
    }
}
