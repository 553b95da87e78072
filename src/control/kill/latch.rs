//! The thread that makes the latch, so that a sick disk hangs it and nothing
//! else.

use crate::audit::LedgerReader;
use crate::breaker::body;
use crate::breaker::file::{self, CreateError, Probe};
use crate::domain::{KillIntent, Text};
use crate::host::clock;
use crossbeam_channel as channel;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// How the making goes, each with the moment on the monotonic clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LatchStep {
    /// The gate of the deciding process is closed.
    Gate {
        /// When.
        at: u64,
    },
    /// The file exists: ours, or one that was there before.
    Visible {
        /// When.
        at: u64,
        /// Whether it is ours.
        ours: bool,
    },
    /// Ours is synced, its directory too.
    Durable {
        /// When.
        at: u64,
    },
    /// It could not be made or not be synced.
    Failed {
        /// The system's words.
        why: Text,
        /// Whether it exists all the same.
        visible: bool,
    },
}

/// The latch must be visible within this time (ns), or the gateway is told
/// first.
pub const VISIBLE_WAIT: u64 = 50_000_000;
/// Looks again after meeting a file, in case a reset was taking it away.
const LOOKS: u32 = 10;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(20);

/// The waiting thread; dropping it lets it end.
#[derive(Debug)]
pub struct LatchMaker {
    jobs: channel::Sender<KillIntent>,
}

impl LatchMaker {
    /// Starts the thread; `tell` hears every step. `audit` is where a reset
    /// would be on record.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn start(
        audit: &Path,
        mut tell: impl FnMut(&KillIntent, LatchStep) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = channel::unbounded::<KillIntent>();
        let audit = audit.to_owned();
        std::thread::Builder::new().name("latch".to_owned()).spawn(move || {
            let mut asked = BTreeSet::new();
            for intent in inbox {
                let first = asked.insert(intent.engage_id);
                make(&intent, first, &audit, &mut |step| tell(&intent, step));
            }
        })?;
        Ok(Self { jobs })
    }

    /// Asks for the latch of this decision.
    pub fn make(&self, intent: &KillIntent) {
        let _ = self.jobs.send(intent.clone());
    }
}

/// Makes the latch. The first reason stays: a file that exists is left alone.
/// Only the `first` asking for a decision makes it without a look into the
/// log: a later one may have waited here while the decision was reset.
pub fn make(intent: &KillIntent, first: bool, audit: &Path, tell: &mut dyn FnMut(LatchStep)) {
    let mut told = false;
    for _ in 0..LOOKS {
        // A file that was there and went may have gone by a reset of this very
        // decision. The reset is on record before the file moves, so asking
        // after its absence was seen can't miss it.
        if told || !first {
            if !matches!(file::probe(&intent.latch), Probe::Absent) {
                if !told {
                    told = true;
                    tell(LatchStep::Visible { at: clock::mono_ns(), ours: false });
                }
                std::thread::sleep(PAUSE);
                continue;
            }
            if was_reset(intent, audit) {
                return;
            }
        }
        match file::create(&intent.latch) {
            Ok(created) => {
                tell(LatchStep::Visible { at: clock::mono_ns(), ours: true });
                match created.make_durable(&body::compose(intent)) {
                    Ok(()) => tell(LatchStep::Durable { at: clock::mono_ns() }),
                    Err(e) => {
                        tell(LatchStep::Failed { why: Text::new(&e.to_string()), visible: true });
                    }
                }
                return;
            }
            Err(CreateError::Exists) => {
                if !told {
                    told = true;
                    tell(LatchStep::Visible { at: clock::mono_ns(), ours: false });
                }
                std::thread::sleep(PAUSE);
            }
            Err(e @ CreateError::Io { .. }) => {
                tell(LatchStep::Failed { why: Text::new(&e.to_string()), visible: told });
                return;
            }
        }
    }
    // Somebody's file stands, and stood at every look.
    tell(LatchStep::Durable { at: clock::mono_ns() });
}

/// Whether an audited reset names this decision. A log that can't be read
/// names nothing.
pub(super) fn was_reset(intent: &KillIntent, audit: &Path) -> bool {
    LedgerReader::new(audit).refresh().is_ok_and(|ledger| ledger.was_reset(intent.engage_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Act, Chain};
    use crate::breaker::file::{archive, probe};
    use crate::domain::{Intent, Stamp};
    use crate::host::{Identity, ids};

    #[test]
    fn a_latch_that_its_own_reset_took_away_is_not_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let (latch, audit) = (dir.path().join("latch"), dir.path().join("audit"));
        let intent = KillIntent {
            engage_id: ids::engage_id(),
            intent: Intent::Kill,
            operator: Text::new("op"),
            host: Text::new("inf"),
            boot_id: Text::new("b"),
            reason: Text::new("why"),
            pressed: Stamp::default(),
            latch: latch.clone(),
            targets: Vec::new(),
            drill: false,
        };
        make(&intent, true, &audit, &mut |_| {});
        let maker = LatchMaker::start(&audit, |_, _| {}).unwrap();
        // Asked twice, as a client does that hands over what it announced: the
        // second asking waits behind the looks of the first.
        maker.make(&intent);
        maker.make(&intent);
        std::thread::sleep(PAUSE * 2);
        let reset = Act::Reset {
            ids: vec![intent.engage_id],
            foreign: Vec::new(),
            token: ids::engage_id(),
            reason: Text::new("over"),
            overridden: false,
        };
        Chain::new(&audit, Identity::here(), "test").append(reset).unwrap();
        archive(&latch, "over").unwrap();
        std::thread::sleep(PAUSE * (LOOKS + 5));
        assert_eq!(probe(&latch), Probe::Absent);
    }
}
