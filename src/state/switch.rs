//! Fold of everything about stopping: latch, guard, kill, agent.
//!
//! State only observes. The driver of a kill says how far it is, and the word
//! of a gateway stays a claim until the driver's own reads agree.

use super::log::push;
use super::{Aged, Freshness, State};
use crate::domain::latch::NO_REASON;
use crate::domain::{
    EngageId, GatewayPhase, Intent, KillProgress, LatchPhase, LatchSeen, Money, Stamp, Text,
};
use crate::event::{AgentReport, GuardPhase, GuardReport, GuardedVerb, Level};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A kill may wait for its gateway's first word for so long without a warning.
const QUEUED_LONG: Duration = Duration::from_secs(2);

/// Decisions to stop that are kept.
const STOPS: usize = 32;

/// One decision to stop, as this process heard of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engagement {
    /// The decision.
    pub id: EngageId,
    /// The confirming key where this console read it, else the first news.
    pub since: Stamp,
}

/// The whole of a kill over all its targets, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillStanding {
    /// A target is not under control: survivors, no answer, wrong peer.
    Alarm,
    /// Under way, nothing wrong so far.
    Running,
    /// An operator recorded that this process stops trying.
    StoodDown,
    /// Every target is proven flat, or was only blocked.
    Settled,
}

impl State {
    /// How the running or last kill stands as a whole; none without one.
    #[must_use]
    pub fn kill_standing(&self) -> Option<KillStanding> {
        self.kills.values().map(|kill| standing(&kill.value)).min()
    }

    /// Whether a kill still needs an eye: neither proven nor stood down.
    #[must_use]
    pub fn kill_active(&self) -> bool {
        self.kills_over.is_none()
            && matches!(self.kill_standing(), Some(KillStanding::Alarm | KillStanding::Running))
    }

    /// Whether the guard is open, for which verb, and since when.
    #[must_use]
    pub fn guard_open(&self) -> Option<&GuardReport> {
        self.guard
            .as_ref()
            .filter(|guard| matches!(guard.phase, GuardPhase::Armed | GuardPhase::TooEarly))
    }

    pub(super) fn on_latch(&mut self, seen: &LatchSeen) {
        let next = self.aged(seen.clone());
        let Aged { at, value: before } = std::mem::replace(&mut self.latch, next);
        // A kill that is over stays history under the latch of somebody else: its
        // proof says nothing of what is open now.
        let same = seen.engage_id.is_some()
            && seen.engage_id == self.engagement.as_ref().map(|engagement| engagement.id);
        if seen.phase.is_engaged() {
            self.kills_over = self.kills_over.filter(|_| !same);
            self.held = true;
        } else if self.held && seen.phase != LatchPhase::Blocked {
            // Doubt in between ends nothing; a look that proves it gone does.
            (self.kills_over, self.held) = (Some(self.now), false);
        }
        self.obey.engaged_since = match self.obey.engaged_since {
            _ if !seen.phase.is_engaged() => None,
            None => Some(self.now),
            since => since,
        };
        if before.phase != seen.phase {
            let begins = seen.phase.is_engaged() && !before.phase.is_engaged();
            let level = if begins { Level::Alarm } else { Level::Info };
            let word = seen.phase.word();
            // Before it nobody had looked, and BLOCKED was no finding.
            let mut text = if at == Stamp::default() {
                format!("{word} at the first look")
            } else {
                format!("{word}, was {}", before.phase.word())
            };
            // A file of ours exists before its words are in it; they follow.
            let wordless = seen.phase == LatchPhase::Latched && is_wordless(&seen.reason);
            if !seen.reason.is_empty() && !wordless {
                text.push_str(": ");
                text.push_str(seen.reason.as_str());
            }
            self.say(level, "breaker", &text);
        }
        let late = before.phase == LatchPhase::Latched && is_wordless(&before.reason);
        if late && seen.phase == before.phase && !is_wordless(&seen.reason) {
            self.say(Level::Info, "breaker", &format!("the latch's reason: {}", seen.reason));
        }
        if seen.tampered > before.tampered {
            let text = format!("latch tampered: removed without a reset, {} in all", seen.tampered);
            self.say(Level::Alarm, "breaker", &text);
            self.cry(
                "tampered",
                &text,
                "somebody removes the latch: find out who, stop it by hand",
            );
        }
    }

    pub(super) fn on_guard(&mut self, report: &GuardReport) {
        // Two threads own guards; the key that was read later is the news,
        // whichever report comes first.
        if self.guard.as_ref().is_some_and(|known| known.at.mono_ns > report.at.mono_ns) {
            return;
        }
        // "Press again" keeps the guard open from its first key on: the
        // countdown must not start anew.
        let held = self.guard_open().map(|open| open.at);
        let mut next = report.clone();
        if let (GuardPhase::TooEarly, Some(at)) = (report.phase, held) {
            next.at = at;
        }
        self.guard = Some(next);
        if report.phase == GuardPhase::Fired {
            self.say(Level::Warn, "operator", &format!("{} confirmed", report.verb));
        }
    }

    pub(super) fn on_kill(&mut self, progress: &KillProgress) {
        let newer = |kill: &Aged<KillProgress>| kill.value.engage_id > progress.engage_id;
        if self.kills.get(&progress.target).is_some_and(newer) {
            return; // A mirror that still tells of an earlier decision.
        }
        if self.engagement.as_ref().is_none_or(|e| e.id < progress.engage_id) {
            let since = self.key_of(progress);
            self.engagement = Some(Engagement { id: progress.engage_id, since });
            self.note_balances(since);
            push(&mut self.stops, STOPS, Aged { at: since, value: progress.intent });
            self.kills_over = None;
            self.kills.retain(|_, kill| standing(&kill.value) <= KillStanding::Running);
        }
        let next = self.aged(progress.clone());
        let before = self.kills.insert(progress.target, next);
        let was = before.filter(|b| b.value.engage_id == progress.engage_id);
        let word = was.map_or("", |b| b.value.phase.word());
        // That a kill is about to begin was told by the key.
        let begins = progress.phase == GatewayPhase::Idle && progress.intent == Intent::Kill;
        if word != progress.phase.word() && !begins {
            self.say_kill(progress);
        }
    }

    /// Keeps what the accounts held before anything was closed.
    fn note_balances(&mut self, since: Stamp) {
        let count = u16::try_from(self.gateways.len()).unwrap_or(u16::MAX);
        let fresh = (0..count).filter(|g| self.account_freshness(*g) == Freshness::Fresh);
        let held = fresh.filter_map(|g| Some((g, self.gateway(g)?.account.as_ref()?)));
        let held = held.filter(|(_, read)| read.at.mono_ns <= since.mono_ns);
        self.balances = held.map(|(g, read)| (g, read.value.balance)).collect();
    }

    /// The balance before this kill and after its proof, where a read of either
    /// side exists.
    #[must_use]
    pub fn booked(&self, kill: &KillProgress) -> Option<(Money, Money)> {
        let proven = kill.phase == GatewayPhase::Verified;
        let current = self.engagement.as_ref().filter(|e| proven && e.id == kill.engage_id)?;
        let gateways = (0_u16..).zip(&self.session.gateways);
        let (gateway, _) = gateways.into_iter().find(|(_, g)| g.name == kill.gateway)?;
        let after = self.gateway(gateway)?.account.as_ref()?;
        let looked = kill.last_poll.as_ref()?.at_ns?;
        let is_after = after.at.mono_ns > current.since.mono_ns.max(looked);
        let before = *self.balances.get(&gateway)?;
        is_after.then_some((before, after.value.balance))
    }

    /// When the key of this decision was pressed, as well as it is known here.
    fn key_of(&self, progress: &KillProgress) -> Stamp {
        let verb = GuardedVerb::of_intent(progress.intent);
        match &self.guard {
            Some(g) if g.phase == GuardPhase::Fired && g.verb == verb => g.at,
            _ => self.now,
        }
    }

    fn say_kill(&mut self, progress: &KillProgress) {
        // A healthy kill waits for its gateway too; only a long wait is news.
        let sending = matches!(progress.phase, GatewayPhase::Sending { .. });
        let soon = self.engagement.as_ref().is_some_and(|e| self.age(e.since) < QUEUED_LONG);
        let level = match standing(progress) {
            KillStanding::Running if sending && soon => Level::Info,
            KillStanding::Alarm => Level::Alarm,
            KillStanding::Running => Level::Warn,
            KillStanding::StoodDown | KillStanding::Settled => Level::Info,
        };
        let word = match progress.intent {
            Intent::Kill => progress.phase.word(),
            Intent::Block => "orders denied, nothing sent",
        };
        let mut text = format!("{} {}: {word}", progress.intent.word(), progress.gateway);
        if progress.phase == GatewayPhase::Acked {
            text.push_str(", a claim");
        }
        if !progress.note.is_empty() {
            text.push_str(", ");
            text.push_str(progress.note.as_str());
        }
        self.say(level, "kill", &text);
    }

    pub(super) fn on_agent(&mut self, report: &AgentReport) {
        let next = self.aged(report.clone());
        let before = std::mem::replace(&mut self.agent, next).value;
        match (before.present, report.present) {
            (false, true) => {
                let pid = report.pid.map_or_else(String::new, |pid| format!(", pid {pid}"));
                self.say(Level::Info, "agent", &format!("ready{pid}"));
            }
            (true, false) => {
                let text = format!("lost: {}; the console carries a kill itself", report.fault);
                self.say(Level::Warn, "agent", &text);
            }
            _ => {}
        }
    }
}

/// Whether a latch gives no reason, or none yet.
fn is_wordless(reason: &Text) -> bool {
    reason.is_empty() || reason.as_str() == NO_REASON
}

/// How one target stands.
#[must_use]
pub const fn standing(kill: &KillProgress) -> KillStanding {
    if matches!(kill.intent, Intent::Block) {
        return KillStanding::Settled;
    }
    match kill.phase {
        GatewayPhase::Unconfirmed | GatewayPhase::Partial | GatewayPhase::NotV1 => {
            KillStanding::Alarm
        }
        GatewayPhase::Idle | GatewayPhase::Sending { .. } | GatewayPhase::Acked => {
            KillStanding::Running
        }
        GatewayPhase::StoodDown => KillStanding::StoodDown,
        GatewayPhase::Verified => KillStanding::Settled,
    }
}
