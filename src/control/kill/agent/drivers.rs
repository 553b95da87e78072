//! Who works on a decision: a driver for each gateway, and what it tells.

use super::core::Core;
use super::crew::Crew;
use crate::audit::Act;
use crate::control::kill::driver::{DriverConfig, Told, is_over};
use crate::control::kill::protocol::FromAgent;
use crate::domain::{EngageId, GatewayAddr, GatewayPhase, KillIntent, LatchPhase};

impl<C: Crew> Core<C> {
    /// A driver for a gateway, when it is the first time.
    pub(super) fn hire(&mut self, gateway: &GatewayAddr) {
        let target = u16::try_from(self.crew.hired()).unwrap_or(u16::MAX);
        let timing = self.config.kill.timing();
        let gateway = gateway.clone();
        let name = gateway.name.clone();
        let config = DriverConfig { target, gateway, timing, role: "agent", warm: true };
        if let Err(e) = self.crew.hire(config) {
            self.alarm(&format!("no kill thread for {name}: {e}"));
        }
    }

    /// Whether every gateway of it has a driver that works.
    pub(super) fn begin(&mut self, intent: &KillIntent) -> bool {
        let mut all = true;
        for target in &intent.targets {
            self.hire(target);
            let key = target.cmd.to_string();
            if self.crew.begin(&key, intent.clone()) {
                self.note_running(target, intent.engage_id);
            } else {
                all = false;
            }
        }
        if all {
            self.unbegun.remove(&intent.engage_id);
        } else {
            self.unbegun.insert(intent.engage_id);
        }
        all
    }

    /// Whose kill a driver works for: as [`Driver::begin`] decides.
    ///
    /// [`Driver::begin`]: crate::control::kill::Driver::begin
    fn note_running(&mut self, target: &GatewayAddr, id: EngageId) {
        let key = target.cmd.to_string();
        let own = self.progress.get(&target.name);
        let free = self
            .running
            .get(&key)
            .is_none_or(|old| own.is_some_and(|p| p.engage_id == *old && is_over(p.phase)));
        if free {
            self.running.insert(key, id);
        }
    }

    /// What a driver tells.
    pub fn told(&mut self, told: Told) {
        match told {
            Told::Alarm(text) => self.alarm(text.as_str()),
            Told::Record(act) => self.crew.record(*act),
            Told::Seen(gateway, read) => self.looked(&gateway, &read),
            Told::Progress(progress) if self.proving == Some(progress.engage_id) => {
                self.proofs.insert(progress.gateway.clone(), *progress);
            }
            // The last words of a kill that was reset meanwhile.
            Told::Progress(progress) if !self.active.contains_key(&progress.engage_id) => {}
            Told::Progress(mut progress) => {
                progress.latch = self.latch_phase();
                // Drivers are numbered as they were started, targets as the
                // decision lists them.
                let listed = self.active.get(&progress.engage_id).and_then(|intent| {
                    intent.targets.iter().position(|t| t.name == progress.gateway)
                });
                if let Some(n) = listed.and_then(|n| u16::try_from(n).ok()) {
                    progress.target = n;
                }
                let before = self.progress.get(&progress.gateway);
                let moved = before.is_none_or(|b| {
                    word_changed(b.phase, progress.phase) || b.engage_id != progress.engage_id
                });
                if moved {
                    self.crew.record(Act::Step {
                        engage_id: progress.engage_id,
                        gateway: progress.gateway.clone(),
                        phase: progress.phase,
                        times: progress.times,
                        note: progress.note.clone(),
                    });
                }
                self.crew.tell_all(&FromAgent::Progress(progress.clone()));
                self.progress.insert(progress.gateway.clone(), *progress);
                self.note_word();
            }
        }
    }

    /// The latch beside a kill. A look that hangs, or is from before the
    /// decision, says nothing of its latch: it never counts as SAFE.
    fn latch_phase(&self) -> LatchPhase {
        match self.verdict.seen.phase {
            seen if seen.is_engaged() => seen,
            _ if self.unmade.is_empty() => LatchPhase::Blocked,
            _ => LatchPhase::NotDurable,
        }
    }
}

/// SENDING 1 and SENDING 2 are one word on the record.
fn word_changed(a: GatewayPhase, b: GatewayPhase) -> bool {
    std::mem::discriminant(&a) != std::mem::discriminant(&b)
}
