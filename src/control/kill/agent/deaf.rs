//! An agent that can let nobody in, or can't begin a kill, is none: it gives up the election. What is
//! in force is on record and in the latch, and the next agent takes it up with
//! the same request ids.

use super::clients::Deaf;
use super::core::Core;
use super::crew::Threads;
use crate::domain::{GatewayPhase, KillProgress, Text};
use crate::host::clock;
use crate::link::room;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A kill without a driver for so long (ns) is somebody else's.
const IDLE: u64 = 3_000_000_000;
/// A disk that does not answer holds up the end no longer than this.
const LEAVING: Duration = Duration::from_millis(300);

impl Core<Threads> {
    /// Serves a new client, if there are descriptors and threads for it.
    pub(super) fn came(&mut self, id: u64, stream: &UnixStream) {
        let core = self.crew.mailbox.clone();
        match self.crew.clients.add(id, stream, &core) {
            Ok(()) => {
                self.crew.clients.deaf = Deaf::default();
                self.welcome(id);
            }
            Err(e) => {
                if let Some(why) = self.crew.clients.deaf.failed(&e) {
                    self.give_up(&why);
                }
            }
        }
    }

    /// Whether it is no agent any longer: it said so, or a kill has waited too
    /// long for the threads and sockets that this process does not get.
    pub(super) fn has_given_up(&mut self) -> bool {
        if self.given_up || !self.is_starved() {
            self.idle_since = None;
            return self.given_up;
        }
        let now = clock::mono_ns();
        if now.saturating_sub(*self.idle_since.get_or_insert(now)) > IDLE {
            self.give_up(&Text::new("no descriptors or threads for a kill for 3 s"));
        }
        self.given_up
    }

    /// A kill has no driver, or is not proven and finds no room for sockets.
    fn is_starved(&self) -> bool {
        let proven = |p: &KillProgress| p.phase == GatewayPhase::Verified;
        !self.unbegun.is_empty() || (self.progress.values().any(|p| !proven(p)) && room().is_err())
    }

    /// Says so, and serves no longer.
    pub(super) fn give_up(&mut self, why: &Text) {
        self.alarm(&format!("the agent gives up the election: {why}"));
        self.crew.flush(LEAVING);
        self.given_up = true;
    }
}
