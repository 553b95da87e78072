//! Tools of the system that inject what a test can't: strace and its like.

use super::Came;
use std::env;
use std::fs;
use std::path::PathBuf;

/// Where a tool lies, or why its row is not run here.
pub fn tool(name: &str, package: &str) -> Result<PathBuf, Came> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file());
    found.ok_or_else(|| Came::NotHere(format!("no {name} (Debian: {package})")))
}

/// The threads of a process by their names.
pub fn threads(pid: u32) -> Vec<(u32, String)> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let tids = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse::<u32>().ok());
    tids.filter_map(|tid| {
        let name = fs::read_to_string(format!("/proc/{pid}/task/{tid}/comm")).ok()?;
        Some((tid, name.trim_end().to_owned()))
    })
    .collect()
}

/// Whether a tracer holds this thread.
pub fn is_traced(pid: u32, tid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).unwrap_or_default();
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    tracer.is_some_and(|pid| pid.trim() != "0")
}

/// Whether a thread has ended; one that nobody has reaped yet has a state.
pub fn is_gone(pid: u32, tid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_none_or(|state| state.trim_start().starts_with(['Z', 'X']))
}

/// Which of how many runs a seed is: long forms share their cases out.
pub fn share(seed: u64) -> (u64, u64) {
    let times = crate::number("CRS_FAULT_TIMES", 1);
    (seed.saturating_sub(crate::number("CRS_FAULT_SEED", 1)) % times, times)
}
