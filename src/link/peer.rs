//! A gateway that has proven who it is, and typed questions to it.
//!
//! Other servers have lived on port 5555, and some take any message for an
//! order. So the first thing on each new connection is one HEARTBEAT, and a
//! peer that does not answer it as Protocol v1.0 demands is sent nothing
//! more until the operator says so.

use super::error::{AskError, CallError, LinkError};
use super::req::{Posted, Req, deadline};
use super::wake::Sleeper;
use crate::domain::{Account, Endpoint, Fingerprint, LinkState, Position, Stamp, Text};
use crate::host::{clock, ids};
use crate::wire::{Action, OrderFill, Refusal, Reply, Request};
use std::time::Duration;

/// An honest answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// What it says.
    pub value: T,
    /// When the request was handed to libzmq; the answer is at most this old.
    pub asked: Stamp,
    /// From there to the answer's arrival.
    pub rtt: Duration,
}

/// A probe that is still waited for: a slow gateway gets one, not many.
struct Probe {
    posted: Posted,
    asked: Stamp,
}

/// After so long an unanswered probe is given up together with its connection.
const PROBE_PATIENCE: Duration = Duration::from_secs(30);

/// A gateway behind a request line.
pub struct Peer {
    req: Req,
    proven: Proof,
    probe: Option<Probe>,
    service: Text,
    killed: Option<bool>,
}

/// What is known of the peer's identity.
enum Proof {
    None,
    /// v1.0, on this connection.
    V1(u64),
    /// Not v1.0; its words.
    NotV1(Text),
}

impl Peer {
    /// Starts connecting to `to`; never waits for it.
    ///
    /// # Errors
    /// [`LinkError`] when libzmq is out of sockets or refuses the address.
    pub fn connect(ctx: &zmq::Context, to: &Endpoint, max_message: u64) -> Result<Self, LinkError> {
        let req = Req::connect(ctx, to, max_message)?;
        Ok(Self { req, proven: Proof::None, probe: None, service: Text::default(), killed: None })
    }

    /// Lets `wake` end every wait of this peer.
    pub fn wake_by(&mut self, wake: Sleeper) {
        self.req.wake_by(wake);
    }

    /// How the link stands.
    #[must_use]
    pub fn link_state(&mut self) -> LinkState {
        self.req.link_state()
    }

    /// What is proven of the peer, on the connection that stands now.
    #[must_use]
    pub fn fingerprint(&mut self) -> Fingerprint {
        if self.is_proven() {
            return Fingerprint::V1;
        }
        match self.proven {
            Proof::NotV1(_) => Fingerprint::NotV1,
            Proof::V1(_) | Proof::None => Fingerprint::Unknown,
        }
    }

    /// `data.service` of its last good heartbeat.
    #[must_use]
    pub const fn service(&self) -> &Text {
        &self.service
    }

    /// What its last good heartbeat said of a KILL_SWITCH that it remembers;
    /// none where it said nothing, as v1.0 does not.
    #[must_use]
    pub const fn killed(&self) -> Option<bool> {
        self.killed
    }

    /// The endpoint.
    #[must_use]
    pub const fn to(&self) -> &Endpoint {
        self.req.to()
    }

    /// The line beneath.
    pub const fn req(&mut self) -> &mut Req {
        &mut self.req
    }

    /// Forgets a refused fingerprint: the operator says that another HEARTBEAT
    /// may be sent. No effect on a peer that was not refused.
    pub fn probe_again(&mut self) {
        if matches!(self.proven, Proof::NotV1(_)) {
            self.proven = Proof::None;
            self.probe = None;
        }
    }

    /// `HEARTBEAT`; gives back `data.service`. On a new connection this is the
    /// probe.
    ///
    /// # Errors
    /// [`AskError`]
    pub fn heartbeat(&mut self, timeout: Duration) -> Result<Answer<Text>, AskError> {
        if !self.is_proven() {
            return self.prove(timeout);
        }
        let request = request(Action::Heartbeat);
        let Answer { value: (service, killed), asked, rtt } =
            self.typed(&request, timeout, |reply| {
                reply.heartbeat(&request.req_id).map(|service| (service, reply.killed()))
            })?;
        (self.service, self.killed) = (service.clone(), killed);
        Ok(Answer { value: service, asked, rtt })
    }

    /// `GET_POSITIONS`, whole or not at all.
    ///
    /// # Errors
    /// [`AskError`]
    pub fn positions(&mut self, timeout: Duration) -> Result<Answer<Vec<Position>>, AskError> {
        let request = request(Action::Positions);
        self.typed(&request, timeout, |reply| reply.positions(&request.req_id))
    }

    /// `GET_ACCOUNT_INFO`, only with a balance.
    ///
    /// # Errors
    /// [`AskError`]
    pub fn account(&mut self, timeout: Duration) -> Result<Answer<Account>, AskError> {
        let request = request(Action::AccountInfo);
        self.typed(&request, timeout, |reply| reply.account(&request.req_id))
    }

    /// `OPEN_ORDER` or `CLOSE_POSITION`: once, never again by itself.
    ///
    /// # Errors
    /// [`AskError`]; [`AskError::may_have_happened`] tells whether the order
    /// is unknown.
    pub fn order(
        &mut self,
        request: &Request,
        timeout: Duration,
    ) -> Result<Answer<OrderFill>, AskError> {
        self.typed(request, timeout, |reply| reply.order(&request.req_id))
    }

    /// Asks for `action` under a fresh id; the answer's bytes are unread.
    ///
    /// # Errors
    /// [`AskError`]
    pub fn ask(&mut self, action: Action, timeout: Duration) -> Result<Answer<Vec<u8>>, AskError> {
        self.send(&request(action), timeout)
    }

    /// Sends `request` to a proven peer, proving it first where needed, within
    /// `timeout` for both; the answer's bytes are unread.
    ///
    /// # Errors
    /// [`AskError`]
    pub fn send(
        &mut self,
        request: &Request,
        timeout: Duration,
    ) -> Result<Answer<Vec<u8>>, AskError> {
        let until = deadline(timeout);
        if !self.is_proven() {
            // The probe's failure must not be taken for the request's: that
            // one was never sent.
            self.prove(timeout).map_err(AskError::never_sent)?;
        }
        let posted = self.post(request, until);
        let asked = clock::now();
        let body = posted.and_then(|posted| self.req.wait(&posted, until));
        let value = body.map_err(|e| AskError::of_call(self.req.to(), timeout, e))?;
        Ok(Answer { value, asked, rtt: clock::now().since(asked) })
    }

    /// Hands a question to a proven peer without waiting for its answer, which
    /// [`Req::next_of`] brings; an unproven peer gets nothing.
    ///
    /// # Errors
    /// [`AskError`]; the question was not sent.
    pub fn put(&mut self, action: Action) -> Result<Posted, AskError> {
        self.post(&request(action), 0)
            .map_err(|e| AskError::of_call(self.req.to(), Duration::ZERO, e).never_sent())
    }

    /// Posts on the connection that was proven, or not at all: while it waits,
    /// somebody else may have taken the port.
    fn post(&mut self, request: &Request, until: u64) -> Result<Posted, CallError> {
        match self.proven {
            Proof::V1(connection) => self.req.post_on(request, connection, until),
            Proof::None | Proof::NotV1(_) => Err(CallError::NotConnected),
        }
    }

    fn typed<T>(
        &mut self,
        request: &Request,
        timeout: Duration,
        read: impl FnOnce(Reply<'_>) -> Result<T, Refusal>,
    ) -> Result<Answer<T>, AskError> {
        let Answer { value, asked, rtt } = self.send(request, timeout)?;
        let value = Reply::decode(&value)
            .and_then(read)
            .map_err(|refusal| AskError::Refused { to: self.req.to().clone(), refusal })?;
        Ok(Answer { value, asked, rtt })
    }

    fn is_proven(&mut self) -> bool {
        let connection = self.req.connection();
        matches!(self.proven, Proof::V1(at) if at == connection)
            && self.req.link_state() == LinkState::Up
    }

    /// One HEARTBEAT on a new connection, and what its answer makes of the
    /// peer. A probe without an answer yet is waited for, not repeated.
    fn prove(&mut self, timeout: Duration) -> Result<Answer<Text>, AskError> {
        let to = self.req.to().clone();
        if let Proof::NotV1(said) = &self.proven {
            return Err(AskError::NotV1 { to, said: said.clone() });
        }
        let fail = |e| AskError::of_call(&to, timeout, e);
        let until = deadline(timeout);
        let probe = self.probe_out(until).map_err(fail)?;
        let (posted, asked) = (probe.posted.clone(), probe.asked);
        let body = match self.req.wait(&posted, until) {
            Ok(body) => body,
            Err(CallError::LinkDown) => {
                self.probe = None;
                return Err(fail(CallError::LinkDown));
            }
            Err(e) => return Err(fail(e)),
        };
        self.probe = None;
        let rtt = clock::now().since(asked);
        let reply = Reply::decode(&body);
        match reply.and_then(|r| r.heartbeat(posted.req_id()).map(|said| (said, r.killed()))) {
            Ok((service, killed)) => {
                self.proven = Proof::V1(self.req.connection());
                (self.service, self.killed) = (service.clone(), killed);
                Ok(Answer { value: service, asked, rtt })
            }
            Err(refusal @ Refusal::Pending) => Err(AskError::Refused { to, refusal }),
            Err(refusal) => {
                let said = Text::limited(&refusal.to_string(), 200);
                self.proven = Proof::NotV1(said.clone());
                Err(AskError::NotV1 { to, said })
            }
        }
    }

    /// The probe that is out on the connection that stands, or a new one.
    fn probe_out(&mut self, until: u64) -> Result<&Probe, CallError> {
        let kept = match self.probe.take() {
            Some(probe) if !self.req.stands(&probe.posted) => None,
            Some(probe) if clock::now().since(probe.asked) > PROBE_PATIENCE => {
                self.req.reconnect()?;
                None
            }
            kept => kept,
        };
        let probe = if let Some(probe) = kept {
            probe
        } else {
            let posted = self.req.post(&request(Action::Heartbeat), until)?;
            Probe { posted, asked: clock::now() }
        };
        Ok(self.probe.insert(probe))
    }
}

/// A request under a fresh id, stamped now.
#[must_use]
pub fn request(action: Action) -> Request {
    let verb = match &action {
        Action::Heartbeat => "hb",
        Action::AccountInfo => "acc",
        Action::Positions => "pos",
        Action::OpenOrder(_) => "ord",
        Action::ClosePosition(_) => "cls",
        Action::KillSwitch => "kill",
    };
    Request { req_id: ids::req_id(verb), at: clock::utc(), action }
}
