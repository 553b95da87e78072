//! Whether what a mode requires holds, and why not. Nothing is changed here.

use super::modes::Document;
use super::ports::Switch;
use super::spec::{Mission, ModeSpec, Name, Process, Require};
use crate::domain::Text;
use crate::domain::mission::HostRecord;
use crate::host::world;
use serde::Serialize;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What can only be asked of others: gathered once, then judged.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Why the latch is not proven absent; none: it is.
    pub engaged: Option<Text>,
    /// Why no account is armed for real money; none: one is.
    pub not_armed: Option<Text>,
    /// The machines; empty where nobody watches them.
    pub hosts: Vec<HostRecord>,
    /// Where the daemon writes.
    pub dir: PathBuf,
}

impl Facts {
    /// Asks the switch; for the accounts only where the mode wants to know, or
    /// trades real money by its settings. `hosts` are those that the mode
    /// requires, as of now.
    #[must_use]
    pub fn ask(
        mission: &Mission,
        mode: &ModeSpec,
        switch: &dyn Switch,
        hosts: Vec<HostRecord>,
        dir: &Path,
    ) -> Self {
        let live = Document::of(mission, mode).is_live();
        let armed = live || mode.require.contains(&Require::LiveArmed);
        Self {
            engaged: switch.engaged(),
            not_armed: if armed { switch.not_armed() } else { None },
            hosts,
            dir: dir.to_path_buf(),
        }
    }
}

/// The machines that a mode requires to answer.
#[must_use]
pub fn machines(mode: &ModeSpec) -> Vec<Name> {
    let name = |one: &Require| match one {
        Require::Reachable(name) => Some(name.clone()),
        _ => None,
    };
    mode.require.iter().filter_map(name).collect()
}

/// One requirement, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// What is required, in words.
    pub what: Text,
    /// It holds; none: nobody can tell, which a launch takes for a no.
    pub holds: Option<bool>,
    /// What was found.
    pub why: Text,
}

impl Held {
    fn new(what: impl AsRef<str>, found: Result<String, String>) -> Self {
        let (holds, why) = match found {
            Ok(why) => (Some(true), why),
            Err(why) => (Some(false), why),
        };
        Self { what: Text::new(what.as_ref()), holds, why: Text::new(&why) }
    }

    fn unknown(what: impl AsRef<str>, why: &str) -> Self {
        Self { what: Text::new(what.as_ref()), holds: None, why: Text::new(why) }
    }
}

/// All that the mode requires, under its settings. A mode that trades real
/// money is held to a clear kill switch whatever its file says.
#[must_use]
pub fn judge(mode: &ModeSpec, document: &Document, facts: &Facts) -> Vec<Held> {
    let mut require = mode.require.clone();
    for must in [Require::LiveArmed, Require::KillSwitchClear] {
        if document.is_live() && !require.contains(&must) {
            require.insert(0, must);
        }
    }
    require.iter().map(|one| one_of(one, document, facts)).collect()
}

/// The files that a process of this machine can't do without.
#[must_use]
pub fn files_of(process: &Process, document: &Document, facts: &Facts) -> Vec<Held> {
    let cwd = process.cwd.as_deref().unwrap_or(&facts.dir);
    let held = |file: &String| {
        let path = cwd.join(document.place(file, &facts.dir));
        there(&format!("file {} for {}", path.display(), process.name), path)
    };
    process.files.iter().map(held).collect()
}

fn there(what: &str, path: PathBuf) -> Held {
    Held::new(what, bounded(move || readable(&path)))
}

fn one_of(require: &Require, document: &Document, facts: &Facts) -> Held {
    let not = |why: &Option<Text>, good: &str| match why {
        None => Ok(good.to_owned()),
        Some(why) => Err(why.to_string()),
    };
    match require {
        Require::KillSwitchClear => {
            Held::new("kill switch clear", not(&facts.engaged, "the latch is proven absent"))
        }
        Require::LiveArmed => {
            Held::new("an account armed for real money", not(&facts.not_armed, "armed"))
        }
        Require::Credentials(path) => {
            let asked = path.clone();
            Held::new(format!("credentials {}", path.display()), bounded(move || private(&asked)))
        }
        Require::File(file) => {
            let path = facts.dir.join(document.place(file, &facts.dir));
            there(&format!("file {}", path.display()), path)
        }
        Require::Reachable(name) => {
            let what = format!("{name} reachable");
            let host = facts.hosts.iter().find(|host| host.name.as_str() == name);
            match host.map(|host| (host.reachable, &host.why)) {
                Some((Some(true), _)) => Held::new(what, Ok(String::from("it answers"))),
                Some((Some(false), why)) => Held::new(what, Err(why.to_string())),
                Some((None, why)) if !why.is_empty() => Held::unknown(what, why.as_str()),
                _ => Held::unknown(what, "nobody has asked it yet"),
            }
        }
        Require::DiskFree(bytes) => {
            let what = format!("{} free in {}", size(*bytes), facts.dir.display());
            let dir = facts.dir.clone();
            Held::new(what, enough(bounded(move || disk_free(&dir)), *bytes))
        }
        Require::MemoryFree(bytes) => Held::new(
            format!("{} of memory available", size(*bytes)),
            enough(memory_free(), *bytes),
        ),
    }
}

/// Longest look at a disk.
const DISK: Duration = Duration::from_secs(2);

/// A look that may hang with its disk, and then is a no.
fn bounded<T: Send + 'static>(
    look: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let late = || Err(format!("the disk does not answer ({} s)", DISK.as_secs()));
    world::within(DISK, look).unwrap_or_else(late)
}

/// A file with something in it, that this user may read.
fn readable(path: &Path) -> Result<String, String> {
    let unreadable = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => {
            String::from("it is not there; put it there, or name another")
        }
        _ => format!("can't be read: {e}"),
    };
    // A pipe would hang at its opening.
    let meta = std::fs::metadata(path).map_err(unreadable)?;
    if !meta.is_file() {
        return Err(String::from("is no file; name one"));
    }
    std::fs::File::open(path).map_err(unreadable)?;
    match meta.len() {
        0 => Err(String::from("it is empty; put something into it")),
        len => Ok(format!("it is there, {}", size(len))),
    }
}

/// A file of this user's that nobody else may read or write.
fn private(path: &Path) -> Result<String, String> {
    std::fs::File::open(path)
        .and_then(|file| file.metadata())
        .map_err(|e| format!("can't be read: {e}"))
        .and_then(|meta| {
            let own = rustix::process::geteuid().as_raw();
            if !meta.is_file() {
                Err(String::from("is no file"))
            } else if meta.uid() != own && own != 0 {
                Err(format!("belongs to user {}", meta.uid()))
            } else if meta.mode() & 0o077 != 0 {
                Err(format!("mode {:o} lets others at it: chmod 600", meta.mode() & 0o777))
            } else {
                Ok(String::from("readable, and nobody else's"))
            }
        })
}

fn enough(found: Result<u64, String>, wanted: u64) -> Result<String, String> {
    let free = found?;
    let said = format!("{} free", size(free));
    if free >= wanted { Ok(said) } else { Err(said) }
}

/// Bytes that an ordinary user can still write there; the nearest directory
/// that exists, where it does not yet.
fn disk_free(dir: &Path) -> Result<u64, String> {
    let there = dir.ancestors().find(|dir| dir.is_dir()).unwrap_or(dir);
    let found = rustix::fs::statvfs(there).map_err(|e| format!("can't be asked: {e}"))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

fn memory_free() -> Result<u64, String> {
    let text =
        std::fs::read_to_string("/proc/meminfo").map_err(|e| format!("/proc/meminfo: {e}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.map(|kib| kib.saturating_mul(1_024))
        .ok_or_else(|| String::from("/proc/meminfo does not say what is available"))
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes >> 10),
        1_048_576..10_737_418_240 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn held(require: &Require, facts: &Facts) -> (Option<bool>, String) {
        let held = one_of(require, &Document::default(), facts);
        (held.holds, held.why.to_string())
    }

    #[test]
    fn doubt_is_no_yes() {
        let host =
            |reachable| HostRecord { name: Text::new("B"), reachable, ..HostRecord::default() };
        let facts = |reachable| Facts { hosts: vec![host(reachable)], ..Facts::default() };
        let ask = |reachable| held(&Require::Reachable("B".into()), &facts(reachable)).0;
        assert_eq!((ask(Some(true)), ask(Some(false)), ask(None)), (Some(true), Some(false), None));
        assert_eq!(held(&Require::Reachable("C".into()), &facts(Some(true))).0, None);
    }

    #[test]
    fn credentials_are_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let ask = || held(&Require::Credentials(path.clone()), &Facts::default());
        assert!(ask().1.contains("can't be read"));
        std::fs::write(&path, "k").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(ask(), (Some(false), String::from("mode 640 lets others at it: chmod 600")));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(ask().0, Some(true));
    }

    #[test]
    fn what_is_free_is_measured() {
        let facts = Facts { dir: "/proc/no/such".into(), ..Facts::default() };
        for (require, holds) in [
            (Require::MemoryFree(1), true),
            (Require::MemoryFree(u64::MAX), false),
            (Require::DiskFree(u64::MAX), false),
        ] {
            assert_eq!(held(&require, &facts).0, Some(holds));
        }
    }

    #[test]
    fn real_money_is_held_to_a_clear_switch_whatever_the_mode_says() {
        let facts = Facts { engaged: Some(Text::new("engaged")), ..Facts::default() };
        let mission = crate::mission::file::load(None).unwrap();
        let live = Document::of(&mission, mission.mode("LIVE").unwrap());
        let held = judge(&ModeSpec::default(), &live, &facts);
        assert_eq!(held.iter().map(|h| h.holds).collect::<Vec<_>>(), [Some(false), Some(true)]);
        assert_eq!(judge(&ModeSpec::default(), &Document::default(), &facts), []);
    }

    #[test]
    fn a_file_that_is_required_is_there_and_has_something_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let facts = Facts { dir: dir.path().to_owned(), ..Facts::default() };
        let ask = || held(&Require::File("{dir}/quotes.csv".into()), &facts);
        assert!(ask().1.contains("not there") && ask().0 == Some(false), "{:?}", ask());
        let path = dir.path().join("quotes.csv");
        std::fs::write(&path, "").unwrap();
        assert!(ask().1.contains("empty"), "{:?}", ask());
        std::fs::write(&path, "x").unwrap();
        assert_eq!(ask(), (Some(true), String::from("it is there, 1 B")));
        let relative = held(&Require::File("quotes.csv".into()), &facts);
        assert_eq!(relative.0, Some(true));
        // A pipe is no file, and nobody hangs at it.
        std::fs::remove_file(&path).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
        assert_eq!(ask(), (Some(false), String::from("is no file; name one")));
    }
}
