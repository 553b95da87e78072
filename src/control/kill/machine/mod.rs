//! The kill of one gateway as a pure machine: inputs and a clock's reading
//! in, effects out. No socket, no file, no clock of its own.
//!
//! What it promises: a claim is never shown as done; the same request id is
//! sent until it is acknowledged; three good polls over at least two
//! intervals prove flat, and anything less does not; what a peer says that
//! can't be trusted makes the phase worse, never better.

mod claim;
mod plan;
mod proof;
#[cfg(test)]
mod tests;

use super::schedule::{LATE, MAX_OUTSTANDING, patience};
use crate::domain::{
    EngageId, GatewayPhase, Position, ProofPoll, ReqId, StepTimes, Survivor, Text, Ticket,
};
use crate::wire::{Action, Refusal, Reply};
use std::collections::BTreeMap;

/// Identity of one call within a machine.
pub type CallId = u32;

/// Settings of one machine, all in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Between two proof polls.
    pub proof: u64,
    /// Between two polls while verified.
    pub enforce: u64,
}

impl Timing {
    /// Of somebody who proves nothing and only looks on.
    #[must_use]
    pub const fn looking_on(self) -> Self {
        Self { proof: self.enforce, enforce: self.enforce }
    }
}

/// What the driver reports.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin with the first KILL_SWITCH.
    Begin,
    /// A fingerprint is out on this call's socket; the request follows it.
    Shaking(CallId),
    /// The request was handed to libzmq on a connected socket.
    Sent(CallId),
    /// Bytes came back on this call's socket.
    Reply(CallId, Vec<u8>),
    /// The call's link is gone, or it could not be made.
    Lost(CallId, Text),
    /// The fingerprint before this call was refused.
    NotV1(CallId, Text),
    /// Time passed.
    Tick,
    /// The operator says: ask that peer once more who it is.
    ProbeAgain,
    /// The operator ends the attempts, for the record.
    StandDown(Text),
}

/// What the driver shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A fresh socket, a fingerprint where none stands, then this request.
    Open(CallId, ReqId, Action),
    /// Close that socket.
    Drop(CallId),
    /// The peer's fingerprint no longer stands.
    Doubt,
    /// Something that the operator must see at once.
    Alarm(Text),
    /// Put this on record: what was open.
    Found(Vec<Position>),
    /// Somebody only reads: what is open, or why that can't be trusted.
    Seen(Result<Vec<Position>, Text>),
}

#[derive(Clone, Debug)]
struct Call {
    what: What,
    req: ReqId,
    deadline: u64,
    give_up: u64,
    /// Something of ours is with the peer on this socket.
    out: bool,
    timed_out: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Kill,
    Positions,
    Account,
    Close(Ticket),
}

#[derive(Debug, Default)]
struct Poll {
    /// A read went unanswered, which says nothing about the account.
    unanswered: bool,
    positions: Option<Result<Vec<Position>, Text>>,
    margin: Option<Result<bool, Text>>,
}

/// One kill at one gateway.
#[derive(Debug)]
pub struct Machine {
    id: EngageId,
    pressed: u64,
    timing: Timing,
    /// How far the gateway is known to have obeyed.
    pub phase: GatewayPhase,
    /// KILL_SWITCH sent so often.
    pub attempts: u32,
    /// What the gateway claims: closed, total.
    pub claimed: Option<(u32, u32)>,
    /// Good polls in a row.
    pub good: u8,
    /// The last poll.
    pub last_poll: Option<ProofPoll>,
    /// Open after the kill.
    pub survivors: BTreeMap<Ticket, Survivor>,
    /// Steps since the key.
    pub times: StepTimes,
    /// In words.
    pub note: Text,
    round: u32,
    polls_made: u32,
    acked: bool,
    calls: BTreeMap<CallId, Call>,
    next_call: CallId,
    poll: Option<Poll>,
    first_good: u64,
    kill_at: Option<u64>,
    poll_at: Option<u64>,
    closing: BTreeMap<Ticket, u64>,
    pending_since: Option<u64>,
    ended: bool,
    /// Reads only: proves flat, kills and closes nothing.
    passive: bool,
}

impl Machine {
    /// A machine that waits for [`Input::Begin`]. `pressed` is the key's
    /// moment on the clock that `now` readings come from.
    #[must_use]
    pub fn new(id: EngageId, pressed: u64, timing: Timing) -> Self {
        Self {
            id,
            pressed,
            timing,
            phase: GatewayPhase::Idle,
            attempts: 0,
            claimed: None,
            good: 0,
            last_poll: None,
            survivors: BTreeMap::new(),
            times: StepTimes::default(),
            note: Text::default(),
            round: 1,
            polls_made: 0,
            acked: false,
            calls: BTreeMap::new(),
            next_call: 1,
            poll: None,
            first_good: 0,
            kill_at: None,
            poll_at: None,
            closing: BTreeMap::new(),
            pending_since: None,
            ended: false,
            passive: false,
        }
    }

    /// A machine that only reads: flat proven on demand, nothing closed.
    #[must_use]
    pub fn prover(id: EngageId, pressed: u64, timing: Timing) -> Self {
        Self { passive: true, ..Self::new(id, pressed, timing) }
    }

    /// The next moment at which [`Input::Tick`] is due.
    #[must_use]
    pub fn wake(&self) -> Option<u64> {
        let calls = self.calls.values().map(|c| if c.timed_out { c.give_up } else { c.deadline });
        calls.chain(self.kill_at).chain(self.poll_at).min()
    }

    /// Hears one input at `now` (nanoseconds, monotonic).
    pub fn on(&mut self, now: u64, input: Input, out: &mut Vec<Effect>) {
        match input {
            Input::Begin | Input::ProbeAgain if self.passive => self.begin_poll(now, out),
            Input::Begin if self.phase == GatewayPhase::Idle => self.send_kill(now, out),
            Input::ProbeAgain if self.phase == GatewayPhase::NotV1 => self.send_kill(now, out),
            Input::Begin | Input::ProbeAgain => {}
            Input::Shaking(call) => {
                self.out(call);
            }
            Input::Sent(call) => self.sent(now, call),
            Input::Reply(call, bytes) => self.reply(now, call, &bytes, out),
            Input::Lost(call, why) => self.lost(now, call, &why, out),
            Input::NotV1(call, why) => self.not_v1(call, why, out),
            Input::Tick => self.tick(now, out),
            Input::StandDown(why) => {
                self.drop_all(out);
                self.ended = true;
                self.phase = GatewayPhase::StoodDown;
                self.note = why;
            }
        }
    }

    const fn since_key(&self, now: u64) -> u64 {
        now.saturating_sub(self.pressed) / 1_000
    }

    fn open(&mut self, now: u64, what: What, wait: u64, out: &mut Vec<Effect>) {
        let call = self.next_call;
        self.next_call += 1;
        let (req, action) = match what {
            What::Kill => (self.id.kill_req(self.round), Action::KillSwitch),
            What::Positions => (self.read_req("pos"), Action::Positions),
            What::Account => (self.read_req("acc"), Action::AccountInfo),
            What::Close(t) => (self.read_req(&format!("close-{t}")), Action::ClosePosition(t)),
        };
        let entry = Call {
            what,
            req: req.clone(),
            deadline: now + wait,
            give_up: now + LATE,
            out: false,
            timed_out: false,
        };
        self.calls.insert(call, entry);
        out.push(Effect::Open(call, req, action));
    }

    /// Reads and closes are requests of their own: a fresh id each time.
    fn read_req(&self, verb: &str) -> ReqId {
        let verb = format!("{verb}-{}", self.id);
        ReqId::numbered(&verb, self.round, self.polls_made, u64::from(self.next_call))
    }

    fn send_kill(&mut self, now: u64, out: &mut Vec<Effect>) {
        if self.passive {
            self.kill_at = None;
            return;
        }
        let outstanding = self.calls.values().filter(|c| c.what == What::Kill).count();
        if outstanding >= MAX_OUTSTANDING {
            self.kill_at = Some(now + 1_000_000_000);
            return;
        }
        self.kill_at = None;
        self.attempts += 1;
        // A resend takes nothing back: an unconfirmed kill stays one, on the
        // screen and with its card, until something better is known.
        if !self.settled() && self.phase != GatewayPhase::Unconfirmed {
            self.phase = GatewayPhase::Sending { n: self.attempts };
        }
        let wait = patience(self.id, self.attempts);
        self.open(now, What::Kill, wait, out);
    }

    /// Phases that silence does not take back.
    const fn settled(&self) -> bool {
        matches!(self.phase, GatewayPhase::Acked | GatewayPhase::Partial | GatewayPhase::Verified)
    }

    /// Something of this call stands in the gateway's queue; true for a kill.
    fn out(&mut self, call: CallId) -> bool {
        let Some(entry) = self.calls.get_mut(&call) else { return false };
        entry.out = true;
        let kill = entry.what == What::Kill;
        if kill && !self.settled() {
            self.note = Text::new("queued behind the gateway: no answer yet");
        }
        kill
    }

    fn sent(&mut self, now: u64, call: CallId) {
        if self.out(call) && self.times.sent.is_none() {
            self.times.sent = Some(self.since_key(now));
        }
    }

    fn reply(&mut self, now: u64, call: CallId, bytes: &[u8], out: &mut Vec<Effect>) {
        let Some(entry) = self.calls.remove(&call) else { return };
        out.push(Effect::Drop(call));
        let reply = Reply::decode(bytes);
        match entry.what {
            What::Kill => self.kill_reply(now, &entry, reply, out),
            What::Positions => {
                let read = reply.and_then(|r| r.positions(&entry.req)).map_err(|e| words(&e));
                if let Some(poll) = self.poll.as_mut() {
                    poll.positions = Some(read);
                }
                self.judge(now, out);
            }
            What::Account => {
                let read = reply
                    .and_then(|r| r.account(&entry.req))
                    .map_err(|e| words(&e))
                    .and_then(|a| {
                        a.used_margin
                            .map(|m| m.raw() == 0)
                            .ok_or_else(|| Text::new("the account does not tell its used margin"))
                    });
                if let Some(poll) = self.poll.as_mut() {
                    poll.margin = Some(read);
                }
                self.judge(now, out);
            }
            What::Close(ticket) => {
                let doing = match reply.and_then(|r| r.order(&entry.req)) {
                    Ok(_) => Text::new("close accepted, waiting for proof"),
                    Err(e) => Text::new(&format!("close refused: {e}")),
                };
                if let Some(survivor) = self.survivors.get_mut(&ticket) {
                    survivor.doing = doing;
                }
                self.poll_soon(now);
            }
        }
    }

    fn lost(&mut self, now: u64, call: CallId, why: &Text, out: &mut Vec<Effect>) {
        let Some(entry) = self.calls.remove(&call) else { return };
        out.push(Effect::Drop(call));
        match entry.what {
            What::Kill => {
                if !self.settled() {
                    self.phase = GatewayPhase::Unconfirmed;
                }
                self.note = Text::new(&format!("link to the gateway lost: {why}"));
                if entry.out {
                    // It may have been carried out: look, and don't flood a
                    // peer that hangs up on every kill.
                    self.retry(now);
                    self.poll_soon(now);
                } else if !self.acked {
                    self.kill_at = Some(now + 100_000_000);
                }
            }
            What::Positions | What::Account => self.poll_failed(now, entry.what, why, out),
            What::Close(_) => self.poll_soon(now),
        }
    }

    fn not_v1(&mut self, call: CallId, why: Text, out: &mut Vec<Effect>) {
        self.calls.remove(&call);
        out.push(Effect::Drop(call));
        self.drop_all(out);
        self.phase = GatewayPhase::NotV1;
        self.note = why;
        let so = match (self.passive, self.times.sent) {
            (true, _) => "nothing can be read from it",
            (false, Some(_)) => "it was sent nothing more; use the card",
            (false, None) => "it was sent no kill; use the card",
        };
        out.push(Effect::Alarm(Text::new(&format!(
            "the peer on the command port is no v1.0 gateway: {so}"
        ))));
    }

    fn drop_all(&mut self, out: &mut Vec<Effect>) {
        out.extend(self.calls.keys().map(|c| Effect::Drop(*c)));
        self.calls.clear();
        self.poll = None;
        self.kill_at = None;
        self.poll_at = None;
    }

    fn tick(&mut self, now: u64, out: &mut Vec<Effect>) {
        if self.ended {
            return;
        }
        let due: Vec<CallId> =
            self.calls.iter().filter(|(_, c)| now >= c.deadline).map(|(id, _)| *id).collect();
        for id in due {
            self.overdue(now, id, out);
        }
        if let Some(since) = self.pending_since
            && now.saturating_sub(since) >= 10_000_000_000
        {
            self.pending_since = Some(now);
            out.push(Effect::Alarm(Text::new("the gateway still says PENDING after 10 s")));
        }
        if self.kill_at.is_some_and(|at| now >= at) {
            self.send_kill(now, out);
        }
        if self.poll_at.is_some_and(|at| now >= at) {
            self.begin_poll(now, out);
        }
    }

    fn overdue(&mut self, now: u64, id: CallId, out: &mut Vec<Effect>) {
        let Some(entry) = self.calls.get_mut(&id) else { return };
        let (what, out_there, first) = (entry.what, entry.out, !entry.timed_out);
        entry.timed_out = true;
        // A kill that is out goes on listening beside the next attempt;
        // one that never got out is given up for a fresh socket.
        let listen = what == What::Kill && out_there && now < entry.give_up;
        if !listen {
            self.calls.remove(&id);
            out.push(Effect::Drop(id));
        }
        match what {
            What::Kill if first => {
                if !self.settled() {
                    self.phase = GatewayPhase::Unconfirmed;
                    self.note = Text::new(if out_there {
                        "queued behind the gateway: no answer yet; sent again with the same id"
                    } else {
                        "the gateway can't be reached; trying on"
                    });
                }
                if !self.acked {
                    self.send_kill(now, out);
                }
                if out_there {
                    self.poll_soon(now);
                }
            }
            What::Kill => {}
            What::Positions | What::Account => {
                self.poll_failed(now, what, &Text::new("no answer to a proof read"), out);
            }
            What::Close(ticket) => {
                if let Some(survivor) = self.survivors.get_mut(&ticket) {
                    survivor.doing = Text::new("close unanswered, asking again");
                }
            }
        }
    }
}

fn words(refusal: &Refusal) -> Text {
    Text::new(&refusal.to_string())
}
