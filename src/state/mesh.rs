//! Node by check: what is known of every part of the mesh, and since when.
//!
//! Rows are made from what other folds know; kept is only when each last
//! changed. A check is a name and a judgement, so that there can be more.

use super::health::of_evidence;
use super::obey::{self, Says};
use super::{Aged, FeedWord, Freshness, GatewayWord, Pulse, State, Trader};
use crate::domain::{LatchPhase, LinkState, Stamp, Text};
use crate::event::GatewayStatusReport;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Rows whose changes are kept.
const MAX_ROWS: usize = 512;

/// How a check stands, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// As it should be.
    Good,
    /// Nothing is known yet.
    Unknown,
    /// Not as it should be; look when you can.
    Late,
    /// It fails.
    Bad,
}

/// One check of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where.
    pub node: Text,
    /// What was looked at.
    pub check: Text,
    /// How it stands.
    pub standing: Standing,
    /// The same in a word or two.
    pub word: Text,
    /// How long it took, in microseconds, where that is measured.
    pub latency_us: Option<u64>,
    /// Age of the evidence; none where there is none, or its line stands open.
    pub age: Option<Duration>,
    /// Since when it stands so; none before the first look.
    pub since: Option<Stamp>,
    /// What to do about it, empty when nothing is.
    pub next: Text,
    /// What is known beside, of a check that runs at its period.
    pub course: Option<Course>,
}

/// The course of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Why it is not ok, empty when it is.
    pub cause: Text,
    /// How often it went from ok to failed or back.
    pub flaps: u32,
    /// Latencies in microseconds, oldest first; none where there was no
    /// answer.
    pub history: Vec<Option<u32>>,
}

/// When a row last changed its standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    node: Text,
    check: Text,
    standing: Standing,
    since: Stamp,
}

struct Found {
    standing: Standing,
    word: Text,
    next: &'static str,
}

fn found(standing: Standing, word: &str, next: &'static str) -> Found {
    Found { standing, word: Text::limited(word, 40), next }
}

impl State {
    /// Every check of every node that is known, gateways first.
    #[must_use]
    pub fn mesh_rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (index, pane) in (0_u16..).zip(&self.gateways) {
            let node = self.gateway_name(index);
            let report = &pane.report;
            let known = report.at != Stamp::default();
            let age = |at: Stamp| (at != Stamp::default()).then(|| self.age(at));
            let link = link(report.value.link, "is the gateway running? crs heartbeat");
            rows.push(self.mesh_row(&node, "link", link, None, age(report.at)));
            let beat = self.heartbeat(index, known);
            let alive = pane.alive.map(|at| self.age(at));
            let rtt = report.value.rtt_us.filter(|_| beat.standing == Standing::Good);
            rows.push(self.mesh_row(&node, "heartbeat", beat, rtt, alive));
            let tick = pane.last_tick.map(|at| self.age(at));
            rows.push(self.mesh_row(&node, "feed", feed(self.feed_word(index)), None, tick));
            let read = pane.positions.as_ref().map(|read| self.age(read.at));
            rows.push(self.mesh_row(&node, "reads", self.reads(index), None, read));
            if let Some(killed) = self.remembers_kill(index) {
                let told = alive.unwrap_or_default();
                rows.push(self.mesh_row(
                    &node,
                    "kill",
                    self.memory_check(killed, told),
                    None,
                    alive,
                ));
            }
        }
        for feed in self.obey.feeds.values() {
            let link = link(feed.value.link, "is its publisher running? see [events]");
            rows.push(self.mesh_row(&feed.value.endpoint, "events", link, None, None));
            // A gateway whose answers tell the same has its row above.
            let told = |desk: &Aged<GatewayStatusReport>| {
                (0_u16..).zip(&self.gateways).any(|(index, _)| {
                    self.remembers_kill(index) == Some(desk.value.killed)
                        && self.desk(index).is_some_and(|own| own.value.feed == desk.value.feed)
                })
            };
            let desk = self.obey.desks.get(&feed.value.feed);
            if let Some(desk) = desk.filter(|desk| !told(desk)) {
                let age = self.age(desk.at);
                let memory = self.memory_check(desk.value.killed, age);
                rows.push(self.mesh_row(&feed.value.endpoint, "kill", memory, None, Some(age)));
            }
        }
        let here = match &self.session.host {
            host if host.is_empty() => Text::new("here"),
            host => host.clone(),
        };
        // What was never looked at has no age.
        let looked = (self.latch.at != Stamp::default()).then(|| self.age(self.latch.at));
        rows.push(self.mesh_row(&here, "latch", self.latch_check(), None, looked));
        rows.push(self.mesh_row(&here, "agent", self.agent_check(), None, None));
        let heard = |row: &obey::Row| row.heard.or(row.told).is_some() && !row.host.is_empty();
        for consumer in self.obedience().into_iter().filter(heard) {
            let check = consumer.consumer.as_str();
            let found = self.obeys(&consumer, consumer.host == here);
            rows.push(self.mesh_row(&consumer.host, check, found, None, consumer.heard));
        }
        for trader in &self.traders {
            let status = &trader.value.status;
            let kind = |t: &&Trader| {
                (t.value.status.source, &t.value.status.host) == (status.source, &status.host)
            };
            let check = match self.traders.iter().filter(kind).count() {
                1 => format!("{} runs", status.source.short()),
                _ => format!("{} {}", status.source.short(), status.pid),
            };
            let age = Some(self.trader_age(trader));
            rows.push(self.mesh_row(&status.host, &check, self.trader_check(trader), None, age));
        }
        rows
    }

    fn mesh_row(
        &self,
        node: &Text,
        check: &str,
        found: Found,
        latency_us: Option<u64>,
        age: Option<Duration>,
    ) -> Row {
        let same = |seen: &&Seen| {
            seen.node == *node && seen.check.as_str() == check && seen.standing == found.standing
        };
        Row {
            node: node.clone(),
            check: Text::limited(check, 24),
            standing: found.standing,
            word: found.word,
            latency_us,
            age,
            since: self.mesh.iter().find(same).map(|seen| seen.since),
            next: Text::new(found.next),
            course: None,
        }
    }

    fn heartbeat(&self, index: u16, known: bool) -> Found {
        match self.gateway_word(index) {
            GatewayWord::NotV1 => {
                found(Standing::Bad, "NOT v1.0", "something else listens: check host and port")
            }
            GatewayWord::NoAnswer if known => {
                found(Standing::Unknown, "no answer", "crs heartbeat asks once")
            }
            GatewayWord::NoAnswer => found(Standing::Unknown, "not asked yet", ""),
            GatewayWord::Alive => found(Standing::Good, "v1.0", ""),
            GatewayWord::Late => {
                found(Standing::Late, "late", "slower than it uses to be: see Lag")
            }
            GatewayWord::Down => {
                found(Standing::Bad, "DOWN", "is the gateway running? crs heartbeat")
            }
            GatewayWord::Lost => {
                found(Standing::Bad, "LOST", "is the gateway running? crs heartbeat")
            }
        }
    }

    fn reads(&self, index: u16) -> Found {
        let worst = self.positions_freshness(index).max(self.account_freshness(index));
        let asked = self
            .gateway(index)
            .is_some_and(|pane| pane.positions.is_some() || !pane.positions_fault.is_empty());
        match worst {
            Freshness::Fresh => found(Standing::Good, "read", ""),
            Freshness::Stale => {
                found(Standing::Late, "old", "positions or account wait: see Gateway")
            }
            Freshness::Unknown if !asked => found(Standing::Unknown, "not read yet", ""),
            Freshness::Unknown => {
                found(Standing::Bad, "UNKNOWN", "positions or account can't be read: see Positions")
            }
        }
    }

    fn latch_check(&self) -> Found {
        let phase = self.breaker_phase();
        match phase {
            LatchPhase::Safe => found(Standing::Good, phase.word(), ""),
            LatchPhase::Disarmed => {
                found(Standing::Late, phase.word(), "crs arm, when trading may go on")
            }
            LatchPhase::Blocked => found(Standing::Late, phase.word(), "crs status says why"),
            _ => found(Standing::Bad, phase.word(), "see Kill; crs reset when it is over"),
        }
    }

    /// Whether a gateway remembers a kill, by its own telemetry. Under a latch
    /// that holds it does as it should.
    fn memory_check(&self, killed: bool, age: Duration) -> Found {
        match (killed, of_evidence(age)) {
            (_, Freshness::Unknown) => found(Standing::Unknown, "not heard", "see Who obeys"),
            (false, _) => found(Standing::Good, "none", ""),
            (true, _) if self.breaker_phase().is_engaged() => {
                found(Standing::Good, "remembered", "")
            }
            (true, _) => found(
                Standing::Bad,
                "REMEMBERED",
                "it refuses orders: crs gateway reset, on its host",
            ),
        }
    }

    /// What a consumer of the latch does with orders. The console's own word is
    /// the switch's: without a latch it may still deny them.
    fn obeys(&self, row: &obey::Row, here: bool) -> Found {
        if row.told.is_some() && !row.alarm {
            return found(Standing::Late, "no evidence", "it runs: which latch does it watch?");
        }
        let phase = self.breaker_phase();
        match (row.alarm, row.freshness) {
            (true, _) => found(Standing::Bad, "DISOBEYS", "stop it by hand: see Who obeys"),
            (_, Freshness::Unknown) => found(Standing::Unknown, "not heard", "see Who obeys"),
            (_, Freshness::Stale) => found(Standing::Late, "late", "see Who obeys"),
            (_, Freshness::Fresh) => match row.says {
                _ if row.killed && !phase.is_engaged() => found(
                    Standing::Late,
                    "refuses",
                    "it remembers a kill: crs gateway reset, on its host",
                ),
                Says::NotEngaged if here && row.consumer.as_str() == "console" => match phase {
                    LatchPhase::Safe => found(Standing::Good, "orders pass", ""),
                    LatchPhase::Disarmed => {
                        found(Standing::Late, phase.word(), "crs arm, when trading may go on")
                    }
                    _ => found(Standing::Late, phase.word(), "crs status says why"),
                },
                Says::Engaged => found(Standing::Good, "denies orders", ""),
                Says::NotEngaged if row.killed => found(Standing::Good, "killed", ""),
                Says::NotEngaged => found(Standing::Good, "no latch seen", ""),
                Says::Doubt => found(Standing::Late, "in doubt", "it denies orders: see Who obeys"),
                Says::Nothing => found(Standing::Unknown, "says nothing", ""),
            },
        }
    }

    fn agent_check(&self) -> Found {
        let agent = &self.agent.value;
        match (agent.present, agent.fault.is_empty()) {
            (true, _) => found(Standing::Good, "ready", ""),
            (false, true) => found(Standing::Unknown, "none met yet", ""),
            (false, false) => {
                found(Standing::Bad, "LOST", "crs doctor; a kill needs this console now")
            }
        }
    }

    /// Whether a trader works, by its own word.
    fn trader_check(&self, trader: &Trader) -> Found {
        let status = &trader.value.status;
        if self.trader_freshness(trader) == Freshness::Unknown {
            return found(Standing::Bad, "LOST", "see on its host whether it runs");
        }
        if matches!(self.pulse(trader), Pulse::Late(_)) {
            return found(Standing::Bad, "OVERDUE", "see its log for what it waits for");
        }
        match (status.live, self.trader_freshness(trader)) {
            (_, Freshness::Stale) => found(Standing::Late, "late", "see Decisions"),
            (true, _) => found(Standing::Good, "live", ""),
            (false, _) => found(Standing::Good, "dry run", ""),
        }
    }

    /// Notes which rows stand otherwise than before.
    pub(super) fn watch_mesh(&mut self) {
        let rows = self.mesh_rows();
        let now = self.now;
        let seen = rows.into_iter().take(MAX_ROWS).map(|row| Seen {
            since: row.since.unwrap_or(now),
            node: row.node,
            check: row.check,
            standing: row.standing,
        });
        self.mesh = seen.collect();
    }
}

fn link(link: LinkState, next: &'static str) -> Found {
    match link {
        LinkState::Up => found(Standing::Good, "up", ""),
        LinkState::Connecting => found(Standing::Unknown, "connecting", ""),
        LinkState::Down => found(Standing::Bad, "DOWN", next),
    }
}

fn feed(word: FeedWord) -> Found {
    match word {
        FeedWord::Live => found(Standing::Good, "live", ""),
        FeedWord::Quiet => found(Standing::Good, "quiet", ""),
        FeedWord::Closed => found(Standing::Good, "closed", ""),
        FeedWord::Connecting => found(Standing::Unknown, "connecting", ""),
        FeedWord::Waiting => found(Standing::Unknown, "no tick yet", ""),
        FeedWord::Silent => found(Standing::Late, "silent", "does the market trade? crs ticks"),
        FeedWord::Dead => found(Standing::Bad, "DEAD", "the link is down: is the gateway running?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Evidence, LatchSeen};
    use crate::event::{
        AgentReport, Event, EvidenceReport, FeedReport, GatewayReport, GatewayStatusReport,
        SessionInfo, Stamped,
    };

    fn put(state: &mut State, second: u64, event: Event) {
        let at = Stamp::default().plus(Duration::from_secs(second));
        state.apply(&Stamped { seq: state.seq + 1, at, event }).unwrap();
    }

    fn row(state: &State, check: &str) -> Row {
        state.mesh_rows().into_iter().find(|row| row.check.as_str() == check).unwrap()
    }

    #[test]
    fn a_row_says_since_when_it_stands_as_it_does_and_what_to_do() {
        let mut state = State::default();
        put(&mut state, 1, Event::Session(Box::default()));
        let agent = |present| AgentReport {
            present,
            pid: None,
            fault: Text::new(if present { "" } else { "exited" }),
        };
        put(&mut state, 2, Event::Agent(agent(true)));
        assert_eq!(row(&state, "agent").since, None, "not looked at yet");
        for second in 3..9 {
            put(&mut state, second, Event::Beat);
        }
        let at = |second| Some(Stamp::default().plus(Duration::from_secs(second)));
        let good = row(&state, "agent");
        assert_eq!((good.standing, good.since), (Standing::Good, at(3)));
        assert!(good.next.is_empty());
        put(&mut state, 9, Event::Agent(agent(false)));
        put(&mut state, 10, Event::Beat);
        put(&mut state, 11, Event::Beat);
        let bad = row(&state, "agent");
        assert_eq!((bad.standing, bad.since), (Standing::Bad, at(10)));
        assert!(!bad.next.is_empty(), "what fails has a next step");
    }

    #[test]
    fn what_was_never_asked_is_unknown_and_not_bad() {
        let mut state = State::default();
        let gateways = vec![crate::domain::GatewayAddr {
            name: Text::new("main"),
            cmd: "127.0.0.1:1".parse().unwrap(),
            data: "127.0.0.1:2".parse().unwrap(),
        }];
        let info = SessionInfo { gateways, ..SessionInfo::default() };
        put(&mut state, 1, Event::Session(Box::new(info)));
        put(&mut state, 1, Event::Latch(Box::default()));
        for check in ["link", "heartbeat", "feed", "reads"] {
            assert_eq!(row(&state, check).standing, Standing::Unknown, "{check}");
        }
        let feed = FeedReport { link: LinkState::Down, ..FeedReport::default() };
        put(&mut state, 2, Event::Feed(Box::new(feed)));
        assert_eq!(row(&state, "feed").standing, Standing::Bad);
    }

    #[test]
    fn a_gateway_that_remembers_a_kill_is_bad_by_its_own_answer_too() {
        let mut state = State::default();
        put(&mut state, 1, Event::Session(Box::default()));
        put(
            &mut state,
            2,
            Event::Latch(Box::new(LatchSeen { phase: LatchPhase::Safe, ..LatchSeen::default() })),
        );
        for (killed, names) in [(None, 0), (Some(false), 0), (Some(true), 1)] {
            let report = GatewayReport {
                link: LinkState::Up,
                fingerprint: crate::domain::Fingerprint::V1,
                rtt_us: Some(1),
                killed,
                ..GatewayReport::default()
            };
            put(&mut state, 3, Event::Gateway(Box::new(report)));
            assert_eq!(state.refusing().len(), names, "{killed:?}");
        }
        assert_eq!(row(&state, "kill").standing, Standing::Bad);
        put(&mut state, 60, Event::Beat);
        assert_eq!(state.refusing().len(), 0, "what does not answer says nothing");
    }

    #[test]
    fn a_console_without_a_latch_but_disarmed_lets_no_order_pass() {
        let mut state = State::default();
        let info = SessionInfo { host: Text::new("vm"), ..SessionInfo::default() };
        put(&mut state, 1, Event::Session(Box::new(info)));
        for (phase, standing, word) in [
            (LatchPhase::Safe, Standing::Good, "orders pass"),
            (LatchPhase::Disarmed, Standing::Late, "DISARMED"),
            (LatchPhase::Blocked, Standing::Late, "BLOCKED"),
        ] {
            let seen = LatchSeen { phase, ..LatchSeen::default() };
            put(&mut state, 2, Event::Latch(Box::new(seen)));
            let evidence = Evidence {
                consumer: Text::new("console"),
                host: Text::new("vm"),
                engaged: Some(false),
                said: Stamp::default().plus(Duration::from_secs(2)).utc,
                ..Evidence::default()
            };
            put(&mut state, 2, Event::Evidence(Box::new(EvidenceReport { feed: None, evidence })));
            let own = row(&state, "console");
            assert_eq!((own.standing, own.word.as_str()), (standing, word));
        }
    }

    #[test]
    fn a_kill_that_a_gateway_remembers_is_bad_once_the_latch_is_gone() {
        let mut state = State::default();
        put(&mut state, 1, Event::Session(Box::default()));
        put(&mut state, 2, Event::Events(Box::default()));
        let status = GatewayStatusReport { killed: true, ..GatewayStatusReport::default() };
        let latch = |phase| Event::Latch(Box::new(LatchSeen { phase, ..LatchSeen::default() }));
        put(&mut state, 3, latch(LatchPhase::Durable));
        put(&mut state, 3, Event::GatewayStatus(Box::new(status)));
        assert_eq!(row(&state, "kill").standing, Standing::Good);
        put(&mut state, 4, latch(LatchPhase::Safe));
        let bad = row(&state, "kill");
        assert_eq!(bad.standing, Standing::Bad);
        assert!(bad.next.as_str().contains("crs gateway reset"), "{bad:?}");
        put(&mut state, 60, latch(LatchPhase::Safe));
        assert_eq!(row(&state, "kill").standing, Standing::Unknown, "too old to be believed");
    }
}
