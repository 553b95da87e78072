//! A libzmq context that is had whole or not at all.

use rustix::event::{EventfdFlags, eventfd};
use rustix::process::{Resource, getrlimit};
use std::io;
use std::sync::mpsc::channel;
use std::thread;

/// Descriptors that must be free before a context is begun; it takes six.
const ROOM: usize = 12;

/// Threads that libzmq starts for a context: reaper and poller.
const THREADS: usize = 2;
/// What a thread of libzmq gets where the system sets no limit to stacks.
const STACK: u64 = 8 << 20;

/// A context with its threads running. libzmq ends the whole process when it
/// finds no descriptor for the poller of a new context, or no thread, so there
/// must be room first; later sockets that find none are errors like any other.
///
/// # Errors
/// The system's, when this process has no more descriptors or threads.
pub fn context() -> io::Result<zmq::Context> {
    room()?;
    let context = zmq::Context::new();
    context.socket(zmq::PAIR).map_err(|e| words(&e))?;
    Ok(context)
}

/// Whether this process may have the descriptors and threads of another
/// context.
///
/// # Errors
/// The system's, when it may not.
pub fn room() -> io::Result<()> {
    let all: Result<Vec<_>, _> = (0..ROOM).map(|_| eventfd(0, EventfdFlags::CLOEXEC)).collect();
    all.map(drop).map_err(|e| words(&io::Error::from(e)))?;
    threads().map_err(|e| words(&e))
}

/// As many threads at once as libzmq starts, with stacks as large: address
/// space may be too short for them, as for nothing else.
fn threads() -> io::Result<()> {
    let stack = getrlimit(Resource::Stack).current.unwrap_or(STACK);
    let stack = usize::try_from(stack).map_err(io::Error::other)?;
    let mut all = Vec::new();
    let begun = (0..THREADS).try_for_each(|_| {
        let (go, wait) = channel::<()>();
        let idle = move || {
            let _ = wait.recv();
        };
        let probe = thread::Builder::new().name(String::from("room")).stack_size(stack);
        all.push((go, probe.spawn(idle)?));
        Ok(())
    });
    for (go, probe) in all {
        drop(go);
        let _ = probe.join();
    }
    begun
}

fn words(e: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("no room for the sockets of a gateway: {e}"))
}
