//! What an alarm is raised for: the causes that hold now, each with its words
//! and what an operator does about it.
//!
//! What belongs here: causes that ask for an act. What does not: a stale
//! symbol without a position (one with is in [`super::quotes`]), a drill that is due, one slow heartbeat; a list that is never empty
//! is one that nobody reads.

use crate::domain::{GatewayPhase, LatchPhase, Severity, Text};
use crate::event::{Fingerprint, LinkState, LogLine};
use crate::state::lag::{ENGINE_LIMIT_US, RTT_LIMIT_US};
use crate::state::switch::{KillStanding, standing};
use crate::state::{FeedWord, Freshness, GatewayPane, State};
use std::time::Duration;

/// Lag above its line is told when every measure was, for so many seconds.
const LATE: u64 = 30;
/// Margin levels, in raw units of a ratio: many brokers call at 100 %.
const MARGIN: (i64, i64) = (100 * RATIO, 150 * RATIO);
/// One per cent of a ratio.
const RATIO: i64 = 10_000;

/// Why an alarm is raised.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    pub key: Text,
    pub severity: Severity,
    pub text: Text,
    pub advice: &'static str,
    /// It must hold for so long.
    pub after: Duration,
}

/// Collects causes.
#[derive(Default)]
pub(super) struct Causes(Vec<Cause>);

impl Causes {
    fn add(&mut self, severity: Severity, key: &str, text: &str, advice: &'static str, s: u64) {
        let (key, text) = (Text::limited(key, 64), Text::new(text));
        self.0.push(Cause { key, severity, text, advice, after: Duration::from_secs(s) });
    }

    fn critical(&mut self, key: &str, text: &str, advice: &'static str, seconds: u64) {
        self.add(Severity::Critical, key, text, advice, seconds);
    }

    pub(super) fn warning(&mut self, key: &str, text: &str, advice: &'static str, seconds: u64) {
        self.add(Severity::Warning, key, text, advice, seconds);
    }
}

impl State {
    /// What is wrong now.
    pub(super) fn causes(&self) -> Vec<Cause> {
        let mut causes = Causes::default();
        self.of_the_switch(&mut causes);
        for (index, pane) in (0_u16..).zip(&self.gateways) {
            self.of_a_gateway(&mut causes, index, pane);
        }
        self.of_the_quotes(&mut causes);
        self.of_the_kill(&mut causes);
        self.of_the_others(&mut causes);
        causes.0
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
                let advice = "orders are denied; `crs doctor` looks at the latch's directory";
                causes.critical("latch", &text, advice, 1);
            }
            LatchPhase::NotDurable => {
                let text = format!("the latch may not outlive a power cut: {}", latch.reason);
                let advice = "free or mend the disk; other programs may not see it: tell them";
                causes.critical("latch", &text, advice, 1);
            }
            LatchPhase::EngagedExternal => {
                let text = format!("engaged from outside: {}", latch.reason);
                let advice = "orders are denied, positions stand; find out who did it, then reset";
                causes.critical("latch", &text, advice, 0);
            }
            _ => {}
        }
        if !self.agent.value.present && !self.agent.value.fault.is_empty() {
            let text = format!("no agent: {}", self.agent.value.fault);
            let advice = "the console carries a kill itself; `crs doctor` says why there is none";
            causes.warning("agent", &text, advice, 5);
        }
    }

    fn of_a_gateway(&self, causes: &mut Causes, index: u16, pane: &GatewayPane) {
        let name = self.gateway_name(index);
        let key = format!("gateway {name}");
        if pane.report.value.fingerprint == Fingerprint::NotV1 {
            let text = format!("the peer of {name} is no v1.0 gateway: {}", pane.fault());
            let advice = "a kill would not be sent: see who listens there, then probe again";
            causes.critical(&key, &text, advice, 0);
        } else if matches!(self.gateway_freshness(index), Some(Freshness::Unknown))
            || pane.report.value.link == LinkState::Down
        {
            let text = format!("{name} does not answer: {}", or_silent(pane.fault()));
            let advice = "positions there are not known; a kill latches at once and tries on";
            causes.critical(&key, &text, advice, 2);
        } else {
            self.of_its_reads(causes, index, pane, &name);
        }
        let feed = format!("feed {name}");
        match self.feed_word(index) {
            FeedWord::Dead => {
                let advice = "prices are not known; check the gateway's data port and the network";
                causes.critical(&feed, &format!("the feed of {name} is down"), advice, 2);
            }
            FeedWord::Silent => {
                let text = format!("{name}: no tick within the market's hours, the link stands");
                let advice = "see whether the terminal is connected, or the calendar is wrong";
                causes.warning(&feed, &text, advice, 0);
            }
            _ => {}
        }
        let level = pane.account.as_ref().map(|a| &a.value).and_then(|account| {
            let used = account.used_margin?;
            account.margin_level.filter(|_| used.raw() > 0)
        });
        if let Some(level) = level.filter(|_| self.account_freshness(index) != Freshness::Unknown) {
            let text = format!("{name}: margin level {}%", level.text(2));
            let advice = "close the worst position or add margin: below the call the broker closes";
            let key = format!("margin {name}");
            match level.raw() {
                raw if raw < MARGIN.0 => causes.critical(&key, &text, advice, 0),
                raw if raw < MARGIN.1 => causes.warning(&key, &text, advice, 5),
                _ => {}
            }
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
        let advice = "blind is not flat: look at the terminal itself";
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
                GatewayPhase::Partial => "positions survive: the proof of flat names them",
                _ => "not confirmed: act by the card",
            };
            causes.critical(&key, &text, advice, 0);
        }
    }

    fn of_the_others(&self, causes: &mut Causes) {
        for consumer in self.obey.consumers.iter().filter(|c| self.disobeys(c)) {
            let (who, host) = (&consumer.evidence.consumer, &consumer.evidence.host);
            let text = format!("{who} on {host} lets orders pass while the latch holds");
            let advice = "stop it by hand: it looks at another latch, or at none";
            causes.critical(&format!("obey {who}@{host}"), &text, advice, 0);
        }
        for feed in self.obey.feeds.values().filter(|f| f.value.link == LinkState::Down) {
            let at = &feed.value.endpoint;
            let text = format!("events of {at}: link down");
            let advice = "what its programs do about the latch is not known here";
            causes.warning(&format!("events {at}"), &text, advice, 10);
        }
        let orphans = self.orphans().count();
        if orphans > 0 {
            let text = format!("{orphans} open position{} nobody of ours ordered", plural(orphans));
            let advice = "the proof of flat marks them; find out who trades on this account";
            causes.critical("orphans", &text, advice, 0);
        }
        let unknown = self.unknown_orders().count();
        if unknown > 0 {
            let text = format!("{unknown} order{} without an outcome", plural(unknown));
            let advice = "it is never sent again: look for it in the terminal";
            causes.warning("orders", &text, advice, 0);
        }
        for source in self.orders.sources.values().filter(|s| !s.value.read) {
            let name = &source.value.name;
            let text = format!("{name} is not read: {}", source.value.fault);
            let advice = "who ordered what can't be told; check the path and its rights";
            causes.warning(&format!("source {name}"), &text, advice, 10);
        }
        for (what, last, limit, advice) in [
            ("heartbeat", self.lag.heartbeat.last_us, RTT_LIMIT_US, "see what slows the gateway"),
            ("engine", self.lag.engine.last_us, ENGINE_LIMIT_US, "see what slows its host"),
        ] {
            if last.is_some_and(|us| us > limit) {
                let text = format!("{what} later than {} ms for {LATE} s", limit / 1_000);
                causes.warning(&format!("lag {what}"), &text, advice, LATE);
            }
        }
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
        "kill" | "agent" => "see the proof of flat, and act by the card while it is not proven",
        "latch" => "`crs status` and `crs doctor` look at the latch and its disk",
        "console" | "feed" | "polls" => "restart the console; the agent and the latch stay",
        _ => "see the log",
    };
    let key = format!("{} {}", line.source, line.text);
    Some(Cause {
        key: Text::limited(&key, 64),
        severity: Severity::Critical,
        text: line.text.clone(),
        advice,
        after: Duration::ZERO,
    })
}

fn or_silent(fault: &Text) -> &str {
    if fault.is_empty() { "silence" } else { fault.as_str() }
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
