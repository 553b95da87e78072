//! What can be done with processes on one machine, the daemon's own or one
//! behind SSH. Calls may wait; each process has a thread of its own that
//! makes them.

use super::spec::{Name, Process};
use crate::domain::{Text, UtcMicros};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The variable that marks what a daemon started here: `ID/NAME/RUN/POLICY/BY`.
pub const MARK: &str = "CRS_MISSION";
/// The variable that marks a start on another machine.
pub const START_MARK: &str = "CRS_MISSION_START";

/// Which process, so that it can't be confused with a later one of the same
/// number.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ident {
    /// Process id.
    pub pid: u32,
    /// Its start: clock ticks since boot on Linux, the creation time on Windows.
    pub start: u64,
    /// Which boot of the machine.
    pub boot: Text,
}

/// What a start puts into commands and environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vars {
    /// The settings document of the mode in force; none: no mode is.
    pub settings: Option<PathBuf>,
    /// Its flags, as text, for `{mode:KEY}`.
    pub flags: BTreeMap<String, String>,
    /// Name of the mode, empty: none.
    pub mode: Name,
}

/// What one look at a process found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It lives and uses so much.
    Alive(Usage),
    /// It is gone.
    Ended(End),
    /// The machine can't be asked.
    Unknown(Text),
}

/// What a process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// CPU time so far, in microseconds, of itself and what it waited for.
    pub cpu_us: u64,
    /// Resident memory, in bytes.
    pub memory: u64,
    /// Open file handles, where they can be counted.
    pub files: Option<u32>,
}

/// How a process ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Its status; none after a signal, or where nobody could learn it.
    pub code: Option<i32>,
    /// The signal, empty without: `SIGKILL`.
    pub signal: Text,
}

/// One that an earlier daemon of the same directory started, and that lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Which of its starts.
    pub run: u64,
    /// Who.
    pub who: Ident,
    /// When it was started.
    pub since: UtcMicros,
    /// What it was started with, as `supervise::stamp` has it; empty where
    /// nobody wrote it down.
    pub stamp: Text,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undone {
    /// It was not, for certain.
    No(Text),
    /// It may have been: nobody heard the answer.
    Lost(Text),
}

impl Undone {
    /// The cause and the next step.
    #[must_use]
    pub const fn why(&self) -> &Text {
        match self {
            Self::No(why) | Self::Lost(why) => why,
        }
    }
}

/// Where nothing was asked of another machine, nothing is lost.
impl From<Text> for Undone {
    fn from(why: Text) -> Self {
        Self::No(why)
    }
}

/// What is called when a process ended.
pub type Tell = Box<dyn FnOnce() + Send>;

/// The hands.
pub trait Hands: Send + Sync {
    /// Starts it as the leader of a group of its own, with its output where
    /// the lines are read. `run` counts the starts of this process.
    ///
    /// # Errors
    /// The cause and the next step: no such program, a port that is held (and
    /// by whom), a directory that is not there. `No` means that nothing of it
    /// lives; after `Lost` only `found` can say what became of it.
    fn spawn(&self, process: &Process, run: u64, vars: &Vars) -> Result<Ident, Undone>;

    /// Looks at one that was started.
    fn look(&self, who: &Ident) -> Seen;

    /// Signals it, or all that belongs to it. Never anybody else: an identity
    /// that does not hold any more is refused.
    ///
    /// # Errors
    /// Why it could not be signalled.
    fn signal(&self, who: &Ident, signal: i32, all: bool) -> Result<(), Undone>;

    /// What still lives of all that it started, itself included.
    ///
    /// # Errors
    /// Why that can't be known.
    fn rest(&self, who: &Ident) -> Result<Vec<Ident>, Text>;

    /// Removes what it may leave behind (`shm`, `locks`), once nothing of it
    /// lives; what was removed.
    fn tidy(&self, process: &Process) -> Vec<Text>;

    /// One that runs without having been started here (`check` ends with 0).
    ///
    /// # Errors
    /// Why that can't be known: nothing is started until it is.
    fn external(&self, process: &Process) -> Result<bool, Text>;

    /// Calls `tell` once, as soon as it ended, and at once if it has. `false`
    /// where this machine can't say so: then it is looked at now and then.
    fn ends(&self, _who: &Ident, _tell: Tell) -> bool {
        false
    }

    /// What an earlier daemon left running, to be taken up again, or what
    /// became of a start whose answer was lost. What must not outlive its
    /// daemon is ended before this comes back. None is said only where nothing
    /// runs for certain, and no start that is still on its way will.
    ///
    /// # Errors
    /// Why that can't be known: nothing is started until it is.
    fn found(&self, _process: &Process) -> Result<Option<Found>, Text> {
        Ok(None)
    }

    /// The machine answers.
    ///
    /// # Errors
    /// Why it does not.
    fn reach(&self) -> Result<(), Text> {
        Ok(())
    }
}
