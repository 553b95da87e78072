//! Work that may never come back, such as a look into a file system that
//! hangs, done by a thread of its own.

use super::world;
use std::io;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

/// One kind of such work: while one is out, no other begins, so that a disk
/// that hangs holds one thread and not ever more of them.
#[derive(Debug)]
pub struct Errand<T> {
    out: Option<Receiver<T>>,
}

impl<T> Default for Errand<T> {
    fn default() -> Self {
        Self { out: None }
    }
}

impl<T: Send + 'static> Errand<T> {
    /// What came back since it was asked last.
    pub fn back(&mut self) -> Option<T> {
        match self.out.as_ref()?.try_recv() {
            Ok(brought) => {
                self.out = None;
                Some(brought)
            }
            Err(TryRecvError::Disconnected) => {
                self.out = None;
                None
            }
            Err(TryRecvError::Empty) => None,
        }
    }

    /// Whether one is out, as of the last [`Errand::back`].
    #[must_use]
    pub const fn is_out(&self) -> bool {
        self.out.is_some()
    }

    /// Begins, and waits for the end at most `limit`; nothing happens while
    /// one is out. [`Errand::back`] has what it brought.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn begin(
        &mut self,
        limit: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<()> {
        if self.out.is_some() {
            return Ok(());
        }
        let (bring, brought) = channel();
        world::here(|world| world.aside(limit, Box::new(move || drop(bring.send(work())))))?;
        self.out = Some(brought);
        Ok(())
    }

    /// Begins now and gives what it brings within `limit`. What came back late
    /// is of an earlier moment, and forgotten. `None` where it is not back, or
    /// an earlier one is not, or where there is no thread to be had.
    pub fn run(&mut self, limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        drop(self.back());
        // It may come back this very moment, and would be taken for this one.
        if self.is_out() {
            return None;
        }
        self.begin(limit, work).ok()?;
        self.back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn one_that_hangs_holds_one_thread_and_what_it_brings_late_is_not_taken_for_new() {
        let begun = Arc::new(AtomicU32::new(0));
        let (free, held) = channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let mut errand = Errand::default();
        let hanging = |errand: &mut Errand<u32>| {
            let (begun, held) = (Arc::clone(&begun), Arc::clone(&held));
            errand.run(SHORT, move || {
                let n = begun.fetch_add(1, Ordering::SeqCst) + 1;
                let _ = held.lock().unwrap().recv();
                n
            })
        };
        for _ in 0..50 {
            assert_eq!(hanging(&mut errand), None);
        }
        assert_eq!(begun.load(Ordering::SeqCst), 1);
        drop(free);
        let mut next = None;
        while next.is_none() {
            next = errand.run(LONG, || 7);
        }
        assert_eq!(next, Some(7));
        assert_eq!(begun.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_was_begun_is_brought_once() {
        let mut errand = Errand::default();
        errand.begin(LONG, || 1).unwrap();
        errand.begin(LONG, || 2).unwrap();
        assert_eq!((errand.back(), errand.back()), (Some(1), None));
        assert_eq!(errand.run(LONG, || 3), Some(3));
    }
}
