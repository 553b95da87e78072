//! What a socket's monitor tells about its connection.

use super::error::LinkError;
use crate::domain::Endpoint;
use std::sync::atomic::{AtomicU64, Ordering};

/// One event of a connection, as far as anybody here cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// TCP is connected; the ZMTP handshake comes next.
    Connected,
    /// The ZMTP handshake is done: messages can pass.
    Ready,
    /// The peer does not speak ZMTP, or not ours.
    HandshakeFailed,
    /// The connection is gone.
    Disconnected,
    /// libzmq will connect again by itself.
    Retrying,
    /// An event that libzmq may add some day, by its number.
    Other(u16),
}

/// Numbers of libzmq's events. The crate's own enum panics on unknown ones.
mod raw {
    pub(super) const CONNECTED: u16 = 0x0001;
    pub(super) const CONNECT_RETRIED: u16 = 0x0004;
    pub(super) const DISCONNECTED: u16 = 0x0200;
    pub(super) const HANDSHAKE_FAILED_NO_DETAIL: u16 = 0x0800;
    pub(super) const HANDSHAKE_SUCCEEDED: u16 = 0x1000;
    pub(super) const HANDSHAKE_FAILED_PROTOCOL: u16 = 0x2000;
    pub(super) const HANDSHAKE_FAILED_AUTH: u16 = 0x4000;
    /// All that [`super::LinkEvent`] knows: a socket that cannot connect for a
    /// day must not fill its monitor's queue with what nobody reads.
    pub(super) const WANTED: u16 = CONNECTED
        | CONNECT_RETRIED
        | DISCONNECTED
        | HANDSHAKE_FAILED_NO_DETAIL
        | HANDSHAKE_SUCCEEDED
        | HANDSHAKE_FAILED_PROTOCOL
        | HANDSHAKE_FAILED_AUTH;
}

impl LinkEvent {
    /// From the monitor's first frame: a number of two bytes, then a value.
    #[must_use]
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let number = u16::from_ne_bytes(*frame.first_chunk::<2>()?);
        Some(match number {
            raw::CONNECTED => Self::Connected,
            raw::HANDSHAKE_SUCCEEDED => Self::Ready,
            raw::HANDSHAKE_FAILED_NO_DETAIL
            | raw::HANDSHAKE_FAILED_PROTOCOL
            | raw::HANDSHAKE_FAILED_AUTH => Self::HandshakeFailed,
            raw::DISCONNECTED => Self::Disconnected,
            raw::CONNECT_RETRIED => Self::Retrying,
            other => Self::Other(other),
        })
    }
}

/// The reading end of a socket's monitor.
///
/// A monitor without a reader blocks its socket, so this must outlive the
/// socket: [`super::Line`] holds both in the right order.
pub struct Monitor {
    reader: zmq::Socket,
}

impl Monitor {
    /// Attaches a monitor to `socket`, reader first; to be called before
    /// `connect`.
    ///
    /// # Errors
    /// [`LinkError`] when libzmq is out of sockets.
    pub(super) fn attach(
        ctx: &zmq::Context,
        socket: &zmq::Socket,
        to: &Endpoint,
    ) -> Result<Self, LinkError> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("inproc://crs-monitor-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let at = |step| move |e| LinkError::new(to, step, e);
        let reader = ctx.socket(zmq::PAIR).map_err(at("open a monitor"))?;
        reader.set_linger(0).map_err(at("set up a monitor"))?;
        // Without a limit: at a limit the I/O thread of the whole context
        // would wait for us.
        reader.set_rcvhwm(0).map_err(at("set up a monitor"))?;
        socket.monitor(&name, i32::from(raw::WANTED)).map_err(at("start a monitor"))?;
        reader.connect(&name).map_err(at("read a monitor"))?;
        Ok(Self { reader })
    }

    /// Takes what has happened since the last call, oldest first; never waits.
    #[must_use]
    pub fn drain(&self) -> Vec<LinkEvent> {
        let mut events = Vec::new();
        while let Ok(frames) = self.reader.recv_multipart(zmq::DONTWAIT) {
            events.extend(frames.first().and_then(|f| LinkEvent::parse(f)));
        }
        events
    }

    /// For a poll set: readable when [`Monitor::drain`] has something.
    #[must_use]
    pub const fn socket(&self) -> &zmq::Socket {
        &self.reader
    }
}

/// Looks at a closing socket, 0.1 ms apart.
const FAREWELL_LOOKS: u32 = 500;

impl Drop for Monitor {
    /// A closed socket lives on in libzmq's threads for a moment and may still
    /// tell its monitor something; without a reader it would block the I/O
    /// thread of the whole context. Its end of the pair goes last, and then
    /// ours is no longer writable. Bounded: 50 ms, usually far below one.
    fn drop(&mut self) {
        for _ in 0..FAREWELL_LOOKS {
            if !self.reader.get_events().is_ok_and(|e| e.contains(zmq::POLLOUT)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_micros(100));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_libzmq_and_of_the_future() {
        let parse = |n: u16| LinkEvent::parse(&[&n.to_ne_bytes()[..], &[0; 4]].concat());
        for (event, number) in [
            (LinkEvent::Connected, zmq::SocketEvent::CONNECTED),
            (LinkEvent::Retrying, zmq::SocketEvent::CONNECT_RETRIED),
            (LinkEvent::Disconnected, zmq::SocketEvent::DISCONNECTED),
            (LinkEvent::Ready, zmq::SocketEvent::HANDSHAKE_SUCCEEDED),
            (LinkEvent::HandshakeFailed, zmq::SocketEvent::HANDSHAKE_FAILED_NO_DETAIL),
            (LinkEvent::HandshakeFailed, zmq::SocketEvent::HANDSHAKE_FAILED_PROTOCOL),
            (LinkEvent::HandshakeFailed, zmq::SocketEvent::HANDSHAKE_FAILED_AUTH),
        ] {
            assert_eq!(parse(number.to_raw()), Some(event));
        }
        assert_eq!(parse(0x8000), Some(LinkEvent::Other(0x8000)));
        assert_eq!(LinkEvent::parse(&[1]), None);
    }
}
