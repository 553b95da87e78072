//! The console's ordinary commands: a thread that carries them out one by
//! one and reports each step, so that no key ever waits for a gateway.

use super::arm;
use super::deal::{Deal, Ending, Fate, Look, look};
use super::placing::Placing;
use super::remembers::{self, Memory};
use super::remote::RemoteDesk;
use crate::breaker::Gate;
use crate::config::Settings;
use crate::control::kill::Hand;
use crate::control::{Desk, Proposal, Remote, RemoteVerb};
use crate::domain::{GatewayAddr, Text, Ticket};
use crate::event::{CommandPhase, CommandReport, Event, Level, Sender};
use crate::feeds::polls::PollHandle;
use crate::link::{Peer, context, peer};
use crate::mesh::Watch;
use crate::wire::Action;
use crossbeam_channel as channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait for each answer: a gateway may be busy with a slow order.
const PATIENCE: Duration = Duration::from_secs(10);
/// A command that waited so long behind another is no longer the one that was
/// meant: who asked has given it up, or asked somebody else.
const LATE: Duration = Duration::from_secs(3);

/// Polls that run, shared with whoever starts and ends them.
pub type Polls = Arc<Mutex<Vec<PollHandle>>>;
/// Checks of the mesh that run, the same way.
pub type Looks = Arc<Mutex<Vec<Watch>>>;

enum Job {
    Close(u16, Ticket),
    Arm,
}

/// Takes commands and hands them to its thread.
pub struct Clerk {
    jobs: channel::Sender<(Instant, Job)>,
    hand: Arc<Hand>,
    polls: Polls,
    looks: Looks,
    placing: Placing,
    remote: RemoteDesk,
}

impl Clerk {
    /// Starts the thread; it ends when the clerk is dropped.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn start(
        settings: Settings,
        hand: Arc<Hand>,
        (polls, looks): (Polls, Looks),
        gate: Arc<Gate>,
        sender: Sender,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let remote = RemoteDesk::new(settings.clone(), Arc::clone(&gate), sender.clone());
        let placing = Placing::new(settings.clone(), gate, sender.clone());
        let (jobs, thread) = Room { settings, sender, zmq: None }.open()?;
        Ok((Self { jobs, hand, polls, looks, placing, remote }, thread))
    }
}

impl Remote for Clerk {
    fn remote(&self, verb: RemoteVerb) {
        self.remote.remote(verb);
    }

    fn denies_remote(&self, verb: RemoteVerb) -> Option<Text> {
        self.remote.denies_remote(verb)
    }
}

impl Desk for Clerk {
    fn close(&self, gateway: u16, ticket: Ticket) {
        let _ = self.jobs.send((Instant::now(), Job::Close(gateway, ticket)));
    }

    fn arm(&self) {
        let _ = self.jobs.send((Instant::now(), Job::Arm));
    }

    fn probe_again(&self) {
        self.hand.probe_again();
        for poll in self.polls.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            poll.probe_again();
        }
        for watch in self.looks.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            watch.probe_again();
        }
    }

    fn stand_down(&self) {
        self.hand.stand_down(Text::new("stood down at the console"));
    }

    fn order(&self, order: Proposal) {
        self.placing.order(order);
    }

    fn denies_orders(&self) -> Option<Text> {
        self.placing.denied()
    }
}

/// Where jobs go with the moment of their asking, and the thread that does them.
type Opened = (channel::Sender<(Instant, Job)>, JoinHandle<()>);

/// The thread's belongings.
struct Room {
    settings: Settings,
    sender: Sender,
    /// Had when it is first needed.
    zmq: Option<zmq::Context>,
}

impl Room {
    /// Starts the thread that works here.
    fn open(mut self) -> std::io::Result<Opened> {
        let (jobs, inbox) = channel::unbounded::<(Instant, Job)>();
        let thread = std::thread::Builder::new().name("clerk".to_owned()).spawn(move || {
            for (asked, job) in inbox {
                match job {
                    job if asked.elapsed() > LATE => self.refuse(&job, asked.elapsed()),
                    Job::Close(gateway, ticket) => self.close(gateway, ticket),
                    Job::Arm => self.arm(),
                }
            }
        })?;
        Ok((jobs, thread))
    }

    /// Says that a command was asked too long ago to be done.
    fn refuse(&self, job: &Job, age: Duration) {
        let why = format!("asked {} s ago, behind a slow command: not done", age.as_secs());
        match job {
            Job::Close(_, ticket) => {
                let what = format!("CLOSE_POSITION {ticket}");
                self.tell("", &what, CommandPhase::Denied, format!("{why}; ask again"));
            }
            Job::Arm => self.sender.log(Level::Warn, "arm", format!("{why}; ask again")),
        }
    }

    fn arm(&self) {
        match arm::arm(&self.settings) {
            Ok(()) => {
                self.sender.log(Level::Info, "arm", "armed, on record");
                for warning in remembers::ask(&self.settings).iter().filter_map(Memory::warning) {
                    self.sender.log(Level::Warn, "arm", format!("armed, but {warning}"));
                }
            }
            Err(failure) => self.sender.log(Level::Warn, "arm", failure.text),
        }
    }

    fn close(&mut self, gateway: u16, ticket: Ticket) {
        let what = format!("CLOSE_POSITION {ticket}");
        let found = self.sockets().and_then(|zmq| self.holder(&zmq, gateway, ticket));
        let (mut peer, gateway) = match found {
            Ok(found) => found,
            Err(why) => return self.tell("", &what, CommandPhase::Failed, why),
        };
        let mut deal = Deal::open(&self.settings);
        let request = peer::request(Action::ClosePosition(ticket));
        let id = request.req_id.as_str();
        self.tell(id, &what, CommandPhase::Sent, format!("to {gateway}"));
        let fate = deal.close(&mut peer, &request, (&what, ticket), PATIENCE);
        let (phase, note) = match fate {
            Fate::Not(Ending::Denied, why) => (CommandPhase::Denied, why.to_string()),
            Fate::Not(_, why) => (CommandPhase::Failed, why.to_string()),
            Fate::Unknown(why) => (CommandPhase::Unknown, format!("{why}; never sent again")),
            Fate::Claimed(_) => match look(&mut peer, ticket, PATIENCE) {
                Look::Gone => (CommandPhase::Done, "gone from the positions".to_owned()),
                Look::There(_) => {
                    let note = "the gateway says closed, but it is still open";
                    (CommandPhase::Failed, note.to_owned())
                }
                Look::Blind(why) => {
                    (CommandPhase::Unknown, format!("it says closed, nothing proves it: {why}"))
                }
            },
        };
        self.tell(id, &what, phase, note);
        if let Some(why) = deal.unrecorded() {
            self.sender.log(Level::Warn, "audit", format!("{what} is not on record: {why}"));
        }
    }

    /// A context for its sockets: begun without the room for them, it would end
    /// the console.
    fn sockets(&mut self) -> Result<zmq::Context, String> {
        if let Some(zmq) = &self.zmq {
            return Ok(zmq.clone());
        }
        let zmq = context().map_err(|e| format!("nothing was sent: {e}"))?;
        self.zmq = Some(zmq.clone());
        Ok(zmq)
    }

    /// The gateway that was meant, if it holds the position. No other one is
    /// asked: tickets are the broker's, and another may hold the same number.
    fn holder(
        &self,
        zmq: &zmq::Context,
        gateway: u16,
        ticket: Ticket,
    ) -> Result<(Peer, Text), String> {
        let Some(gateway) = self.settings.gateways.get(usize::from(gateway)) else {
            return Err("no such gateway is configured, nothing was sent".to_owned());
        };
        let name = &gateway.name;
        match self.holds(zmq, gateway, ticket) {
            Ok(Some(peer)) => Ok((peer, name.clone())),
            Ok(None) => Err(format!("{name} shows no position {ticket}, nothing was sent")),
            Err(why) => {
                Err(format!("{name} can't show position {ticket}, nothing was sent: {why}"))
            }
        }
    }

    fn holds(
        &self,
        zmq: &zmq::Context,
        gateway: &GatewayAddr,
        ticket: Ticket,
    ) -> Result<Option<Peer>, String> {
        let max_message = self.settings.feed.max_message_bytes;
        let mut peer = Peer::connect(zmq, &gateway.cmd, max_message).map_err(|e| e.to_string())?;
        let open = peer.positions(PATIENCE).map_err(|e| e.to_string())?.value;
        Ok(open.iter().any(|p| p.ticket == ticket).then_some(peer))
    }

    fn tell(&self, req_id: &str, what: &str, phase: CommandPhase, note: impl AsRef<str>) {
        self.sender.send(Event::Command(Box::new(CommandReport {
            req_id: Text::new(req_id),
            what: Text::new(what),
            phase,
            note: Text::new(note.as_ref()),
        })));
    }
}

#[cfg(test)]
mod tests;
