//! A thread of an edge, and how it ends: a bell, and a bounded wait.

use crate::link::{Waker, wake_pair};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A thread that is woken by its bell. Its owner waits this long at most.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Why an edge could not begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// No socket.
    #[error(transparent)]
    Link(#[from] crate::link::LinkError),
    /// No bell.
    #[error("can't make an inner socket: {0}; `crs doctor` shows the limits of this host")]
    Bell(crate::domain::Text),
    /// No thread.
    #[error("can't start a thread: {0}; `crs doctor` shows the limits of this host")]
    Thread(crate::domain::Text),
}

/// A running thread and its bell.
pub(super) struct Worker {
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Runs `work` on a thread called `name`, with the sleeping end.
    pub(super) fn start(
        ctx: &zmq::Context,
        name: &str,
        work: impl FnOnce(crate::link::Sleeper) + Send + 'static,
    ) -> Result<Self, StartError> {
        let text = crate::domain::Text::new;
        let (waker, sleeper) = wake_pair(ctx).map_err(|e| StartError::Bell(text(e.message())))?;
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(sleeper))
            .map_err(|e| StartError::Thread(text(&e.to_string())))?;
        Ok(Self { waker, thread: Some(thread) })
    }

    pub(super) const fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Ends the thread; false when it did not end within a second and was
    /// left behind.
    pub(super) fn stop(&mut self) -> bool {
        self.waker.stop();
        let Some(thread) = self.thread.take() else { return true };
        let until = Instant::now() + LAST_WAIT;
        while !thread.is_finished() {
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        thread.join().is_ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
    }
}
