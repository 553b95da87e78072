//! Keeping the latch: made anew when it goes, obeyed when it is foreign.

use super::core::Core;
use super::crew::Crew;
use crate::audit::Act;
use crate::breaker::body;
use crate::control::kill::latch::{LatchStep, TAMPERED, stand_in_words};
use crate::domain::{EngageId, Intent, KillIntent, LatchPhase, Text};
use crate::host::{Identity, clock};

/// For so long after a reset a look may still be one from before it.
const SETTLING: u64 = 1_000_000_000;
/// Who decides where a latch of another's making flattens.
const FLATTENER: &str = "flatten_on_external";

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

    /// A look from before a reset may arrive after it.
    pub(super) fn is_settling(&self) -> bool {
        clock::mono_ns().saturating_sub(self.reset_at) < SETTLING
    }

    pub(super) fn make_anew(&mut self) {
        if self.is_settling() {
            return;
        }
        // One that is over has no latch to be made; others may have.
        let log = &mut self.log;
        let in_force = |intent: &&KillIntent| log.was_reset(intent.engage_id) != Some(true);
        if let Some(intent) = self.active.values().find(in_force) {
            self.crew.make(intent);
            return;
        }
        // Engaged by another process of this host, whose intent we never got,
        // or by a file that was not ours.
        // A log that can't be read would say "nobody's" of every latch.
        let Ok(said) = self.log.read() else { return };
        if let Some(engaged) = said.ledger.engaged().next() {
            self.crew.make(&engaged.intent);
            return;
        }
        if !said.there {
            return;
        }
        let (path, text) = (self.config.home.latch.clone(), self.verdict.seen.reason.clone());
        let body = body::compose_again(&text, clock::utc());
        if let Err(e) = self.crew.make_again(path, body) {
            self.alarm(&format!("the latch can't be made anew: {e}"));
        }
    }

    /// The decision in force that was taken for a latch of these words.
    pub(super) fn flattened_for(&self, reason: &Text) -> Option<EngageId> {
        let reason = flatten_reason(reason);
        let taken = |i: &&KillIntent| i.operator.as_str() == FLATTENER && i.reason == reason;
        self.active.values().find(taken).map(|intent| intent.engage_id)
    }

    /// A decision of our own in the name of somebody else's latch.
    pub(super) fn flatten_for(&mut self, reason: &Text) {
        let reason = flatten_reason(reason);
        let (latch, targets) = (&self.config.home.latch, &self.config.gateways);
        let intent = Identity::here().decide(Intent::Kill, reason, None, latch, targets);
        let intent = KillIntent { operator: Text::new(FLATTENER), ..intent };
        // Nobody asked over a socket: no client has the number 0.
        self.engage(0, intent, false);
    }
}

fn flatten_reason(reason: &Text) -> Text {
    Text::new(&format!("latch engaged from outside: {reason}"))
}
