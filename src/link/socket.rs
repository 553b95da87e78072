//! Sockets with the options that every line towards a gateway needs.

use super::error::LinkError;
use super::monitor::Monitor;
use crate::domain::Endpoint;
use std::time::Duration;

/// What may differ between lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Largest frame taken, in bytes.
    pub max_message: u64,
    /// Between two ZMTP heartbeats.
    pub heartbeat: Duration,
    /// The link counts as lost so long after an unanswered one; with the
    /// interval this must stay below the 3 s in which a half-open link has to
    /// show.
    pub heartbeat_timeout: Duration,
    /// Longest wait of a blocking send.
    pub send_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_message: 1_048_576,
            heartbeat: Duration::from_millis(500),
            heartbeat_timeout: Duration::from_millis(1_500),
            send_timeout: Duration::from_secs(1),
        }
    }
}

/// libzmq's first and longest wait before it connects again.
const RECONNECT_MS: i32 = 100;
const RECONNECT_MAX_MS: i32 = 1_000;

/// A connected socket and the reader of its monitor.
///
/// The two stay together because of how they must end: the monitored socket
/// first. The other way round libzmq waits for a reader that is gone, and the
/// context never ends. Fields drop in the order of their declaration.
pub struct Line {
    socket: zmq::Socket,
    monitor: Monitor,
}

impl Line {
    /// The connected socket.
    #[must_use]
    pub const fn socket(&self) -> &zmq::Socket {
        &self.socket
    }

    /// What happens to its connection.
    #[must_use]
    pub const fn monitor(&self) -> &Monitor {
        &self.monitor
    }
}

/// A plain REQ, good for one request (a second one after a timeout fails with
/// EFSM), already connecting. What the kill builds anew for every attempt.
///
/// # Errors
/// [`LinkError`] when libzmq is out of sockets or refuses the address.
pub fn open_req(ctx: &zmq::Context, to: &Endpoint, options: &Options) -> Result<Line, LinkError> {
    open(ctx, zmq::REQ, to, options, |_| Ok(()))
}

/// A socket of any kind with the common options; `extra` sets the rest before
/// it connects.
pub(super) fn open(
    ctx: &zmq::Context,
    kind: zmq::SocketType,
    to: &Endpoint,
    options: &Options,
    extra: impl FnOnce(&zmq::Socket) -> zmq::Result<()>,
) -> Result<Line, LinkError> {
    let at = |step| move |e| LinkError::new(to, step, e);
    let socket = ctx.socket(kind).map_err(at("open a socket"))?;
    common(&socket, to, options).map_err(at("set up a socket"))?;
    extra(&socket).map_err(at("set up a socket"))?;
    let monitor = Monitor::attach(ctx, &socket, to)?;
    let line = Line { socket, monitor };
    line.socket.connect(&to.zmq()).map_err(at("connect"))?;
    Ok(line)
}

fn common(socket: &zmq::Socket, to: &Endpoint, options: &Options) -> zmq::Result<()> {
    // Nothing of ours may outlive its socket: a stale order least of all.
    socket.set_linger(0)?;
    // And nothing is queued for a peer that is not there.
    socket.set_immediate(true)?;
    socket.set_maxmsgsize(i64::try_from(options.max_message).unwrap_or(i64::MAX))?;
    socket.set_sndtimeo(millis(options.send_timeout))?;
    socket.set_heartbeat_ivl(millis(options.heartbeat))?;
    socket.set_heartbeat_timeout(millis(options.heartbeat_timeout))?;
    socket.set_handshake_ivl(millis(options.heartbeat + options.heartbeat_timeout))?;
    socket.set_reconnect_ivl(RECONNECT_MS)?;
    socket.set_reconnect_ivl_max(RECONNECT_MAX_MS)?;
    if to.is_ipv6() {
        socket.set_ipv6(true)?;
    }
    Ok(())
}

fn millis(d: Duration) -> i32 {
    i32::try_from(d.as_millis()).unwrap_or(i32::MAX)
}

/// Waits until one of `items` is ready or `now` has become `deadline`
/// (monotonic nanoseconds); a signal counts as nothing ready.
pub(crate) fn poll_until(
    items: &mut [zmq::PollItem<'_>],
    now: u64,
    deadline: u64,
) -> zmq::Result<()> {
    let left = deadline.saturating_sub(now).div_ceil(1_000_000);
    match zmq::poll(items, i64::try_from(left).unwrap_or(i64::MAX)) {
        Ok(_) | Err(zmq::Error::EINTR) => Ok(()),
        Err(e) => Err(e),
    }
}
