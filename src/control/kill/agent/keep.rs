//! Keeping the latch: made anew when it goes, obeyed when it is foreign.

use super::core::Core;
use super::crew::Crew;
use crate::audit::{Act, LedgerReader};
use crate::breaker::{Verdict, body};
use crate::control::kill::latch::{LatchStep, TAMPERED, stand_in_words};
use crate::domain::{EngageId, Intent, KillIntent, LatchPhase, Text};
use crate::host::{Identity, clock, world};

/// For so long after a reset a look may still be one from before it.
const SETTLING: u64 = 1_000_000_000;

impl<C: Crew> Core<C> {
    /// How the making of a latch goes: what went wrong is told and recorded,
    /// and so is its end.
    pub(in crate::control::kill) fn latch_step(&mut self, intent: &KillIntent, step: LatchStep) {
        let id = intent.engage_id;
        if matches!(step, LatchStep::Visible { ours: true, .. }) {
            self.note_anew();
        }
        let main = Text::new(&intent.latch.to_string_lossy());
        match step {
            LatchStep::Failed { why, visible } => {
                if !visible {
                    self.unmade.insert(id);
                }
                let still = if visible { "it exists and holds" } else { "it does NOT exist" };
                self.alarm(&format!("latch of {id}: {why}; {still}"));
                self.latch_record(id, LatchPhase::NotDurable, main, why);
            }
            LatchStep::Fallback { path, visible, fault } => {
                if !visible {
                    self.unmade.insert(id);
                }
                let words = stand_in_words(&main, &path, visible, fault.as_ref());
                self.alarm(words.as_str());
                self.latch_record(id, LatchPhase::NotDurable, path, words);
            }
            LatchStep::Again => {
                self.crew.record(Act::Tampered { ids: vec![id] });
                self.alarm(TAMPERED);
            }
            LatchStep::Visible { .. } if self.unmade.remove(&id) => {
                self.alarm(&format!("the latch could be made after all: {main} stands"));
                self.latch_record(id, LatchPhase::Latched, main, Text::new("made after all"));
            }
            LatchStep::Gate { .. } | LatchStep::Visible { .. } | LatchStep::Durable { .. } => {}
        }
    }

    fn latch_record(&mut self, engage_id: EngageId, phase: LatchPhase, path: Text, why: Text) {
        self.crew.record(Act::Latch { engage_id, phase, path, why });
    }

    pub(super) fn make_anew(&mut self) {
        // A look from before a reset may arrive after it.
        if clock::mono_ns().saturating_sub(self.reset_at) < SETTLING {
            return;
        }
        if let Some(intent) = self.active.values().next() {
            self.crew.make(intent);
            return;
        }
        // Engaged by another process of this host, whose intent we never got,
        // or by a file that was not ours.
        let audit = self.config.home.audit();
        let mut reader = LedgerReader::new(&audit);
        // A log that is not there would say "nobody's" of every latch.
        let Ok(ledger) = reader.refresh() else { return };
        if let Some(engaged) = ledger.engaged().next() {
            self.crew.make(&engaged.intent);
            return;
        }
        if world::here(|world| world.dir(&audit)).is_none() {
            return;
        }
        let (path, text) = (self.config.home.latch.clone(), self.verdict.seen.reason.clone());
        let body = body::compose_again(&text, clock::utc());
        if let Err(e) = self.crew.make_again(path, body) {
            self.alarm(&format!("the latch can't be made anew: {e}"));
        }
    }

    /// A latch of somebody else's: on record by its file, told by its
    /// decision. One of another state directory changes its time with every
    /// word that its own agent puts into it, and is no news for that.
    pub(super) fn meet_stranger(&mut self, verdict: &Verdict) {
        let (id, reason) = (verdict.seen.engage_id, &verdict.seen.reason);
        // Ours although the log does not say so: its disk may be slow or full.
        let ours = id.is_some_and(|id| self.active.contains_key(&id));
        let Some(file) = verdict.foreign.filter(|_| !ours) else { return };
        if !self.foreign_told.insert(file) {
            return;
        }
        self.crew.record(Act::External { file, reason: reason.clone() });
        if !id.is_none_or(|id| self.strangers.insert(id)) {
            return;
        }
        if self.config.kill.flatten_on_external {
            self.alarm("the latch was engaged from outside: flattening, as configured");
            self.flatten_for(reason);
        } else {
            self.alarm("the latch was engaged from outside: orders blocked, positions stand");
        }
    }

    /// A decision of our own in the name of somebody else's latch.
    pub(super) fn flatten_for(&mut self, reason: &Text) {
        let reason = Text::new(&format!("latch engaged from outside: {reason}"));
        let (latch, targets) = (&self.config.home.latch, &self.config.gateways);
        let intent = Identity::here().decide(Intent::Kill, reason, None, latch, targets);
        let intent = KillIntent { operator: Text::new("flatten_on_external"), ..intent };
        // Nobody asked over a socket: no client has the number 0.
        self.engage(0, intent, false);
    }
}
