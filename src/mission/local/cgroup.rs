//! cgroups of version 2, where this daemon may make some: they hold all of a
//! process together, and limit its memory and CPU.

use crate::mission::spec::Limits;
use rustix::fs::{Access, access};
use std::fs;
use std::path::{Path, PathBuf};

/// Length of the period that a CPU limit is counted over, in µs.
const PERIOD_US: u64 = 100_000;

/// Where this daemon makes cgroups.
#[derive(Clone, Debug)]
pub struct Cgroups {
    root: PathBuf,
    /// Controllers that limit something below.
    controls: Vec<String>,
}

/// The mount of version 2, and this process's place below it.
fn own() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mount = mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let fields: Vec<&str> = left.split_whitespace().collect();
        // Another root than `/` shows a part of the tree under another name.
        (right.starts_with("cgroup2 ") && fields.get(3) == Some(&"/"))
            .then(|| fields.get(4).copied())?
    })?;
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(Path::new(mount).join(path.trim_start_matches('/')))
}

impl Cgroups {
    /// For the daemon of the directory `id`; none where no tree is delegated.
    #[must_use]
    pub fn new(id: &str) -> Option<Self> {
        Self::below(&own()?, id)
    }

    fn below(own: &Path, id: &str) -> Option<Self> {
        access(own, Access::WRITE_OK).ok()?;
        let root = own.join(format!("crs-{id}"));
        if !root.is_dir() {
            fs::create_dir(&root).ok()?;
        }
        let has = fs::read_to_string(own.join("cgroup.controllers")).unwrap_or_default();
        let controls: Vec<String> = ["memory", "cpu"]
            .into_iter()
            .filter(|name| has.split_whitespace().any(|one| one == *name))
            // Refused where processes live beside the groups that are to be limited.
            .filter(|name| {
                let on = format!("+{name}");
                fs::write(own.join("cgroup.subtree_control"), &on).is_ok()
                    && fs::write(root.join("cgroup.subtree_control"), &on).is_ok()
            })
            .map(str::to_owned)
            .collect();
        Some(Self { root, controls })
    }

    /// Something of this kind (`memory`, `cpu`) can be limited.
    #[must_use]
    pub fn limits(&self, control: &str) -> bool {
        self.controls.iter().any(|one| one == control)
    }

    /// The group of one process, with its limits.
    ///
    /// # Errors
    /// A file of it can't be written.
    pub fn make(&self, name: &str, limits: &Limits) -> Result<PathBuf, String> {
        let dir = self.root.join(name);
        if !dir.is_dir() {
            fs::create_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        }
        let write = |file: &str, value: String| {
            let path = dir.join(file);
            fs::write(&path, value).map_err(|e| format!("{}: {e}", path.display()))
        };
        if self.limits("memory") {
            let most = limits.memory.map_or_else(|| String::from("max"), |most| most.to_string());
            write("memory.max", most)?;
        }
        if self.limits("cpu") {
            let share = |pct: u32| u64::from(pct).saturating_mul(PERIOD_US / 100).max(1_000);
            let quota =
                limits.cpu_pct.map_or_else(|| String::from("max"), |p| share(p).to_string());
            write("cpu.max", format!("{quota} {PERIOD_US}"))?;
        }
        Ok(dir)
    }
}

/// Nobody is in it any more.
pub fn remove(dir: Option<&Path>) {
    if let Some(dir) = dir {
        let _ = fs::remove_dir(dir);
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        // Stays where something that outlives the daemon is in it.
        let _ = fs::remove_dir(&self.root);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_where_they_can_be_and_the_group_goes() {
        // The files of a plain directory take the same words.
        let own = tempfile::tempdir().unwrap();
        fs::write(own.path().join("cgroup.controllers"), "cpu io memory").unwrap();
        let groups = Cgroups::below(own.path(), "ab").unwrap();
        assert!(groups.limits("memory") && groups.limits("cpu") && !groups.limits("io"));
        let limits = Limits { memory: Some(7 << 20), cpu_pct: Some(50), ..Limits::default() };
        let dir = groups.make("redis", &limits).unwrap();
        let read = |file: &str| fs::read_to_string(dir.join(file)).unwrap();
        assert_eq!(
            (read("memory.max").as_str(), read("cpu.max").as_str()),
            ("7340032", "50000 100000")
        );
        groups.make("redis", &Limits::default()).unwrap();
        assert_eq!((read("memory.max").as_str(), read("cpu.max").as_str()), ("max", "max 100000"));
    }

    #[test]
    fn a_tree_that_is_not_there_gives_none() {
        assert!(Cgroups::below(Path::new("/no/such"), "ab").is_none());
    }
}
