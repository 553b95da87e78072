//! Keeping the latch: made anew when it goes, obeyed when it is foreign.

use super::core::Core;
use crate::audit::LedgerReader;
use crate::breaker::{body, file};
use crate::domain::{Intent, KillIntent, Text};
use crate::host::{Identity, clock, ids};

/// For so long after a reset a look may still be one from before it.
const SETTLING: u64 = 1_000_000_000;

impl Core {
    pub(super) fn make_anew(&mut self) {
        // A look from before a reset may arrive after it.
        if clock::mono_ns().saturating_sub(self.reset_at) < SETTLING {
            return;
        }
        if let Some(intent) = self.active.values().next() {
            self.maker.make(intent);
            return;
        }
        // Engaged by another process of this host, whose intent we never got,
        // or by a file that was not ours.
        let mut reader = LedgerReader::new(&self.config.home.audit());
        if let Ok(ledger) = reader.refresh()
            && let Some(engaged) = ledger.engaged().next()
        {
            self.maker.make(&engaged.intent);
            return;
        }
        let (path, text) = (self.config.home.latch.clone(), self.verdict.seen.reason.clone());
        let spawned = std::thread::Builder::new().name("latch-again".to_owned()).spawn(move || {
            // Losing this race means that somebody's latch is there: good.
            if let Ok(created) = file::create(&path) {
                let _ = created.make_durable(&body::compose_again(&text, clock::utc()));
            }
        });
        if let Err(e) = spawned {
            self.alarm(&format!("the latch can't be made anew: {e}"));
        }
    }

    /// A decision of our own in the name of somebody else's latch.
    pub(super) fn flatten_for(&mut self, reason: &Text) {
        let who = Identity::here();
        let intent = KillIntent {
            engage_id: ids::engage_id(),
            intent: Intent::Kill,
            operator: Text::new("flatten_on_external"),
            host: who.host.clone(),
            boot_id: who.boot_id,
            reason: Text::new(&format!("latch engaged from outside: {reason}")),
            pressed: clock::now(),
            latch: self.config.home.latch.clone(),
            targets: self.config.gateways.clone(),
            drill: false,
        };
        // Nobody asked over a socket: no client has the number 0.
        self.engage(0, intent);
    }
}
