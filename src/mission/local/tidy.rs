//! What a process may leave behind, and programs that say whether it runs.

use crate::domain::Text;
use crate::mission::spec::Process;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for a check.
const CHECK: Duration = Duration::from_secs(5);
/// In the name of every latch.
const LATCH: &str = "kill_switch";

/// It is a latch, or another name of one.
fn is_latch(path: &Path, latches: &[PathBuf]) -> bool {
    let named = path.file_name().is_some_and(|n| n.to_string_lossy().contains(LATCH));
    let id = |path: &Path| fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
    let own = id(path);
    named || latches.iter().any(|latch| latch == path || (own.is_some() && id(latch) == own))
}

/// Removes shared memory and lock files of a process; what was removed, and
/// what was not and why.
#[must_use]
pub fn tidy(process: &Process, dir: &Path, latches: &[PathBuf]) -> Vec<Text> {
    let shm = process.shm.iter().filter(|name| !name.contains('/') && !name.starts_with('.'));
    let shm = shm.map(|name| Path::new("/dev/shm").join(name));
    let locks = process.locks.iter().map(|path| dir.join(path));
    let mut said = Vec::new();
    for path in shm.chain(locks) {
        let shown = path.display();
        if is_latch(&path, latches) {
            said.push(Text::new(&format!("{shown} is a latch and stays")));
            continue;
        }
        match fs::remove_file(&path) {
            Ok(()) => said.push(Text::new(&format!("removed {shown}"))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => said.push(Text::new(&format!("{shown} can't be removed: {e}"))),
        }
    }
    said
}

/// The check ended with 0; without one, nothing holds.
///
/// # Errors
/// It gave no answer: it can't be run, it was ended by a signal, or it did not
/// end in its time.
pub fn holds(argv: &[String]) -> Result<bool, Text> {
    let [program, arguments @ ..] = argv else { return Ok(false) };
    let silent = |why: &str| Text::new(&format!("the check {program} {why}; run it by hand"));
    let mut command = Command::new(program);
    command.args(arguments).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| silent(&format!("can't be run: {e}")))?;
    let begun = Instant::now();
    while begun.elapsed() < CHECK {
        if let Ok(Some(status)) = child.try_wait() {
            let code = status.code().ok_or_else(|| silent("was ended by a signal"))?;
            // A shell's words for a program that it can't run.
            if code == 126 || code == 127 {
                return Err(silent(&format!("ended with {code}: a program can't be run")));
            }
            return Ok(code == 0);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
    Err(silent(&format!("has not ended in {} s", CHECK.as_secs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_check_that_ends_by_itself_is_an_answer() {
        let sh = |script: &str| holds(&["/bin/sh", "-c", script].map(String::from));
        assert_eq!((sh("exit 0"), sh("exit 1"), holds(&[])), (Ok(true), Ok(false), Ok(false)));
        for script in ["kill -9 $$", "/nowhere/check"] {
            assert!(sh(script).unwrap_err().as_str().contains("run it by hand"), "{script}");
        }
        let none = holds(&[String::from("/nowhere/check")]).unwrap_err();
        assert!(none.as_str().contains("/nowhere/check can't be run"), "{none}");
    }
}
