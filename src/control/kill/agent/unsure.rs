//! Decisions that were handed over again while no log said whether they are
//! over: taken all the same, and asked about until a log answers.

use super::core::Core;
use super::crew::Crew;
use crate::control::kill::log::Said;
use crate::control::kill::protocol::FromAgent;
use crate::domain::{EngageId, Intent, KillIntent};

impl<C: Crew> Core<C> {
    /// Asks the log; what it names as reset is let go.
    pub(super) fn make_sure(&mut self) {
        for id in self.unsure.clone() {
            match self.log.was_reset(id) {
                Some(true) => self.let_go(id),
                Some(false) => drop(self.unsure.remove(&id)),
                None => {}
            }
        }
    }

    /// It had been reset: nobody works for it any more, and a latch that was
    /// made anew for it goes. Every other decision stays as it is.
    fn let_go(&mut self, engage_id: EngageId) {
        self.unsure.remove(&engage_id);
        self.active.remove(&engage_id);
        self.unmade.remove(&engage_id);
        self.crew.tell_all(&FromAgent::Over { engage_id });
        let worked = self.running.values().any(|id| *id == engage_id);
        self.running.retain(|_, id| *id != engage_id);
        self.progress.retain(|_, p| p.engage_id != engage_id);
        if worked {
            self.crew.end();
            self.proving = None;
            self.onlook.id = None;
            self.running.clear();
            let kill = |intent: &&KillIntent| intent.intent == Intent::Kill;
            let mut kills: Vec<KillIntent> = self.active.values().filter(kill).cloned().collect();
            if let Ok(Said { ledger, .. }) = self.log.read() {
                kills.retain(|intent| !ledger.stood_down(intent.engage_id));
            }
            for intent in kills {
                self.begin(&intent);
            }
        }
        // Another decision's latch stays; one that can't be moved is foreign
        // from now on, and told as such.
        let _ = self.put_away(&[engage_id], None, None);
    }
}
