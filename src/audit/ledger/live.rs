//! Whether LIVE is armed: for this account, under this configuration, with
//! no stop since.
//!
//! "Since" needs an order that chains of many processes don't have, so it is
//! told by identity: an arming lists every stop that was over when it was
//! typed, and any other stop that the log ever names voids it. A block and a
//! foreign latch void like a kill: somebody said stop, a block's reset asks
//! no proof, and a bare file doesn't tell which of the two was meant. Proof
//! that was lost and came back voids nothing: nobody said stop, and orders
//! wait for `crs arm` as it is.

use super::Ledger;
use crate::audit::live::{LiveAccount, LiveArming};
use crate::audit::record::ForeignLatch;
use crate::domain::{EngageId, Intent, Text, UtcMicros};

/// How an account stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveStand {
    /// Armed, since then.
    Armed(UtcMicros),
    /// Not armed; why.
    Not(Text),
}

impl Ledger {
    /// Whether LIVE is armed for this account under this configuration.
    #[must_use]
    pub fn live(&self, account: &LiveAccount, config_sha: &str) -> LiveStand {
        let not = |why: &str| LiveStand::Not(Text::new(why));
        let mut found = not("no arming on record names this account");
        for (at, arming) in self.live.iter().filter(|(_, arming)| arming.account == *account) {
            found = match self.voided(arming) {
                _ if arming.config_sha != config_sha => {
                    not("it was armed under another configuration")
                }
                Some(why) => LiveStand::Not(why),
                None => return LiveStand::Armed(*at),
            };
        }
        found
    }

    /// Every arming that holds under this configuration, one for an account.
    #[must_use]
    pub fn live_armings(&self, config_sha: &str) -> Vec<(UtcMicros, &LiveAccount)> {
        let mut holding: Vec<(UtcMicros, &LiveAccount)> = Vec::new();
        for (at, arming) in &self.live {
            let holds = arming.config_sha == config_sha && self.voided(arming).is_none();
            if holds && holding.iter().all(|(_, account)| **account != arming.account) {
                holding.push((*at, &arming.account));
            }
        }
        holding
    }

    /// Every stop that is over by a reset on record. One that is still in
    /// force is not among them: an arming must not outlive it.
    #[must_use]
    pub fn stops_over(&self) -> (Vec<EngageId>, Vec<ForeignLatch>) {
        let over = self.reset.keys().chain(&self.reset_tokens).copied().collect();
        (over, self.foreign_reset.iter().copied().collect())
    }

    /// The stop that an arming did not know of.
    fn voided(&self, arming: &LiveArming) -> Option<Text> {
        let new = |id: &&EngageId| !arming.known.contains(id);
        if let Some(id) = self.engaged.keys().find(new) {
            let intent = self.engaged.get(id).map(|e| e.intent.intent);
            let word = if intent == Some(Intent::Block) { "block" } else { "kill" };
            return Some(Text::new(&format!("{word} {id} came since it was armed")));
        }
        // A decision whose own line was lost is known by its reset.
        if self.reset.keys().chain(&self.reset_tokens).any(|id| new(&id)) {
            return Some(Text::new("the switch was reset since it was armed"));
        }
        let mut foreign = self.foreign.keys().map(|(file, _)| file).chain(&self.foreign_reset);
        let foreign = foreign.find(|file| !arming.known_foreign.contains(file));
        foreign.map(|_| Text::new("a latch of another's making was seen since it was armed"))
    }
}

#[cfg(test)]
mod tests;
