//! What an alarm is raised for: the causes that hold now, each with its words
//! and what an operator does about it.
//!
//! What belongs here: causes that ask for an act. What does not: a stale
//! symbol without a position (one with is in [`super::quotes`]), a drill that is
//! due, one slow heartbeat; a list that is never empty is one that nobody reads.
//!
//! An advice is a next step that can be taken as it stands: a command of `crs`,
//! a line of the console's own (`:proof`), or one thing to do by hand. Keys are
//! not named: a keymap may give them to something else.

use crate::domain::{GatewayPhase, LatchPhase, Severity, Text};
use crate::event::{LinkState, LogLine};
use crate::state::lag::{ENGINE_LIMIT_US, RTT_LIMIT_US};
use crate::state::switch::{KillStanding, standing};
use crate::state::{FeedWord, Freshness, GatewayPane, GatewayWord, State};
use std::time::Duration;

/// Lag above its line is told when every measure was, for so many seconds.
const LATE: u64 = 30;

/// Why an alarm is raised.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    pub key: Text,
    pub severity: Severity,
    pub text: Text,
    pub advice: Text,
    /// It must hold for so long.
    pub after: Duration,
}

/// Collects causes.
#[derive(Default)]
pub(super) struct Causes {
    /// What is wrong.
    pub found: Vec<Cause>,
    /// Keys of alarms that nobody can judge now: one that stands goes on
    /// standing, for not knowing is no end.
    pub open: Vec<Text>,
}

impl Causes {
    fn add(&mut self, severity: Severity, key: &str, text: &str, advice: &str, s: u64) {
        let (key, text, advice) = (Text::limited(key, 64), Text::new(text), Text::new(advice));
        self.found.push(Cause { key, severity, text, advice, after: Duration::from_secs(s) });
    }

    pub(super) fn critical(&mut self, key: &str, text: &str, advice: &str, seconds: u64) {
        self.add(Severity::Critical, key, text, advice, seconds);
    }

    pub(super) fn warning(&mut self, key: &str, text: &str, advice: &'static str, seconds: u64) {
        self.add(Severity::Warning, key, text, advice, seconds);
    }

    /// An alert of mission control, with its own advice.
    pub(super) fn alert(&mut self, critical: bool, key: &str, text: &str, advice: &str) {
        let severity = if critical { Severity::Critical } else { Severity::Warning };
        self.add(severity, key, text, advice, 0);
    }

    /// Whether the alarm of this key still holds can't be told now.
    pub(super) fn leave_open(&mut self, key: &str) {
        self.open.push(Text::limited(key, 64));
    }
}

impl State {
    /// What is wrong now.
    pub(super) fn causes(&self) -> Causes {
        let mut causes = Causes::default();
        self.of_the_switch(&mut causes);
        self.of_the_recording(&mut causes);
        for (index, pane) in (0_u16..).zip(&self.gateways) {
            self.of_a_gateway(&mut causes, index, pane);
        }
        self.of_the_quotes(&mut causes);
        self.of_the_kill(&mut causes);
        self.of_the_others(&mut causes);
        self.of_the_checks(&mut causes);
        self.of_the_traders(&mut causes);
        self.of_the_mission(&mut causes);
        causes
    }

    fn of_the_switch(&self, causes: &mut Causes) {
        let latch = &self.latch.value;
        let seen = self.latch.at.mono_ns != 0;
        match self.breaker_phase() {
            LatchPhase::Blocked if seen => {
                let why = if latch.reason.is_empty() {
                    "no look came back"
                } else {
                    latch.reason.as_str()
                };
                let text = format!("can't prove that the latch is absent: {why}");
                let advice = "orders are denied: run `crs doctor`, mend the directory that it names, \
                              then `crs arm`";
                causes.critical("latch", &text, advice, 1);
            }
            LatchPhase::NotDurable => {
                let text = format!("the latch may not outlive a power cut: {}", latch.reason);
                let advice = "make room on the latch's disk (`crs doctor`); stop by hand what \
                              `:who-obeys` does not show as denying orders";
                causes.critical("latch", &text, advice, 1);
            }
            LatchPhase::EngagedExternal => {
                let text = format!("engaged from outside: {}", latch.reason);
                let advice = "orders are denied, positions stand: `crs status` names file and reason; \
                              ask who made it, then `crs reset --reason TEXT`";
                causes.critical("latch", &text, advice, 0);
            }
            _ => {}
        }
        if !self.agent.value.present && !self.agent.value.fault.is_empty() {
            let text = format!("no agent: {}", self.agent.value.fault);
            let advice = "leave this console open, it carries a kill itself; `crs doctor` says \
                          why there is no agent";
            causes.warning("agent", &text, advice, 5);
        }
    }

    /// That another console records the same mesh is no want.
    fn of_the_recording(&self, causes: &mut Causes) {
        let report = self.recording.as_ref().map(|report| &report.value);
        if let Some(report) = report.filter(|report| !report.on && !report.elsewhere) {
            let text = format!("not recording: {}", report.fault);
            let advice = "make room in the state directory (`crs doctor` names it); it goes on by \
                          itself, what was missed stays missing";
            causes.warning("recording", &text, advice, 5);
        }
    }

    fn of_a_gateway(&self, causes: &mut Causes, index: u16, pane: &GatewayPane) {
        let name = self.gateway_name(index);
        let key = format!("gateway {name}");
        let reads = format!("reads {name}");
        match self.gateway_word(index) {
            GatewayWord::NotV1 => {
                let text = format!("the peer of {name} is no v1.0 gateway: {}", pane.fault());
                let advice = "no kill is sent there: see on that host who has the port \
                              (`ss -tlnp`), then `:probe-again`";
                causes.critical(&key, &text, advice, 0);
                causes.leave_open(&reads);
            }
            GatewayWord::Down | GatewayWord::Lost => {
                let text = format!("{name} does not answer: {}", or_silent(pane.fault()));
                let advice = "start it again or mend the line, `crs heartbeat` asks it once; what \
                              must be closed now: `:card`";
                causes.critical(&key, &text, advice, 2);
                causes.leave_open(&reads);
            }
            GatewayWord::Alive | GatewayWord::Late | GatewayWord::NoAnswer => {
                self.of_its_reads(causes, index, pane, &name);
            }
        }
        self.of_its_memory(causes, index, &name);
        let feed = format!("feed {name}");
        match self.feed_word(index) {
            FeedWord::Dead => {
                let advice = "prices are not known: `crs ticks --count 1` says whether its data port \
                              sends; start the gateway again if not";
                causes.critical(&feed, &format!("the feed of {name} is down"), advice, 2);
            }
            FeedWord::Silent => {
                let text = format!("{name}: no tick within the market's hours, the link stands");
                let advice = "look in the terminal whether it is connected; if the market is closed, \
                              write its hours into [market] of the configuration";
                causes.warning(&feed, &text, advice, 0);
            }
            _ => {}
        }
        self.of_the_margin(causes, index, pane, &name);
    }

    /// The way back after a kill has two halves, and only here is the second seen.
    fn of_its_memory(&self, causes: &mut Causes, index: u16, name: &Text) {
        let key = format!("memory {name}");
        match self.remembers_kill(index) {
            None => causes.leave_open(&key),
            Some(true) if !self.breaker_phase().is_engaged() => {
                let text = format!("{name} remembers a kill and refuses every order");
                let advice = "on the gateway's host, with its --state-dir where it has one: \
                              `crs gateway reset --reason TEXT`; `:reset` names the whole way back";
                causes.warning(&key, &text, advice, 2);
            }
            Some(_) => {}
        }
    }

    fn of_its_reads(&self, causes: &mut Causes, index: u16, pane: &GatewayPane, name: &Text) {
        let key = format!("reads {name}");
        let (what, fault) = if !pane.positions_fault.is_empty() {
            ("positions", &pane.positions_fault)
        } else if !pane.account_fault.is_empty() {
            ("account", &pane.account_fault)
        } else if pane.positions.is_some() && self.positions_freshness(index) == Freshness::Unknown
        {
            ("positions", pane.fault())
        } else {
            return;
        };
        let text = format!("{what} of {name} not known: {}", or_silent(fault));
        let advice = "unknown is not flat: look in the terminal whether it is logged in; \
                      `crs positions` asks once more";
        causes.warning(&key, &text, advice, 5);
    }

    fn of_the_kill(&self, causes: &mut Causes) {
        if self.kills_over.is_some() {
            return;
        }
        for kill in self.kills.values().map(|kill| &kill.value) {
            if standing(kill) != KillStanding::Alarm {
                continue;
            }
            let key = format!("kill {}", kill.gateway);
            let text = format!("kill of {}: {}, {}", kill.gateway, kill.phase.word(), kill.note);
            let advice = match kill.phase {
                GatewayPhase::Partial => {
                    "`:proof` names the survivors: close them in the terminal, as `:card` says"
                }
                _ => "not confirmed: act by the card now, `:card` shows it",
            };
            causes.critical(&key, &text, advice, 0);
        }
    }

    fn of_the_others(&self, causes: &mut Causes) {
        for consumer in self.obey.consumers.iter().filter(|c| self.disobeys(c)) {
            let (who, host) = (&consumer.evidence.consumer, &consumer.evidence.host);
            let text = format!("{who} on {host} lets orders pass while the latch holds");
            let advice = "stop that program on its host by hand; `:who-obeys` shows which latch \
                          it looks at";
            causes.critical(&format!("obey {who}@{host}"), &text, advice, 0);
        }
        for feed in self.obey.feeds.values().filter(|f| f.value.link == LinkState::Down) {
            let at = &feed.value.endpoint;
            let text = format!("events of {at}: link down");
            let advice = "start its publisher again, or take the address out of `events`; \
                          `crs status` on its host says how the latch stands there";
            causes.warning(&format!("events {at}"), &text, advice, 10);
        }
        let orphans = self.orphans().count();
        if orphans > 0 {
            let text = format!("{orphans} open position{} nobody of ours ordered", plural(orphans));
            let advice = "`:proof` marks them: ask who trades on this account; in Positions \
                          `:close-position` closes the selected one";
            causes.critical("orphans", &text, advice, 0);
        }
        let unknown = self.unknown_orders().count();
        if unknown > 0 {
            let text = format!("{unknown} order{} without an outcome", plural(unknown));
            let advice = "look for it in the terminal (`crs positions` lists what is open); it \
                          is never sent again, so order anew only if it is not there";
            causes.warning("orders", &text, advice, 0);
        }
        for source in self.orders.sources.values().filter(|s| !s.value.read) {
            let name = &source.value.name;
            let text = format!("{name} is not read: {}", source.value.fault);
            let advice = "see that the file is there and this user may read it: \
                          `crs config show` names it";
            causes.warning(&format!("source {name}"), &text, advice, 10);
        }
        for (what, last, limit, advice) in [
            (
                "heartbeat",
                self.slowest_heartbeat(),
                RTT_LIMIT_US,
                "see what slows the gateway's host; `crs heartbeat` measures it, `:pane lag` shows \
                 the course",
            ),
            (
                "engine",
                self.lag.engine.last_us,
                ENGINE_LIMIT_US,
                "see what slows the engine's host; `:pane lag` shows the course",
            ),
        ] {
            if last.is_some_and(|us| us > limit) {
                let text = format!("{what} later than {} ms for {LATE} s", limit / 1_000);
                causes.warning(&format!("lag {what}"), &text, advice, LATE);
            }
        }
    }
}

impl State {
    /// The last round trip of the slowest gateway that still answers, in µs: a
    /// quick one must not hide it.
    fn slowest_heartbeat(&self) -> Option<u64> {
        let known = |index| self.gateway_freshness(index).is_some_and(|f| f < Freshness::Unknown);
        let all = (0_u16..).zip(&self.gateways).filter(|(index, _)| known(*index));
        all.filter_map(|(_, pane)| pane.rtt.last_us).max()
    }
}

/// An edge's cry; none where a cause above says the same for as long as it
/// holds.
pub(super) fn cried(line: &LogLine) -> Option<Cause> {
    // The watch's own count of it is an alarm of State's.
    if line.text.as_str().starts_with("latch tampered") {
        return None;
    }
    let advice = match line.source.as_str() {
        "kill" | "agent" => "`:proof` shows what is proven; while it is not flat, act by `:card`",
        "latch" => "run `crs status`, then `crs doctor`: they look at the latch and its disk",
        "console" | "session" | "feed" | "polls" => {
            "leave (`:quit`) and start `crs` again; the agent and the latch stay"
        }
        peer if peer.starts_with("gateway ") => {
            "see on its host who has the port (`ss -tlnp`), then `:probe-again`"
        }
        _ => "read what came before it: `:pane log`",
    };
    let key = format!("{} {}", line.source, line.text);
    Some(Cause {
        key: Text::limited(&key, 64),
        severity: Severity::Critical,
        text: line.text.clone(),
        advice: Text::new(advice),
        after: Duration::ZERO,
    })
}

fn or_silent(fault: &Text) -> &str {
    if fault.is_empty() { "silence" } else { fault.as_str() }
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
