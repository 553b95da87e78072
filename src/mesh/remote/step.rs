//! One step after another, each told with its time.

use super::fault::Fault;
use super::judge::{Standing, judge};
use super::probe::{Alive, Probe};
use super::script::Ask;
use super::seen::{Said, Seen};
use super::ssh::Ssh;
use crate::domain::Text;
use crate::host::clock;
use serde::Serialize;
use std::time::Duration;

/// A step that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which: `look`, `start`, `heartbeat`, …
    pub step: &'static str,
    /// Whether it went well.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// What came of it.
    pub note: Text,
}

/// What the steps need of whoever runs them.
pub trait Conduct {
    /// A step is over.
    fn step(&mut self, step: &Step);

    /// Asked last before a start: whether the latch allows one now.
    ///
    /// # Errors
    /// Why it does not.
    fn may_start(&mut self) -> Result<Text, Text>;

    /// Something is about to be done there; goes on record first. In words:
    /// `REMOTE_STOP gtw pid 688`.
    fn acting(&mut self, what: &str);
}

/// It is as it should be, proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Done {
    /// In words.
    pub what: Text,
    /// The gateway's process, where there is one.
    pub pid: Option<u32>,
    /// Whether anything was done; false when it was so already.
    pub changed: bool,
}

/// How far a failure came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Nothing was done, on purpose.
    Denied,
    /// It did not come about.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl Fate {
    /// As in the audit log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// It is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// How far it came.
    pub fate: Fate,
    /// Why, and the next step.
    pub why: Text,
    /// The last lines of its log, where they may tell more.
    pub log: Vec<Text>,
}

impl Failed {
    /// With these words.
    #[must_use]
    pub fn new(fate: Fate, why: impl AsRef<str>) -> Self {
        Self { fate, why: Text::new(why.as_ref()), log: Vec::new() }
    }

    /// Nothing was done.
    #[must_use]
    pub fn denied(why: impl AsRef<str>) -> Self {
        Self::new(Fate::Denied, why)
    }

    /// It did not come about.
    #[must_use]
    pub fn came_to_nothing(why: impl AsRef<str>) -> Self {
        Self::new(Fate::Failed, why)
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::came_to_nothing(fault.to_string())
    }
}

/// A gateway on another machine, and who wants something of it.
pub struct Gateway<'a> {
    /// The way there.
    pub ssh: &'a Ssh,
    /// The answer that decides.
    pub probe: &'a Probe,
    /// Who wants it.
    pub conduct: &'a mut dyn Conduct,
}

impl Gateway<'_> {
    /// One step: does it, tells it with its time, and hands its value on.
    pub(super) fn step<T, E>(
        &mut self,
        step: &'static str,
        act: impl FnOnce(&mut Self) -> Result<(T, String), E>,
    ) -> Result<T, E>
    where
        E: std::fmt::Display,
    {
        let began = clock::now();
        let came = act(self);
        let ms = u64::try_from(clock::now().since(began).as_millis()).unwrap_or(u64::MAX);
        let (ok, note) = match &came {
            Ok((_, note)) => (true, Text::new(note)),
            Err(why) => (false, Text::new(&why.to_string())),
        };
        self.conduct.step(&Step { step, ok, ms, note });
        came.map(|(value, _)| value)
    }

    /// Who is there.
    pub(super) fn look(&mut self, step: &'static str) -> Result<(Seen, Standing), Fault> {
        self.step(step, |this| {
            let seen = this.ssh.ask(&Ask::Look)?.seen();
            let standing = judge(this.ssh.remote(), &seen);
            let note = standing.to_string();
            Ok(((seen, standing), note))
        })
    }

    /// Whether it answers.
    pub(super) fn heartbeat(&mut self, limit: Duration) -> Result<Alive, Text> {
        self.step("heartbeat", |this| {
            let alive = this.probe.within(limit)?;
            let note = format!("\"{}\" at {}", alive.service, this.probe.to());
            Ok((alive, note))
        })
    }

    /// A question that is a step of its own.
    pub(super) fn ask(&mut self, step: &'static str, ask: &Ask) -> Result<Said, Fault> {
        self.step(step, |this| {
            let said = this.ssh.ask(ask)?;
            let note = said.lines.first().cloned().unwrap_or_default();
            Ok((said, note))
        })
    }

    /// The last 20 lines of its log; nothing where they can't be had.
    pub(super) fn last_lines(&mut self) -> Vec<Text> {
        let ask = Ask::Logs { lines: 20, follow: false };
        let read = self.step("log", |this| {
            let said = this.ssh.ask(&ask)?;
            let note = format!("the last {} lines", said.free.len());
            Ok::<_, Fault>((said.free, note))
        });
        read.unwrap_or_default()
    }
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Free => f.write_str("not running, both ports are free"),
            Self::Ours(process) => {
                write!(f, "running as pid {}, both ports are its own", process.pid)
            }
            Self::Known(process) => {
                write!(f, "running as pid {}, which was not started from here", process.pid)
            }
            Self::Half { process, holds } if holds.is_empty() => {
                write!(f, "pid {} runs and holds neither port", process.pid)
            }
            Self::Half { process, holds } => {
                write!(f, "pid {} runs and holds only port {holds:?}", process.pid)
            }
            Self::Stranger { port, who, .. } => {
                write!(f, "port {port} is held by a stranger: {who}")
            }
        }
    }
}
