//! A request line that outlives timeouts, strays and restarts of its peer.
//!
//! On the wire it is a REQ with RELAXED and CORRELATE: `[number][empty][JSON]`
//! to a REP that sends the first two frames back. The socket behind it is a
//! DEALER, because a REQ can neither go on waiting after a stray answer, nor
//! hear a late one (to count it, or to believe it for its own request), and
//! is silenced for good by an answer without the empty frame.

use super::error::{CallError, LinkError};
use super::socket::{self, Line, Options, poll_until};
use super::track::Track;
use super::wake::Sleeper;
use crate::domain::{Endpoint, LinkState, ReqId};
use crate::host::clock::mono_ns;
use crate::wire::{Reply, Request};
use std::time::Duration;

/// A request line towards one endpoint.
pub struct Req {
    line: Line,
    ctx: zmq::Context,
    to: Endpoint,
    options: Options,
    track: Track,
    wake: Option<Sleeper>,
    next: u32,
    strays: u64,
}

/// A request that was handed to libzmq on a connected socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    envelope: u32,
    req_id: ReqId,
    connection: u64,
    handed_ns: u64,
}

impl Posted {
    /// When libzmq was given it, nanoseconds since boot.
    #[must_use]
    pub const fn handed_ns(&self) -> u64 {
        self.handed_ns
    }

    /// Its identity.
    #[must_use]
    pub const fn req_id(&self) -> &ReqId {
        &self.req_id
    }
}

/// An answer with the number of the request that it claims to answer.
struct Heard {
    envelope: u32,
    body: Vec<u8>,
}

impl Req {
    /// Starts connecting to `to`; never waits for it.
    ///
    /// # Errors
    /// [`LinkError`] when libzmq is out of sockets or refuses the address.
    pub fn connect(ctx: &zmq::Context, to: &Endpoint, max_message: u64) -> Result<Self, LinkError> {
        let options = Options { max_message, ..Options::default() };
        let line = socket::open(ctx, zmq::DEALER, to, &options, |_| Ok(()))?;
        let (ctx, to, track) = (ctx.clone(), to.clone(), Track::default());
        Ok(Self { line, ctx, to, options, track, wake: None, next: 1, strays: 0 })
    }

    /// Lets `wake` end every wait of this line.
    pub fn wake_by(&mut self, wake: Sleeper) {
        self.wake = Some(wake);
    }

    /// The bell given to [`Req::wake_by`].
    #[must_use]
    pub const fn sleeper(&self) -> Option<&Sleeper> {
        self.wake.as_ref()
    }

    /// Sends `request` and waits for its own answer, at most `timeout` for
    /// both. Whatever answers another request is skipped and counted.
    ///
    /// # Errors
    /// [`CallError`], which tells whether the request was sent.
    pub fn call(&mut self, request: &Request, timeout: Duration) -> Result<Vec<u8>, CallError> {
        let deadline = deadline(timeout);
        let posted = self.post(request, deadline)?;
        self.wait(&posted, deadline)
    }

    /// Hands `request` to libzmq once the link is up, waiting for that until
    /// `deadline` (monotonic nanoseconds).
    ///
    /// # Errors
    /// [`CallError::NotConnected`] when the link did not come up in time.
    pub fn post(&mut self, request: &Request, deadline: u64) -> Result<Posted, CallError> {
        loop {
            self.settle()?;
            if self.track.state() == LinkState::Up {
                return self.post_on(request, self.track.connection(), deadline);
            }
            if mono_ns() >= deadline {
                return Err(CallError::NotConnected);
            }
            self.rest(zmq::PollEvents::empty(), deadline)?;
        }
    }

    /// As [`Req::post`], but on this connection (see [`Req::connection`]) or
    /// not at all.
    ///
    /// # Errors
    /// [`CallError::NotConnected`] when it does not stand, or is clogged until
    /// `deadline` (monotonic ns).
    pub fn post_on(
        &mut self,
        request: &Request,
        connection: u64,
        deadline: u64,
    ) -> Result<Posted, CallError> {
        // Nobody takes this one back.
        let posted = self.post_while(request, connection, deadline, || true)?;
        posted.ok_or(CallError::NotConnected)
    }

    /// As [`Req::post_on`], but only while `may` says so, which is asked last
    /// before libzmq gets it: `None` when it said no, and nothing was sent.
    ///
    /// # Errors
    /// As [`Req::post_on`].
    pub fn post_while(
        &mut self,
        request: &Request,
        connection: u64,
        deadline: u64,
        may: impl Fn() -> bool,
    ) -> Result<Option<Posted>, CallError> {
        let envelope = self.next;
        self.next = self.next.wrapping_add(1);
        let frames = [envelope.to_be_bytes().to_vec(), Vec::new(), request.encode()];
        let req_id = request.req_id.clone();
        let mut posted = Posted { envelope, req_id, connection, handed_ns: 0 };
        loop {
            self.settle()?;
            if !self.stands(&posted) {
                return Err(CallError::NotConnected);
            }
            if !may() {
                return Ok(None);
            }
            posted.handed_ns = mono_ns();
            match self.line.socket().send_multipart(&frames, zmq::DONTWAIT) {
                Ok(()) => return Ok(Some(posted)),
                Err(zmq::Error::EAGAIN | zmq::Error::EINTR) => {}
                Err(e) => return Err(e.into()),
            }
            if mono_ns() >= deadline {
                return Err(CallError::NotConnected);
            }
            self.rest(zmq::POLLOUT, deadline)?;
        }
    }

    /// Waits for the answer to `posted` until `deadline` (monotonic ns).
    ///
    /// # Errors
    /// [`CallError`]: time, link, or the owner's wish.
    pub fn wait(&mut self, posted: &Posted, deadline: u64) -> Result<Vec<u8>, CallError> {
        loop {
            while let Some(heard) = self.take()? {
                if let Some(body) = self.own(posted, heard) {
                    return Ok(body);
                }
            }
            self.settle()?;
            if !self.stands(posted) {
                return Err(CallError::LinkDown);
            }
            if mono_ns() >= deadline {
                return Err(CallError::Timeout);
            }
            self.rest(zmq::POLLIN, deadline)?;
        }
    }

    /// Whether the connection that `posted` went out on still stands; when it
    /// does not, its answer will never come.
    #[must_use]
    pub fn stands(&self, posted: &Posted) -> bool {
        self.track.state() == LinkState::Up && self.track.connection() == posted.connection
    }

    /// The next answer to any of `open`, with its place in there, or nothing
    /// when `deadline` (monotonic ns) came or the link changed first.
    ///
    /// # Errors
    /// [`CallError::Socket`] or [`CallError::Stopped`].
    pub fn next_of(
        &mut self,
        open: &[&Posted],
        deadline: u64,
    ) -> Result<Option<(usize, Vec<u8>)>, CallError> {
        let before = self.track;
        loop {
            while let Some(heard) = self.take()? {
                let owner = open.iter().position(|p| p.envelope == heard.envelope);
                match owner.and_then(|i| open.get(i).map(|posted| (i, posted))) {
                    Some((i, posted)) => {
                        if let Some(body) = self.own(posted, heard) {
                            return Ok(Some((i, body)));
                        }
                    }
                    None => self.stray(),
                }
            }
            self.settle()?;
            let rung = self.wake.as_ref().is_some_and(Sleeper::probe_wanted);
            if self.track != before || rung || mono_ns() >= deadline {
                return Ok(None);
            }
            self.rest(zmq::POLLIN, deadline)?;
        }
    }

    /// How the link stands.
    #[must_use]
    pub fn link_state(&mut self) -> LinkState {
        self.hear();
        self.track.state()
    }

    /// Which connection this is, counted from 1; 0 before the first.
    #[must_use]
    pub fn connection(&mut self) -> u64 {
        self.hear();
        self.track.connection()
    }

    /// Answers that belonged to no request that was still waited for.
    #[must_use]
    pub const fn strays(&self) -> u64 {
        self.strays
    }

    /// The endpoint.
    #[must_use]
    pub const fn to(&self) -> &Endpoint {
        &self.to
    }

    /// `heard`'s body when it answers `posted`. One that can't be read as an
    /// envelope is handed on too: that it is none is the answer.
    fn own(&mut self, posted: &Posted, heard: Heard) -> Option<Vec<u8>> {
        let other = |r: Reply<'_>| r.req_id.as_str() != posted.req_id.as_str();
        if heard.envelope != posted.envelope || Reply::decode(&heard.body).is_ok_and(other) {
            self.stray();
            return None;
        }
        Some(heard.body)
    }

    /// The next answer with a sound envelope, without waiting.
    fn take(&mut self) -> Result<Option<Heard>, CallError> {
        loop {
            let frames = match self.line.socket().recv_multipart(zmq::DONTWAIT) {
                Ok(frames) => frames,
                Err(zmq::Error::EAGAIN | zmq::Error::EINTR) => return Ok(None),
                Err(e) => return Err(e.into()),
            };
            if let [number, empty, body @ ..] = frames.as_slice()
                && let Ok(number) = <[u8; 4]>::try_from(number.as_slice())
                && empty.is_empty()
            {
                let envelope = u32::from_be_bytes(number);
                return Ok(Some(Heard { envelope, body: body.concat() }));
            }
            self.stray();
        }
    }

    /// Drops an answer that is nobody's.
    fn stray(&mut self) {
        self.strays += 1;
        tracing::warn!(
            "{}: an answer to no open question was dropped, {} so far",
            self.to,
            self.strays
        );
    }

    fn hear(&mut self) {
        let events = self.line.monitor().drain();
        let now = mono_ns();
        for event in events {
            self.track.hear(event, now);
        }
    }

    /// Takes the monitor's news, and builds the socket anew when it will
    /// never recover by itself.
    fn settle(&mut self) -> Result<(), CallError> {
        if let Some(wake) = &self.wake {
            wake.hush();
            if wake.stopping() {
                return Err(CallError::Stopped);
            }
        }
        self.hear();
        if self.track.stuck(mono_ns()).is_some() {
            self.reconnect()?;
        }
        Ok(())
    }

    /// Gives the connection up and makes a new one.
    ///
    /// # Errors
    /// [`LinkError`] when libzmq is out of sockets.
    pub fn reconnect(&mut self) -> Result<(), LinkError> {
        self.line = socket::open(&self.ctx, zmq::DEALER, &self.to, &self.options, |_| Ok(()))?;
        self.track.rebuilt();
        Ok(())
    }

    /// Sleeps until something happens, at most until `deadline` and never
    /// longer than a stuck socket may go unnoticed.
    fn rest(&self, events: zmq::PollEvents, deadline: u64) -> Result<(), CallError> {
        let now = mono_ns();
        let deadline = deadline.min(now.saturating_add(STUCK_LOOK_NS));
        let mut items = vec![
            self.line.monitor().socket().as_poll_item(zmq::POLLIN),
            self.line.socket().as_poll_item(events),
        ];
        items.extend(self.wake.as_ref().map(|w| w.socket().as_poll_item(zmq::POLLIN)));
        poll_until(&mut items, now, deadline)?;
        Ok(())
    }
}

/// How often a waiting line looks whether its socket is stuck.
const STUCK_LOOK_NS: u64 = 250_000_000;

/// The monotonic moment `timeout` from now, in nanoseconds.
pub(crate) fn deadline(timeout: Duration) -> u64 {
    mono_ns().saturating_add(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX))
}
