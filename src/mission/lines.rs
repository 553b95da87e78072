//! Where output goes, and who wants to know of trouble: the seam between the
//! supervision, the lines and the alerts.

use super::spec::Name;
use crate::domain::Text;
use crate::domain::mission::{Gravity, LineLevel, Recovery};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

/// One stream of one run of a process.
#[derive(Debug)]
pub struct Source {
    /// Whose.
    pub process: Name,
    /// Which of its starts.
    pub run: u64,
    /// Standard error.
    pub stderr: bool,
    /// Where the bytes come from.
    pub output: Output,
}

/// Where bytes come from.
#[derive(Debug)]
pub enum Output {
    /// A pipe's end, or a socket's.
    Pipe(OwnedFd),
    /// A file that somebody else writes, from this byte on.
    File {
        /// The file.
        path: PathBuf,
        /// First byte not read yet.
        from: u64,
    },
}

/// Who reads output.
pub trait Reads: Send + Sync {
    /// Reads this from now on.
    fn attach(&self, source: Source);

    /// The run ended: what is left of its streams is read (for a bounded
    /// time, as a grandchild may hold them), and the last unended line kept.
    fn ended(&self, process: &str, run: u64);

    /// A line of this run has contained `text`.
    fn has_said(&self, process: &str, run: u64, text: &str) -> bool;

    /// One of this name begins anew, and its runs with it: what an earlier one
    /// has said is none of its words.
    fn forget(&self, _process: &str) {}

    /// Texts that probes wait for and that this run has said, for the next
    /// daemon: it reads on behind them.
    fn heard(&self, _process: &str, _run: u64) -> Vec<String> {
        Vec::new()
    }

    /// An earlier daemon has read these in this run, which is attached next.
    fn recall(&self, _process: &str, _run: u64, _texts: &[String]) {}

    /// What it said last before this run ended, in one line: of what it wrote on
    /// standard error, where it wrote there. Waited for at most so long, as
    /// lines are read beside; none where it said nothing.
    fn last_words(&self, _process: &str, _run: u64, _longest: Duration) -> Option<Text> {
        None
    }

    /// The first byte of a followed file that was not read yet, for the next
    /// daemon; none for a pipe, and for what is not followed.
    fn position(&self, _process: &str, _run: u64, _stderr: bool) -> Option<u64> {
        None
    }

    /// The daemon's own word about a process, as a line among its lines.
    fn note(&self, process: &str, level: LineLevel, text: &Text);
}

/// A new alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raise {
    /// Its rule or source: `crash-loop`, `memory-growth`.
    pub kind: Name,
    /// How grave.
    pub severity: Gravity,
    /// Which process, empty: none.
    pub process: Name,
    /// In a few words.
    pub title: Text,
    /// The fact behind it.
    pub message: Text,
    /// What to do.
    pub solution: Text,
    /// Who does it.
    pub strategy: Recovery,
    /// Proposed actions.
    pub actions: Vec<String>,
}

/// Who hears of trouble.
pub trait Raises: Send + Sync {
    /// Raises an alert, or counts it where the same one is open.
    fn raise(&self, raise: Raise);
}
