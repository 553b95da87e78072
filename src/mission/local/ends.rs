//! Who is told at once when a process ended: one thread over a handle each.

use crate::mission::hands::{Ident, Tell};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Enough for its few calls.
const STACK: usize = 128 << 10;

struct Watched {
    handle: OwnedFd,
    tell: Tell,
}

/// The thread's other end; it ends with it.
pub struct Ends {
    watched: Arc<Mutex<(u64, BTreeMap<u64, Watched>)>>,
    poll: Arc<OwnedFd>,
}

impl Ends {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread or descriptor to give.
    pub fn new() -> io::Result<Self> {
        let poll = Arc::new(epoll::create(CreateFlags::CLOEXEC)?);
        let watched = Arc::new(Mutex::new((0, BTreeMap::new())));
        let (seen, at) = (Arc::downgrade(&watched), Arc::clone(&poll));
        std::thread::Builder::new()
            .name(String::from("mission-ends"))
            .stack_size(STACK)
            .spawn(move || watch(&at, &seen))?;
        Ok(Self { watched, poll })
    }

    /// Calls `tell` when it ended; `still` is asked once the handle is held,
    /// so that it can't be another's. `false`: it could not be watched.
    pub fn add(&self, who: &Ident, still: impl FnOnce() -> bool, tell: Tell) -> bool {
        let pid = i32::try_from(who.pid).ok().and_then(Pid::from_raw);
        let handle = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        let Some(handle) = handle.filter(|_| still()) else {
            tell();
            return true;
        };
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.0 = watched.0.wrapping_add(1);
        let key = watched.0;
        let (data, flags) = (EventData::new_u64(key), EventFlags::IN | EventFlags::ONESHOT);
        if epoll::add(&*self.poll, &handle, data, flags).is_err() {
            return false;
        }
        watched.1.insert(key, Watched { handle, tell });
        true
    }
}

fn watch(poll: &OwnedFd, watched: &Weak<Mutex<(u64, BTreeMap<u64, Watched>)>>) {
    let pause = rustix::event::Timespec { tv_sec: 1, tv_nsec: 0 };
    let none = epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) };
    let mut events = [none; 16];
    loop {
        // Now and then it looks whether it is needed at all.
        let n = epoll::wait(poll, &mut events[..], Some(&pause)).unwrap_or(0);
        let Some(watched) = watched.upgrade() else { return };
        for event in events.iter().take(n) {
            let data = event.data;
            let mut all = watched.lock().unwrap_or_else(PoisonError::into_inner);
            let ended = all.1.remove(&data.u64());
            drop(all);
            if let Some(Watched { handle, tell }) = ended {
                drop(handle);
                tell();
            }
        }
    }
}
