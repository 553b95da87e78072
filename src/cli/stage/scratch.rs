//! The stage's directory, and the end of the agent that was started for it.

use crate::breaker::LatchHome;
use crate::host::{clock, ids};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The agent gets this long to end by itself.
const PATIENCE: Duration = Duration::from_millis(500);

/// A private directory that is removed in the end.
#[derive(Debug)]
pub struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    /// Makes a new one for `what`: its name is random, and one that is there already is
    /// never taken.
    ///
    /// # Errors
    /// The system's words.
    pub fn make(what: &str) -> io::Result<Self> {
        let dir = std::env::temp_dir().join(format!("crs-{what}-{:016x}", ids::random_u64()));
        DirBuilder::new().mode(0o700).create(&dir)?;
        Ok(Self { dir })
    }

    /// A place in it.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The latch in it.
    #[must_use]
    pub fn latch(&self) -> PathBuf {
        self.join("kill_switch.lock")
    }

    /// Removes it with all that is in it.
    pub fn remove(self) {
        drop(self);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Ends the agent of a scratch latch by its process id. An agent of any other
/// latch is left alone, whatever the lock file says.
pub fn end_agent(home: &LatchHome) {
    let Some(pid) = agent_of(home) else { return };
    for signal in [Signal::TERM, Signal::KILL] {
        if kill_process(pid, signal).is_err() {
            return;
        }
        let until = clock::now().plus(PATIENCE).mono_ns;
        while test_kill_process(pid).is_ok() {
            if clock::mono_ns() >= until {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn agent_of(home: &LatchHome) -> Option<Pid> {
    let text = fs::read_to_string(home.agent_lock()).ok()?;
    let pid: i32 = text.trim().parse().ok()?;
    let command = fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).ok()?;
    let latch = home.latch.as_os_str().as_encoded_bytes();
    let ours = command.split(|b| *b == 0).any(|argument| argument == latch);
    if ours { Pid::from_raw(pid) } else { None }
}
