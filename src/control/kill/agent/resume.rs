//! Taking up a kill again: from the audit log, or from the latch itself.

use super::core::Core;
use super::crew::Crew;
use crate::audit::{Act, log_id};
use crate::breaker::Probe;
use crate::control::kill::log::Said;
use crate::domain::{Endpoint, EngageId, GatewayAddr, Intent, KillIntent, Text};
use crate::host::{Identity, clock};
use serde_json::Value;
use std::collections::BTreeSet;

impl<C: Crew> Core<C> {
    /// After a crash or a reboot: what the audit log says is in force goes on.
    pub(super) fn resume(&mut self) {
        let named = self.named_by_the_latch();
        let ledger = match self.log.read() {
            Ok(said) => said.ledger,
            Err(e) => {
                self.alarm(&format!("audit log can't be read, nothing is resumed: {e}"));
                return;
            }
        };
        let all: Vec<KillIntent> = ledger.engaged().map(|e| e.intent.clone()).collect();
        let stood: BTreeSet<EngageId> =
            all.iter().map(|i| i.engage_id).filter(|id| ledger.stood_down(*id)).collect();
        let known = |id: EngageId| ledger.was_reset(id) || all.iter().any(|i| i.engage_id == id);
        let unlisted = named.filter(|i| !known(i.engage_id));
        if let Some(intent) = unlisted.clone() {
            self.crew.record(Act::Engage { intent });
        }
        for intent in all.iter().cloned().chain(unlisted) {
            let stood = stood.contains(&intent.engage_id);
            self.take_up(intent, stood);
        }
    }

    /// Decisions that are on record, or in the latch, and were never handed
    /// over: whoever took them carried them out alone, or died. They are proven
    /// and watched over like any other; the same request ids make it harmless
    /// to do it twice.
    pub(super) fn adopt(&mut self) {
        let (shown, engaged) = (self.verdict.seen.engage_id, &self.verdict.engaged);
        if !shown.iter().chain(engaged).any(|id| !self.active.contains_key(id)) {
            return;
        }
        let named = self.named_by_the_latch();
        let strange = |id: &EngageId| !self.active.contains_key(id);
        // What was seen may be over since: only the log as it is now counts.
        let Ok(Said { ledger, .. }) = self.log.read() else { return };
        let mut found: Vec<(KillIntent, bool)> = ledger
            .engaged()
            .map(|e| (e.intent.clone(), ledger.stood_down(e.intent.engage_id)))
            .collect();
        let known = |id: EngageId| {
            ledger.was_reset(id) || found.iter().any(|(intent, _)| intent.engage_id == id)
        };
        let unlisted = named.filter(|i| !known(i.engage_id));
        let unlisted = unlisted.filter(|intent| strange(&intent.engage_id));
        found.retain(|(intent, _)| strange(&intent.engage_id));
        if let Some(intent) = unlisted.clone() {
            self.crew.record(Act::Engage { intent });
        }
        found.extend(unlisted.map(|intent| (intent, false)));
        for (intent, stood) in found {
            self.take_up(intent, stood);
        }
    }

    fn take_up(&mut self, intent: KillIntent, stood: bool) {
        let intent = self.aimed(intent);
        self.crew.make(&intent);
        self.active.insert(intent.engage_id, intent.clone());
        if intent.intent == Intent::Kill && !stood {
            self.resume_one(intent);
        }
    }

    /// A kill whose record was lost, from what the latch itself says: towards
    /// those of its gateways that are configured here.
    fn named_by_the_latch(&mut self) -> Option<KillIntent> {
        let lying = self.lying();
        let home = &self.config.home;
        let body = [lying.latch, lying.stand_in].into_iter().find_map(|probe| match probe {
            Probe::Present { body, .. } => Some(body),
            Probe::Absent | Probe::Doubt(_) => None,
        })?;
        let text = |key: &str| body.metadata.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("intent") != Intent::Kill.word() || text("host") != Identity::here().host.as_str() {
            return None;
        }
        // A decision of another state directory has an agent of its own.
        if !text("log").is_empty() && text("log") != log_id(&home.audit()).as_str() {
            return None;
        }
        let named: Vec<&str> =
            body.metadata.get("gateways")?.as_array()?.iter().filter_map(Value::as_str).collect();
        // One that is not configured stays a target: nothing is sent to it, an
        // alarm says so, and flat is not proven without it.
        let target = |cmd: &&str| {
            let here = self.config.gateways.iter().find(|g| g.cmd.to_string() == **cmd);
            here.cloned().or_else(|| {
                let at: Endpoint = cmd.parse().ok()?;
                Some(GatewayAddr { name: Text::new(cmd), cmd: at.clone(), data: at })
            })
        };
        Some(KillIntent {
            engage_id: body.engage_id?,
            intent: Intent::Kill,
            operator: body.operator.clone(),
            host: Text::new(text("host")),
            boot_id: Text::new(text("boot_id")),
            reason: body.reason.clone(),
            pressed: clock::now(),
            latch: self.config.home.latch.clone(),
            targets: named.iter().filter_map(target).collect(),
            drill: false,
        })
    }

    /// Only towards endpoints that are configured today as well: what a file
    /// from another day names is not contacted on its word alone.
    fn resume_one(&mut self, mut intent: KillIntent) {
        let known: BTreeSet<String> =
            self.config.gateways.iter().map(|g| g.cmd.to_string()).collect();
        let (go, strange): (Vec<_>, Vec<_>) =
            intent.targets.drain(..).partition(|t| known.contains(&t.cmd.to_string()));
        for target in strange {
            self.alarm(&format!(
                "kill {} names gateway {} ({}), which is not configured: nothing is sent to it; \
                 configure it or use the card",
                intent.engage_id, target.name, target.cmd
            ));
        }
        intent.targets = go;
        self.begin(&intent);
    }
}
