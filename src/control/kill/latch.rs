//! The thread that makes the latch, so that a sick disk hangs it and nothing
//! else.
//!
//! What can't be made is tried again for as long as the decision is in force.
//! Until then a second file in the private directory stands in, which every
//! `crs` of this state directory obeys; programs that look only at the main
//! path do not see it, and the alarm says so.

mod attempt;
mod hang;

use super::log::Log;
use crate::breaker::LatchHome;
use crate::breaker::file::{self, Probe};
use crate::domain::{EngageId, KillIntent, Text};
use crate::host::clock;
use crossbeam_channel as channel;
use hang::Hang;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
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
    /// The one that was there went, no reset names it, and ours stands now.
    Again,
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
        /// Whether the latch itself exists all the same.
        visible: bool,
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
    jobs: channel::Sender<(KillIntent, u64)>,
}

impl LatchMaker {
    /// Starts the thread; `tell` hears every step.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn start(
        home: &LatchHome,
        tell: impl Fn(&KillIntent, LatchStep) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = channel::unbounded::<(KillIntent, u64)>();
        let tell: Tell = Arc::new(tell);
        let hang = Hang::start(home, Arc::clone(&tell))?;
        let home = home.clone();
        std::thread::Builder::new().name("latch".to_owned()).spawn(move || {
            let mut bench = Bench::new(home, tell, hang);
            loop {
                match inbox.recv_timeout(bench.patience()) {
                    Ok((intent, at)) => {
                        tracing::debug!("latch: asked for, of {}", intent.engage_id);
                        bench.ask(&intent, at);
                    }
                    Err(channel::RecvTimeoutError::Timeout) => bench.again(),
                    Err(channel::RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Self { jobs })
    }

    /// Asks for the latch of this decision.
    pub fn make(&self, intent: &KillIntent) {
        let _ = self.jobs.send((intent.clone(), clock::mono_ns()));
    }
}

/// Hears every step, on the thread that made it.
pub(super) type Tell = Arc<dyn Fn(&KillIntent, LatchStep) + Send + Sync>;

/// A latch that can't be made yet.
struct Due {
    intent: KillIntent,
    at: u64,
    pause: Duration,
    /// What was said of its stand-in.
    stand_in: LatchStep,
}

/// The thread's belongings.
pub(super) struct Bench {
    home: LatchHome,
    tell: Tell,
    hang: Hang,
    /// Hung or not, the latches of others are tried.
    log: Log,
    /// Decisions asked for before: a later asking may have waited here while
    /// its decision was reset, and looks into the log first.
    asked: BTreeSet<EngageId>,
    due: BTreeMap<EngageId, Due>,
}

impl Bench {
    fn new(home: LatchHome, tell: Tell, hang: Hang) -> Self {
        let log = Log::new(&home.audit());
        Self { home, tell, hang, log, asked: BTreeSet::new(), due: BTreeMap::new() }
    }

    /// Without the thread that notices when it hangs.
    #[cfg(test)]
    pub fn alone(home: LatchHome, tell: Tell) -> Self {
        Self::new(home, tell, Hang::nobody())
    }

    /// Until the next try is due.
    pub fn patience(&self) -> Duration {
        let next = self.due.values().map(|due| due.at).min();
        next.map_or(Duration::from_hours(1), |at| {
            Duration::from_nanos(at.saturating_sub(clock::mono_ns()))
        })
    }

    /// What is tried already is not tried more often for being asked for.
    /// What waited here behind the looks of another may be over meanwhile.
    pub fn ask(&mut self, intent: &KillIntent, at: u64) {
        let waited = Duration::from_nanos(clock::mono_ns().saturating_sub(at));
        if waited > attempt::PAUSE {
            self.asked.insert(intent.engage_id);
        }
        if !self.due.contains_key(&intent.engage_id) {
            self.make(intent);
        }
        self.again();
    }

    fn make(&mut self, intent: &KillIntent) {
        let id = intent.engage_id;
        let first = self.asked.insert(id);
        self.hang.begins(intent);
        let made = attempt::make(intent, first, &self.home, &mut self.log, &mut |step| {
            if matches!(step, LatchStep::Visible { .. }) {
                self.hang.ends(id);
            }
            (self.tell)(intent, step);
        });
        self.hang.ends(id);
        let Err(why) = made else {
            self.due.remove(&id);
            return;
        };
        let (pause, stand_in) = if let Some(due) = self.due.remove(&id) {
            ((due.pause * 2).min(RETRY.1), self.stand_in_again(intent, due.stand_in))
        } else {
            // Said once; that it was made after all will be said too.
            (self.tell)(intent, LatchStep::Failed { why, visible: false });
            let stand_in = attempt::stand_in(intent, &self.home, false);
            (self.tell)(intent, stand_in.clone());
            (RETRY.0, stand_in)
        };
        let at = clock::now().plus(pause).mono_ns;
        self.due.insert(id, Due { intent: intent.clone(), at, pause, stand_in });
    }

    /// A stand-in that can't be made, or went, is tried again too; it is said
    /// only when that changes.
    fn stand_in_again(&mut self, intent: &KillIntent, before: LatchStep) -> LatchStep {
        if matches!(file::probe(&self.home.fallback()), Probe::Present { .. })
            || self.log.was_reset(intent.engage_id) == Some(true)
        {
            return before;
        }
        let step = attempt::stand_in(intent, &self.home, false);
        if step != before {
            (self.tell)(intent, step.clone());
        }
        step
    }

    /// Another try of what is due.
    pub fn again(&mut self) {
        let now = clock::mono_ns();
        let due: Vec<KillIntent> =
            self.due.values().filter(|d| d.at <= now).map(|d| d.intent.clone()).collect();
        for intent in due {
            self.make(&intent);
        }
    }
}

/// What is said of a latch that somebody took away.
pub(super) const TAMPERED: &str = "latch tampered: the file was removed without a reset; made anew";

/// Which file holds, and who does not see it. A latch that is `visible` and
/// not on disk is seen by everybody, until the power fails.
pub(super) fn stand_in_words(
    latch: &Text,
    stand_in: &Text,
    visible: bool,
    fault: Option<&Text>,
) -> Text {
    let words = match (visible, fault) {
        (true, None) => format!(
            "{latch} is there and holds, but may not outlive a power cut; {stand_in} stands by"
        ),
        (true, Some(why)) => format!(
            "{latch} is there and holds, but may not outlive a power cut; neither may \
             {stand_in}: {why}"
        ),
        (false, None) => format!(
            "{stand_in} stands in: crs obeys it on this host; programs that look only at \
             {latch} (the Python ones, gateways) do NOT see it"
        ),
        (false, Some(why)) => format!(
            "no stand-in at {stand_in} either: {why}; crs goes by its log, other programs \
             see NOTHING: stop them by hand"
        ),
    };
    Text::new(&words)
}

#[cfg(test)]
mod tests;
