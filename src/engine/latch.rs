//! The latch as the engine sees it: the gate of its process, why it is closed,
//! and the evidence of it that telemetry tells.

use super::entry::Closed;
use super::step::Gates;
use crate::breaker::{Gate, Permit, Sight, Verdict};
use crate::domain::latch::NO_REASON;
use crate::domain::{LatchPhase, LatchSeen, Text, UtcMicros};
use crate::host::{Identity, clock};
use crate::wire::LatchEvidence;
use crate::wire::telemetry::VERSION;
use crossbeam_channel as channel;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Why a gate that opened right after it denied was closed.
const MEANWHILE: &str = "it was not proven safe then; the proof came back meanwhile";

/// Shared by the loop, the watch and telemetry.
#[derive(Clone, Debug)]
pub struct Latch {
    gate: Arc<Gate>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    host: Text,
    path: Text,
    seen: Mutex<Option<(LatchSeen, Sight)>>,
    /// What this process decided, until its own watch has read why.
    decided: Mutex<Option<(UtcMicros, Text)>>,
    /// Rings when something changed.
    bell: channel::Sender<()>,
    changes: channel::Receiver<()>,
}

impl Latch {
    /// Of this process's gate, watching `path`.
    #[must_use]
    pub fn new(gate: Arc<Gate>, path: &Path) -> Self {
        let (bell, changes) = channel::bounded(1);
        let shared = Shared {
            host: Identity::here().host,
            path: Text::new(&path.to_string_lossy()),
            seen: Mutex::default(),
            decided: Mutex::default(),
            bell,
            changes,
        };
        Self { gate, shared: Arc::new(shared) }
    }

    /// For the watch to tell its verdicts to.
    pub fn teller(&self) -> impl FnMut(Verdict) + Send + 'static {
        let shared = Arc::clone(&self.shared);
        move |verdict| {
            let mut seen = verdict.seen;
            {
                let mut slot = shared.seen.lock().unwrap_or_else(PoisonError::into_inner);
                // A file of `touch` has no time: that it was seen is known.
                if seen.phase.is_engaged() && seen.since.is_empty() {
                    let before = slot.as_ref().map(|(seen, _)| seen);
                    let before = before.filter(|seen| seen.phase.is_engaged());
                    let since = before.map(|seen| seen.since.clone());
                    seen.since = since.unwrap_or_else(|| Text::new(&clock::utc().naive_iso()));
                }
                if seen.phase.is_engaged() && seen.reason.as_str() != NO_REASON {
                    *shared.decided.lock().unwrap_or_else(PoisonError::into_inner) = None;
                }
                *slot = Some((seen, verdict.sight));
            }
            let _ = shared.bell.try_send(());
        }
    }

    /// Rings after each change that the watch told.
    #[must_use]
    pub fn changes(&self) -> channel::Receiver<()> {
        self.shared.changes.clone()
    }

    /// The gate.
    #[must_use]
    pub const fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Engages by `how`, which closes the gate first; until the file is seen,
    /// this reason and time are those of the entries.
    pub fn engage(&self, reason: &Text, how: &dyn Fn(&Text)) {
        let decided = Some((clock::utc(), reason.clone()));
        *self.shared.decided.lock().unwrap_or_else(PoisonError::into_inner) = decided;
        how(reason);
        let _ = self.shared.bell.try_send(());
    }

    fn seen(&self) -> Option<(LatchSeen, Sight)> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What this consumer of the latch can honestly say of it now.
    #[must_use]
    pub fn evidence(&self, last_blocked: Option<UtcMicros>) -> LatchEvidence {
        let (seen, sight) = self.seen().unwrap_or_default();
        let proven = match seen.phase {
            LatchPhase::Safe => self.gate.permit().is_ok(),
            LatchPhase::Disarmed => !self.gate.is_overdue(),
            _ => false,
        };
        let engaged = self.gate.is_engaged().then_some(true).or(proven.then_some(false));
        let fault = if engaged.is_none() { self.gate.why() } else { Text::default() };
        LatchEvidence {
            v: VERSION,
            consumer: Text::new("engine"),
            host: self.shared.host.clone(),
            latch_path: self.shared.path.clone(),
            engaged,
            fault,
            dev: sight.file.map(|id| id.dev),
            ino: sight.file.map(|id| id.ino),
            dir_dev: sight.dir.map(|id| id.dev),
            dir_ino: sight.dir.map(|id| id.ino),
            last_blocked,
            time_us: clock::utc(),
        }
    }
}

impl Gates for Latch {
    type Permit<'a> = Permit<'a>;

    fn permit(&self) -> Option<Permit<'_>> {
        self.gate.pass().ok()
    }

    fn closed(&self) -> Closed {
        let engaged = self.gate.is_engaged();
        let seen = self.seen().map(|(seen, _)| seen).filter(|seen| seen.phase.is_engaged());
        let decided = self.shared.decided.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (seen.filter(|_| engaged), decided.filter(|_| engaged)) {
            // Its file is there before its words are.
            (Some(seen), None) => Closed { engaged, since: seen.since, reason: seen.reason },
            (Some(seen), Some(_)) if seen.reason.as_str() != NO_REASON => {
                Closed { engaged, since: seen.since, reason: seen.reason }
            }
            (_, Some((at, reason))) => {
                Closed { engaged, since: Text::new(&at.naive_iso()), reason }
            }
            (None, None) => {
                // Open again since it was asked: nothing keeps it closed now.
                let why = self.gate.why();
                let reason = if why.is_empty() { Text::new(MEANWHILE) } else { why };
                Closed { engaged, since: Text::default(), reason }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breaker::watch::Check;
    use crate::breaker::{LatchHome, WatchConfig};
    use crate::domain::EngageId;

    #[test]
    fn a_gate_that_opens_after_it_denied_still_has_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let home = LatchHome::new(&dir.path().join("state"), &dir.path().join("latch.lock"));
        home.prepare().unwrap();
        let latch = Latch::new(Arc::default(), &home.latch);
        let config = WatchConfig { home, extra: Vec::new(), role: "engine" };
        Check::new(config).once(latch.gate());
        assert!(latch.gate().is_safe(), "{}", latch.gate().why());
        let closed = latch.closed();
        assert_eq!((closed.code(), closed.reason.as_str()), ("NOT_PROVEN_SAFE", MEANWHILE));
    }

    #[test]
    fn what_is_not_proven_claims_nothing_and_a_decision_has_its_reason() {
        let latch = Latch::new(Arc::default(), Path::new("/run/latch.lock"));
        let said = latch.evidence(None);
        assert_eq!((said.engaged, said.fault.as_str()), (None, "not proven yet"));
        let closed = latch.closed();
        assert_eq!((closed.engaged, closed.code()), (false, "NOT_PROVEN_SAFE"));
        assert!(latch.permit().is_none());
        let gate = Arc::clone(latch.gate());
        latch.engage(&Text::new("Health check failed"), &move |_| {
            gate.close();
            gate.name_kill(EngageId::from_parts(1, 1));
        });
        assert_eq!(latch.evidence(None).engaged, Some(true));
        let closed = latch.closed();
        assert_eq!(
            (closed.code(), closed.reason.as_str()),
            ("KILL_SWITCH_ACTIVE", "Health check failed")
        );
        assert!(!closed.since.is_empty() && latch.changes().try_recv().is_ok());
        // The file is seen before its body was written, then with it.
        let mut tell = latch.teller();
        for (reason, shown) in [
            (NO_REASON, "Health check failed"),
            ("by hand", "by hand"),
            // Another file, later, of a touch.
            (NO_REASON, NO_REASON),
        ] {
            let reason = Text::new(reason);
            let seen = LatchSeen { phase: LatchPhase::Latched, reason, ..LatchSeen::default() };
            tell(Verdict { seen, ..Verdict::default() });
            assert_eq!(latch.closed().reason.as_str(), shown);
        }
    }
}
