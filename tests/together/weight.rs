//! What a process holds: memory, threads, descriptors.

use std::collections::BTreeMap;
use std::fs;

/// One look at one process.
#[derive(Clone, Debug)]
pub struct Weight {
    /// The verb it was started with.
    pub verb: String,
    /// `VmRSS` and `RssAnon`, in KiB.
    pub resident: i64,
    pub anonymous: i64,
    pub threads: i64,
    pub descriptors: i64,
}

/// All of these processes that still are there.
pub fn weigh(pids: &[u32]) -> BTreeMap<u32, Weight> {
    pids.iter().filter_map(|pid| Some((*pid, of(*pid)?))).collect()
}

fn of(pid: u32) -> Option<Weight> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| -> Option<i64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
    let verb = words.split('\0').skip(1).find(|word| !word.is_empty());
    Some(Weight {
        verb: verb.unwrap_or("?").trim_start_matches('_').to_owned(),
        resident: field("VmRSS:")?,
        anonymous: field("RssAnon:")?,
        threads: field("Threads:")?,
        descriptors: i64::try_from(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count()).ok()?,
    })
}
