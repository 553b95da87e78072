//! A PUB socket of ours. It never waits: a subscriber that does not keep up
//! loses messages at its high-water mark, and nobody else notices.

use super::error::LinkError;
use crate::domain::Endpoint;

/// Messages kept for one slow subscriber.
const SEND_HWM: i32 = 1_000;
/// Largest subscription that a subscriber may send, in bytes.
const MAX_SUBSCRIPTION: i64 = 1_024;

/// Binds one at `at`; nothing is bound anywhere that was not configured.
///
/// # Errors
/// [`LinkError`] when the address is not one of this host, or taken.
pub fn publisher(ctx: &zmq::Context, at: &Endpoint) -> Result<zmq::Socket, LinkError> {
    let fault = |step| move |e| LinkError::new(at, step, e);
    let socket = ctx.socket(zmq::PUB).map_err(fault("make a socket"))?;
    socket
        .set_linger(0)
        .and_then(|()| socket.set_sndhwm(SEND_HWM))
        .and_then(|()| socket.set_maxmsgsize(MAX_SUBSCRIPTION))
        .and_then(|()| socket.set_ipv6(at.is_ipv6()))
        .map_err(fault("set up a socket"))?;
    // libzmq binds to addresses and knows no names.
    let address = at.zmq().replace("//localhost:", "//127.0.0.1:");
    socket.bind(&address).map_err(fault("bind a publisher"))?;
    Ok(socket)
}
