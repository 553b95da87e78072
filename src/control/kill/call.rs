//! One call of the kill: a socket of its own, a fingerprint where none
//! stands, one request, one answer.

use super::machine::{CallId, Input};
use super::warm::Given;
use crate::domain::{ReqId, Stamp, Text};
use crate::host::{clock, ids};
use crate::link::{Line, LinkEvent};
use crate::wire::{Action, Reply, Request};

/// How far a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// Waits for the ZMTP handshake.
    Connecting,
    /// HEARTBEAT is out.
    Shaking(ReqId),
    /// The request is out.
    Out,
}

/// A call in flight.
pub(super) struct Call {
    pub id: CallId,
    line: Line,
    stage: Stage,
    /// The peer must prove itself on this socket first.
    shake: bool,
    req: ReqId,
    action: Action,
    asked: Option<Asked>,
}

/// One request that went out, as it went out.
pub(super) struct Asked {
    /// What was asked.
    pub action: Action,
    /// Its identity.
    pub req: ReqId,
    /// The bytes; none of a greeting that went out before there was a kill.
    pub bytes: Vec<u8>,
    /// When libzmq had it.
    pub at: Stamp,
    /// A fingerprint that was refused: what the peer said instead.
    pub refused_by: Option<Vec<u8>>,
}

/// What a call found out about the peer, for the driver's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// It answered HEARTBEAT as v1.0 demands.
    Proven,
    /// The link broke.
    LinkLost,
    /// It is something else.
    Refused,
}

impl Call {
    /// Takes over a line, as far as it is.
    pub fn begin(
        id: CallId,
        (line, given): (Line, Given),
        shake: bool,
        request: (ReqId, Action),
        inputs: &mut Vec<Input>,
    ) -> Self {
        let (req, action) = request;
        let mut call = Self { id, line, stage: Stage::Connecting, shake, req, action, asked: None };
        match given {
            Given::Connecting => {}
            Given::Ready => call.start(inputs),
            Given::Greeted(req) => {
                call.stage = Stage::Shaking(req.clone());
                let (action, at) = (Action::Heartbeat, clock::now());
                call.asked = Some(Asked { action, req, bytes: Vec::new(), at, refused_by: None });
                inputs.push(Input::Shaking(id));
            }
        }
        call
    }

    /// The last request that went out on this socket.
    pub const fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }

    /// For the poll set: answers, then the monitor.
    pub fn sockets(&self) -> (&zmq::Socket, &zmq::Socket) {
        (self.line.socket(), self.line.monitor().socket())
    }

    fn start(&mut self, inputs: &mut Vec<Input>) {
        if self.shake {
            let req_id = ids::req_id("hb");
            if self.send(&req_id, Action::Heartbeat, inputs) {
                self.stage = Stage::Shaking(req_id);
                inputs.push(Input::Shaking(self.id));
            }
        } else {
            let (req, action) = (self.req.clone(), self.action.clone());
            if self.send(&req, action, inputs) {
                self.stage = Stage::Out;
                inputs.push(Input::Sent(self.id));
            }
        }
    }

    fn send(&mut self, req_id: &ReqId, action: Action, inputs: &mut Vec<Input>) -> bool {
        let request = Request { req_id: req_id.clone(), at: clock::utc(), action };
        let bytes = request.encode();
        match self.line.socket().send(&bytes, zmq::DONTWAIT) {
            Ok(()) => {
                let Request { req_id: req, action, .. } = request;
                let at = clock::now();
                self.asked = Some(Asked { action, req, bytes, at, refused_by: None });
                true
            }
            Err(e) => {
                inputs.push(Input::Lost(self.id, Text::new(e.message())));
                false
            }
        }
    }

    /// Takes what the monitor tells.
    pub fn link_events(&mut self, inputs: &mut Vec<Input>) -> Option<Finding> {
        let mut finding = None;
        for event in self.line.monitor().drain() {
            match event {
                LinkEvent::Ready if self.stage == Stage::Connecting => self.start(inputs),
                LinkEvent::Disconnected | LinkEvent::HandshakeFailed => {
                    finding = Some(Finding::LinkLost);
                    if self.stage != Stage::Connecting {
                        let why = Text::new("the connection broke");
                        inputs.push(Input::Lost(self.id, why));
                        return finding;
                    }
                }
                _ => {}
            }
        }
        finding
    }

    /// Takes an answer, if one is there.
    pub fn answers(&mut self, inputs: &mut Vec<Input>) -> Option<Finding> {
        let bytes = match self.line.socket().recv_multipart(zmq::DONTWAIT) {
            Ok(frames) => frames.concat(),
            Err(_) => return None,
        };
        match &self.stage {
            Stage::Connecting => None,
            Stage::Out => {
                inputs.push(Input::Reply(self.id, bytes));
                None
            }
            Stage::Shaking(req_id) => {
                match Reply::decode(&bytes).and_then(|r| r.heartbeat(req_id)) {
                    Ok(_) => {
                        self.shake = false;
                        self.start(inputs);
                        Some(Finding::Proven)
                    }
                    Err(refusal) => {
                        let why = Text::new(&refusal.to_string());
                        if let Some(asked) = &mut self.asked {
                            asked.refused_by = Some(bytes);
                        }
                        inputs.push(Input::NotV1(self.id, why));
                        Some(Finding::Refused)
                    }
                }
            }
        }
    }
}
