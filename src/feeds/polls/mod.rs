//! The polls: one thread per gateway that asks for its heartbeat, its
//! positions and its account, and reports every outcome as it is.
//!
//! Identity first: nothing but one HEARTBEAT goes to a peer that has not
//! answered it as v1.0. What can't be trusted is a fault with words, never an
//! empty list.

mod slot;
mod told;

use super::raw::RawTap;
use super::worker::{StartError, Worker};
use crate::domain::{Fingerprint, GatewayAddr, Stamp};
use crate::event::{RawPort, Sender};
use crate::host::clock;
use crate::link::{AskError, CallError, Peer, Sleeper};
use crate::wire::{Action, Refusal, Reply};
use slot::{Out, Slot};
use std::time::Duration;
use told::Told;

/// Running polls of one gateway. Dropping them ends them too.
pub struct PollHandle(Worker);

impl PollHandle {
    /// Ends the thread; false when it did not end within a second.
    #[must_use = "false: the thread was left behind"]
    pub fn stop(mut self) -> bool {
        self.0.stop()
    }

    /// The operator says that a peer which was no v1.0 gateway may be sent
    /// another HEARTBEAT.
    pub fn probe_again(&self) {
        self.0.waker().probe();
    }
}

/// How often to ask, and how long to wait for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Between two `HEARTBEAT`s.
    pub heartbeat: Duration,
    /// Between two reads of the positions.
    pub positions: Duration,
    /// Between two reads of the account.
    pub account: Duration,
    /// After this an answer is late, and said to be.
    pub timeout: Duration,
}

/// Largest answer taken, in bytes: thousands of positions.
const MAX_ANSWER: u64 = 1_048_576;

/// Starts asking gateway number `index` of the settings.
///
/// # Errors
/// [`StartError`] when this host has no socket or thread left; a gateway that
/// is not there is no error.
pub fn start(
    ctx: &zmq::Context,
    index: u16,
    gateway: &GatewayAddr,
    rhythm: Rhythm,
    sender: Sender,
) -> Result<PollHandle, StartError> {
    let mut peer = Peer::connect(ctx, &gateway.cmd, MAX_ANSWER)?;
    let raw = RawTap::new(sender.clone(), index, RawPort::Reply);
    let told = Told::new(index, gateway, sender);
    let worker = Worker::start(ctx, &format!("polls-{index}"), move |wake| {
        peer.wake_by(wake);
        let slots = [rhythm.heartbeat, rhythm.positions, rhythm.account]
            .map(|period| Slot::new(period, rhythm.timeout));
        Polls { peer, told, slots, rhythm, raw }.run();
    })?;
    Ok(PollHandle(worker))
}

/// The questions, in the order of their slots.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Heartbeat,
    Positions,
    Account,
}

impl Question {
    const ALL: [Self; 3] = [Self::Heartbeat, Self::Positions, Self::Account];

    const fn action(self) -> Action {
        match self {
            Self::Heartbeat => Action::Heartbeat,
            Self::Positions => Action::Positions,
            Self::Account => Action::AccountInfo,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::Positions => "positions",
            Self::Account => "account",
        }
    }
}

struct Polls {
    peer: Peer,
    told: Told,
    slots: [Slot; 3],
    rhythm: Rhythm,
    raw: RawTap,
}

impl Polls {
    fn run(mut self) {
        loop {
            if self.peer.req().sleeper().is_some_and(Sleeper::take_probe) {
                self.peer.probe_again();
            }
            let round = match self.peer.fingerprint() {
                Fingerprint::V1 => self.round(),
                Fingerprint::Unknown => self.prove(),
                Fingerprint::NotV1 => self.wait(&clock::now(), self.rhythm.heartbeat),
            };
            match round {
                Ok(()) => {}
                Err(CallError::Stopped) => return,
                Err(error) => {
                    // This host's sockets fail, not the gateway.
                    let error = AskError::of_call(self.peer.to(), Duration::ZERO, error);
                    self.told.unreachable(clock::now(), &mut self.peer, &error);
                    std::thread::sleep(Duration::from_millis(200));
                }
            }
        }
    }

    /// The heartbeat that a new connection begins with.
    fn prove(&mut self) -> Result<(), CallError> {
        let start = clock::now();
        if self.told.was_proven() {
            // Said before the wait for the next connection.
            let broke = AskError::LinkDown { to: self.peer.to().clone() };
            self.told.unreachable(start, &mut self.peer, &broke);
            self.slots.iter_mut().for_each(Slot::lost);
        }
        match self.peer.heartbeat(self.rhythm.timeout) {
            Ok(answer) => {
                let [heartbeat, ..] = &mut self.slots;
                heartbeat.put_off(answer.asked.mono_ns);
                let said = (&answer.value, self.peer.killed());
                self.told.alive(said, answer.rtt, &mut self.peer);
                Ok(())
            }
            Err(AskError::Stopped { .. }) => Err(CallError::Stopped),
            Err(error) => {
                self.told.unreachable(start, &mut self.peer, &error);
                self.wait(&start, self.rhythm.heartbeat)
            }
        }
    }

    /// Waits until `by` after `start`, or until the link or an order stirs.
    fn wait(&mut self, start: &Stamp, by: Duration) -> Result<(), CallError> {
        let until = start.plus(by).mono_ns;
        self.peer.req().next_of(&[], until).map(|_| ())
    }

    /// Asks what is due and takes one answer, or finds one late.
    fn round(&mut self) -> Result<(), CallError> {
        let now = clock::now();
        for (slot, question) in self.slots.iter_mut().zip(Question::ALL) {
            if slot.turns_late(now.mono_ns) {
                let asked = slot.out.as_ref().map_or(now, |out| out.asked);
                let late =
                    AskError::Silent { to: self.peer.to().clone(), waited: now.since(asked) };
                self.told.fault(question, asked, &mut self.peer, &late);
            }
            if slot.is_due(now.mono_ns) {
                match self.peer.put(question.action()) {
                    Ok(posted) => slot.asked(posted, clock::now()),
                    Err(AskError::Stopped { .. }) => return Err(CallError::Stopped),
                    Err(_) => slot.put_off(now.mono_ns),
                }
            }
        }
        let until = self.slots.iter().map(Slot::next).min().unwrap_or(now.mono_ns);
        let open: Vec<(Question, &Out)> = Question::ALL
            .into_iter()
            .zip(&self.slots)
            .filter_map(|(question, slot)| Some((question, slot.out.as_ref()?)))
            .collect();
        let posted: Vec<_> = open.iter().map(|(_, out)| &out.posted).collect();
        let Some((at, body)) = self.peer.req().next_of(&posted, until)? else { return Ok(()) };
        if let Some((question, out)) = open.get(at) {
            let (question, asked, id) = (*question, out.asked, out.posted.req_id().clone());
            self.answer(question, asked, &id, &body);
        }
        Ok(())
    }

    fn answer(&mut self, question: Question, asked: Stamp, id: &crate::domain::ReqId, body: &[u8]) {
        let rtt = clock::now().since(asked);
        for (slot, owner) in self.slots.iter_mut().zip(Question::ALL) {
            if owner == question {
                slot.out = None;
            }
        }
        let refused = |refusal: Refusal, to| AskError::Refused { to, refusal };
        let to = self.peer.to().clone();
        self.raw.keep(&[body]);
        let outcome = Reply::decode(body).and_then(|reply| match question {
            Question::Heartbeat => {
                let service = reply.heartbeat(id)?;
                self.told.alive((&service, reply.killed()), rtt, &mut self.peer);
                Ok(())
            }
            Question::Positions => {
                self.told.positions(asked, rtt, reply.positions(id)?);
                Ok(())
            }
            Question::Account => {
                self.told.account(asked, rtt, reply.account(id)?);
                Ok(())
            }
        });
        if let Err(refusal) = outcome {
            self.told.fault(question, asked, &mut self.peer, &refused(refusal, to));
        }
    }
}
