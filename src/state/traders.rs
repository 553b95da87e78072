//! Fold of what automatic traders say of themselves, and how much of it holds
//! now.
//!
//! Each tells times by its own clock. What is left until its next cycle is
//! counted from the moment it said so, which asks for no agreement of clocks.

use super::health::of_trader;
use super::heard::Ear;
use super::{Freshness, State};
use crate::domain::{DecisionSource, Stamp, Text};
use crate::event::{Level, TraderReport};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Traders kept.
pub const MAX_TRADERS: usize = 32;
/// A cycle that is due for so long is late.
pub const OVERDUE: Duration = Duration::from_mins(1);
/// A trader that is told of a latch needs so long to heed it.
const GRACE: Duration = Duration::from_secs(1);

/// An automatic trader: its last word, and what became of the words before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trader {
    /// When it was last heard.
    pub at: Stamp,
    /// What it said.
    pub value: TraderReport,
    /// Orders that it had told of when the latch held for [`GRACE`]; none
    /// while it does not hold.
    #[serde(default)]
    held_at: Option<u64>,
    /// When what it lost last grew.
    #[serde(default)]
    lost_at: Option<Stamp>,
    /// Words heard of it.
    #[serde(default)]
    pub(super) words: u64,
    /// What it told against what was heard.
    #[serde(default)]
    pub(super) ear: Ear,
}

/// How a trader that works in cycles stands, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pulse {
    /// Its last cycle ended so long ago.
    Cycle(Duration),
    /// It has not ended one yet.
    First,
    /// Its next cycle is overdue by so much, which is more than [`OVERDUE`].
    Late(Duration),
    /// Its word is too old to tell.
    Unknown,
}

impl Trader {
    /// Its name in text: `sentinel on inf`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} on {}", self.value.status.source.word(), self.value.status.host)
    }

    /// Whether it works in cycles, and is missed when one does not come.
    #[must_use]
    pub const fn has_cycles(&self) -> bool {
        let status = &self.value.status;
        status.next.is_some() || matches!(status.source, DecisionSource::Sentinel)
    }

    const fn key(&self) -> (DecisionSource, &Text, u64) {
        let status = &self.value.status;
        (status.source, &status.host, status.pid)
    }
}

impl State {
    pub(super) fn on_trader(&mut self, report: &TraderReport) {
        let ear = Ear::new(report.status.told);
        let mut next =
            Trader { at: self.now, value: report.clone(), words: 1, ear, ..Trader::default() };
        let known = self.traders.iter().position(|t| t.key() == next.key());
        if let Some(at) = known {
            let Some(before) = self.traders.get_mut(at) else { return };
            next.held_at = before.held_at;
            next.lost_at = before.lost_at;
            next.words = before.words.saturating_add(1);
            next.ear = before.ear;
            next.ear.compare(report.status.told, before.value.status.told, self.now);
            if report.status.lost > before.value.status.lost {
                next.lost_at = Some(self.now);
            }
            before.clone_from(&next);
            self.note_orders(at);
            self.replace_silent(&next);
            return;
        }
        self.replace_silent(&next);
        self.make_room(report.feed);
        let how = if report.status.live { "live" } else { "dry run" };
        let text = format!("{} is heard, pid {}, {how}", next.name(), report.status.pid);
        self.say(Level::Info, "trader", &text);
        self.traders.push(next);
        self.traders.sort_by(|a, b| a.key().cmp(&b.key()));
    }

    /// One that began after the last word of another of its kind and host took
    /// that one's place: nobody misses a process that was started anew.
    fn replace_silent(&mut self, next: &Trader) {
        let status = &next.value.status;
        let ended = |t: &Trader| {
            (t.value.status.source, &t.value.status.host) == (status.source, &status.host)
                && t.value.status.said.0 < status.started.0
                && self.trader_freshness(t) > Freshness::Fresh
        };
        let ended: Vec<u64> =
            self.traders.iter().filter(|t| ended(t)).map(|t| t.value.status.pid).collect();
        for pid in ended {
            let text = format!("{}: pid {} took the place of pid {pid}", next.name(), status.pid);
            self.say(Level::Info, "trader", &text);
            self.traders.retain(|t| t.key() != (status.source, &status.host, pid));
        }
    }

    /// Notes how many orders a trader had told of once the latch held.
    fn note_orders(&mut self, at: usize) {
        let held = self.obey.engaged_since.is_some_and(|since| self.age(since) > GRACE);
        let Some(trader) = self.traders.get_mut(at) else { return };
        let orders = trader.value.status.orders;
        trader.held_at = held.then(|| trader.held_at.unwrap_or(orders));
    }

    /// Orders that it made since the latch is seen to hold, by its own count.
    #[must_use]
    pub fn orders_under_latch(&self, trader: &Trader) -> u64 {
        let before = trader.held_at.filter(|_| self.obey.engaged_since.is_some());
        before.map_or(0, |before| trader.value.status.orders.saturating_sub(before))
    }

    /// Whether what it lost grew within `time`.
    pub(super) fn loses(&self, trader: &Trader, time: Duration) -> bool {
        trader.lost_at.is_some_and(|at| self.age(at) < time)
    }

    /// Age of its last word. On this host its own clock counts too: what
    /// waited in a socket is no news.
    #[must_use]
    pub fn trader_age(&self, trader: &Trader) -> Duration {
        let (heard, status) = (self.age(trader.at), &trader.value.status);
        if !self.is_here(&status.host) {
            return heard;
        }
        heard.max(micros(self.now.utc.0.saturating_sub(status.said.0)))
    }

    /// Whether its last word may be believed.
    #[must_use]
    pub fn trader_freshness(&self, trader: &Trader) -> Freshness {
        of_trader(self.trader_age(trader))
    }

    /// How long ago it last decided, or ended a cycle.
    #[must_use]
    pub fn last_cycle(&self, trader: &Trader) -> Option<Duration> {
        let status = &trader.value.status;
        let before = micros(status.said.0.saturating_sub(status.last?.0));
        Some(before.saturating_add(self.trader_age(trader)))
    }

    /// Time until its next cycle is due, else for how long it is.
    #[must_use]
    pub fn next_cycle(&self, trader: &Trader) -> Option<Result<Duration, Duration>> {
        let (next, said) = (trader.value.status.next?, trader.value.status.said);
        let age = i64::try_from(self.trader_age(trader).as_micros()).unwrap_or(i64::MAX);
        let left = next.0.saturating_sub(said.0).saturating_sub(age);
        Some(if left >= 0 { Ok(micros(left)) } else { Err(micros(left.saturating_neg())) })
    }

    /// How a trader that works in cycles stands.
    #[must_use]
    pub fn pulse(&self, trader: &Trader) -> Pulse {
        if self.trader_freshness(trader) == Freshness::Unknown {
            return Pulse::Unknown;
        }
        match (self.next_cycle(trader), self.last_cycle(trader)) {
            (Some(Err(late)), _) if late > OVERDUE => Pulse::Late(late),
            (_, Some(ago)) => Pulse::Cycle(ago),
            (_, None) => Pulse::First,
        }
    }

    /// The one that most needs an eye, of those that work in cycles.
    #[must_use]
    pub fn worst_pulse(&self) -> Option<(&Trader, Pulse)> {
        let all = self.traders.iter().filter(|t| t.has_cycles());
        all.map(|t| (t, self.pulse(t))).max_by_key(|(_, pulse)| *pulse)
    }
}

/// Microseconds; what lies in the future is no time ago.
fn micros(us: i64) -> Duration {
    Duration::from_micros(u64::try_from(us).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{LatchPhase, LatchSeen, LinkState, Severity, TraderStatus, UtcMicros};
    use crate::event::{ArmedReport, Event, EventsReport, SessionInfo, Stamped};

    struct Session {
        state: State,
        at: Stamp,
        /// What another host's clock is ahead, in microseconds.
        ahead: i64,
    }

    impl Session {
        fn new() -> Self {
            let at = Stamp { mono_ns: 1_000_000_000, utc: UtcMicros(1_768_399_200_000_000) };
            let mut s = Self { state: State::default(), at, ahead: 7_200_000_000 };
            let up = EventsReport { link: LinkState::Up, ..EventsReport::default() };
            s.put(Event::Events(Box::new(up)));
            s
        }

        fn put(&mut self, event: Event) {
            let seq = self.state.seq + 1;
            self.state.apply(&Stamped { seq, at: self.at, event }).unwrap();
        }

        fn pass(&mut self, seconds: u64) {
            for _ in 0..seconds {
                self.at = self.at.plus(Duration::from_secs(1));
                self.put(Event::Beat);
            }
        }

        fn latch(&mut self, phase: LatchPhase) {
            self.put(Event::Latch(Box::new(LatchSeen { phase, ..LatchSeen::default() })));
        }

        /// A sentinel that ended a cycle 10 s ago and begins the next in 50.
        fn tell(&mut self, change: impl FnOnce(&mut TraderStatus)) {
            let now = self.at.utc.0 + self.ahead;
            let mut status = TraderStatus {
                source: DecisionSource::Sentinel,
                host: Text::new("other"),
                pid: 7,
                safe: true,
                last: Some(UtcMicros(now - 10_000_000)),
                next: Some(UtcMicros(now + 50_000_000)),
                said: UtcMicros(now),
                started: UtcMicros(now - 1),
                ..TraderStatus::default()
            };
            change(&mut status);
            self.put(Event::Trader(Box::new(TraderReport { feed: 0, status })));
        }

        fn pulse(&self) -> Pulse {
            self.state.worst_pulse().unwrap().1
        }

        fn standing(&self) -> Vec<(&str, Severity)> {
            let standing = self.state.alarms.list.iter().filter(|a| a.standing);
            standing.map(|a| (a.key.as_str(), a.severity)).collect()
        }
    }

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_cycle_is_counted_from_the_word_of_whatever_clock() {
        let mut session = Session::new();
        session.tell(|_| {});
        assert_eq!(session.pulse(), Pulse::Cycle(s(10)));
        session.pass(12);
        let trader = &session.state.traders[0];
        assert_eq!(session.state.next_cycle(trader), Some(Ok(s(38))));
        assert_eq!(session.state.trader_freshness(trader), Freshness::Stale);
        assert_eq!(session.pulse(), Pulse::Cycle(s(22)));
        session.pass(20);
        assert_eq!(session.pulse(), Pulse::Unknown, "no word for more than 30 s");
        session.tell(|status| status.last = None);
        assert_eq!(session.pulse(), Pulse::First);
    }

    #[test]
    fn a_cycle_that_does_not_come_is_an_alarm_and_ends_it() {
        let mut session = Session::new();
        let begin = session.at.utc.0 + session.ahead;
        let next = Some(UtcMicros(begin));
        for _ in 0..60 {
            session.tell(|status| status.next = next);
            session.pass(1);
        }
        assert_eq!((session.standing(), session.pulse()), (vec![], Pulse::Cycle(s(11))));
        for _ in 0..70 {
            session.tell(|status| status.next = next);
            session.pass(1);
        }
        assert_eq!(session.pulse(), Pulse::Late(s(130)));
        assert_eq!(session.standing(), [("cycle sentinel@other 7", Severity::Warning)]);
        let alarm = &session.state.alarms.list[0];
        assert_eq!(alarm.text.as_str(), "sentinel on other: its next cycle is 2 min overdue");
        assert!(!alarm.advice.is_empty());
        for _ in 0..10 {
            session.tell(|_| {});
            session.pass(1);
        }
        assert!(session.standing().is_empty());
    }

    #[test]
    fn a_trader_that_falls_silent_is_lost_unless_its_link_is_down() {
        for live in [false, true] {
            let mut session = Session::new();
            session.tell(|status| status.live = live);
            session.pass(29);
            assert!(session.standing().is_empty());
            session.pass(3);
            let severity = if live { Severity::Critical } else { Severity::Warning };
            assert_eq!(session.standing(), [("trader sentinel@other 7", severity)]);
        }
        let mut session = Session::new();
        session.tell(|_| {});
        session.put(Event::Events(Box::new(EventsReport {
            link: LinkState::Down,
            ..EventsReport::default()
        })));
        session.pass(40);
        assert!(session.standing().iter().all(|(key, _)| key.starts_with("events")));
    }

    #[test]
    fn a_trader_that_was_started_anew_is_not_missed() {
        let mut session = Session::new();
        session.tell(|_| {});
        session.pass(3);
        session.tell(|status| status.pid = 8);
        assert_eq!(session.state.traders.len(), 2, "both may live");
        session.pass(3);
        session.tell(|status| status.pid = 8);
        session.tell(|status| status.pid = 7);
        session.pass(1);
        session.tell(|status| (status.pid, status.started) = (8, UtcMicros(0)));
        assert_eq!(session.state.traders.len(), 2, "both speak");
        session.pass(7);
        let started = UtcMicros(session.at.utc.0 + session.ahead - 1_000_000);
        session.tell(|status| (status.pid, status.started) = (8, started));
        let left: Vec<u64> = session.state.traders.iter().map(|t| t.value.status.pid).collect();
        assert_eq!(left, [8]);
        session.pass(20);
        session.tell(|status| status.pid = 8);
        session.pass(20);
        assert!(session.standing().is_empty());
    }

    #[test]
    fn orders_under_the_latch_are_an_alarm_whatever_it_says() {
        for (live, safe, severity) in [
            (true, true, Severity::Critical),
            (true, false, Severity::Critical),
            (false, true, Severity::Warning),
        ] {
            let mut session = Session::new();
            session.latch(LatchPhase::Safe);
            let mut orders = 3;
            let mut tell = |session: &mut Session, more: u64| {
                orders += more;
                session.latch(session.state.latch.value.phase);
                session.tell(|st| (st.live, st.safe, st.orders) = (live, safe, orders));
                session.pass(1);
            };
            tell(&mut session, 2);
            session.latch(LatchPhase::Durable);
            // What it did before it could know of the latch counts not.
            tell(&mut session, 4);
            for _ in 0..5 {
                tell(&mut session, 0);
            }
            assert!(session.standing().iter().all(|(key, _)| !key.starts_with("orders")));
            tell(&mut session, 1);
            let found = session.standing();
            assert!(found.contains(&("orders sentinel@other 7", severity)), "{found:?}");
            let text = |s: &Session| s.state.alarms.list.last().unwrap().text.to_string();
            assert_eq!(text(&session).contains("says that they pass"), safe);
            // Once the latch is gone its orders are its own again.
            session.latch(LatchPhase::Disarmed);
            for _ in 0..8 {
                tell(&mut session, 1);
            }
            assert!(session.standing().iter().all(|(key, _)| !key.starts_with("orders")));
        }
    }

    #[test]
    fn entries_that_were_lost_are_told_while_their_number_grows() {
        let mut session = Session::new();
        session.tell(|status| status.lost = 5);
        session.pass(2);
        assert!(session.standing().is_empty(), "before this console came");
        session.tell(|status| status.lost = 6);
        session.pass(2);
        assert_eq!(session.standing(), [("entries sentinel@other 7", Severity::Warning)]);
        for _ in 0..70 {
            session.tell(|status| status.lost = 6);
            session.pass(1);
        }
        assert!(session.standing().is_empty());
    }
    #[test]
    fn real_money_that_nobody_armed_here_is_an_alarm() {
        for (host, live, accounts, loud) in [
            ("inf", true, Some(0), true),
            ("inf", true, Some(1), false),
            ("inf", true, None, false),
            ("inf", false, Some(0), false),
            ("other", true, Some(0), false),
        ] {
            let mut session = Session::new();
            let info = SessionInfo { host: Text::new("inf"), ..SessionInfo::default() };
            session.put(Event::Session(Box::new(info)));
            session.put(Event::Armed(ArmedReport { accounts }));
            for _ in 0..4 {
                let now = session.at.utc;
                session.tell(|status| {
                    (status.host, status.live, status.said) = (Text::new(host), live, now);
                });
                session.pass(1);
            }
            // With no gateway that proves otherwise the mode is LIVE?.
            assert!(session.state.mode().is_live());
            let found = session.standing();
            let critical = found.iter().any(|(key, severity)| {
                key.starts_with("live sentinel@inf") && *severity == Severity::Critical
            });
            assert_eq!(critical, loud, "{host} {live} {accounts:?}: {found:?}");
        }
    }
}
