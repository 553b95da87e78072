//! Work that may never come back (a name looked up, a file on a share that
//! hangs), on a thread that may be left behind; of these there are never many.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Threads that may be out at once in this process.
const MOST: usize = 64;
/// Enough for the system's resolver.
const STACK: usize = 256 << 10;

static OUT: AtomicUsize = AtomicUsize::new(0);

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Adrift {
    /// It is not back yet, and is not waited for any more.
    Late,
    /// Too many are not back.
    Full,
    /// The system has no thread; its words.
    NoThread(String),
}

struct Place;

impl Place {
    fn take() -> Option<Self> {
        let more = |n: usize| (n < MOST).then_some(n + 1);
        OUT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok().then_some(Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        OUT.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Does `work` aside and waits for it at most `limit`.
///
/// # Errors
/// [`Adrift`]
pub fn aside<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Adrift> {
    let place = Place::take().ok_or(Adrift::Full)?;
    let (bring, brought) = channel();
    let work = move || {
        let back = work();
        // Free before anybody may ask for the next one.
        drop(place);
        let _ = bring.send(back);
    };
    std::thread::Builder::new()
        .name(String::from("mesh-aside"))
        .stack_size(STACK)
        .spawn(work)
        .map_err(|e| Adrift::NoThread(e.to_string()))?;
    brought.recv_timeout(limit).map_err(|e| match e {
        RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected => Adrift::Late,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn what_hangs_is_left_behind_and_never_too_many() {
        let (free, held) = channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let mut late = 0;
        let full = (0..4 * MOST).find(|_| {
            let held = Arc::clone(&held);
            let hang = move || drop(held.lock().map(|held| held.recv()));
            match aside(Duration::from_millis(1), hang) {
                Err(Adrift::Late) => late += 1,
                Err(Adrift::Full) => return true,
                other => panic!("{other:?}"),
            }
            false
        });
        assert!(full.is_some() && late <= MOST, "{full:?} {late}");
        drop(free);
        let again = (0..10_000).find_map(|_| {
            std::thread::sleep(Duration::from_millis(1));
            aside(Duration::from_secs(20), || 7).ok()
        });
        assert_eq!(again, Some(7), "those that are back leave their places");
    }
}
