//! What the audit log says about the switch, as a fold over sets.
//!
//! Engaged = decisions engaged − decisions reset, by identity. Disarmed =
//! (tokens of resets and of lost proofs) − tokens that
//! an `Arm` named. Both are free of
//! order, so chains of many processes need no common clock.

mod live;
mod reader;

pub use live::LiveStand;
pub use reader::LedgerReader;

use super::live::LiveArming;
use super::record::{Act, ForeignLatch, Record};
use crate::domain::{EngageId, GatewayPhase, KillIntent, StepTimes, Text, UtcMicros};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A decision in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engaged {
    /// In full.
    pub intent: KillIntent,
    /// Last recorded step by gateway.
    pub steps: BTreeMap<Text, (GatewayPhase, StepTimes, Text)>,
    /// When each was recorded: several processes may speak of one kill.
    stepped: BTreeMap<Text, UtcMicros>,
}

/// A file of another's making that is on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign<'a> {
    /// Which.
    pub file: ForeignLatch,
    /// The further latch that it is; none for the latch itself.
    pub path: Option<&'a Path>,
    /// What it said.
    pub reason: &'a Text,
}

/// The fold.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    engaged: BTreeMap<EngageId, Engaged>,
    /// With the moment of the record, nanoseconds since the host's boot.
    reset: BTreeMap<EngageId, u64>,
    reset_tokens: BTreeSet<EngageId>,
    stood_down: BTreeSet<EngageId>,
    disarmed: BTreeMap<EngageId, Text>,
    armed: BTreeSet<EngageId>,
    /// With the further latch; one file may have two names.
    foreign: BTreeMap<(ForeignLatch, Option<PathBuf>), Text>,
    foreign_reset: BTreeSet<ForeignLatch>,
    drilled: Option<UtcMicros>,
    live: Vec<(UtcMicros, LiveArming)>,
}

impl Ledger {
    /// Hears one record; the order of records of different chains is free.
    pub fn hear(&mut self, record: &Record) {
        match &record.act {
            Act::Engage { intent } => {
                let (steps, stepped) = (BTreeMap::new(), BTreeMap::new());
                let engaged = Engaged { intent: intent.clone(), steps, stepped };
                self.engaged.entry(intent.engage_id).or_insert(engaged);
            }
            Act::Step { engage_id, gateway, phase, times, note, .. } => {
                let at = record.at.utc;
                if let Some(engaged) = self.engaged.get_mut(engage_id)
                    && engaged.stepped.get(gateway).is_none_or(|before| *before <= at)
                {
                    engaged.stepped.insert(gateway.clone(), at);
                    engaged.steps.insert(gateway.clone(), (*phase, *times, note.clone()));
                }
            }
            Act::Reset { ids, foreign, token, .. } => {
                for id in ids {
                    let at = self.reset.entry(*id).or_default();
                    *at = record.at.mono_ns.max(*at);
                }
                self.reset_tokens.insert(*token);
                self.foreign_reset.extend(foreign);
                self.disarmed.insert(*token, Text::new("reset; orders wait for crs arm"));
            }
            Act::StandDown { engage_id, .. } => {
                self.stood_down.insert(*engage_id);
            }
            Act::Disarm { token, why } => {
                self.disarmed.insert(*token, why.clone());
            }
            Act::Arm { tokens, accounts, .. } => {
                self.armed.extend(tokens);
                for arming in accounts {
                    let entry = (record.at.utc, arming.clone());
                    if !self.live.contains(&entry) {
                        self.live.push(entry);
                    }
                }
            }
            Act::External { file, path, reason } => {
                self.foreign.insert((*file, path.clone()), reason.clone());
            }
            Act::Drill { phase: GatewayPhase::Verified, .. } => {
                self.drilled = self.drilled.max(Some(record.at.utc));
            }
            Act::Open { .. }
            | Act::Drill { .. }
            | Act::Positions { .. }
            | Act::Exchange { .. }
            | Act::Latch { .. }
            | Act::Tampered { .. }
            | Act::Synced
            | Act::Alarm { .. }
            | Act::Mission { .. }
            | Act::Command { .. } => {}
        }
    }

    /// Hears the bytes of one chain. A line whose link is broken still says
    /// what it says: for the switch, doubt about a line engages rather than
    /// frees.
    pub fn hear_chain(&mut self, bytes: &[u8]) {
        reader::Heard::default().hear(bytes, self);
    }

    /// Hears a record behind a break of its chain, or one that was never
    /// synced: it counts where it
    /// engages the switch or voids an arming for LIVE, and frees nothing.
    fn hear_broken(&mut self, record: &Record) {
        match &record.act {
            Act::Engage { .. } | Act::Disarm { .. } | Act::External { .. } => self.hear(record),
            Act::Reset { token, .. } => {
                self.reset_tokens.insert(*token);
            }
            _ => {}
        }
    }

    /// Decisions in force, oldest first.
    pub fn engaged(&self) -> impl Iterator<Item = &Engaged> {
        self.engaged.values().filter(|e| !self.reset.contains_key(&e.intent.engage_id))
    }

    /// Files that somebody else made and no reset named, with what they said.
    /// They stay in force when the file goes: `rm` is not a reset.
    pub fn foreign(&self) -> impl Iterator<Item = Foreign<'_>> {
        let there = self.foreign.iter().filter(|((file, _), _)| !self.foreign_was_reset(file));
        there.map(|((file, path), reason)| Foreign { file: *file, path: path.as_deref(), reason })
    }

    /// Those of [`Ledger::foreign`] that lay at the latch's own path.
    pub fn foreign_at_the_latch(&self) -> impl Iterator<Item = Foreign<'_>> {
        self.foreign().filter(|foreign| foreign.path.is_none())
    }

    /// Whether the latch itself must lie there: somebody engaged it, and no
    /// reset named that. A further latch is somebody else's to keep.
    #[must_use]
    pub fn needs_the_latch(&self) -> bool {
        self.engaged().next().is_some() || self.foreign_at_the_latch().next().is_some()
    }

    /// Whether any decision, or any foreign latch, is in force.
    #[must_use]
    pub fn is_engaged(&self) -> bool {
        self.engaged().next().is_some() || self.foreign().next().is_some()
    }

    /// Whether this decision is on record, in force or reset.
    #[must_use]
    pub fn is_known(&self, id: EngageId) -> bool {
        self.engaged.contains_key(&id) || self.reset.contains_key(&id)
    }

    /// Whether this decision was reset.
    #[must_use]
    pub fn was_reset(&self, id: EngageId) -> bool {
        self.reset.contains_key(&id)
    }

    /// When its reset was recorded, in nanoseconds since the boot of the host
    /// that wrote it.
    #[must_use]
    pub fn reset_at(&self, id: EngageId) -> Option<u64> {
        self.reset.get(&id).copied()
    }

    /// When the last reset was recorded, on the same clock.
    #[must_use]
    pub fn last_reset_at(&self) -> Option<u64> {
        self.reset.values().max().copied()
    }

    /// Whether an operator ended the attempts of this decision.
    #[must_use]
    pub fn stood_down(&self, id: EngageId) -> bool {
        self.stood_down.contains(&id)
    }

    /// Whether this foreign file was the object of an audited reset.
    #[must_use]
    pub fn foreign_was_reset(&self, file: &ForeignLatch) -> bool {
        self.foreign_reset.contains(file)
    }

    /// As [`Ledger::foreign_was_reset`], for a file that was seen some time
    /// before: see [`ForeignLatch::became`].
    #[must_use]
    pub fn seen_file_was_reset(&self, file: &ForeignLatch) -> bool {
        self.foreign_reset.iter().any(|reset| file.became(reset))
    }

    /// When the kill was last rehearsed and ended in proof.
    #[must_use]
    pub const fn last_drill(&self) -> Option<UtcMicros> {
        self.drilled
    }

    /// What keeps the switch disarmed: token and why.
    pub fn disarmed(&self) -> impl Iterator<Item = (EngageId, &Text)> {
        self.disarmed.iter().filter(|(t, _)| !self.armed.contains(t)).map(|(t, w)| (*t, w))
    }
}

#[cfg(test)]
mod tests;
