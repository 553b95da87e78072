//! Marks, and the end of what should not be there any more.

use super::own::one_by_one;
use super::proc;
use rustix::process::Signal;

/// A mark: which process it is of, of which start, whether it outlives its
/// daemon, and which daemon that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The process's name.
    pub name: String,
    /// Which of its starts.
    pub run: u64,
    /// It outlives the daemon.
    pub keep: bool,
    /// The daemon that started it.
    pub by: String,
}

impl Mark {
    /// As it stands in the environment, after the directory's `id`.
    #[must_use]
    pub fn write(&self, id: &str) -> String {
        let policy = if self.keep { "keep" } else { "kill" };
        format!("{id}/{}/{}/{policy}/{}", self.name, self.run, self.by)
    }

    /// Of this directory's daemons; none: another's, or none at all.
    #[must_use]
    pub fn read(text: &str, id: &str) -> Option<Self> {
        let parts: Vec<&str> = text.strip_prefix(id)?.strip_prefix('/')?.split('/').collect();
        let [name, run, policy, by] = parts.as_slice() else { return None };
        let keep = match *policy {
            "keep" => true,
            "kill" => false,
            _ => return None,
        };
        let by = (*by).to_owned();
        Some(Self { name: (*name).to_owned(), run: run.parse().ok()?, keep, by })
    }
}

/// Everybody who lives and bears a mark of `id`, but this process.
#[must_use]
pub fn bearers(id: &str) -> Vec<(proc::Stat, Mark)> {
    let own = std::process::id();
    let all = proc::all().into_iter().filter(|stat| stat.lives() && stat.pid != own);
    let marked = all.filter_map(|stat| {
        let mark = Mark::read(&proc::mark(stat.pid)?, id)?;
        Some((stat, mark))
    });
    let found: Vec<_> = marked.collect();
    if found.is_empty() {
        return found;
    }
    let spared = super::own::spared(&proc::all());
    found
        .into_iter()
        .filter(|(stat, _)| !spared.contains(&stat.pid) && !super::own::is_agent(stat.pid))
        .collect()
}

/// SIGKILL to everybody with such a mark; how many there were.
pub fn marked(id: &str, which: impl Fn(&Mark) -> bool) -> usize {
    let found = bearers(id);
    let mut due = 0;
    for (stat, _) in found.iter().filter(|(_, mark)| which(mark)) {
        due += 1;
        // Who is gone meanwhile needs no signal.
        let _ = one_by_one(stat.pid, stat.start, Signal::KILL);
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_and_anothers_is_none() {
        let by = String::from("77.1234");
        let mark = Mark { name: String::from("redis.1"), run: 7, keep: true, by };
        let text = mark.write("ab12");
        assert_eq!(text, "ab12/redis.1/7/keep/77.1234");
        assert_eq!(Mark::read(&text, "ab12"), Some(mark));
        for other in ["ab1", "ab123", "", "ab12/redis.1"] {
            assert_eq!(Mark::read(&text, other), None, "{other}");
        }
        assert_eq!(Mark::read("ab12/x/7/other/77.1234", "ab12"), None);
    }
}
