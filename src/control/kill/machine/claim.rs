//! What a gateway says of a kill: a claim, a refusal, or not yet.

use super::{Call, Effect, Machine, words};
use crate::domain::{GatewayPhase, Text};
use crate::wire::{Refusal, Reply};

impl Machine {
    pub(super) fn kill_reply(
        &mut self,
        now: u64,
        entry: &Call,
        reply: Result<Reply<'_>, Refusal>,
        out: &mut Vec<Effect>,
    ) {
        let current = entry.req == self.id.kill_req(self.round);
        match reply.and_then(|r| r.kill(&entry.req)) {
            Ok(claim) => {
                self.claimed = Some((claim.closed, claim.total));
                self.pending_since = None;
                if current {
                    self.acked = true;
                    self.kill_at = None;
                }
                if claim.closed == claim.total {
                    self.times.acked = self.times.acked.or(Some(self.since_key(now)));
                    if !matches!(self.phase, GatewayPhase::Partial | GatewayPhase::Verified) {
                        self.phase = GatewayPhase::Acked;
                        self.note = Text::new("the gateway claims it is done; proving");
                    }
                } else {
                    self.worsen("it closed fewer positions than it found", out);
                }
                self.poll_soon(now);
            }
            Err(Refusal::Pending) => {
                // Reads have proven flat by themselves; the next one tells
                // whether that still holds.
                if self.phase != GatewayPhase::Verified {
                    self.pending_since.get_or_insert(now);
                    self.worsen("the gateway answered PENDING", out);
                }
                self.retry(now);
                self.poll_soon(now);
            }
            Err(refusal) => {
                // It proved itself, and now talks like something else: the
                // next attempt asks who it is first.
                if matches!(refusal, Refusal::NotV1(_)) {
                    out.push(Effect::Doubt);
                }
                if !self.settled() {
                    self.phase = GatewayPhase::Unconfirmed;
                }
                self.note = words(&refusal);
                self.retry(now);
                self.poll_soon(now);
            }
        }
    }

    /// After a bad answer: again, but not at once, or a peer that refuses
    /// quickly would be flooded.
    pub(super) fn retry(&mut self, now: u64) {
        if !self.acked {
            let at = now + 500_000_000 * u64::from(self.attempts.clamp(1, 10));
            self.kill_at = Some(self.kill_at.map_or(at, |k| k.min(at)));
        }
    }

    pub(super) fn worsen(&mut self, why: &str, out: &mut Vec<Effect>) {
        let stood = matches!(self.phase, GatewayPhase::Acked | GatewayPhase::Verified);
        if stood && !self.passive {
            out.push(Effect::Alarm(Text::new(&format!("kill no longer proven: {why}"))));
        }
        self.phase = GatewayPhase::Partial;
        self.note = Text::new(why);
    }
}
