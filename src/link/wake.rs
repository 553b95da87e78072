//! A bell for a thread that waits in `zmq::poll`: stop, or probe again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[derive(Debug, Default)]
struct Orders {
    stop: AtomicBool,
    probe: AtomicBool,
}

/// The ringing end. Dropping it rings "stop": a thread without an owner ends.
pub struct Waker {
    socket: zmq::Socket,
    orders: Arc<Orders>,
}

/// The sleeping end, part of the thread's poll set.
pub struct Sleeper {
    socket: zmq::Socket,
    orders: Arc<Orders>,
}

/// A new pair.
///
/// # Errors
/// libzmq's, when it is out of sockets.
pub fn wake_pair(ctx: &zmq::Context) -> zmq::Result<(Waker, Sleeper)> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let name = format!("inproc://crs-wake-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let end = || -> zmq::Result<zmq::Socket> {
        let socket = ctx.socket(zmq::PAIR)?;
        socket.set_linger(0)?;
        Ok(socket)
    };
    let (bound, connected) = (end()?, end()?);
    bound.bind(&name)?;
    connected.connect(&name)?;
    let orders = Arc::new(Orders::default());
    Ok((
        Waker { socket: connected, orders: Arc::clone(&orders) },
        Sleeper { socket: bound, orders },
    ))
}

impl Waker {
    /// Asks the thread to end; to be joined by whoever holds it.
    pub fn stop(&self) {
        self.orders.stop.store(true, Ordering::Release);
        self.ring();
    }

    /// Asks the thread to prove its peer's identity anew.
    pub fn probe(&self) {
        self.orders.probe.store(true, Ordering::Release);
        self.ring();
    }

    /// The flag holds the order, the message only wakes: one that does not
    /// fit is one of many.
    fn ring(&self) {
        let _ = self.socket.send(zmq::Message::new(), zmq::DONTWAIT);
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Sleeper {
    /// Whether the thread shall end.
    #[must_use]
    pub fn stopping(&self) -> bool {
        self.orders.stop.load(Ordering::Acquire)
    }

    /// Whether the peer shall be probed again; asks once, answers once.
    #[must_use]
    pub fn take_probe(&self) -> bool {
        self.orders.probe.swap(false, Ordering::AcqRel)
    }

    /// Whether the peer shall be probed again; leaves the order standing.
    #[must_use]
    pub fn probe_wanted(&self) -> bool {
        self.orders.probe.load(Ordering::Acquire)
    }

    /// For a poll set: readable after a ring.
    #[must_use]
    pub const fn socket(&self) -> &zmq::Socket {
        &self.socket
    }

    /// Takes the rings, so that the next wait waits again. Orders stay.
    pub fn hush(&self) {
        while self.socket.recv_bytes(zmq::DONTWAIT).is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_wakes_and_an_owner_that_is_gone_means_stop() {
        let ctx = zmq::Context::new();
        let (waker, sleeper) = wake_pair(&ctx).unwrap();
        assert_eq!(sleeper.socket().poll(zmq::POLLIN, 0), Ok(0));
        waker.probe();
        assert_eq!(sleeper.socket().poll(zmq::POLLIN, 5_000), Ok(1));
        sleeper.hush();
        assert!(sleeper.take_probe() && !sleeper.take_probe() && !sleeper.stopping());
        drop(waker);
        assert!(sleeper.stopping());
    }
}
