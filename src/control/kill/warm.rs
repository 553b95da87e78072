//! The warm line: connected and fingerprinted before it is needed.

use super::call::Finding;
use crate::domain::{Endpoint, ReqId, Text};
use crate::host::{clock, ids};
use crate::link::{Line, LinkEvent, Options, open_req};
use crate::wire::{Action, Reply, Request};

/// A proven fingerprint stands for so long while the link stays up.
const STANDS: u64 = 60_000_000_000;
/// It is renewed this long before it would fall.
const RENEW: u64 = 30_000_000_000;
/// A heartbeat unanswered for so long costs the socket: REQ is stuck.
const STUCK: u64 = 8_000_000_000;
/// A kill waits for the answer to a greeting only when it is no older: a
/// request that was lost must not hold it up.
const RECENT: u64 = 1_000_000_000;
/// Between two sockets that could not be had.
const BACKOFF: u64 = 500_000_000;

/// How far a line is that a call gets.
pub(super) enum Given {
    /// Its handshake is still to come.
    Connecting,
    /// Its handshake is done.
    Ready,
    /// HEARTBEAT is out.
    Greeted(ReqId),
}

/// What is known of the peer between kills.
pub(super) struct Warm {
    ctx: zmq::Context,
    to: Endpoint,
    line: Option<Line>,
    ready: bool,
    waiting: Option<(ReqId, u64)>,
    proven_at: Option<u64>,
    refused: Option<Text>,
    retry_at: u64,
}

impl Warm {
    pub fn new(ctx: zmq::Context, to: Endpoint) -> Self {
        Self {
            ctx,
            to,
            line: None,
            ready: false,
            waiting: None,
            proven_at: None,
            refused: None,
            retry_at: 0,
        }
    }

    /// Opens a line where there is none, and keeps its fingerprint fresh.
    pub fn tend(&mut self, now: u64) {
        if self.refused.is_some() {
            return;
        }
        if self.waiting.as_ref().is_some_and(|(_, at)| now.saturating_sub(*at) > STUCK) {
            self.forget_line(now);
        }
        if self.line.is_none() && now >= self.retry_at {
            match open_req(&self.ctx, &self.to, &Options::default()) {
                Ok(line) => self.line = Some(line),
                Err(_) => self.retry_at = now + BACKOFF,
            }
        }
        let stale = self.proven_at.is_none_or(|at| now.saturating_sub(at) > RENEW);
        if self.ready && self.waiting.is_none() && stale {
            self.ask(now);
        }
    }

    fn ask(&mut self, now: u64) {
        let Some(line) = &self.line else { return };
        let req_id = ids::req_id("hb");
        let request =
            Request { req_id: req_id.clone(), at: clock::utc(), action: Action::Heartbeat };
        match line.socket().send(request.encode(), zmq::DONTWAIT) {
            Ok(()) => self.waiting = Some((req_id, now)),
            Err(_) => self.forget_line(now),
        }
    }

    fn forget_line(&mut self, now: u64) {
        self.line = None;
        self.ready = false;
        self.waiting = None;
        self.proven_at = None;
        self.retry_at = now + BACKOFF / 5;
    }

    /// For the poll set.
    pub fn sockets(&self) -> Option<(&zmq::Socket, &zmq::Socket)> {
        self.line.as_ref().map(|l| (l.socket(), l.monitor().socket()))
    }

    /// Takes events and answers.
    pub fn read(&mut self, now: u64) {
        let Some(line) = &self.line else { return };
        let (mut lost, mut broken) = (false, false);
        for event in line.monitor().drain() {
            match event {
                LinkEvent::Ready => {
                    self.ready = true;
                    lost = false;
                }
                LinkEvent::Disconnected => (lost, broken) = (true, true),
                _ => {}
            }
        }
        // Who came back may be another: what the one before proved, or was asked,
        // is no word of theirs.
        if broken {
            self.proven_at = None;
            lost |= self.waiting.is_some();
        } else if let (Some((req_id, _)), Ok(frames)) =
            (&self.waiting, line.socket().recv_multipart(zmq::DONTWAIT))
        {
            match Reply::decode(&frames.concat()).and_then(|r| r.heartbeat(req_id)) {
                Ok(_) => self.proven_at = Some(now),
                Err(e) => self.refused = Some(Text::new(&e.to_string())),
            }
            self.waiting = None;
        }
        if lost || self.refused.is_some() {
            // What a broken REQ was asked is gone with its socket.
            self.forget_line(now);
        }
    }

    /// Remembers what a call found out.
    pub fn learn(&mut self, now: u64, finding: Finding, why: Option<&Text>) {
        match finding {
            Finding::Proven => self.proven_at = Some(now),
            Finding::LinkLost => self.proven_at = None,
            Finding::Refused => {
                self.proven_at = None;
                self.refused = Some(why.cloned().unwrap_or_default());
            }
        }
    }

    /// Why nothing may be sent to this peer.
    pub const fn refused(&self) -> Option<&Text> {
        self.refused.as_ref()
    }

    /// The operator wants one more HEARTBEAT sent.
    pub fn probe_again(&mut self) {
        self.refused = None;
        self.retry_at = 0;
    }

    /// Whether the peer proved itself and its link stayed up since.
    pub fn stands(&self, now: u64) -> bool {
        self.refused.is_none() && self.proven_at.is_some_and(|at| now.saturating_sub(at) < STANDS)
    }

    /// Gives up the line for a call that has to greet first (`shake`) or not;
    /// else a fresh one. A greeting that has just gone out is the call's own:
    /// a second one would tell a stranger more than it need know.
    pub fn line(&mut self, now: u64, shake: bool) -> Result<(Line, Given), Text> {
        let recent = |at: u64| now.saturating_sub(at) < RECENT;
        if self.waiting.as_ref().is_none_or(|(_, at)| shake && recent(*at))
            && let Some(line) = self.line.take()
        {
            let given = match (std::mem::take(&mut self.ready), self.waiting.take()) {
                (_, Some((req_id, _))) => Given::Greeted(req_id),
                (true, None) => Given::Ready,
                (false, None) => Given::Connecting,
            };
            return Ok((line, given));
        }
        self.fresh()
    }

    /// Another line beside the warm one.
    pub fn fresh(&self) -> Result<(Line, Given), Text> {
        open_req(&self.ctx, &self.to, &Options::default())
            .map(|line| (line, Given::Connecting))
            .map_err(|e| Text::new(&e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Handshake done, as libzmq numbers its monitor events.
    const SHOOK: i32 = 0x1000;

    #[test]
    fn a_peer_that_was_replaced_between_two_looks_has_proven_nothing() {
        let (ctx, theirs) = (zmq::Context::new(), zmq::Context::new());
        let first = theirs.socket(zmq::REP).unwrap();
        first.set_linger(0).unwrap();
        first.bind("tcp://127.0.0.1:*").unwrap();
        let at = first.get_last_endpoint().unwrap().unwrap();
        let mut warm = Warm::new(ctx, at.parse().unwrap());
        warm.learn(clock::mono_ns(), Finding::Proven, None);
        warm.tend(clock::mono_ns());
        for _ in 0..2_000 {
            warm.read(clock::mono_ns());
            if warm.ready {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(warm.ready && warm.stands(clock::mono_ns()));
        // This process looks away: another one takes the port.
        drop(first);
        let second = theirs.socket(zmq::REP).unwrap();
        second.monitor("inproc://second", SHOOK).unwrap();
        let shaken = theirs.socket(zmq::PAIR).unwrap();
        shaken.connect("inproc://second").unwrap();
        shaken.set_rcvtimeo(20_000).unwrap();
        while second.bind(&at).is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
        shaken.recv_multipart(0).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        warm.read(clock::mono_ns());
        assert!(!warm.stands(clock::mono_ns()), "nobody asked the second one");
    }
}
