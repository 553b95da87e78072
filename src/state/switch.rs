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
            let over: Vec<_> = self.kills.values().map(|kill| kill.value.engage_id).collect();
            for id in over.into_iter().chain(self.engagement.as_ref().map(|e| e.id)) {
                if !self.stopped.contains(&id) {
                    push(&mut self.stopped, STOPS, id);
                }
            }
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

    /// A gateway has the word that was told of it last, whichever decision that
    /// names: a later one may be carried out under an earlier one that is still
    /// unproven, and one that names fewer gateways says nothing of the others.
    /// Which decision is the newer one goes by what was seen here, since a clock
    /// that was set back gives a new decision a smaller number.
    pub(super) fn on_kill(&mut self, progress: &KillProgress) {
        let id = progress.engage_id;
        let current = self.engagement.as_ref().is_some_and(|e| e.id == id);
        if !current && self.stopped.contains(&id) {
            return; // A mirror that still tells of a decision that was reset.
        }
        let later = |e: &Engagement| e.id < id || self.kills_over.is_some();
        if !current && self.engagement.as_ref().is_none_or(later) {
            let since = self.key_of(progress);
            self.engagement = Some(Engagement { id, since });
            push(&mut self.stops, STOPS, Aged { at: since, value: progress.intent });
            if self.kills_over.take().is_some() {
                self.kills.clear();
            }
            self.kills.retain(|_, kill| standing(&kill.value) <= KillStanding::Running);
        }
        let before = self.kills.get(&progress.gateway).map(|kill| &kill.value);
        let other = before.filter(|kill| kill.engage_id != id);
        let unproven = other.is_some_and(|kill| standing(kill) <= KillStanding::Running);
        // A decision whose kill has not begun takes nothing from one that has,
        // nor does an earlier one from the newest, unless our hand says that it
        // is the one that is carried out.
        let newest = self.engagement.as_ref().map(|e| e.id);
        let earlier = newest != Some(id) && other.is_some_and(|o| newest == Some(o.engage_id));
        let begun = other.is_some_and(|kill| kill.phase != GatewayPhase::Idle);
        let in_its_stead = progress.times.handed.is_some();
        if unproven && (progress.phase == GatewayPhase::Idle || earlier && begun && !in_its_stead) {
            return;
        }
        let word = before.filter(|kill| kill.engage_id == id).map_or("", |kill| kill.phase.word());
        if before.is_none_or(|kill| kill.engage_id != id) && !unproven {
            self.note_balance(&progress.gateway);
        }
        let next = self.aged(progress.clone());
        self.kills.insert(progress.gateway.clone(), next);
        // That a kill is about to begin was told by the key.
        let begins = progress.phase == GatewayPhase::Idle && progress.intent == Intent::Kill;
        if word != progress.phase.word() && !begins {
            self.say_kill(progress);
        }
    }

    /// Keeps what an account held before anything was closed.
    fn note_balance(&mut self, name: &Text) {
        let Some(gateway) = self.numbered(name) else { return };
        let since = self.engagement.as_ref().map_or(self.now, |engagement| engagement.since);
        let fresh = self.account_freshness(gateway) == Freshness::Fresh;
        let read = self.gateway(gateway).and_then(|g| g.account.as_ref()).filter(|_| fresh);
        let held = read.filter(|read| read.at.mono_ns <= since.mono_ns).map(|r| r.value.balance);
        match held {
            Some(balance) => drop(self.balances.insert(gateway, balance)),
            None => drop(self.balances.remove(&gateway)),
        }
    }

    /// The number of a gateway in this session, by its name.
    fn numbered(&self, name: &Text) -> Option<u16> {
        let mut gateways = (0_u16..).zip(&self.session.gateways);
        gateways.find_map(|(n, gateway)| (gateway.name == *name).then_some(n))
    }

    /// The balance before this kill and after its proof, where a read of either
    /// side exists.
    #[must_use]
    pub fn booked(&self, kill: &KillProgress) -> Option<(Money, Money)> {
        let gateway =
            self.numbered(&kill.gateway).filter(|_| kill.phase == GatewayPhase::Verified)?;
        let after = self.gateway(gateway)?.account.as_ref()?;
        let looked = kill.last_poll.as_ref()?.at_ns?;
        let before = *self.balances.get(&gateway)?;
        (after.at.mono_ns > looked).then_some((before, after.value.balance))
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

#[cfg(test)]
mod tests;
