//! Orders beside the launches: when one is not taken, whatever it asks for,
//! and what must hold before a single process is started.

use super::{Emergency, Launcher, Shared, State};
use crate::domain::Text;
use crate::domain::mission::HostRecord;
use crate::mission::crew::Refused;
use crate::mission::modes::Document;
use crate::mission::order::{Order, Refusal};
use crate::mission::requires::{Facts, judge, machines};
use crate::mission::spec::{Mission, ModeSpec};
use std::sync::Arc;

impl State {
    /// The settings in force trade real money. Settings that can't be read are
    /// taken for what the file says of their mode, and of a mode that is not
    /// in the file for the worst.
    pub(super) fn is_live(&self) -> bool {
        let Some(in_force) = &self.in_force else { return false };
        if in_force.mode.is_empty() {
            return false;
        }
        self.document.as_ref().map_or_else(
            || {
                let mode = self.mission.mode(&in_force.mode);
                mode.is_none_or(|mode| Document::of(&self.mission, mode).is_live())
            },
            Document::is_live,
        )
    }

    /// Why nothing is begun now.
    pub(super) fn busy(&self) -> Option<&'static str> {
        if self.closed {
            return Some("the daemon ends; start it again, then give the order");
        }
        let runs = self.emergency != Emergency::No;
        runs.then_some("the emergency shutdown runs; it ends by itself, ask for the status")
    }
}

impl Launcher {
    /// Real money is traded under the settings in force.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.shared.state().is_live()
    }

    /// Why an order is not taken now; none: it may be. An emergency shutdown
    /// is taken always, a stop unless the daemon ends.
    #[must_use]
    pub fn against(&self, order: &Order) -> Option<Refused> {
        let state = self.shared.state();
        let passes = match order {
            Order::Safe { .. } | Order::Shutdown => true,
            Order::Stop { .. } | Order::Ack { .. } => !state.closed,
            _ => false,
        };
        let why = state.busy().filter(|_| !passes)?;
        Some((Refusal::Conflict, Text::new(why)))
    }

    /// Why no process is started by itself now; none: one may be. Under the
    /// settings of real money that takes a launch in this daemon's life, and
    /// everything that this launch required. May take as long as a
    /// requirement's check.
    #[must_use]
    pub fn against_single(&self) -> Option<Refused> {
        let shared = &self.shared;
        let (live, confirmed, name, mission, document) = {
            let state = shared.state();
            if let Some(why) = state.busy() {
                return Some((Refusal::Conflict, Text::new(why)));
            }
            let name = state.in_force.as_ref().map(|i| i.mode.clone()).unwrap_or_default();
            let (mission, document) = (Arc::clone(&state.mission), state.document.clone());
            (state.is_live(), state.confirmed, name, mission, document)
        };
        if !live {
            return None;
        }
        let why = match mission.mode(&name) {
            None => format!("{name} is in force and not in the mission any more: launch a mode"),
            Some(_) if !confirmed => format!(
                "{name} trades real money and was not launched since this daemon's start: \
                 crs mission up {name}"
            ),
            Some(mode) => {
                let hosts = shared.crew.fresh_hosts(&machines(mode));
                let document = document.unwrap_or_else(|| Document::of(&mission, mode));
                let held = judge(mode, &document, &shared.facts(&mission, mode, hosts));
                let held = held.into_iter().find(|held| held.holds != Some(true))?;
                format!("{name} trades real money and requires {}: {}", held.what, held.why)
            }
        };
        Some((Refusal::Requirement, Text::new(&why)))
    }
}

impl Shared {
    /// What is asked before anything is judged; `hosts` are the machines that
    /// the mode requires, as of now.
    pub(super) fn facts(
        &self,
        mission: &Mission,
        mode: &ModeSpec,
        hosts: Vec<HostRecord>,
    ) -> Facts {
        Facts::ask(mission, mode, self.switch.as_ref(), hosts, &self.dir)
    }
}
