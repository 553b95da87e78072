//! Making and binding the three sockets: bounded queues, no lingering.

use super::GatewayError;
use crate::domain::{Endpoint, Text};

/// Largest request, in bytes: a peer that sends more is disconnected.
pub const MAX_REQUEST: i64 = 65_536;
/// Largest subscription that a subscriber may send.
const MAX_SUBSCRIPTION: i64 = 1_024;
/// Requests and answers kept for one client before its own are dropped.
const COMMAND_HWM: i32 = 1_000;

/// A socket and where it ended up.
pub struct Bound {
    /// The socket.
    pub socket: zmq::Socket,
    /// Its real address, with the port it got.
    pub endpoint: Endpoint,
}

/// The commands' socket. A ROUTER speaks with REQ as a REP does, but does not
/// go in lockstep: a client that dies or does not read leaves the next one
/// alone, since an answer that can't be delivered is dropped.
pub fn commands(context: &zmq::Context, address: &str, port: u16) -> Result<Bound, GatewayError> {
    let set = |socket: &zmq::Socket| {
        socket.set_sndhwm(COMMAND_HWM)?;
        socket.set_rcvhwm(COMMAND_HWM)?;
        socket.set_maxmsgsize(MAX_REQUEST)?;
        socket.set_router_mandatory(false)?;
        // A client that comes back under its own name takes over from its
        // dead connection.
        socket.set_router_handover(true)
    };
    bind(context, zmq::ROUTER, address, port, "commands", set)
}

/// A PUB socket.
pub fn publisher(
    context: &zmq::Context,
    address: &str,
    port: u16,
    purpose: &'static str,
    hwm: i32,
) -> Result<Bound, GatewayError> {
    let set = |socket: &zmq::Socket| {
        socket.set_sndhwm(hwm)?;
        socket.set_maxmsgsize(MAX_SUBSCRIPTION)
    };
    bind(context, zmq::PUB, address, port, purpose, set)
}

fn bind(
    context: &zmq::Context,
    kind: zmq::SocketType,
    address: &str,
    port: u16,
    purpose: &'static str,
    set: impl Fn(&zmq::Socket) -> Result<(), zmq::Error>,
) -> Result<Bound, GatewayError> {
    let fault = |cause| GatewayError::Socket { purpose, cause };
    let socket = context.socket(kind).map_err(fault)?;
    let host = match address {
        "localhost" => "127.0.0.1",
        other => other.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(other),
    };
    set(&socket)
        .and_then(|()| socket.set_linger(0))
        .and_then(|()| socket.set_ipv6(host.contains(':')))
        // Peers that vanished without a word are let go after a minute.
        .and_then(|()| socket.set_tcp_keepalive(1))
        .and_then(|()| socket.set_tcp_keepalive_idle(30))
        .and_then(|()| socket.set_tcp_keepalive_intvl(10))
        .and_then(|()| socket.set_tcp_keepalive_cnt(3))
        .map_err(fault)?;
    let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let port = if port == 0 { String::from("*") } else { port.to_string() };
    let wanted = format!("tcp://{shown}:{port}");
    let refused = |cause| GatewayError::Bind { endpoint: Text::new(&wanted), purpose, cause };
    socket.bind(&wanted).map_err(refused)?;
    let got = socket.get_last_endpoint().ok().and_then(Result::ok).unwrap_or_default();
    let endpoint = got.parse().map_err(|_| refused(zmq::Error::EADDRNOTAVAIL))?;
    Ok(Bound { socket, endpoint })
}
