//! Commands that move money: sent once, recorded before and after, never
//! repeated, and believed only when an independent read agrees.
//!
//! `report` is what a shell prints, `look` the independent read, `opening` an
//! order from its first look to its report.

mod look;
mod opening;
mod report;

pub use look::{Guarded, Look, line_of, look};
pub use opening::{Opening, RealMoney};
pub use report::{Ending, Report};

use super::live::LiveTerms;
use super::wiring;
use crate::audit::{Act, Chain};
use crate::breaker::{Gate, Permit};
use crate::config::{Settings, dirs};
use crate::domain::{Fingerprint, Text, Ticket};
use crate::host::clock;
use crate::link::{AskError, Peer};
use crate::wire::{OrderFill, Reply, Request};
use std::time::Duration;

/// Role of these verbs in the audit log.
const ROLE: &str = "cli";

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
}

impl Deal {
    /// Opens the audit log of this latch. One that can't be used denies
    /// orders and lets closes pass.
    #[must_use]
    pub fn open(settings: &Settings) -> Self {
        let home = wiring::latch_home(settings);
        let chain = dirs::ensure_private(&settings.state_dir)
            .map_err(|e| e.to_string())
            .and_then(|()| home.prepare().map_err(|e| format!("{}: {e}", home.dir.display())))
            .map(|()| home.chain(ROLE))
            .map_err(|why| Text::new(&why));
        Self { chain, unrecorded: None, live: LiveTerms::of(settings) }
    }

    /// Why a command that went out is not in the audit log.
    #[must_use]
    pub const fn unrecorded(&self) -> Option<&Text> {
        self.unrecorded.as_ref()
    }

    fn note(
        &mut self,
        what: &str,
        request: &Request,
        outcome: &str,
        ticket: Option<Ticket>,
    ) -> Result<(), Text> {
        let chain = self.chain.as_mut().map_err(|why| why.clone())?;
        let (req_id, what) = (Text::new(request.req_id.as_str()), Text::new(what));
        let act = Act::Command { req_id, what, outcome: Text::new(outcome), ticket };
        chain.append(act).map_err(|e| Text::new(&e.to_string()))
    }

    /// As [`Deal::note`], for what goes on either way.
    fn try_note(&mut self, what: &str, request: &Request, outcome: &str, ticket: Option<Ticket>) {
        if let Err(why) = self.note(what, request, outcome, ticket) {
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
        self.try_note(what, request, "sent", Some(ticket));
        let fate = fate_of(peer.order(request, timeout).map(|answer| answer.value));
        self.try_note(what, request, fate.word(), Some(ticket));
        fate
    }

    /// Sends an order: on record first, to a peer that is proven first, to an
    /// account that is read first and armed where its money is real, and then
    /// without any wait between the gate's permit and the socket. An order
    /// that can't be recorded, or can't go out at once, is not sent.
    pub fn order(
        &mut self,
        gate: &Gate,
        peer: &mut Peer,
        request: &Request,
        what: &str,
        timeout: Duration,
    ) -> Fate {
        if let Err(why) = self.note(what, request, "sent", None) {
            let why = format!("an order that can't be recorded is not sent: {why}");
            return Fate::Not(Ending::Denied, Text::new(&why));
        }
        let fate = match self.cleared(peer, timeout) {
            Err(fate) => fate,
            Ok(connection) => match gate.permit() {
                Ok(permit) => fate_of(post(permit, peer, connection, request, timeout)),
                Err(denied) => Fate::Not(Ending::Denied, Text::new(&denied.to_string())),
            },
        };
        let ticket = if let Fate::Claimed(fill) = &fate { Some(fill.ticket) } else { None };
        self.try_note(what, request, fate.word(), ticket);
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
}

impl Fate {
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

/// Uses up the permit: hands the order to libzmq now or never, then waits for
/// its answer.
fn post(
    _permit: Permit,
    peer: &mut Peer,
    connection: u64,
    request: &Request,
    timeout: Duration,
) -> Result<OrderFill, AskError> {
    let to = peer.to().clone();
    let line = peer.req();
    let now = clock::mono_ns();
    let until = clock::now().plus(timeout).mono_ns;
    let body = line
        .post_on(request, connection, now)
        .and_then(|posted| line.wait(&posted, until))
        .map_err(|e| AskError::of_call(&to, timeout, e))?;
    Reply::decode(&body)
        .and_then(|reply| reply.order(&request.req_id))
        .map_err(|refusal| AskError::Refused { to, refusal })
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
mod tests {
    use super::*;
    use crate::domain::{Lots, OrderKind, OrderTicket, Side, Symbol};
    use crate::gateway::{Gateway, GatewayOptions, SimOptions};
    use crate::link::peer;
    use crate::wire::Action;

    #[test]
    fn a_gate_that_closed_in_the_meantime_denies_on_record() {
        let dir = tempfile::tempdir().unwrap();
        let options = GatewayOptions::embedded(SimOptions::default(), dir.path().join("paper"));
        let paper = Gateway::start(&options).unwrap();
        let mut settings = Settings::defaults(dir.path().into(), dir.path().join("state"));
        settings.kill_switch_file = dir.path().join("kill.lock");
        let zmq = zmq::Context::new();
        let mut peer = Peer::connect(&zmq, &paper.addresses().cmd, 65_536).unwrap();
        let wait = Duration::from_secs(20);
        peer.heartbeat(wait).unwrap();
        let request = peer::request(Action::OpenOrder(OrderTicket {
            symbol: Symbol::new("EURUSD").unwrap(),
            side: Side::Buy,
            lots: Lots::parse("0.01").unwrap(),
            kind: OrderKind::Market,
            price: None,
            sl: None,
            tp: None,
        }));
        let mut deal = Deal::open(&settings);
        let fate = deal.order(&Gate::default(), &mut peer, &request, "OPEN_ORDER", wait);
        assert!(matches!(fate, Fate::Not(Ending::Denied, _)), "{fate:?}");
        assert!(peer.positions(wait).unwrap().value.is_empty());
        assert_eq!((paper.counts().orders_accepted, deal.unrecorded()), (0, None));
        let chain = std::fs::read_dir(wiring::latch_home(&settings).audit()).unwrap();
        let path = chain.map(|c| c.unwrap().path()).next().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains("\"denied\""), "{text}");
    }
}
