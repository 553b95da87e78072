//! Forms of one fault, tried beside each other.

use super::Came;
use std::time::Duration;

/// Runs `case` for each form, and tells how long the slowest took.
pub fn all<T: Copy + Send + Sync>(forms: &[T], case: impl Fn(T) -> Duration + Sync) -> Came {
    let times: Vec<Duration> = std::thread::scope(|scope| {
        let running: Vec<_> = forms.iter().map(|form| scope.spawn(|| case(*form))).collect();
        let ended = running.into_iter().map(std::thread::ScopedJoinHandle::join);
        // All of them end before the first that failed is told.
        let ended: Vec<_> = ended.collect();
        ended.into_iter().map(|e| e.unwrap_or_else(|e| std::panic::resume_unwind(e))).collect()
    });
    let took = times.into_iter().max().unwrap_or_default();
    Came::Held { took, cases: u64::try_from(forms.len()).unwrap() }
}
