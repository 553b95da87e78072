//! Taking up a kill again: from the audit log, or from the latch itself.

use super::core::Core;
use super::crew::Crew;
use crate::audit::{Act, log_id};
use crate::breaker::{LatchBody, Probe};
use crate::control::kill::log::Said;
use crate::domain::{Endpoint, EngageId, GatewayAddr, Intent, KillIntent, Text};
use crate::host::{Identity, clock};
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether the latch could be asked what it names.
#[derive(PartialEq, Eq)]
enum Named {
    Told,
    Doubt,
}

impl<C: Crew> Core<C> {
    /// After a crash or a reboot: what the audit log says is in force goes on.
    pub(super) fn resume(&mut self) {
        if let Err(why) = self.take_up_all() {
            self.alarm(&format!("audit log can't be read, nothing is resumed: {why}"));
        }
    }

    /// Decisions that are on record, or in the latch, and were never handed
    /// over: whoever took them carried them out alone, or died. They are proven
    /// and watched over like any other; the same request ids make it harmless
    /// to do it twice.
    pub(super) fn adopt(&mut self) {
        let strange = |id: &&EngageId| !self.active.contains_key(id);
        let shown = self.verdict.seen.engage_id.filter(|id| !self.not_ours.contains(id));
        let Some(first) = shown.iter().chain(&self.verdict.engaged).find(strange).copied() else {
            return;
        };
        // What was seen may be over since: only the log as it is now counts.
        // One that is in doubt is judged later.
        if self.take_up_all() == Ok(Named::Told) && shown == Some(first) {
            self.not_ours.extend(shown.filter(|id| !self.active.contains_key(id)));
        }
    }

    /// Everything in force that nobody here works on, from the log as it is
    /// now and from the latch. Whether the latch could be asked.
    fn take_up_all(&mut self) -> Result<Named, Text> {
        let (named, latch) = self.named_by_the_latch();
        let Said { ledger, .. } = self.log.read()?;
        let on_record = ledger.engaged().map(|e| &e.intent);
        let mut found: Vec<(KillIntent, bool)> = on_record
            .filter(|intent| !self.active.contains_key(&intent.engage_id))
            .map(|intent| (intent.clone(), ledger.stood_down(intent.engage_id)))
            .collect();
        let known = |id: EngageId| {
            let in_force = ledger.engaged().any(|e| e.intent.engage_id == id);
            in_force || ledger.was_reset(id) || self.active.contains_key(&id)
        };
        if let Some(intent) = latch.filter(|intent| !known(intent.engage_id)) {
            self.crew.record(Act::Engage { intent: intent.clone() });
            found.push((intent, false));
        }
        for (intent, stood) in found {
            self.take_up(intent, stood);
        }
        Ok(named)
    }

    fn take_up(&mut self, intent: KillIntent, stood: bool) {
        let intent = self.aimed(intent);
        self.crew.make(&intent);
        self.active.insert(intent.engage_id, intent.clone());
        if intent.intent == Intent::Kill && !stood {
            self.resume_one(intent);
        }
    }

    /// A kill whose record was lost, from what the latch itself says.
    fn named_by_the_latch(&mut self) -> (Named, Option<KillIntent>) {
        let lying = self.lying();
        let mut named = Named::Told;
        for probe in [lying.latch, lying.stand_in] {
            match probe {
                Probe::Present { body, .. } => return (named, self.said_by(&body)),
                Probe::Absent => {}
                Probe::Doubt(_) => named = Named::Doubt,
            }
        }
        (named, None)
    }

    /// The kill that a latch's words are of, towards those of its gateways
    /// that are configured here.
    fn said_by(&self, body: &LatchBody) -> Option<KillIntent> {
        let home = &self.config.home;
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
