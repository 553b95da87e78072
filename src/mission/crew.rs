//! Everybody who runs: what can be asked of the supervision as a whole.

use super::file::words;
use super::hands::Vars;
use super::order::Refusal;
use super::spec::{Mission, Name, Restart};
use crate::domain::Text;
use crate::domain::mission::{HostRecord, ProcessRecord};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What an order to one process is refused with.
pub type Refused = (Refusal, Text);

/// The refusal of a name that none of `all` has, with the one that was
/// probably meant.
#[must_use]
pub fn unknown<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Refused {
    /// So many names are listed.
    const LISTED: usize = 20;
    let all: Vec<&str> = all.collect();
    let hint = words::meant(name, all.iter().copied());
    let more = if all.len() > LISTED { ", …" } else { "" };
    let listed = all.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    let name = Text::limited(name, 60);
    let why = format!("no process is called \"{name}\"{hint}; there are {listed}{more}");
    (Refusal::Unknown, Text::new(&why))
}

/// The supervision. None of these waits for a process, but `wait_down`.
pub trait Crew: Send + Sync {
    /// From now on exactly these are wanted, started with these variables:
    /// what runs and is not wanted is stopped (dependants first), what runs
    /// with other variables is started anew, what is wanted is started in the
    /// order of its dependencies.
    fn want(&self, wanted: &[Name], vars: &Vars, restart: &BTreeMap<Name, Restart>);

    /// Wants one beside what is wanted, with what it depends on.
    ///
    /// # Errors
    /// No such process, or somebody else's.
    fn start(&self, process: &str) -> Result<ProcessRecord, Refused>;

    /// Wants one no longer.
    ///
    /// # Errors
    /// No such process, or somebody else's.
    fn stop(&self, process: &str, dependants: bool) -> Result<ProcessRecord, Refused>;

    /// Stops and starts one; two of these at once are one.
    ///
    /// # Errors
    /// No such process, or somebody else's.
    fn restart(&self, process: &str) -> Result<ProcessRecord, Refused>;

    /// Stops and starts one for the daemon's own reasons: only what is wanted
    /// at that moment. What an operator stopped stays down.
    ///
    /// # Errors
    /// No such process, somebody else's, or not wanted.
    fn restart_if_wanted(&self, process: &str) -> Result<ProcessRecord, Refused>;

    /// How everybody stands, in the order of the configuration; behind them who
    /// is not in it any more and still lives.
    fn records(&self) -> Vec<ProcessRecord>;

    /// Whose record does not know of the last order yet: its machine is being
    /// asked something else, which may take its time.
    fn waiting(&self) -> Vec<Name> {
        Vec::new()
    }

    /// How the machines stand; an answer that is overdue counts as none.
    fn hosts(&self) -> Vec<HostRecord>;

    /// How they stand, for a decision: these are asked anew, which takes some
    /// seconds at most.
    fn fresh_hosts(&self, _names: &[Name]) -> Vec<HostRecord> {
        self.hosts()
    }

    /// Why one is not up, a line for each fact; empty where it is.
    ///
    /// # Errors
    /// No such process.
    fn why(&self, process: &str) -> Result<Vec<Text>, Refused>;

    /// Another configuration: what changed of a running process is started
    /// anew, what did not is not touched. Without `anew` nothing is: what
    /// changed is taken up when the next launch says what is wanted, and only
    /// what left is stopped. What changed, in words.
    fn reload(&self, mission: Arc<Mission>, anew: bool) -> Vec<Text>;

    /// Waits until nothing lives that is not wanted; whether that came true.
    fn wait_down(&self, longest: Duration) -> bool;

    /// Stops what does not outlive the daemon, and ends the supervision.
    fn shutdown(&self);
}
