//! What the audit log says about the switch, as a fold over sets.
//!
//! Engaged = decisions engaged − decisions reset, by identity. Disarmed =
//! (tokens of resets and of lost proofs) − tokens that
//! an `Arm` named. Both are free of
//! order, so chains of many processes need no common clock.

mod live;

pub use live::LiveStand;

use super::live::LiveArming;
use super::record::{Act, ForeignLatch, Record};
use super::verify;
use crate::domain::{EngageId, GatewayPhase, KillIntent, StepTimes, Text, UtcMicros};
use crate::host::world;
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
    foreign: BTreeMap<ForeignLatch, Text>,
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
            Act::External { file, reason } => {
                self.foreign.insert(*file, reason.clone());
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
            | Act::Command { .. } => {}
        }
    }

    /// Hears the bytes of one chain. A line whose link is broken still says
    /// what it says: for the switch, doubt about a line engages rather than
    /// frees.
    pub fn hear_chain(&mut self, bytes: &[u8]) {
        let (sound, broken) = lenient(bytes);
        let mut next = sound.iter().peekable();
        while let Some(record) = next.next() {
            // Not known to be on disk: it says what a record behind a break says.
            if record.act.frees() && next.peek().is_none_or(|after| after.act != Act::Synced) {
                self.hear_broken(record);
            } else {
                self.hear(record);
            }
        }
        for record in &broken {
            self.hear_broken(record);
        }
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
    pub fn foreign(&self) -> impl Iterator<Item = (ForeignLatch, &Text)> {
        self.foreign
            .iter()
            .filter(|(file, _)| !self.foreign_reset.contains(file))
            .map(|(file, reason)| (*file, reason))
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

/// Follows the chains of a directory, reading only what is new.
#[derive(Debug)]
pub struct LedgerReader {
    dir: PathBuf,
    seen: BTreeMap<PathBuf, u64>,
    ledger: Ledger,
}

impl LedgerReader {
    /// For the chains in `dir`, which may not exist yet.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), seen: BTreeMap::new(), ledger: Ledger::default() }
    }

    /// Reads what was appended since the last call. A chain that is broken
    /// is read up to the break; a shorter file is read anew, for what was
    /// engaged stays engaged.
    ///
    /// # Errors
    /// The system's, when the directory exists and can't be read: then the
    /// log can't say that the switch is safe.
    pub fn refresh(&mut self) -> std::io::Result<&Ledger> {
        let files = match world::here(|world| world.list(&self.dir)) {
            Ok(files) => files,
            // Before the first record there is none; one that was there and
            // went says nothing.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && self.seen.is_empty() => {
                return Ok(&self.ledger);
            }
            Err(e) => return Err(e),
        };
        for (path, len) in files.into_iter().filter(|(path, _)| verify::is_chain(path)) {
            if self.seen.get(&path) == Some(&len) {
                continue;
            }
            let bytes = world::here(|world| world.read(&path, u64::MAX))?;
            self.ledger.hear_chain(&bytes);
            self.seen.insert(path, len);
        }
        Ok(&self.ledger)
    }

    /// The fold as of the last refresh.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

/// The records of an unbroken chain, and those after its break that parse.
fn lenient(bytes: &[u8]) -> (Vec<Record>, Vec<Record>) {
    let (_, sound) = verify::read_bytes("", bytes);
    let rest = bytes.split(|b| *b == b'\n').skip(sound.len());
    let broken = rest.filter_map(|line| serde_json::from_slice(line).ok()).collect();
    (sound, broken)
}

#[cfg(test)]
mod tests {
    use super::super::chain::Chain;
    use super::*;
    use crate::domain::{Intent, Stamp};
    use crate::host::{Identity, ids};

    fn intent(id: EngageId) -> KillIntent {
        KillIntent {
            engage_id: id,
            intent: Intent::Kill,
            operator: Text::new("op"),
            host: Text::new("inf"),
            boot_id: Text::new("b"),
            reason: Text::new("test"),
            pressed: Stamp::default(),
            latch: PathBuf::from("latch.lock"),
            targets: Vec::new(),
            drill: false,
        }
    }

    fn chain(dir: &Path) -> Chain {
        Chain::new(dir, Identity::here(), "test")
    }

    #[test]
    fn engaged_until_a_reset_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (ids::engage_id(), ids::engage_id());
        let mut one = chain(dir.path());
        let mut two = chain(dir.path());
        one.append(Act::Engage { intent: intent(a) }).unwrap();
        two.append(Act::Engage { intent: intent(b) }).unwrap();
        let mut reader = LedgerReader::new(dir.path());
        assert_eq!(reader.refresh().unwrap().engaged().count(), 2);
        let reset = |ids: Vec<EngageId>| Act::Reset {
            ids,
            foreign: Vec::new(),
            token: ids::engage_id(),
            reason: Text::new("over"),
            overridden: false,
        };
        two.append(reset(vec![a])).unwrap();
        assert_eq!(reader.refresh().unwrap().engaged().count(), 1);
        one.append(reset(vec![b])).unwrap();
        let ledger = reader.refresh().unwrap();
        assert!(!ledger.is_engaged());
        let waiting: Vec<_> = ledger.disarmed().map(|(t, _)| t).collect();
        assert_eq!(waiting.len(), 2);
        one.append(Act::Arm { tokens: waiting, live: false, accounts: Vec::new() }).unwrap();
        assert_eq!(reader.refresh().unwrap().disarmed().count(), 0);
    }

    /// A disk that takes a line and fails to sync it has shown it to everyone.
    #[test]
    fn a_reset_that_was_never_synced_has_not_happened() {
        let dir = tempfile::tempdir().unwrap();
        let id = ids::engage_id();
        let mut one = chain(dir.path());
        one.append(Act::Engage { intent: intent(id) }).unwrap();
        one.append(Act::Reset {
            ids: vec![id],
            foreign: Vec::new(),
            token: ids::engage_id(),
            reason: Text::new("over"),
            overridden: false,
        })
        .unwrap();
        let path = verify::files(dir.path()).remove(0);
        let whole = std::fs::read_to_string(&path).unwrap();
        let without = whole.trim_end().rsplit_once('\n').unwrap().0.to_owned() + "\n";
        std::fs::write(&path, &without).unwrap();
        let mut reader = LedgerReader::new(dir.path());
        let ledger = reader.refresh().unwrap();
        assert!(ledger.is_engaged() && ledger.disarmed().next().is_none());
        std::fs::write(&path, &whole).unwrap();
        let ledger = reader.refresh().unwrap();
        assert!(!ledger.is_engaged() && ledger.disarmed().next().is_some());
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let id = ids::engage_id();
        let mut one = chain(dir.path());
        one.append(Act::Engage { intent: intent(id) }).unwrap();
        one.append(Act::StandDown { engage_id: id, reason: Text::new("x") }).unwrap();
        // A later chain remembers the head of the first, so that even its
        // last line can't be changed unseen.
        chain(dir.path()).append(Act::Tampered { ids: vec![id] }).unwrap();
        let path = verify::files(dir.path()).remove(0);
        let good = std::fs::read(&path).unwrap();
        assert!(verify::verify_dir(dir.path()).iter().all(|r| r.findings.is_empty()));
        let findings = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            verify::verify_dir(dir.path()).iter().map(|r| r.findings.len()).sum::<usize>()
        };
        for i in (0..good.len()).step_by(7) {
            let mut bad = good.clone();
            bad[i] ^= 1;
            assert!(findings(&bad) > 0, "flip at {i}");
        }
        for cut in 0..good.len() {
            assert!(findings(&good[..cut]) > 0, "cut at {cut}");
        }
        assert_eq!(findings(&good), 0);
    }

    #[test]
    fn a_broken_chain_still_engages_and_never_frees() {
        let dir = tempfile::tempdir().unwrap();
        let id = ids::engage_id();
        let mut one = chain(dir.path());
        one.append(Act::StandDown { engage_id: id, reason: Text::new("x") }).unwrap();
        one.append(Act::Engage { intent: intent(id) }).unwrap();
        one.append(Act::Reset {
            ids: vec![id],
            foreign: Vec::new(),
            token: ids::engage_id(),
            reason: Text::new("over"),
            overridden: false,
        })
        .unwrap();
        let path = verify::files(dir.path()).remove(0);
        let text = std::fs::read_to_string(&path).unwrap();
        let second = text.lines().nth(1).unwrap().to_owned();
        std::fs::write(&path, text.replace(&second, "{\"gone\":1}")).unwrap();
        let mut reader = LedgerReader::new(dir.path());
        assert!(reader.refresh().unwrap().is_engaged());
    }
}
