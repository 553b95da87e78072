//! What is heard of a trader against what it says it told, and who keeps a
//! place when there are more traders than places.
//!
//! A PUB socket drops what a slow line does not take and tells nobody. Each
//! word of a trader has the number of decisions that left before it, so those
//! that never came are counted here.

use super::traders::MAX_TRADERS;
use super::{State, Trader};
use crate::domain::{Decision, Stamp};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// What an events feed calls decisions that were too many for it.
const NOT_KEPT: &str = "too many decisions";

/// Decisions of one trader, told and heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ear {
    /// What it had told before its first word here.
    #[serde(default)]
    before: u64,
    /// Decisions heard since, each once.
    #[serde(default)]
    heard: u64,
    /// One of them named it.
    #[serde(default)]
    named: bool,
    /// One of its kind named nobody: it may be of an older program.
    #[serde(default)]
    nameless: bool,
    /// When those that never came became more.
    #[serde(default)]
    missed_at: Option<Stamp>,
}

impl Ear {
    pub(super) fn new(told: u64) -> Self {
        Self { before: told, ..Self::default() }
    }

    fn missed(&self, told: u64) -> u64 {
        // Of one that names itself in no decision, none can be counted.
        let counted = self.named || !self.nameless;
        let due = if counted { told.saturating_sub(self.before) } else { 0 };
        due.saturating_sub(self.heard)
    }

    /// After a word that says `told`, and the one before it, that said `last`.
    pub(super) fn compare(&mut self, told: u64, last: u64, now: Stamp) {
        if told < last {
            // It counts anew.
            *self = Self { named: self.named, nameless: self.nameless, ..Self::new(told) };
        }
        if self.missed(told) > self.missed(last) {
            self.missed_at = Some(now);
        }
    }
}

impl State {
    /// A decision is heard for the first time.
    pub(super) fn heard_of(&mut self, decision: &Decision) {
        for trader in &mut self.traders {
            let (status, ear) = (&trader.value.status, &mut trader.ear);
            if status.source != decision.source {
                continue;
            }
            match decision.pid {
                None => ear.nameless = true,
                Some(pid) if pid == status.pid && decision.host == status.host => {
                    ear.named = true;
                    ear.heard = ear.heard.saturating_add(1);
                }
                Some(_) => {}
            }
        }
    }

    /// Decisions that a trader told since its first word here, and that came
    /// by no way.
    #[must_use]
    pub fn missed(&self, trader: &Trader) -> u64 {
        trader.ear.missed(trader.value.status.told)
    }

    /// Whether they became more within `time`.
    pub(super) fn misses(&self, trader: &Trader, time: Duration) -> bool {
        trader.ear.missed_at.is_some_and(|at| self.age(at) < time)
    }

    /// Decisions that are not on the screen: what never came of each trader,
    /// and what an events feed dropped, which a trader that counts is missing
    /// too.
    #[must_use]
    pub fn decisions_missing(&self) -> u64 {
        let mut missing: BTreeMap<u16, u64> = BTreeMap::new();
        for trader in &self.traders {
            let sum = missing.entry(trader.value.feed).or_default();
            *sum = sum.saturating_add(self.missed(trader));
        }
        for (feed, row) in &self.obey.feeds {
            let dropped = row.value.refused.iter().filter(|(why, _)| why.as_str() == NOT_KEPT);
            let dropped = dropped.fold(0, |sum: u64, (_, n)| sum.saturating_add(*n));
            let sum = missing.entry(*feed).or_default();
            *sum = (*sum).max(dropped);
        }
        missing.into_values().fold(0, u64::saturating_add)
    }

    /// Frees a place for one more trader of `feed`: the feed that has most of
    /// them gives one up, so that one that invents names takes the place of no
    /// other's. Of its own the first to go is one whose word is old, then the
    /// one that said least.
    pub(super) fn make_room(&mut self, feed: u16) {
        while self.traders.len() >= MAX_TRADERS {
            let mut shares: BTreeMap<u16, usize> = BTreeMap::new();
            for trader in &self.traders {
                *shares.entry(trader.value.feed).or_default() += 1;
            }
            shares.entry(feed).and_modify(|share| *share += 1);
            let most = shares.into_iter().max_by_key(|(f, share)| (*share, *f == feed));
            let Some((most, _)) = most else { return };
            let first = |(_, t): &(usize, &Trader)| {
                (Reverse(self.trader_freshness(t)), t.words, t.at.mono_ns)
            };
            let of_it = self.traders.iter().enumerate().filter(|(_, t)| t.value.feed == most);
            let Some((at, _)) = of_it.min_by_key(first) else { return };
            self.traders.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pulse;
    use super::*;
    use crate::domain::{DecisionSource, Severity, Text, TraderStatus, UtcMicros};
    use crate::event::{Event, EventsReport, LinkState, Stamped, TraderReport};

    struct Session {
        state: State,
        at: Stamp,
        number: u64,
    }

    impl Session {
        fn new() -> Self {
            let at = Stamp { mono_ns: 1_000_000_000, utc: UtcMicros(1_768_399_200_000_000) };
            let mut s = Self { state: State::default(), at, number: 0 };
            s.link(0, 0);
            s
        }

        fn put(&mut self, event: Event) {
            let seq = self.state.seq + 1;
            self.state.apply(&Stamped { seq, at: self.at, event }).unwrap();
        }

        fn link(&mut self, feed: u16, dropped: u64) {
            let refused = [(Text::new(NOT_KEPT), dropped)].into();
            let link = LinkState::Up;
            let report = EventsReport { feed, link, refused, ..EventsReport::default() };
            self.put(Event::Events(Box::new(report)));
        }

        fn pass(&mut self, seconds: u64) {
            for _ in 0..seconds {
                self.at = self.at.plus(Duration::from_secs(1));
                self.put(Event::Beat);
            }
        }

        fn word(&mut self, feed: u16, pid: u64, told: u64) {
            let status = TraderStatus {
                host: Text::new("inf"),
                pid,
                told,
                said: self.at.utc,
                started: UtcMicros(1),
                ..TraderStatus::default()
            };
            self.put(Event::Trader(Box::new(TraderReport { feed, status })));
        }

        fn decide(&mut self, pid: Option<u64>) -> Decision {
            self.number += 1;
            let host = Text::new(if pid.is_some() { "inf" } else { "" });
            let (number, at) = (Some(self.number), Some(self.at.utc));
            let action = Text::new("NO_ORDER");
            let decision = Decision { at, action, number, host, pid, ..Decision::default() };
            self.put(Event::Decision(Box::new(decision.clone())));
            decision
        }

        fn missed(&self) -> Vec<u64> {
            self.state.traders.iter().map(|t| self.state.missed(t)).collect()
        }

        fn pids(&self) -> Vec<u64> {
            self.state.traders.iter().map(|t| t.value.status.pid).collect()
        }
    }

    #[test]
    fn what_a_trader_told_and_nobody_heard_is_counted_and_cried_out() {
        let mut s = Session::new();
        s.decide(Some(7));
        s.word(0, 7, 100);
        s.word(0, 8, 5);
        assert_eq!(s.missed(), [0, 0], "what came before this console is not missed");
        let twice = s.decide(Some(7));
        s.put(Event::Decision(Box::new(twice)));
        s.decide(Some(8));
        s.word(0, 7, 101);
        s.word(0, 8, 6);
        assert_eq!((s.missed(), s.state.decisions_missing()), (vec![0, 0], 0));
        s.word(0, 7, 104);
        s.pass(2);
        assert_eq!((s.missed(), s.state.decisions_missing()), (vec![3, 0], 3));
        let alarm = s.state.alarms.list.iter().find(|a| a.key.as_str() == "missed engine@inf 7");
        let alarm = alarm.unwrap();
        assert_eq!((alarm.standing, alarm.severity), (true, Severity::Warning));
        assert_eq!(alarm.text.as_str(), "engine on inf told 3 decisions that never came");
        // One that was started anew under the same number counts anew.
        s.word(0, 7, 2);
        s.decide(Some(7));
        s.word(0, 7, 3);
        assert_eq!(s.missed(), [0, 0]);
    }

    #[test]
    fn a_trader_that_names_itself_in_no_decision_is_not_judged() {
        let mut s = Session::new();
        s.word(0, 7, 0);
        s.word(0, 7, 4);
        assert_eq!(s.missed(), [4], "nothing at all came");
        s.decide(None);
        s.word(0, 7, 90);
        assert_eq!(s.missed(), [0]);
        // Another's old log hides nothing of one that does.
        s.decide(Some(7));
        s.decide(None);
        assert_eq!(s.missed(), [89]);
    }

    #[test]
    fn what_a_feed_dropped_is_not_counted_twice() {
        let mut s = Session::new();
        s.word(0, 7, 0);
        s.decide(Some(7));
        s.word(0, 7, 11);
        s.link(0, 8);
        s.link(1, 30);
        assert_eq!(s.state.decisions_missing(), 10 + 30);
    }

    #[test]
    fn invented_names_take_no_place_of_a_real_trader() {
        let mut s = Session::new();
        for _ in 0..3 {
            s.word(0, 1, 0);
            s.pass(1);
        }
        for n in 0..200 {
            s.word(1, 1_000 + n, 0);
        }
        assert_eq!(s.state.traders.len(), MAX_TRADERS);
        assert!(s.pids().contains(&1), "another feed's: {:?}", s.pids());
        // Nor by the same line, once it is known.
        for n in 0..200 {
            s.word(0, 5_000 + n, 0);
            if n % 16 == 0 {
                s.word(0, 1, 0);
            }
        }
        assert!(s.pids().contains(&1), "its own feed's: {:?}", s.pids());
        // Whose word is old goes first, however much it said.
        s.pass(40);
        for n in 0..200 {
            s.word(0, 9_000 + n, 0);
        }
        let silent = s.state.traders.iter().filter(|t| s.state.pulse(t) == Pulse::Unknown);
        assert_eq!(silent.filter(|t| t.value.feed == 0).count(), 0, "{:?}", s.pids());
        assert!(s.state.traders.iter().all(|t| t.value.status.source == DecisionSource::Engine));
    }
}
