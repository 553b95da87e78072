//! What the page is made of, each read once.

use super::mission;
use crate::audit::{Ledger, LedgerReader, Record, read_dir};
use crate::breaker::{Probe, probe_soon};
use crate::cli::heard::Heard;
use crate::cli::live::{self, LiveTerms};
use crate::cli::positions::{Read, ask};
use crate::cli::remembers::Memory;
use crate::cli::{status, when, wiring};
use crate::config::{Card, Settings};
use crate::domain::{
    GatewayAddr, GatewayPhase, KillProgress, LatchPhase, LatchSeen, Text, UtcMicros,
};
use crate::host::{Identity, clock};
use crate::link::{self, Peer};
use std::time::Duration;

/// A kill that was not rehearsed for so long is due, in days.
const DRILL_DUE: u64 = 7;

/// One gateway, as read now.
pub struct Gateway {
    /// Its name in the configuration.
    pub name: Text,
    /// Its answers; none when no socket was to be had.
    pub read: Result<Read, Text>,
    /// Whether it remembers a kill.
    pub memory: Memory,
}

/// Everything.
pub struct Facts {
    /// When it was looked at.
    pub at: UtcMicros,
    /// Who looks, and from which host.
    pub who: Identity,
    /// The switch.
    pub latch: LatchSeen,
    /// Since when it is engaged, in words.
    pub since: String,
    /// The agent's process.
    pub agent: Option<u32>,
    /// How far each kill is, as the agent says.
    pub kills: Vec<KillProgress>,
    /// Every configured gateway.
    pub gateways: Vec<Gateway>,
    /// Control acts of the time that was asked for, oldest first.
    pub changes: Vec<Record>,
    /// Damage found in the audit log.
    pub damage: Vec<Text>,
    /// When the kill was last rehearsed.
    pub drill: Option<UtcMicros>,
    /// Whether LIVE is armed, and for whom.
    pub live: Vec<String>,
    /// Automatic traders, by their own word.
    pub traders: Heard,
    /// Mission control, where it is followed.
    pub mission: mission::Heard,
    /// What a human does when no wire does it.
    pub card: Card,
}

impl Facts {
    /// Reads it all; nothing is started and nothing is changed.
    pub fn gather(settings: &Settings, back: Duration, timeout: Duration) -> Self {
        let listening = Heard::begin(settings);
        let asking = mission::begin(settings, timeout);
        let home = wiring::latch_home(settings);
        let (agent, kills) = status::ask_agent(&home);
        let at = clock::utc();
        let from = at.0.saturating_sub(i64::try_from(back.as_micros()).unwrap_or(i64::MAX));
        let (mut changes, mut damage) = (Vec::new(), Vec::new());
        for (report, records) in read_dir(&home.audit()) {
            let found = report.findings.into_iter();
            damage.extend(found.map(|f| Text::new(&format!("{}: {}", report.file, f.what))));
            changes.extend(records.into_iter().filter(|r| r.at.utc.0 >= from));
        }
        changes.sort_by_key(|r| (r.at.utc, r.n));
        let zmq = link::context().map_err(|e| Text::new(&e.to_string()));
        let max_message = settings.feed.max_message_bytes;
        let read = |gateway: &GatewayAddr| {
            let zmq = zmq.as_ref().map_err(Clone::clone)?;
            let mut peer = Peer::connect(zmq, &gateway.cmd, max_message)
                .map_err(|e| Text::new(&e.to_string()))?;
            let read = ask(&mut peer, timeout);
            Ok((read, peer.killed()))
        };
        let one = |gateway: &GatewayAddr| {
            let (read, killed) = match read(gateway) {
                Ok((read, killed)) => (Ok(read), killed),
                Err(why) => (Err(why), None),
            };
            Gateway {
                name: gateway.name.clone(),
                read,
                memory: Memory::said(settings, gateway, killed),
            }
        };
        let gateways = settings.gateways.iter().map(one).collect();
        let traders = Heard::wait(listening);
        let mission = mission::wait(asking);
        // Last of all: it must not be older than the rest.
        let latch = status::look(settings);
        let ctime_ns = match probe_soon(&home.latch) {
            Probe::Present { file, .. } => file.ctime_ns,
            Probe::Absent | Probe::Doubt(_) => 0,
        };
        Self {
            since: when::since(latch.since.as_str(), ctime_ns),
            at,
            who: Identity::here(),
            live: live::lines(&LiveTerms::of(settings).standing(), latch.phase),
            latch,
            traders,
            mission,
            card: settings.card.clone(),
            agent,
            kills,
            gateways,
            changes,
            damage,
            drill: LedgerReader::new(&home.audit()).refresh().ok().and_then(Ledger::last_drill),
        }
    }

    /// What is broken, worst first, one line each.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for kill in self.kills.iter().filter(|k| k.phase != GatewayPhase::Verified) {
            lines.push(format!("kill at {}: {} {}", kill.gateway, kill.phase.word(), kill.note));
        }
        for gateway in &self.gateways {
            let why = match &gateway.read {
                Err(why) => Some(why.to_string()),
                Ok(read) => match (&read.positions, &read.account) {
                    (Err(e), _) => Some(e.to_string()),
                    (Ok(_), Err(e)) => Some(format!("positions can't be believed: {e}")),
                    (Ok(_), Ok(_)) => None,
                },
            };
            lines.extend(why.map(|why| format!("{}: {why}", gateway.name)));
        }
        lines.extend(self.remembering().filter_map(Memory::warning));
        lines.extend(self.traders.broken());
        lines.extend(mission::broken(&self.mission));
        if matches!(self.latch.phase, LatchPhase::Blocked | LatchPhase::NotDurable) {
            lines.push(format!("switch {}: {}", self.latch.phase.word(), self.latch.reason));
        }
        if self.latch.phase.is_engaged() && self.agent.is_none() {
            lines.push("engaged, but no agent watches over it: open crs, or run crs kill".into());
        }
        lines.extend(self.damage.iter().map(|what| format!("audit log: {what}")));
        lines
    }

    /// Gateways that still refuse orders although the latch is gone: under one
    /// that holds they do as they should.
    pub fn remembering(&self) -> impl Iterator<Item = &Memory> {
        let gone = !self.latch.phase.is_engaged();
        self.gateways.iter().map(|g| &g.memory).filter(move |m| gone && m.is_killed())
    }

    /// Nothing is broken and nothing is engaged.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.latch.phase == LatchPhase::Safe && self.broken().is_empty()
    }

    /// Whether no good drill is on record for a week.
    #[must_use]
    pub fn drill_is_due(&self) -> bool {
        let days =
            |last: UtcMicros| u64::try_from(self.at.0 - last.0).unwrap_or(0) / 86_400_000_000;
        self.drill.is_none_or(|last| days(last) >= DRILL_DUE)
    }
}
