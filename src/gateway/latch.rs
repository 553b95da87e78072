//! The latch as the gateway obeys it: existence alone engages, and what can't
//! be told denies.
//!
//! Only `OPEN_ORDER` is refused. A pending order that was placed before still
//! fills, as it would at a broker: what cancels it is KILL_SWITCH.
//!
//! This is the gateway's own look at the file; it shares no code with the
//! console's breaker, which it is to be evidence for.

use super::halt::Halt;
use super::rules::Rejection;
use crate::domain::{Text, UtcMicros};
use crate::host::{Identity, clock};
use crate::wire::LatchEvidence;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, statat};
use rustix::io::Errno;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(50);
/// After so long without a look orders are denied.
const OVERDUE: Duration = Duration::from_millis(500);

/// One look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Look {
    engaged: Option<bool>,
    fault: Text,
    file: Option<(u64, u64)>,
    dir: Option<(u64, u64)>,
}

#[derive(Debug, Default)]
struct Seen {
    look: Look,
    at_ns: u64,
    last_blocked: Option<UtcMicros>,
}

/// Watches one path, or none.
#[derive(Debug)]
pub struct LatchWatch {
    path: Option<PathBuf>,
    host: Text,
    seen: Mutex<Seen>,
}

impl LatchWatch {
    /// Looks once, so that the first order already meets an answer.
    #[must_use]
    pub fn new(path: Option<PathBuf>) -> Self {
        let watch = Self { path, host: Identity::here().host, seen: Mutex::default() };
        watch.look();
        watch
    }

    /// Looks until the halt; a look that hangs blocks orders, not the desk.
    pub fn run(&self, halt: &Halt) {
        while self.path.is_some() && !halt.wait(EVERY) {
            self.look();
        }
    }

    /// Whether an order may pass.
    ///
    /// # Errors
    /// [`Rejection::Latched`] when the file exists, or when that can't be told.
    pub fn permit(&self) -> Result<(), Rejection> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let age = Duration::from_nanos(clock::mono_ns().saturating_sub(seen.at_ns));
        let cause = if age > OVERDUE {
            Text::new(&format!("not looked at for {} ms", age.as_millis()))
        } else {
            match seen.look.engaged {
                Some(false) => return Ok(()),
                Some(true) => Text::new("engaged"),
                None => seen.look.fault.clone(),
            }
        };
        seen.last_blocked = Some(clock::utc());
        Err(Rejection::Latched { path: shown(path), cause })
    }

    /// What telemetry says.
    #[must_use]
    pub fn evidence(&self) -> LatchEvidence {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let age = Duration::from_nanos(clock::mono_ns().saturating_sub(seen.at_ns));
        let overdue = self.path.is_some() && age > OVERDUE;
        let look = if overdue {
            let fault = Text::new(&format!("not looked at for {} ms", age.as_millis()));
            Look { fault, ..Look::default() }
        } else {
            seen.look.clone()
        };
        LatchEvidence {
            v: crate::wire::telemetry::VERSION,
            consumer: Text::new("gateway"),
            host: self.host.clone(),
            latch_path: self.path.as_deref().map(shown).unwrap_or_default(),
            engaged: look.engaged,
            fault: look.fault,
            dev: look.file.map(|f| f.0),
            ino: look.file.map(|f| f.1),
            dir_dev: look.dir.map(|d| d.0),
            dir_ino: look.dir.map(|d| d.1),
            last_blocked: seen.last_blocked,
            time_us: clock::utc(),
        }
    }

    fn look(&self) {
        let Some(path) = &self.path else { return };
        // Its age counts from the beginning: it may hang.
        let began = clock::mono_ns();
        let look = look(path);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.at_ns > 0 && seen.look.engaged != look.engaged {
            let word = match look.engaged {
                Some(true) => "engaged",
                Some(false) => "gone",
                None => "in doubt",
            };
            tracing::warn!("latch {} is {word} {}", shown(path), look.fault);
        }
        seen.look = look;
        seen.at_ns = began;
    }
}

fn shown(path: &Path) -> Text {
    Text::new(&path.to_string_lossy())
}

/// Absent only when the directory opens and says that nothing is there: any
/// object of any kind engages, every other error is doubt.
fn look(path: &Path) -> Look {
    let doubt = |what: &str, e: Errno| Look {
        fault: Text::new(&format!("{what}: {e}")),
        ..Look::default()
    };
    let Some(name) = path.file_name() else {
        return Look { fault: Text::new("path has no file name"), ..Look::default() };
    };
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = openat(CWD, parent, flags, Mode::empty());
    let dir = match opened {
        Ok(dir) => dir,
        Err(e) => return doubt("directory", e),
    };
    let at = statat(&dir, ".", AtFlags::empty()).ok().map(|s| (s.st_dev, s.st_ino));
    match statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => {
            let file = Some((stat.st_dev, stat.st_ino));
            Look { engaged: Some(true), file, dir: at, ..Look::default() }
        }
        Err(Errno::NOENT) => Look { engaged: Some(false), dir: at, ..Look::default() },
        Err(e) => doubt("file", e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn anything_at_the_path_engages() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("latch.lock");
        assert_eq!(look(&path).engaged, Some(false));
        symlink("nowhere", &path).unwrap();
        assert_eq!(look(&path).engaged, Some(true));
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(look(&path).engaged, Some(true));
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        let seen = look(&path);
        assert_eq!(seen.engaged, Some(true));
        assert!(seen.file.is_some() && seen.dir.is_some() && seen.file != seen.dir);
    }

    #[test]
    fn doubt_denies() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gone/latch.lock");
        assert_eq!(look(&path).engaged, None);
        let watch = LatchWatch::new(Some(path));
        let words = watch.permit().unwrap_err().to_string();
        assert!(words.contains("directory: "), "{words}");
        let said = watch.evidence();
        assert_eq!(said.engaged, None);
        assert!(!said.fault.is_empty() && said.last_blocked.is_some());
    }

    #[test]
    fn a_look_that_is_overdue_denies() {
        let dir = tempfile::tempdir().unwrap();
        let watch = LatchWatch::new(Some(dir.path().join("latch.lock")));
        assert_eq!(watch.permit(), Ok(()));
        let long_ago = clock::mono_ns().saturating_sub(2_000_000_000);
        watch.seen.lock().unwrap().at_ns = long_ago;
        assert!(watch.permit().unwrap_err().to_string().contains("not looked at"));
        assert_eq!(watch.evidence().engaged, None);
    }

    #[test]
    fn without_a_path_it_says_that_it_watches_none() {
        let watch = LatchWatch::new(None);
        assert_eq!(watch.permit(), Ok(()));
        assert!(watch.evidence().latch_path.is_empty() && watch.evidence().engaged.is_none());
    }
}
