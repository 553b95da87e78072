//! The latch's directory: can a kill engage here, and will others see it?

use super::check::{Check, State};
use super::places::{ms, scratch};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A visible file within this time is what the kill promises.
const SLOW: Duration = Duration::from_millis(50);
/// File systems on which another host sees a new file late.
const REMOTE: &[&str] = &["nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "ceph"];

/// Looks at the latch and at every further one.
pub fn checks(latch: &Path, extra: &[PathBuf]) -> Vec<Check> {
    let mut all = vec![present("latch", latch), write(latch)];
    all.extend(guarded(latch));
    all.extend(file_system(latch));
    all.extend(extra.iter().map(|path| present("further latch", path)));
    all
}

fn directory(latch: &Path) -> &Path {
    latch.parent().unwrap_or(Path::new("/"))
}

fn present(what: &'static str, latch: &Path) -> Check {
    let shown = latch.display();
    match fs::symlink_metadata(latch) {
        Ok(_) => Check::new(
            what,
            State::Note,
            format!("{shown} exists: ENGAGED"),
            "orders are denied; `crs status` says why, `crs reset` ends it",
        ),
        Err(e) if e.kind() == io::ErrorKind::NotFound && directory(latch).is_dir() => {
            Check::good(what, format!("{shown} is absent"))
        }
        Err(e) => Check::new(
            what,
            State::Broken,
            format!("{shown} can't be looked at: {e}"),
            "nothing proves it absent, so orders stay denied; make its directory readable",
        ),
    }
}

fn write(latch: &Path) -> Check {
    let what = "latch sync";
    let dir = directory(latch);
    match scratch(dir) {
        Ok(took) if took > SLOW => Check::new(
            what,
            State::Poor,
            format!("a scratch file beside it took {}", ms(took)),
            "the latch is visible at once but durable late: put it on a faster disk",
        ),
        Ok(took) => Check::good(what, format!("a scratch file beside it took {}", ms(took))),
        Err(e) => Check::new(
            what,
            State::Broken,
            format!("{} can't be written: {e}", dir.display()),
            "a kill can't engage the latch here; choose another with --kill-switch-file, \
             the same for every program",
        ),
    }
}

/// Whether somebody else could take the latch away.
fn guarded(latch: &Path) -> Option<Check> {
    let mode = fs::metadata(directory(latch)).ok()?.mode();
    let (open, sticky) = (mode & 0o002 != 0, mode & 0o1000 != 0);
    (open && !sticky).then(|| {
        Check::new(
            "latch guard",
            State::Poor,
            format!("anybody may delete files in {}", directory(latch).display()),
            "a deleted latch is made anew and alarmed, but other programs see a gap; chmod o-w",
        )
    })
}

fn file_system(latch: &Path) -> Option<Check> {
    let table = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let dir = directory(latch).canonicalize().ok()?;
    let mount = mount_of(&table, &dir)?;
    let what = "latch mount";
    let found = format!("{} at {}", mount.kind, mount.at);
    Some(if mount.root.contains("systemd-private-") {
        Check::new(
            what,
            State::Broken,
            format!("{found}, private to this service"),
            "no other program sees this latch: set PrivateTmp=no, or choose another path",
        )
    } else if REMOTE.contains(&mount.kind.as_str()) {
        let advice = "other hosts may see the latch late; give each host one of its own";
        Check::new(what, State::Poor, found, advice)
    } else if mount.kind == "tmpfs" {
        let advice = "gone after a reboot; the audit log restores it";
        Check::new(what, State::Note, found, advice)
    } else {
        Check::good(what, found)
    })
}

#[derive(Debug, PartialEq, Eq)]
struct Mount {
    root: String,
    at: String,
    kind: String,
}

/// The mount that holds `dir`, from the text of `mountinfo`. Later lines
/// cover earlier ones.
fn mount_of(table: &str, dir: &Path) -> Option<Mount> {
    let mounts = table.lines().filter_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut fields = left.split(' ').skip(3);
        let (root, at) = (unescape(fields.next()?), unescape(fields.next()?));
        Some(Mount { root, at, kind: right.split(' ').next()?.to_owned() })
    });
    mounts
        .filter(|mount| dir.starts_with(&mount.at))
        .max_by_key(|mount| Path::new(&mount.at).components().count())
}

fn unescape(field: &str) -> String {
    field.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:26 / /tmp rw,nosuid shared:5 - tmpfs tmpfs rw
31 22 0:27 /tmp/systemd-private-1-x/tmp /srv/private\\040tmp rw - ext4 /dev/vda rw
32 22 0:28 / /mnt/share rw - nfs4 host:/share rw
";

    #[test]
    fn the_deepest_mount_holds_the_latch() {
        let kind = |dir| mount_of(TABLE, Path::new(dir)).unwrap().kind;
        assert_eq!(kind("/tmp"), "tmpfs");
        assert_eq!(kind("/tmpfiles"), "ext4");
        assert_eq!(kind("/mnt/share/latches"), "nfs4");
        let private = mount_of(TABLE, Path::new("/srv/private tmp")).unwrap();
        assert!(private.root.contains("systemd-private-"));
    }

    #[test]
    fn anything_at_the_path_is_engaged_and_a_missing_directory_is_doubt() {
        let dir = tempfile::tempdir().unwrap();
        let latch = dir.path().join("kill.lock");
        assert_eq!(present("latch", &latch).state, State::Good);
        std::os::unix::fs::symlink("/nonexistent", &latch).unwrap();
        assert!(present("latch", &latch).found.as_str().contains("ENGAGED"));
        assert_eq!(present("latch", &dir.path().join("no/kill.lock")).state, State::Broken);
        assert_eq!(write(&dir.path().join("no/kill.lock")).state, State::Broken);
    }
}
