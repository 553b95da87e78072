//! How often one place of the program is heard.
//!
//! A link that flaps all night must fill neither the disk nor the page. Each
//! place has its own allowance, so that a noisy one hides no other.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Lines of one place in a [`WINDOW_NS`].
const ALLOWED: u32 = 10;
/// How long an allowance lasts.
pub const WINDOW_NS: u64 = 30_000_000_000;

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is said.
    Say,
    /// It is said, and is the last one of this window.
    SayLast,
    /// It is left out.
    Hold,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    since: u64,
    said: u32,
}

/// The allowances of all places; a place is anything that names one.
#[derive(Debug)]
pub struct Bound<P = tracing::callsite::Identifier>(Mutex<HashMap<P, Window>>);

impl<P> Default for Bound<P> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<P: Hash + Eq> Bound<P> {
    /// Counts a line of `place` at `now` (monotonic nanoseconds).
    pub fn judge(&self, place: P, now: u64) -> Verdict {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(place).or_insert(Window { since: now, said: 0 });
        if now.saturating_sub(window.since) >= WINDOW_NS {
            *window = Window { since: now, said: 0 };
        }
        window.said = window.said.saturating_add(1);
        match window.said {
            ALLOWED => Verdict::SayLast,
            n if n > ALLOWED => Verdict::Hold,
            _ => Verdict::Say,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noisy_place_is_held_and_hides_no_other() {
        let bound = Bound::default();
        let said: Vec<_> = (0..100).map(|n| bound.judge("noisy", n)).collect();
        assert_eq!(said.iter().filter(|v| **v == Verdict::Say).count(), 9);
        assert_eq!(said[9], Verdict::SayLast);
        assert!(said[10..].iter().all(|v| *v == Verdict::Hold));
        assert_eq!(bound.judge("quiet", 100), Verdict::Say);
        assert_eq!(bound.judge("noisy", WINDOW_NS - 1), Verdict::Hold);
        assert_eq!(bound.judge("noisy", WINDOW_NS), Verdict::Say);
    }
}
