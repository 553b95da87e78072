//! How the gateway's threads are told to end.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Set once; everybody who waits on it wakes.
#[derive(Debug, Default)]
pub struct Halt {
    set: Mutex<bool>,
    told: Condvar,
}

impl Halt {
    /// Ends every wait, now and later.
    pub fn set(&self) {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }

    /// Whether it was set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps for `time` at most; whether it was set.
    #[must_use]
    pub fn wait(&self, time: Duration) -> bool {
        let guard = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.told.wait_timeout_while(guard, time, |set| !*set);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
