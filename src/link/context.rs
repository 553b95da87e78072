//! A libzmq context that is had whole or not at all.

use rustix::event::{EventfdFlags, eventfd};
use std::io;

/// Descriptors that must be free before a context is begun; it takes six.
const ROOM: usize = 12;

/// A context with its threads running. libzmq ends the whole process when it
/// finds no descriptor for the poller of a new context, so there must be room
/// first; later sockets that find none are errors like any other.
///
/// # Errors
/// The system's, when this process has no more descriptors.
pub fn context() -> io::Result<zmq::Context> {
    room()?;
    let context = zmq::Context::new();
    context.socket(zmq::PAIR).map_err(|e| words(&e))?;
    Ok(context)
}

/// Whether this process may have the descriptors of another context.
///
/// # Errors
/// The system's, when it may not.
pub fn room() -> io::Result<()> {
    let all: Result<Vec<_>, _> = (0..ROOM).map(|_| eventfd(0, EventfdFlags::CLOEXEC)).collect();
    all.map(drop).map_err(|e| words(&io::Error::from(e)))
}

fn words(e: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("no room for the sockets of a gateway: {e}"))
}
