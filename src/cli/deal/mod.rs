//! Commands that move money: sent once, recorded before and after, never
//! repeated, and believed only when an independent read agrees.
//!
//! `report` is what a shell prints, `look` the independent read, `opening` an
//! order from its first look to its report.

mod kind;
mod look;
mod opening;
mod report;

pub use kind::Kind;
pub use look::{Guarded, Look, line_of, look};
pub use opening::{Opening, RealMoney};
pub use report::{Ending, Report};

use super::live::LiveTerms;
use super::wiring;
use crate::audit::{Act, Chain};
use crate::breaker::{Denied, Gate, Permit};
use crate::config::{Settings, dirs};
use crate::domain::{Endpoint, Fingerprint, GatewayAddr, Text, Ticket};
use crate::host::clock;
use crate::link::{AskError, Peer};
use crate::wire::{OrderFill, Reply, Request};
use std::time::{Duration, Instant};

/// Role of these verbs in the audit log.
const ROLE: &str = "cli";
/// What is said of an order whose time was up before it could go out.
const LATE: &str = "the time for this order was up before it could go out";

/// What the gateway made of a command.
#[derive(Debug)]
pub enum Fate {
    /// It claims success.
    Claimed(OrderFill),
    /// It did not happen.
    Not(Ending, Text),
    /// Nobody knows.
    Unknown(Text),
}

/// Sends commands, each on record before and after.
pub struct Deal {
    chain: Result<Chain, Text>,
    unrecorded: Option<Text>,
    live: LiveTerms,
    handed_ns: Option<u64>,
    gateways: Vec<GatewayAddr>,
    done_by: Option<Instant>,
    gated: bool,
}

impl Deal {
    /// Opens the audit log of this latch. One that can't be used denies
    /// orders and lets closes pass.
    #[must_use]
    pub fn open(settings: &Settings) -> Self {
        Self::open_as(settings, ROLE)
    }

    /// As [`Deal::open`], for a process of another role.
    #[must_use]
    pub fn open_as(settings: &Settings, role: &str) -> Self {
        let home = wiring::latch_home(settings);
        let chain = dirs::ensure_private(&settings.state_dir)
            .map_err(|e| e.to_string())
            .and_then(|()| home.prepare().map_err(|e| format!("{}: {e}", home.dir.display())))
            .map(|()| home.chain(role))
            .map_err(|why| Text::new(&why));
        let (live, gateways) = (LiveTerms::of(settings), settings.gateways.clone());
        let (unrecorded, handed_ns, done_by) = (None, None, None);
        Self { chain, unrecorded, live, handed_ns, gateways, done_by, gated: false }
    }

    /// No order goes out after `done_by`, however long disk and gateway took.
    #[must_use]
    pub fn by(self, done_by: Instant) -> Self {
        Self { done_by: Some(done_by), ..self }
    }

    /// Whether it was the gate that denied the last order.
    #[must_use]
    pub const fn was_gated(&self) -> bool {
        self.gated
    }

    fn is_late(&self) -> bool {
        self.done_by.is_some_and(|done_by| Instant::now() >= done_by)
    }

    fn denied(&mut self, denied: &Denied) -> Fate {
        self.gated = true;
        denial(denied)
    }

    /// Why a command that went out is not in the audit log.
    #[must_use]
    pub const fn unrecorded(&self) -> Option<&Text> {
        self.unrecorded.as_ref()
    }

    /// When libzmq was given the last order, nanoseconds since boot; none where
    /// that one never left.
    #[must_use]
    pub const fn handed_ns(&self) -> Option<u64> {
        self.handed_ns
    }

    fn note(
        &mut self,
        to: &Endpoint,
        what: &str,
        request: &Request,
        (outcome, why): (&str, Text),
        ticket: Option<Ticket>,
    ) -> Result<(), Text> {
        let chain = self.chain.as_mut().map_err(|why| why.clone())?;
        let (req_id, what) = (Text::new(request.req_id.as_str()), Text::new(what));
        let named = self.gateways.iter().find(|gateway| gateway.cmd == *to);
        let gateway = Some(named.map_or_else(|| Text::new(&to.to_string()), |g| g.name.clone()));
        let outcome = Text::new(outcome);
        let act = Act::Command { req_id, what, outcome, ticket, gateway, why };
        chain.append(act).map_err(|e| Text::new(&e.to_string()))
    }

    /// As [`Deal::note`], for what goes on either way.
    fn try_note(
        &mut self,
        to: &Endpoint,
        what: &str,
        request: &Request,
        outcome: (&str, Text),
        ticket: Option<Ticket>,
    ) {
        if let Err(why) = self.note(to, what, request, outcome, ticket) {
            self.unrecorded = Some(why);
        }
    }

    /// Sends a close, which no gate and no full disk holds up.
    pub fn close(
        &mut self,
        peer: &mut Peer,
        request: &Request,
        (what, ticket): (&str, Ticket),
        timeout: Duration,
    ) -> Fate {
        let to = peer.to().clone();
        self.try_note(&to, what, request, ("sent", Text::default()), Some(ticket));
        let fate = fate_of(peer.order(request, timeout).map(|answer| answer.value));
        self.try_note(&to, what, request, (fate.word(), fate.why()), Some(ticket));
        fate
    }

    /// Sends an order: on record first, to a peer that is proven first, to an
    /// account that is read first and armed where its money is real, and then
    /// without any wait between the gate's permit and the socket. An order
    /// that can't be recorded, or can't go out at once, is not sent; nor is
    /// one whose permit ran out on the way, as in a process that was stopped.
    pub fn order(
        &mut self,
        gate: &Gate,
        peer: &mut Peer,
        request: &Request,
        what: &str,
        timeout: Duration,
    ) -> Fate {
        (self.handed_ns, self.gated) = (None, false);
        let to = peer.to().clone();
        if let Err(why) = self.note(&to, what, request, ("sent", Text::default()), None) {
            let why = format!("an order that can't be recorded is not sent: {why}");
            return Fate::Not(Ending::Denied, Text::new(&why));
        }
        let fate = match self.cleared(peer, timeout) {
            Err(fate) => fate,
            Ok(_) if self.is_late() => Fate::Not(Ending::NotSent, Text::new(LATE)),
            Ok(connection) => match gate.permit() {
                Ok(permit) => self.post(permit, peer, connection, request, timeout),
                Err(denied) => self.denied(&denied),
            },
        };
        let ticket = if let Fate::Claimed(fill) = &fate { Some(fill.ticket) } else { None };
        self.try_note(&to, what, request, (fate.word(), fate.why()), ticket);
        fate
    }

    /// The account, read on the connection that is given back: the order goes
    /// out on that one or not at all, so it can't meet another account.
    fn cleared(&self, peer: &mut Peer, timeout: Duration) -> Result<u64, Fate> {
        let account = peer.account(timeout).map_err(|e| fate_of(Err(unsent(e))))?.value;
        let connection = peer.req().connection();
        if peer.fingerprint() != Fingerprint::V1 {
            let e = AskError::LinkDown { to: peer.to().clone() };
            return Err(fate_of(Err(unsent(e))));
        }
        let to = peer.to().clone();
        self.live.allow(&to, &account).map_err(|why| Fate::Not(Ending::Denied, why))?;
        Ok(connection)
    }

    /// Uses up the permit: hands the order to libzmq now or never, then waits
    /// for its answer.
    fn post(
        &mut self,
        permit: Permit<'_>,
        peer: &mut Peer,
        connection: u64,
        request: &Request,
        timeout: Duration,
    ) -> Fate {
        let to = peer.to().clone();
        let line = peer.req();
        let now = clock::mono_ns();
        let until = clock::now().plus(timeout).mono_ns;
        let posted = match line.post_while(request, connection, now, || permit.still()) {
            Ok(Some(posted)) => posted,
            Ok(None) => return self.denied(&permit.ended()),
            Err(e) => return fate_of(Err(AskError::of_call(&to, timeout, e))),
        };
        self.handed_ns = Some(posted.handed_ns());
        let body = line.wait(&posted, until).map_err(|e| AskError::of_call(&to, timeout, e));
        fate_of(body.and_then(|body| {
            Reply::decode(&body)
                .and_then(|reply| reply.order(&request.req_id))
                .map_err(|refusal| AskError::Refused { to, refusal })
        }))
    }
}

impl Fate {
    /// Why it is not done, empty where it is.
    fn why(&self) -> Text {
        match self {
            Self::Claimed(_) => Text::default(),
            Self::Not(_, why) | Self::Unknown(why) => why.clone(),
        }
    }

    /// As the audit log calls it.
    const fn word(&self) -> &'static str {
        match self {
            Self::Claimed(_) => "done",
            Self::Not(Ending::Denied, _) => "denied",
            Self::Not(..) => "failed",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// A failure before the order: whatever became of the question, the order
/// itself never left.
fn unsent(e: AskError) -> AskError {
    if e.may_have_happened() { AskError::Unproven(Box::new(e)) } else { e }
}

fn denial(denied: &Denied) -> Fate {
    Fate::Not(Ending::Denied, Text::new(&denied.to_string()))
}

fn fate_of(answer: Result<OrderFill, AskError>) -> Fate {
    match answer {
        Ok(fill) => Fate::Claimed(fill),
        Err(e) => {
            let why = Text::new(&e.to_string());
            if e.may_have_happened() {
                Fate::Unknown(why)
            } else if e.is_silence() {
                Fate::Not(Ending::NotSent, why)
            } else {
                Fate::Not(Ending::Refused, why)
            }
        }
    }
}

#[cfg(test)]
mod schedules;
#[cfg(test)]
pub(in crate::cli) mod tests;
