//! Proof of flat: what the reads after a kill prove, and what they do not.

use super::{Effect, Machine, Poll, What};
use crate::control::kill::schedule::{ACCOUNT_WAIT, MAX_CLOSING};
use crate::domain::{GatewayPhase, Position, ProofPoll, Survivor, Text, Ticket};
use std::collections::BTreeMap;

impl Machine {
    pub(super) fn poll_failed(&mut self, now: u64, what: What, why: &Text, out: &mut Vec<Effect>) {
        if let Some(poll) = self.poll.as_mut() {
            poll.unanswered = true;
            match what {
                What::Positions => poll.positions = Some(Err(why.clone())),
                _ => poll.margin = Some(Err(why.clone())),
            }
        }
        self.judge(now, out);
    }

    pub(super) fn poll_soon(&mut self, now: u64) {
        if self.poll.is_none() && self.poll_at.is_none_or(|at| at > now) && !self.ended {
            self.poll_at = Some(now);
        }
    }

    pub(super) fn begin_poll(&mut self, now: u64, out: &mut Vec<Effect>) {
        self.poll_at = None;
        if self.poll.is_some() {
            return;
        }
        self.polls_made = self.polls_made.wrapping_add(1);
        self.poll = Some(Poll::default());
        self.open(now, What::Positions, ACCOUNT_WAIT, out);
        self.open(now, What::Account, ACCOUNT_WAIT, out);
    }

    /// Both reads of a poll are in: what do they prove?
    pub(super) fn judge(&mut self, now: u64, out: &mut Vec<Effect>) {
        let done = self.poll.as_ref().is_some_and(|p| p.positions.is_some() && p.margin.is_some());
        let (Some(Poll { positions: Some(positions), margin: Some(margin), unanswered }), true) =
            (self.poll.take_if(|_| done), done)
        else {
            return;
        };
        self.last_poll = Some(ProofPoll {
            positions: positions.as_ref().ok().map(|p| u32::try_from(p.len()).unwrap_or(u32::MAX)),
            margin_zero: margin.as_ref().ok().copied(),
            why: [positions.as_ref().err(), margin.as_ref().err()]
                .into_iter()
                .flatten()
                .next()
                .cloned()
                .unwrap_or_default(),
            at_ns: Some(now),
        });
        self.poll_at = Some(now + self.timing.proof);
        if !unanswered && (positions.is_err() || margin.is_err()) {
            self.claim_of_the_blind(now);
        }
        if self.passive {
            out.push(Effect::Seen(trusted(&positions, &margin)));
        }
        match (positions, margin) {
            (Ok(open), _) if !open.is_empty() => self.survivors_found(now, open, out),
            (Ok(_), Ok(true)) => self.good_poll(now),
            (Ok(_), Ok(false)) => self.bad_poll("no positions, yet margin is used", out),
            (Err(why), _) => self.bad_poll(&format!("positions can't be trusted: {why}"), out),
            (_, Err(why)) => self.bad_poll(&format!("account can't be trusted: {why}"), out),
        }
    }

    pub(super) fn good_poll(&mut self, now: u64) {
        self.survivors.clear();
        self.closing.clear();
        if self.good == 0 {
            self.first_good = now;
        }
        self.good = self.good.saturating_add(1).min(3);
        let span = now.saturating_sub(self.first_good);
        if self.good >= 3 && span >= 2 * self.timing.proof {
            self.phase = GatewayPhase::Verified;
            self.pending_since = None;
            self.times.verified = self.times.verified.or(Some(self.since_key(now)));
            self.poll_at = Some(now + self.timing.enforce);
            self.note = Text::new(if self.acked || self.passive {
                "flat: three independent reads agree"
            } else {
                "flat by three reads; KILL_SWITCH is still unanswered and sent on"
            });
        }
    }

    /// A gateway that can't read its account can't have closed anything on
    /// it: its claim is no acknowledgement, and the kill is sent again.
    fn claim_of_the_blind(&mut self, now: u64) {
        if self.acked {
            self.acked = false;
            self.round += 1;
            self.kill_at = Some(now + 5_000_000_000);
        }
    }

    pub(super) fn bad_poll(&mut self, why: &str, out: &mut Vec<Effect>) {
        self.good = 0;
        if self.settled() {
            self.worsen(why, out);
        } else {
            self.note = Text::new(why);
        }
    }

    pub(super) fn survivors_found(&mut self, now: u64, open: Vec<Position>, out: &mut Vec<Effect>) {
        self.good = 0;
        // A claim that was just disproved ends its round: a gateway with a
        // memory would only repeat its first answer to the same id.
        if self.passive {
            self.note = Text::new(&format!("{} open", open.len()));
            self.phase = GatewayPhase::Partial;
            return;
        }
        if self.acked {
            self.acked = false;
            self.round += 1;
            self.kill_at = Some(now + self.timing.proof.min(5_000_000_000));
        }
        let count = open.len();
        let why = format!("{count} position{} still open", if count == 1 { "" } else { "s" });
        self.worsen(&why, out);
        let mut survivors = BTreeMap::new();
        for p in &open {
            let doing = self.survivors.get(&p.ticket).map(|s| s.doing.clone());
            let survivor = Survivor {
                ticket: p.ticket,
                symbol: p.symbol.clone(),
                side: p.side,
                lots: p.lots,
                doing: doing.unwrap_or_else(|| Text::new("closing")),
                profit: Some(p.profit),
            };
            survivors.insert(p.ticket, survivor);
        }
        self.survivors = survivors;
        self.closing.retain(|t, _| self.survivors.contains_key(t));
        out.push(Effect::Found(open));
        let due: Vec<Ticket> = self
            .survivors
            .keys()
            .filter(|t| self.closing.get(t).is_none_or(|at| now >= *at))
            .take(MAX_CLOSING)
            .copied()
            .collect();
        for ticket in due {
            self.closing.insert(ticket, now + 5_000_000_000);
            self.open(now, What::Close(ticket), ACCOUNT_WAIT, out);
        }
    }
}

/// What both reads of a poll say together.
fn trusted(
    positions: &Result<Vec<Position>, Text>,
    margin: &Result<bool, Text>,
) -> Result<Vec<Position>, Text> {
    let open = positions.clone()?;
    let zero = margin.clone()?;
    if open.is_empty() && !zero {
        return Err(Text::new("no positions, yet margin is used"));
    }
    Ok(open)
}
