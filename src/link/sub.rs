//! A subscribed line that outlives its peer, and its own socket.
//!
//! One malformed handshake or one frame above the size limit silences a SUB
//! for good. So the monitor is watched, and on evidence, or after a silence
//! that was configured, the socket is built anew, with backoff.

use super::error::LinkError;
use super::socket::{self, Line, Options};
use super::track::Track;
use crate::domain::{Endpoint, LinkState};
use std::time::Duration;

/// First wait between two rebuilds, doubled up to the last while nothing good
/// is heard.
const BACKOFF_NS: u64 = 250_000_000;
const BACKOFF_DOUBLINGS: u32 = 3;
/// A configured silence grows no more than this often while nothing is heard.
const SILENCE_DOUBLINGS: u32 = 4;

/// What became of one look at the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing to do.
    Quiet,
    /// The link's state changed.
    Changed,
    /// The socket was built anew, for this reason.
    Rebuilt(&'static str),
}

/// What one line puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubLimits {
    /// Largest frame taken, in bytes; a larger one costs a rebuild.
    pub max_message: u64,
    /// Silence on a link that stands after which the socket is built anew;
    /// zero never.
    pub silence: Duration,
    /// Messages that libzmq may hold for us.
    pub receive_hwm: i32,
}

/// A SUB on everything that one endpoint publishes.
pub struct Sub {
    line: Line,
    ctx: zmq::Context,
    to: Endpoint,
    options: Options,
    track: Track,
    silence_ns: u64,
    receive_hwm: i32,
    /// Rebuilds since the last sound tick.
    rebuilds: u32,
    /// When something was last heard, or the line last built.
    heard: u64,
    not_before: u64,
}

impl Sub {
    /// Starts connecting to `to`. `now` is monotonic nanoseconds, here and
    /// below.
    ///
    /// # Errors
    /// [`LinkError`] when libzmq is out of sockets or refuses the address.
    pub fn connect(
        ctx: &zmq::Context,
        to: &Endpoint,
        limits: SubLimits,
        now: u64,
    ) -> Result<Self, LinkError> {
        let SubLimits { max_message, silence, receive_hwm } = limits;
        let options = Options { max_message, ..Options::default() };
        Ok(Self {
            line: open(ctx, to, &options, receive_hwm)?,
            ctx: ctx.clone(),
            to: to.clone(),
            options,
            track: Track::default(),
            silence_ns: u64::try_from(silence.as_nanos()).unwrap_or(u64::MAX),
            receive_hwm,
            rebuilds: 0,
            heard: now,
            not_before: 0,
        })
    }

    /// The socket and its monitor, for a poll set.
    #[must_use]
    pub const fn line(&self) -> &Line {
        &self.line
    }

    /// How the link stands, as of the last look.
    #[must_use]
    pub const fn link_state(&self) -> LinkState {
        self.track.state()
    }

    /// Says that messages came, and whether one of them was sound: only that
    /// ends the backoff.
    pub const fn heard(&mut self, now: u64, sound: bool) {
        self.heard = now;
        if sound {
            self.rebuilds = 0;
        }
    }

    /// Takes the monitor's news and rebuilds the socket where that is the
    /// only cure.
    ///
    /// # Errors
    /// [`LinkError`] when a new socket can't be had; the old one stays, and
    /// the next look after the backoff tries again.
    pub fn look(&mut self, now: u64) -> Result<Look, LinkError> {
        let before = self.track.state();
        for event in self.line.monitor().drain() {
            self.track.hear(event, now);
        }
        let evidence = self.track.stuck(now).or_else(|| self.silent(now));
        if let Some(reason) = evidence
            && now >= self.not_before
        {
            let wait = BACKOFF_NS << self.rebuilds.min(BACKOFF_DOUBLINGS);
            self.not_before = now.saturating_add(wait);
            self.rebuilds = self.rebuilds.saturating_add(1);
            self.line = open(&self.ctx, &self.to, &self.options, self.receive_hwm)?;
            self.track.rebuilt();
            self.heard = now;
            return Ok(Look::Rebuilt(reason));
        }
        Ok(if self.track.state() == before { Look::Quiet } else { Look::Changed })
    }

    fn silent(&self, now: u64) -> Option<&'static str> {
        let limit = self.silence_ns.saturating_mul(1 << self.rebuilds.min(SILENCE_DOUBLINGS));
        let silent = limit > 0
            && self.track.state() == LinkState::Up
            && now.saturating_sub(self.heard) > limit;
        silent.then_some("silence")
    }
}

fn open(
    ctx: &zmq::Context,
    to: &Endpoint,
    options: &Options,
    receive_hwm: i32,
) -> Result<Line, LinkError> {
    socket::open(ctx, zmq::SUB, to, options, |socket| {
        // What already came is still worth reading when the link breaks.
        socket.set_immediate(false)?;
        socket.set_rcvhwm(receive_hwm)?;
        socket.set_subscribe(b"")
    })
}
