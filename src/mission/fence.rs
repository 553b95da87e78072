//! Between single orders and the crew: what trades real money is started by
//! the launch of its mode and by nothing else, as only a launch asks for what
//! the mode requires and for the typed confirmation.

use super::crew::{Crew, Refused};
use super::hands::Vars;
use super::modes::Document;
use super::order::Refusal;
use super::spec::{Mission, Name, Restart};
use crate::domain::Text;
use crate::domain::mission::{HostRecord, ProcessRecord};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What holds when an order comes.
pub trait InForce: Send + Sync {
    /// The configuration.
    fn mission(&self) -> Arc<Mission>;

    /// The mode in force; empty: none is.
    fn mode(&self) -> Name;

    /// Real money is traded under the settings in force, whatever the file
    /// says of their mode by now.
    fn live(&self) -> bool;

    /// Why nothing is started one by one now; none: something may be. May take
    /// as long as a requirement's check.
    fn against(&self) -> Option<Refused>;
}

/// A crew that starts nothing which only a mode of real money runs, unless
/// that mode is in force.
pub struct Fence<F> {
    /// The crew behind it.
    pub crew: Arc<dyn Crew>,
    /// What holds.
    pub in_force: F,
}

/// The mode whose launch is needed for this process, none where none is.
fn needed<'a>(mission: &'a Mission, mode: &str, process: &str) -> Option<&'a str> {
    let runs = mission.modes.iter().filter(|m| m.processes.iter().any(|p| p == process));
    let (live, other): (Vec<_>, Vec<_>) = runs.partition(|m| Document::of(mission, m).is_live());
    let only = !live.is_empty() && other.is_empty();
    let in_force = live.iter().any(|m| m.name == mode);
    live.first().filter(|_| only && !in_force).map(|m| m.name.as_str())
}

impl<F: InForce> Fence<F> {
    /// The process and whatever would be started for it.
    fn pass(&self, process: &str) -> Result<(), Refused> {
        if let Some(refused) = self.in_force.against() {
            return Err(refused);
        }
        let mission = self.in_force.mission();
        // A mode of real money is in force by its settings, not by its name.
        let mode = if self.in_force.live() { self.in_force.mode() } else { Name::default() };
        let mut asked = vec![process];
        let mut at = 0;
        while let Some(name) = asked.get(at).copied() {
            at += 1;
            if let Some(live) = needed(&mission, &mode, name) {
                let why = format!(
                    "{name} trades real money: it is started by crs mission up {live}, which asks \
                     for what that requires"
                );
                return Err((Refusal::Requirement, Text::new(&why)));
            }
            let needs = mission.process(name).into_iter().flat_map(|p| p.depends.iter());
            for (other, _) in needs {
                if !asked.contains(&other.as_str()) {
                    asked.push(other);
                }
            }
        }
        Ok(())
    }
}

impl<F: InForce> Crew for Fence<F> {
    fn want(&self, wanted: &[Name], vars: &Vars, restart: &BTreeMap<Name, Restart>) {
        self.crew.want(wanted, vars, restart);
    }

    fn start(&self, process: &str) -> Result<ProcessRecord, Refused> {
        self.pass(process)?;
        self.crew.start(process)
    }

    fn stop(&self, process: &str, dependants: bool) -> Result<ProcessRecord, Refused> {
        self.crew.stop(process, dependants)
    }

    fn restart(&self, process: &str) -> Result<ProcessRecord, Refused> {
        self.pass(process)?;
        self.crew.restart(process)
    }

    fn restart_if_wanted(&self, process: &str) -> Result<ProcessRecord, Refused> {
        self.pass(process)?;
        self.crew.restart_if_wanted(process)
    }

    fn records(&self) -> Vec<ProcessRecord> {
        self.crew.records()
    }

    fn waiting(&self) -> Vec<Name> {
        self.crew.waiting()
    }

    fn hosts(&self) -> Vec<HostRecord> {
        self.crew.hosts()
    }

    fn fresh_hosts(&self, names: &[Name]) -> Vec<HostRecord> {
        self.crew.fresh_hosts(names)
    }

    fn why(&self, process: &str) -> Result<Vec<Text>, Refused> {
        self.crew.why(process)
    }

    fn reload(&self, mission: Arc<Mission>, anew: bool) -> Vec<Text> {
        self.crew.reload(mission, anew)
    }

    fn wait_down(&self, longest: Duration) -> bool {
        self.crew.wait_down(longest)
    }

    fn shutdown(&self) {
        self.crew.shutdown();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::file;

    #[test]
    fn only_its_own_mode_starts_what_trades_real_money() {
        let mission = file::load(None).unwrap();
        for mode in ["", "PAPER", "SAFE_MODE", "TANK_SEALED"] {
            assert_eq!(needed(&mission, mode, "engine-live"), Some("LIVE"), "{mode}");
            assert_eq!(needed(&mission, mode, "sentinel-live"), Some("LIVE"), "{mode}");
            assert_eq!(needed(&mission, mode, "engine"), None, "{mode}");
        }
        assert_eq!(needed(&mission, "LIVE", "engine-live"), None);
    }
}
