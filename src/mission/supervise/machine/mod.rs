//! One process, as a machine: inputs and a reading of the clock go in,
//! effects come out. Nothing here waits, asks or starts.
//!
//! The latest intent wins at any point. A second copy is never started while
//! anything of the first may live: `Exited` is said when nothing of it does,
//! and a machine that can't be asked (`Unknown`) counts as alive.

mod gate;
mod step;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

pub use gate::Standing;

use crate::domain::mission::ProcessState;
use crate::domain::{Text, UtcMicros};
use crate::mission::hands::End;
use crate::mission::spec::{Condition, Name, Restart, Stop};
use std::collections::{BTreeMap, VecDeque};

/// Between two looks at what is left of a process that ends, in ms.
pub const COUNT_MS: u64 = 50;
/// Between two SIGKILLs to what is left, in ms.
const KILL_MS: u64 = 100;
/// The exit status of a wrong configuration (`EX_CONFIG`): another start would
/// end the same way.
const EX_CONFIG: i32 = 78;
/// Between two questions whether somebody else's still runs, in ms.
const FOREIGN_MS: u64 = 2_000;

/// A moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Monotonic, in ms.
    pub ms: u64,
    /// For what is shown.
    pub utc: UtcMicros,
}

/// How it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// When it ended.
    pub restart: Restart,
    /// How it is ended.
    pub stop: Stop,
    /// It has readiness probes.
    pub probed: bool,
}

/// What a machine hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It is wanted, once these stand so.
    Want(Vec<(Name, Condition)>),
    /// It is not, and is stopped when none of these lives any more.
    Unwant(Vec<Name>),
    /// Stop it and start it.
    Restart,
    /// What it is started with changed.
    Renew,
    /// How it is kept changed; touches nothing that runs.
    Rules(Rules),
    /// Another process moved.
    Other(Name, Standing),
    /// Somebody else's runs, or does not.
    External(bool),
    /// It was started.
    Spawned,
    /// It was not, and nothing of it lives.
    Refused(Text),
    /// Whether one runs already, an earlier daemon's or somebody else's, can't be
    /// known now.
    Unsure(Text),
    /// None was started, as far as `Find` can tell.
    Absent,
    /// One of an earlier daemon is taken up; it lives.
    Adopted {
        /// Which of its starts.
        run: u64,
        /// When that was.
        since: UtcMicros,
    },
    /// This run's own process ended.
    Ended {
        /// Which.
        run: u64,
        /// How.
        end: End,
    },
    /// So many of this run live.
    Left {
        /// Which.
        run: u64,
        /// How many.
        count: usize,
    },
    /// The last it said before this run ended.
    LastWords {
        /// Which.
        run: u64,
        /// One line.
        said: Text,
    },
    /// Its readiness probes hold, or not.
    Ready {
        /// Which run.
        run: u64,
        /// All hold.
        ok: bool,
    },
    /// A liveness probe fails, or none does.
    Live {
        /// Which run.
        run: u64,
        /// Which, and how.
        bad: Option<Text>,
    },
    /// Its machine can't be asked.
    Lost(Text),
    /// It can again.
    Back,
    /// Time passed.
    Tick,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start it; answered by `Spawned`, `Refused`, `External` or `Lost`.
    Spawn,
    /// Whether the start that was lost did happen; answered by `Adopted`,
    /// `Absent` or `Lost`.
    Find,
    /// Whether somebody else's runs; answered by `External` or `Unsure`.
    AskExternal,
    /// This signal to all of it.
    Signal(i32),
    /// SIGKILL to all that is left.
    Kill,
    /// How many of it live; answered by `Left`.
    Count,
    /// Look at it, from now on or no longer.
    Probe(bool),
    /// Nothing of this run lives.
    Gone,
    /// It fails again and again.
    CrashLoop(Text),
    /// Its configuration is wrong, and it is left down.
    Misconfigured,
    /// It moved.
    Tell,
}

impl Effect {
    /// Its machine is asked, which may take long.
    #[must_use]
    pub const fn asks(&self) -> bool {
        matches!(
            self,
            Self::Spawn
                | Self::Find
                | Self::AskExternal
                | Self::Signal(_)
                | Self::Kill
                | Self::Count
        )
    }
}

/// Why it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// It was told to.
    Asked,
    /// A liveness probe failed.
    Sick,
    /// By itself.
    Own,
}

/// Why nothing of it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rest {
    /// It is not wanted, and did not run.
    Never,
    /// It is wanted and waits for others.
    Waiting,
    /// It is wanted and waits for its time.
    Backoff { due: u64, until: UtcMicros, why: Text },
    /// It ended in order; `asked`: since it was told to.
    Ended { end: End, asked: bool },
    /// It stays down; `ran`: it had been started.
    Failed { why: Text, ran: bool },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    Down(Rest),
    Spawning,
    Up { since: u64, ready: bool, ever: bool, sick: Option<Text> },
    Ending { due: u64, next: u64, signalled: bool, killed: bool, end: Option<End>, cause: Cause },
    Foreign { next: u64 },
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Machine {
    rules: Rules,
    gate: Vec<(Name, Condition)>,
    others: BTreeMap<Name, Standing>,
    wanted: bool,
    /// To be stopped when none of these lives.
    leaving: Option<Vec<Name>>,
    /// To be started at once when it ended.
    again: bool,
    /// What is being started is outdated already.
    stale: bool,
    body: Body,
    lost: Option<(UtcMicros, Text)>,
    run: u64,
    /// When restarts were due to a failure, in ms.
    restarts: VecDeque<u64>,
    streak: u32,
    count: u32,
    started: Option<UtcMicros>,
    last_error: Text,
    exit_code: Option<i32>,
}

impl Machine {
    /// Of a process that nobody wants yet.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            gate: Vec::new(),
            others: BTreeMap::new(),
            wanted: false,
            leaving: None,
            again: false,
            stale: false,
            body: Body::Down(Rest::Never),
            lost: None,
            run: 0,
            restarts: VecDeque::new(),
            streak: 0,
            count: 0,
            started: None,
            last_error: Text::default(),
            exit_code: None,
        }
    }

    /// Which of its starts this is, or was.
    #[must_use]
    pub const fn run(&self) -> u64 {
        self.run
    }

    /// A mode or an operator wants it up.
    #[must_use]
    pub const fn wanted(&self) -> bool {
        self.wanted
    }

    /// Restarts since it was last wanted.
    #[must_use]
    pub const fn restarts(&self) -> u32 {
        self.count
    }

    /// When this run began.
    #[must_use]
    pub const fn started(&self) -> Option<UtcMicros> {
        self.started
    }

    /// Why it last went down or could not be asked.
    #[must_use]
    pub const fn last_error(&self) -> &Text {
        &self.last_error
    }

    /// Status of its last run.
    #[must_use]
    pub const fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    /// Something of it may live.
    #[must_use]
    pub const fn may_live(&self) -> bool {
        matches!(self.body, Body::Spawning | Body::Up { .. } | Body::Ending { .. })
    }

    /// Its own process runs and was not told to end.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self.body, Body::Up { .. })
    }

    /// Its machine can't be asked.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> ProcessState {
        if let Some((since, why)) = &self.lost {
            return ProcessState::Unknown { since: *since, why: why.clone() };
        }
        match &self.body {
            Body::Down(Rest::Never) => ProcessState::Stopped,
            Body::Down(Rest::Waiting) => self.waiting(),
            Body::Down(Rest::Backoff { until, why, .. }) => ProcessState::Backoff {
                n: self.count.saturating_add(1),
                until: *until,
                why: why.clone(),
            },
            Body::Down(Rest::Ended { end, .. }) => {
                ProcessState::Exited { code: end.code, signal: end.signal.clone() }
            }
            Body::Down(Rest::Failed { why, .. }) => ProcessState::Failed { why: why.clone() },
            Body::Up { sick: Some(why), .. } => ProcessState::Unhealthy { why: why.clone() },
            Body::Spawning | Body::Up { ever: false, .. } => ProcessState::Starting,
            Body::Up { ready, .. } => ProcessState::Running { ready: *ready },
            Body::Ending { .. } => ProcessState::Stopping,
            Body::Foreign { .. } => ProcessState::External,
        }
    }

    /// When it wants to hear `Tick`, in ms.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        match &self.body {
            Body::Down(Rest::Backoff { due, .. }) => Some(*due),
            Body::Up { sick: Some(_), .. } if self.sick_ends() => Some(0),
            Body::Ending { next, .. } if self.lost.is_none() => Some(*next),
            Body::Foreign { next } => Some(*next),
            _ => None,
        }
    }
}

/// How it ended, in words.
#[must_use]
pub fn words(end: &End) -> Text {
    match end.code {
        Some(code) => Text::new(&format!("exit status {code}")),
        None if end.signal.is_empty() => Text::new("ended, nobody saw how"),
        None => end.signal.clone(),
    }
}
