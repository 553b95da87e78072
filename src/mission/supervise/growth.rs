//! Memory that grows steadily.

use crate::mission::spec::Growth;
use std::collections::VecDeque;

/// Parts of the window, each of which must lie above the one before.
const PARTS: u64 = 4;
/// Samples kept at most in one window.
const SAMPLES: u64 = 240;

/// What was measured over the window.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    seen: VecDeque<(u64, u64)>,
}

impl Memory {
    /// Notes `bytes` at `ms`; by how many percent it grew over a whole window,
    /// steadily, where that is an alert. Then a new window begins.
    pub fn note(&mut self, rule: &Growth, ms: u64, bytes: u64) -> Option<u64> {
        let window = u64::try_from(rule.window.as_millis()).unwrap_or(u64::MAX).max(1);
        let step = window / SAMPLES;
        if self.seen.back().is_some_and(|(at, _)| ms.saturating_sub(*at) < step) {
            return None;
        }
        self.seen.push_back((ms, bytes));
        let (began, first) = *self.seen.front()?;
        if ms.saturating_sub(began) < window {
            return None;
        }
        let part = |n: u64| {
            let (from, to) = (began + window / PARTS * n, began + window / PARTS * (n + 1));
            let within = self.seen.iter().filter(|(at, _)| (from..=to).contains(at));
            within.map(|(_, bytes)| *bytes).min()
        };
        // The lowest of each part: what a sawtooth comes back to does not grow.
        let lows: Vec<u64> = (0..PARTS).filter_map(part).collect();
        let steady = lows.len() > 1 && lows.is_sorted_by(|a, b| a < b);
        let grown = bytes.saturating_sub(first).saturating_mul(100) / first.max(1);
        if steady && grown >= u64::from(rule.percent) {
            self.seen.clear();
            return Some(grown);
        }
        self.seen.pop_front();
        None
    }

    /// Another process, another memory.
    pub fn forget(&mut self) {
        self.seen.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn alerts(bytes: impl Fn(u64) -> u64) -> usize {
        let rule = Growth { percent: 50, window: Duration::from_mins(1) };
        let mut memory = Memory::default();
        (0..150).filter(|s| memory.note(&rule, s * 1_000, bytes(*s)).is_some()).count()
    }

    #[test]
    fn steady_growth_is_an_alert_once_a_window_and_nothing_else_is() {
        assert_eq!(alerts(|s| 1_000 + s * 20), 2, "a leak");
        assert_eq!(alerts(|s| 1_000 + s), 0, "slower than the rule");
        assert_eq!(alerts(|_| 1_000), 0, "level");
        assert_eq!(alerts(|s| 1_000 + s % 10 * 500), 0, "a sawtooth");
        assert_eq!(alerts(|s| if s < 30 { 1_000 } else { 9_000 }), 0, "one step up");
    }
}
