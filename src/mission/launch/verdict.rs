//! How a launch fares, told by the records alone.

use crate::domain::Text;
use crate::domain::mission::{LaunchPhase, ProcessRecord, ProcessState};
use crate::mission::spec::{Mission, Name, RestartOn};

/// What the records say of a launch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Processes of the mode that are ready, or ended in order.
    pub good: usize,
    /// Processes of the mode that are down and stay down.
    pub bad: usize,
    /// Processes of the mode that may still become ready by themselves.
    pub open: usize,
    /// What is not in the mode and lives, or may live.
    pub strays: usize,
    /// Those of `strays` that are being stopped.
    pub ending: usize,
    /// Why each of them is not ready, one line each.
    pub notes: Vec<Text>,
}

impl Verdict {
    /// Nothing of it will change by itself.
    #[must_use]
    pub const fn settled(&self) -> bool {
        self.open == 0 && self.ending == 0
    }

    /// How the launch ended, if it ends now.
    #[must_use]
    pub const fn phase(&self) -> LaunchPhase {
        match (self.good, self.bad + self.open, self.strays) {
            (_, 0, 0) => LaunchPhase::Complete,
            (0, 1.., _) => LaunchPhase::Failed,
            _ => LaunchPhase::Partial,
        }
    }
}

/// Of one whose machine is being asked something else.
const WAITS: &str = "pending, it has not taken the order yet: its machine is slow to answer";

enum Fare {
    Good,
    Bad,
    Open,
}

/// Judges how `wanted` stands. Records of those in `waiting` are of the time
/// before the order, and say nothing about it.
#[must_use]
pub fn judge(
    mission: &Mission,
    wanted: &[Name],
    records: &[ProcessRecord],
    waiting: &[Name],
) -> Verdict {
    let waits = |name: &str| waiting.iter().any(|one| one == name);
    let mut verdict = Verdict::default();
    for name in wanted {
        let record = records.iter().find(|record| record.name.as_str() == name);
        let (fare, why) = match record {
            None => (Fare::Bad, String::from("nobody knows of it")),
            Some(_) if waits(name) => (Fare::Open, WAITS.to_owned()),
            Some(record) => (fare(mission, name, &record.state), record.state.to_string()),
        };
        match fare {
            Fare::Good => verdict.good += 1,
            Fare::Bad => verdict.bad += 1,
            Fare::Open => verdict.open += 1,
        }
        if !matches!(fare, Fare::Good) {
            verdict.notes.push(Text::new(&format!("{name}: {why}")));
        }
    }
    for record in records.iter().filter(|record| !wanted.iter().any(|n| record.name.as_str() == n))
    {
        match &record.state {
            _ if waits(record.name.as_str()) => {
                verdict.strays += 1;
                verdict.ending += 1;
                let note = format!("{} is not in the mode: {WAITS}", record.name);
                verdict.notes.push(Text::new(&note));
            }
            ProcessState::External => {
                let note = format!("{}: runs, and somebody else started it", record.name);
                verdict.notes.push(Text::new(&note));
            }
            state @ ProcessState::Unknown { .. } => {
                verdict.strays += 1;
                let note = format!("{} is not in the mode: {state}", record.name);
                verdict.notes.push(Text::new(&note));
            }
            state if state.may_live() => {
                verdict.strays += 1;
                verdict.ending += 1;
                let note = format!("{} is not in the mode and still lives: {state}", record.name);
                verdict.notes.push(Text::new(&note));
            }
            _ => {}
        }
    }
    verdict
}

fn fare(mission: &Mission, name: &str, state: &ProcessState) -> Fare {
    match state {
        state if state.ready() => Fare::Good,
        // A job that did what it was started for.
        ProcessState::Exited { code: Some(0), .. } => {
            match mission.process(name).map(|process| process.restart.on) {
                Some(RestartOn::Always) => Fare::Open,
                _ => Fare::Good,
            }
        }
        ProcessState::Failed { .. }
        | ProcessState::Skipped { .. }
        | ProcessState::Exited { .. } => Fare::Bad,
        _ => Fare::Open,
    }
}
