//! What the machine waits for, for the screen: nothing here decides.

use super::{Machine, What};
use crate::domain::KillPlan;

impl Machine {
    /// What comes next, and when.
    #[must_use]
    pub fn plan(&self) -> KillPlan {
        let kills = || self.calls.values().filter(|call| call.what == What::Kill);
        // A kill that goes unanswered is followed by the next one.
        let unanswered = kills().filter(|call| !call.timed_out).map(|call| call.deadline).min();
        KillPlan {
            waiting: kills().any(|call| call.out),
            kill_ns: self.kill_at.or(unanswered.filter(|_| !self.acked)),
            looking: self.poll.is_some(),
            look_ns: self.poll_at,
        }
    }
}
