//! The thread that makes the latch, so that a sick disk hangs it and nothing
//! else.
//!
//! What can't be made is tried again for as long as the decision is in force.
//! Until then a second file in the private directory stands in, which every
//! `crs` of this state directory obeys; programs that look only at the main
//! path do not see it, and the alarm says so.

mod attempt;

use crate::audit::LedgerReader;
use crate::breaker::LatchHome;
use crate::domain::{EngageId, KillIntent, Text};
use crate::host::clock;
use crossbeam_channel as channel;
use std::collections::{BTreeMap, BTreeSet};
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
    /// The stand-in in the private directory, after a failure.
    Fallback {
        /// Where.
        path: Text,
        /// Why it does not stand either; none when it does.
        fault: Option<Text>,
    },
}

/// The latch must be visible within this time (ns), or the gateway is told
/// first.
pub const VISIBLE_WAIT: u64 = 50_000_000;
/// Between two tries of a latch that can't be made: first and longest.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The waiting thread; dropping it lets it end.
#[derive(Debug)]
pub struct LatchMaker {
    jobs: channel::Sender<KillIntent>,
}

impl LatchMaker {
    /// Starts the thread; `tell` hears every step.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn start(
        home: &LatchHome,
        mut tell: impl FnMut(&KillIntent, LatchStep) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = channel::unbounded::<KillIntent>();
        let home = home.clone();
        std::thread::Builder::new().name("latch".to_owned()).spawn(move || {
            let mut bench = Bench { home, asked: BTreeSet::new(), due: BTreeMap::new() };
            loop {
                match inbox.recv_timeout(bench.patience()) {
                    Ok(intent) => bench.make(&intent, &mut tell),
                    Err(channel::RecvTimeoutError::Timeout) => bench.again(&mut tell),
                    Err(channel::RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Self { jobs })
    }

    /// Asks for the latch of this decision.
    pub fn make(&self, intent: &KillIntent) {
        let _ = self.jobs.send(intent.clone());
    }
}

/// A latch that can't be made yet.
struct Due {
    intent: KillIntent,
    at: u64,
    pause: Duration,
}

/// The thread's belongings.
struct Bench {
    home: LatchHome,
    /// Decisions asked for before: a later asking may have waited here while
    /// its decision was reset, and looks into the log first.
    asked: BTreeSet<EngageId>,
    due: BTreeMap<EngageId, Due>,
}

impl Bench {
    fn patience(&self) -> Duration {
        let next = self.due.values().map(|due| due.at).min();
        next.map_or(Duration::from_hours(1), |at| {
            Duration::from_nanos(at.saturating_sub(clock::mono_ns()))
        })
    }

    fn make(&mut self, intent: &KillIntent, tell: &mut dyn FnMut(&KillIntent, LatchStep)) {
        let id = intent.engage_id;
        let first = self.asked.insert(id);
        let mut say = |step| tell(intent, step);
        let Err(why) = attempt::make(intent, first, &self.home, &mut say) else {
            self.due.remove(&id);
            return;
        };
        let pause = if let Some(due) = self.due.get(&id) {
            (due.pause * 2).min(RETRY.1)
        } else {
            // Said once; that it was made after all will be said too.
            say(LatchStep::Failed { why, visible: false });
            say(attempt::stand_in(intent, &self.home));
            RETRY.0
        };
        let at = clock::now().plus(pause).mono_ns;
        self.due.insert(id, Due { intent: intent.clone(), at, pause });
    }

    /// Another try of what is due.
    fn again(&mut self, tell: &mut dyn FnMut(&KillIntent, LatchStep)) {
        let now = clock::mono_ns();
        let due: Vec<KillIntent> =
            self.due.values().filter(|d| d.at <= now).map(|d| d.intent.clone()).collect();
        for intent in due {
            self.make(&intent, tell);
        }
    }
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
    use crate::breaker::file::{Probe, archive, probe};
    use crate::domain::{Intent, Stamp};
    use crate::host::{Identity, ids};

    fn intent(latch: &Path) -> KillIntent {
        KillIntent {
            engage_id: ids::engage_id(),
            intent: Intent::Kill,
            operator: Text::new("op"),
            host: Text::new("inf"),
            boot_id: Text::new("b"),
            reason: Text::new("why"),
            pressed: Stamp::default(),
            latch: latch.to_owned(),
            targets: Vec::new(),
            drill: false,
        }
    }

    /// A maker and what it says.
    fn maker(home: &LatchHome) -> (LatchMaker, channel::Receiver<LatchStep>) {
        let (tell, told) = channel::unbounded();
        let say = move |_: &KillIntent, step| drop(tell.send(step));
        (LatchMaker::start(home, say).unwrap(), told)
    }

    /// The next step that `wanted` takes; the bound only ends a test that fails.
    fn step(told: &channel::Receiver<LatchStep>, wanted: impl Fn(&LatchStep) -> bool) -> LatchStep {
        loop {
            let step = told.recv_timeout(Duration::from_secs(20)).unwrap();
            if wanted(&step) {
                return step;
            }
        }
    }

    #[test]
    fn a_latch_that_its_own_reset_took_away_is_not_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let latch = dir.path().join("latch");
        let home = LatchHome::new(dir.path(), &latch);
        let intent = intent(&latch);
        attempt::make(&intent, true, &home, &mut |_| {}).unwrap();
        let (maker, _told) = maker(&home);
        // Asked twice, as a client does that hands over what it announced: the
        // second asking waits behind the looks of the first.
        maker.make(&intent);
        maker.make(&intent);
        std::thread::sleep(attempt::PAUSE * 2);
        let reset = Act::Reset {
            ids: vec![intent.engage_id],
            foreign: Vec::new(),
            token: ids::engage_id(),
            reason: Text::new("over"),
            overridden: false,
        };
        Chain::new(&home.audit(), Identity::here(), "test").append(reset).unwrap();
        archive(&latch, "over").unwrap();
        std::thread::sleep(attempt::PAUSE * (attempt::LOOKS + 5));
        assert_eq!(probe(&latch), Probe::Absent);
    }

    #[test]
    fn what_another_made_is_durable_as_soon_as_it_is_synced() {
        let dir = tempfile::tempdir().unwrap();
        let latch = dir.path().join("latch");
        let home = LatchHome::new(dir.path(), &latch);
        let intent = intent(&latch);
        attempt::make(&intent, true, &home, &mut |_| {}).unwrap();
        let (maker, told) = maker(&home);
        maker.make(&intent);
        let seen = step(&told, |s| matches!(s, LatchStep::Visible { ours: false, .. }));
        let LatchStep::Visible { at: seen, .. } = seen else { unreachable!() };
        let synced = step(&told, |s| matches!(s, LatchStep::Durable { .. }));
        let LatchStep::Durable { at: synced } = synced else { unreachable!() };
        let all_looks = u64::try_from((attempt::PAUSE * attempt::LOOKS).as_nanos()).unwrap();
        assert!(synced - seen < all_looks, "not only when the last look is over");
    }

    #[test]
    fn a_directory_that_is_not_there_has_a_stand_in_until_it_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let latch = dir.path().join("run/latch");
        let home = LatchHome::new(dir.path(), &latch);
        let intent = intent(&latch);
        let (maker, told) = maker(&home);
        maker.make(&intent);
        step(&told, |s| matches!(s, LatchStep::Failed { visible: false, .. }));
        let stood = step(&told, |s| matches!(s, LatchStep::Fallback { .. }));
        assert!(matches!(stood, LatchStep::Fallback { fault: None, .. }), "{stood:?}");
        let Probe::Present { body, .. } = probe(&home.fallback()) else { panic!("no stand-in") };
        assert_eq!(body.engage_id, Some(intent.engage_id));
        std::fs::create_dir(dir.path().join("run")).unwrap();
        let made = step(&told, |s| !matches!(s, LatchStep::Fallback { .. }));
        assert!(matches!(made, LatchStep::Visible { ours: true, .. }), "said once: {made:?}");
        step(&told, |s| matches!(s, LatchStep::Durable { .. }));
        assert!(matches!(probe(&latch), Probe::Present { .. }));
    }

    #[test]
    fn a_reset_ends_the_tries() {
        let dir = tempfile::tempdir().unwrap();
        let latch = dir.path().join("run/latch");
        let home = LatchHome::new(dir.path(), &latch);
        let intent = intent(&latch);
        let (maker, told) = maker(&home);
        maker.make(&intent);
        step(&told, |s| matches!(s, LatchStep::Fallback { .. }));
        let reset = Act::Reset {
            ids: vec![intent.engage_id],
            foreign: Vec::new(),
            token: ids::engage_id(),
            reason: Text::new("over"),
            overridden: true,
        };
        Chain::new(&home.audit(), Identity::here(), "test").append(reset).unwrap();
        std::fs::create_dir(dir.path().join("run")).unwrap();
        std::thread::sleep(RETRY.1 * 2);
        assert_eq!(probe(&latch), Probe::Absent);
    }
}
