//! One call of the kill: a socket of its own, a fingerprint where none
//! stands, one request, one answer.

use super::machine::{CallId, Input};
use super::warm::Given;
use crate::domain::{ReqId, Text};
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
        let mut call = Self { id, line, stage: Stage::Connecting, shake, req, action };
        match given {
            Given::Connecting => {}
            Given::Ready => call.start(inputs),
            Given::Greeted(req_id) => {
                call.stage = Stage::Shaking(req_id);
                inputs.push(Input::Shaking(id));
            }
        }
        call
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

    fn send(&self, req_id: &ReqId, action: Action, inputs: &mut Vec<Input>) -> bool {
        let request = Request { req_id: req_id.clone(), at: clock::utc(), action };
        match self.line.socket().send(request.encode(), zmq::DONTWAIT) {
            Ok(()) => true,
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
                        inputs.push(Input::NotV1(self.id, why));
                        Some(Finding::Refused)
                    }
                }
            }
        }
    }
}
