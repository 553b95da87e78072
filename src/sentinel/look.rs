//! The latch as this process sees it: the permit for orders, and the evidence
//! that others compare with their own.

use crate::breaker::{Gate, Sight, Verdict};
use crate::domain::{LatchPhase, LatchSeen, Text, UtcMicros};
use crate::host::{Identity, clock};
use crate::wire::LatchEvidence;
use crate::wire::telemetry::VERSION;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the watcher said last, beside the gate that it opens and closes.
#[derive(Debug)]
pub struct Look {
    gate: Arc<Gate>,
    host: Text,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    last: Option<(LatchSeen, Sight)>,
    last_blocked: Option<UtcMicros>,
}

impl Look {
    /// Beside `gate`; knows nothing before its watcher has looked.
    #[must_use]
    pub fn new(gate: Arc<Gate>) -> Arc<Self> {
        let (host, seen) = (Identity::here().host, Mutex::default());
        Arc::new(Self { gate, host, seen })
    }

    /// For the watcher to tell its verdicts to.
    pub fn teller(self: &Arc<Self>) -> impl FnMut(Verdict) + Send + 'static {
        let look = Arc::clone(self);
        move |verdict| look.seen().last = Some((verdict.seen, verdict.sight))
    }

    /// Why no order passes now; none while the gate is open on a fresh proof.
    #[must_use]
    pub fn denied(&self) -> Option<Text> {
        self.gate.permit().err().map(|denied| denied.0)
    }

    /// The latch denied an order just now.
    pub fn blocked(&self) {
        self.seen().last_blocked = Some(clock::utc());
    }

    /// What this process can prove of the latch; the time is that of the call.
    #[must_use]
    pub fn evidence(&self) -> LatchEvidence {
        let denied = self.denied();
        let seen = self.seen();
        let (latch, sight) = seen.last.clone().unwrap_or_default();
        // SAFE against a closed gate proves nothing, nor does an overdue look.
        let doubt = match (latch.phase, denied) {
            (LatchPhase::Blocked, _) => Some(latch.reason),
            (LatchPhase::Safe, Some(why)) => Some(why),
            _ if self.gate.is_overdue() => Some(self.gate.why()),
            _ => None,
        };
        LatchEvidence {
            v: VERSION,
            consumer: Text::new("sentinel"),
            host: self.host.clone(),
            latch_path: latch.path,
            engaged: doubt.is_none().then_some(latch.phase.is_engaged()),
            fault: doubt.unwrap_or_default(),
            dev: sight.file.map(|id| id.dev),
            ino: sight.file.map(|id| id.ino),
            dir_dev: sight.dir.map(|id| id.dev),
            dir_ino: sight.dir.map(|id| id.ino),
            last_blocked: seen.last_blocked,
            time_us: clock::utc(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(phase: LatchPhase) -> Verdict {
        let seen = LatchSeen { phase, reason: Text::new("as seen"), ..LatchSeen::default() };
        Verdict { seen, ..Verdict::default() }
    }

    #[test]
    fn safe_is_not_said_against_a_closed_gate_and_doubt_claims_nothing() {
        let look = Look::new(Arc::new(Gate::default()));
        assert_eq!(look.evidence().engaged, None, "nobody has looked");
        let mut tell = look.teller();
        tell(verdict(LatchPhase::Safe));
        let said = look.evidence();
        assert_eq!((said.engaged, said.fault.as_str()), (None, "not proven yet"));
        tell(verdict(LatchPhase::EngagedExternal));
        assert_eq!(look.evidence().engaged, Some(true));
        tell(verdict(LatchPhase::Disarmed));
        assert_eq!(look.evidence().engaged, Some(false));
        assert_eq!(look.evidence().last_blocked, None);
        look.blocked();
        assert!(look.evidence().last_blocked.is_some() && look.denied().is_some());
    }
}
