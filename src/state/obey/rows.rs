//! What the evidence amounts to: a row for each consumer, the expected ones
//! too when nothing was heard of them.

use super::Consumer;
use crate::domain::{Evidence, Mode, Stamp, Text};
use crate::state::health::of_evidence;
use crate::state::{Freshness, State, Trader};
use std::time::Duration;

/// A consumer that is told of a latch needs so long to say so.
const GRACE: Duration = Duration::from_secs(1);
/// Those that are expected whether or not they were heard, in their order.
const EXPECTED: [&str; 3] = ["engine", "sentinel", GATEWAY];
/// The one of them that every session has.
const GATEWAY: &str = "gateway";

/// Which latch it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// This very file.
    This,
    /// One on another host.
    OtherHost,
    /// Another file, or another directory of the same name, on this host.
    OtherFile,
    /// None at all.
    NoLatch,
    /// It was not heard, or does not say enough to tell.
    Unknown,
}

/// What it says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It holds.
    Engaged,
    /// Orders may pass.
    NotEngaged,
    /// It can't tell, and then denies orders.
    Doubt,
    /// Nothing.
    Nothing,
}

/// One consumer of the latch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub consumer: Text,
    /// Its host, empty where none was heard.
    pub host: Text,
    /// Which latch it looks at.
    pub sees: Sees,
    /// What it says of it.
    pub says: Says,
    /// Age of its word; none when there is none, or its line stands open.
    pub heard: Option<Duration>,
    /// Whether it may be believed.
    pub freshness: Freshness,
    /// How long ago it last denied an order.
    pub blocked: Option<Duration>,
    /// It is a gateway that holds a KILL_SWITCH in force.
    pub killed: bool,
    /// It lets orders pass while our latch holds.
    pub alarm: bool,
    /// It tells its status, so long ago, and no evidence that can be believed.
    pub told: Option<Duration>,
}

/// Where a consumer stands on the screen.
pub(super) fn order(c: &Consumer) -> impl Ord + use<> {
    let name = c.evidence.consumer.clone();
    let rank = EXPECTED.iter().position(|e| *e == name.as_str()).unwrap_or(EXPECTED.len());
    (rank, name, c.evidence.host.clone(), c.feed)
}

impl State {
    /// A row for each consumer: engine, sentinel and gateways, the agent, this
    /// console, then whoever else was heard.
    #[must_use]
    pub fn obedience(&self) -> Vec<Row> {
        let all = &self.obey.consumers;
        let mut rows = Vec::new();
        for name in EXPECTED {
            let heard = all.iter().filter(|c| c.evidence.consumer.as_str() == name);
            let before = rows.len();
            rows.extend(heard.clone().map(|c| self.row(c)));
            self.without_evidence(name, before, &mut rows);
            match rows.len() - before {
                // On a stage nobody else trades: who can't be there is not missed.
                0 if self.is_stage() && name != GATEWAY => {}
                0 => rows.push(Row::unheard(name)),
                1 => {}
                // Gateways of one host have the same name, their desks don't.
                _ => {
                    for (row, c) in rows.iter_mut().skip(before).zip(heard) {
                        self.name_desk(row, c);
                    }
                }
            }
        }
        rows.push(self.agent_row());
        rows.push(self.own_row());
        let others = all.iter().filter(|c| !EXPECTED.contains(&c.evidence.consumer.as_str()));
        rows.extend(others.map(|c| self.row(c)));
        rows
    }

    /// Whether this session has a stage of its own: paper gateway, latch and
    /// console, and no engine or sentinel.
    const fn is_stage(&self) -> bool {
        matches!(self.session.forced_mode, Some(Mode::Sim | Mode::Drill))
    }

    /// Traders of this name that tell their status and nothing of the latch,
    /// beside the rows from `from` on, which are of those that do.
    fn without_evidence(&self, name: &str, from: usize, rows: &mut Vec<Row>) {
        let fresh = |t: &&Trader| {
            t.value.status.source.word() == name && self.trader_freshness(t) != Freshness::Unknown
        };
        for trader in self.traders.iter().filter(fresh) {
            let (host, told) = (&trader.value.status.host, Some(self.trader_age(trader)));
            match rows.iter_mut().skip(from).find(|row| row.host == *host) {
                Some(row) if row.is_known() => {}
                Some(row) => row.told = told,
                None => rows.push(Row { host: host.clone(), told, ..Row::unheard(name) }),
            }
        }
    }

    /// Age of a consumer's last word. On this host its own clock counts too:
    /// what waited in a socket is not news.
    fn evidence_age(&self, at: Stamp, evidence: &Evidence) -> Duration {
        let heard = self.age(at);
        if !self.is_here(&evidence.host) {
            return heard;
        }
        heard.max(micros(self.now.utc.0.saturating_sub(evidence.said.0)))
    }

    /// Whether a consumer's last word may be believed.
    #[must_use]
    pub fn evidence_freshness(&self, c: &Consumer) -> Freshness {
        of_evidence(self.evidence_age(c.at, &c.evidence))
    }

    /// Whether it lets orders pass although the latch holds: it said so after
    /// the latch was made, or watches none. A word too old to be believed is no
    /// alarm, it is a `?`.
    pub(in crate::state) fn disobeys(&self, c: &Consumer) -> bool {
        let Some(since) = self.obey.engaged_since else { return false };
        let open = match self.sees(&c.evidence) {
            Sees::NoLatch => !self.is_killed(c),
            _ => c.evidence.engaged == Some(false) && c.at.mono_ns > since.mono_ns,
        };
        open && self.age(since) > GRACE && self.evidence_freshness(c) != Freshness::Unknown
    }

    /// Whether `host` is this one, whose clock is ours.
    pub(in crate::state) fn is_here(&self, host: &Text) -> bool {
        let own = self.obey.own.as_ref().map_or(&self.session.host, |own| &own.value.host);
        host == own
    }

    fn sees(&self, theirs: &Evidence) -> Sees {
        if theirs.path.is_empty() {
            return Sees::NoLatch;
        }
        if !self.is_here(&theirs.host) {
            return Sees::OtherHost;
        }
        match self.obey.own.as_ref().and_then(|own| own.value.sees_same(theirs)) {
            Some(true) => Sees::This,
            Some(false) => Sees::OtherFile,
            None => Sees::Unknown,
        }
    }

    /// Whether its desk said lately that a KILL_SWITCH is in force.
    fn is_killed(&self, c: &Consumer) -> bool {
        let desk = self.obey.desks.get(&c.feed).filter(|_| c.is_gateway());
        desk.is_some_and(|d| d.value.killed && of_evidence(self.age(d.at)) != Freshness::Unknown)
    }

    fn name_desk(&self, row: &mut Row, c: &Consumer) {
        let desk = self.obey.desks.get(&c.feed).map(|d| &d.value.gateway);
        if let Some(name) = desk.filter(|name| c.is_gateway() && !name.is_empty()) {
            row.consumer = Text::new(&format!("gw {name}"));
        }
    }

    fn row(&self, c: &Consumer) -> Row {
        let e = &c.evidence;
        let age = self.evidence_age(c.at, e);
        let sees = self.sees(e);
        Row {
            consumer: e.consumer.clone(),
            host: e.host.clone(),
            sees,
            says: if sees == Sees::NoLatch { Says::Nothing } else { said(e.engaged) },
            heard: Some(age),
            freshness: of_evidence(age),
            blocked: e.last_blocked.map(|at| micros(e.said.0.saturating_sub(at.0)) + age),
            killed: self.is_killed(c),
            alarm: self.disobeys(c),
            told: None,
        }
    }

    /// The agent speaks over a line of its own, and was elected by the latch's
    /// own lock: while it is there, it looks at this latch.
    fn agent_row(&self) -> Row {
        let mut row = Row::unheard("agent");
        row.host = self.session.host.clone();
        if self.agent.value.present {
            let drives = |kill: &crate::domain::KillProgress| {
                kill.driver.as_str() == "agent" && kill.latch.is_engaged()
            };
            let engaged =
                self.kills_over.is_none() && self.kills.values().any(|k| drives(&k.value));
            row.sees = Sees::This;
            row.says = if engaged { Says::Engaged } else { Says::Nothing };
            row.freshness = Freshness::Fresh;
        }
        row
    }

    fn own_row(&self) -> Row {
        let mut row = Row::unheard("console");
        row.host = self.session.host.clone();
        if let Some(own) = &self.obey.own {
            let age = self.age(own.at);
            row.sees = own.value.dir.map_or(Sees::Unknown, |_| Sees::This);
            row.says = said(own.value.engaged);
            row.heard = Some(age);
            row.freshness = of_evidence(age);
        }
        row
    }
}

impl Consumer {
    fn is_gateway(&self) -> bool {
        self.evidence.consumer.as_str() == GATEWAY
    }
}

impl Row {
    fn unheard(name: &str) -> Self {
        Self {
            consumer: Text::new(name),
            host: Text::default(),
            sees: Sees::Unknown,
            says: Says::Nothing,
            heard: None,
            freshness: Freshness::Unknown,
            blocked: None,
            killed: false,
            alarm: false,
            told: None,
        }
    }

    /// Whether it was heard, or its line stands.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !matches!(self.freshness, Freshness::Unknown)
    }
}

const fn said(engaged: Option<bool>) -> Says {
    match engaged {
        Some(true) => Says::Engaged,
        Some(false) => Says::NotEngaged,
        None => Says::Doubt,
    }
}

/// Microseconds; what lies in the future is no time ago.
fn micros(us: i64) -> Duration {
    Duration::from_micros(u64::try_from(us).unwrap_or(0))
}
