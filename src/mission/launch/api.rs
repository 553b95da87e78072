//! The launcher, as the control API knows it.

use super::{Launcher, Plan, unknown};
use crate::domain::Text;
use crate::mission::modes::Document;
use crate::mission::order::{Answer, By, Order, Refusal};
use crate::mission::parts::{ModeRecord, Modes, Orders, PlanRecord, Refused};
use crate::mission::spec::{Mission, ModeSpec};

impl Orders for Launcher {
    fn order(&self, order: &Order, by: &By) -> Answer {
        Self::order(self, order, by)
    }
}

impl Modes for Launcher {
    fn modes(&self) -> Vec<ModeRecord> {
        let mission = self.shared.mission();
        mission.modes.iter().map(|mode| record(&mission, mode)).collect()
    }

    fn plan(&self, mode: &str) -> Result<PlanRecord, Refused> {
        match Self::plan(self, mode) {
            Some(plan) => Ok(in_lines(&plan)),
            None => Err(match unknown(&self.shared.mission(), mode) {
                Answer::Refused { kind, why } => (kind, why),
                _ => (Refusal::Unknown, Text::new("no such mode")),
            }),
        }
    }
}

fn record(mission: &Mission, mode: &ModeSpec) -> ModeRecord {
    let document = Document::of(mission, mode);
    ModeRecord {
        name: Text::new(&mode.name),
        description: mode.description.clone(),
        processes: mode.processes.iter().map(|name| Text::new(name)).collect(),
        confirm: Text::new(&document.fill(&mode.confirm)),
        live: document.is_live(),
        engage: mode.engage,
        settings: document.flags,
    }
}

fn in_lines(plan: &Plan) -> PlanRecord {
    let refused = plan.require.iter().filter(|held| held.holds != Some(true));
    let refused = refused.map(|held| Text::new(&format!("{}: {}", held.what, held.why)));
    PlanRecord {
        mode: Text::new(&plan.mode),
        confirm: Text::new(&plan.confirm),
        steps: plan.to_string().lines().map(Text::new).collect(),
        refused: refused.collect(),
    }
}
