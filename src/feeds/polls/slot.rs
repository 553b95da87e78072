//! When to ask one question again: never while the last one is out.
//!
//! A gateway works through its requests one by one, and a kill has to queue
//! behind them. So each question is out at most once, however slow the
//! gateway is, and its answer counts when it comes, with its true age.

use crate::domain::Stamp;
use crate::link::Posted;
use std::time::Duration;

/// An unanswered question is given up after so long; an answer that comes
/// later still is a stray.
const GIVE_UP: Duration = Duration::from_secs(30);

/// A question that is out.
pub(super) struct Out {
    pub(super) posted: Posted,
    pub(super) asked: Stamp,
    /// Its lateness was reported.
    told: bool,
}

/// One question and its rhythm.
pub(super) struct Slot {
    period: u64,
    timeout: Duration,
    due: u64,
    pub(super) out: Option<Out>,
}

fn ns(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)
}

impl Slot {
    /// Due at once, then every `period`, with an answer wanted within
    /// `timeout`.
    pub(super) fn new(period: Duration, timeout: Duration) -> Self {
        Self { period: ns(period), timeout, due: 0, out: None }
    }

    /// Whether to ask at `now` (monotonic ns, as everywhere here).
    pub(super) const fn is_due(&self, now: u64) -> bool {
        self.out.is_none() && now >= self.due
    }

    pub(super) fn asked(&mut self, posted: Posted, asked: Stamp) {
        self.due = asked.mono_ns.saturating_add(self.period);
        self.out = Some(Out { posted, asked, told: false });
    }

    /// Not before the next period.
    pub(super) const fn put_off(&mut self, now: u64) {
        self.due = now.saturating_add(self.period);
    }

    /// When this slot next has something to do.
    pub(super) fn next(&self) -> u64 {
        match &self.out {
            None => self.due,
            Some(out) => {
                let patience = if out.told { GIVE_UP } else { self.timeout };
                out.asked.mono_ns.saturating_add(ns(patience))
            }
        }
    }

    /// Whether the answer has become late just now: told once per question.
    pub(super) fn turns_late(&mut self, now: u64) -> bool {
        let Some(out) = &mut self.out else { return false };
        let waited = now.saturating_sub(out.asked.mono_ns);
        let late = !out.told && waited >= ns(self.timeout);
        out.told |= late;
        if waited >= ns(GIVE_UP) {
            self.out = None;
        }
        late
    }

    /// Forgets a question whose connection is gone, and may ask at once.
    pub(super) fn lost(&mut self) {
        self.out = None;
        self.due = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Req, peer};
    use crate::wire::Action;

    const MS: u64 = 1_000_000;

    /// A question that is out; only a real connection gives one away.
    fn posted() -> Posted {
        let ctx = zmq::Context::new();
        let router = ctx.socket(zmq::ROUTER).unwrap();
        router.bind("tcp://127.0.0.1:*").unwrap();
        let to = router.get_last_endpoint().unwrap().unwrap().parse().unwrap();
        let mut req = Req::connect(&ctx, &to, 1_024).unwrap();
        req.post(&peer::request(Action::Heartbeat), u64::MAX).unwrap()
    }

    #[test]
    fn a_question_is_out_once_and_late_once() {
        let mut slot = Slot::new(Duration::from_secs(1), Duration::from_millis(300));
        assert!(slot.is_due(0));
        let asked = Stamp { mono_ns: 500 * MS, ..Stamp::default() };
        slot.asked(posted(), asked);
        assert!(!slot.is_due(10_000 * MS), "still out");
        assert_eq!(slot.next(), 800 * MS);
        assert!(!slot.turns_late(799 * MS));
        assert!(slot.turns_late(800 * MS) && !slot.turns_late(900 * MS));
        assert_eq!(slot.next(), 30_500 * MS);
        assert!(!slot.turns_late(30_499 * MS) && slot.out.is_some());
        assert!(!slot.turns_late(30_500 * MS) && slot.out.is_none());
        assert!(slot.is_due(30_500 * MS));
    }

    #[test]
    fn after_its_answer_a_question_waits_for_its_period() {
        let mut slot = Slot::new(Duration::from_secs(1), Duration::from_millis(300));
        slot.asked(posted(), Stamp { mono_ns: 500 * MS, ..Stamp::default() });
        slot.out = None;
        assert!(!slot.is_due(1_499 * MS) && slot.is_due(1_500 * MS));
        slot.lost();
        assert!(slot.is_due(0));
    }
}
