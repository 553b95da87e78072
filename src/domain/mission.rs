//! Mission control: processes, modes, launches, lines and alerts.
//!
//! Names and records are those of the documented control API; what the
//! document leaves open (whole modes, launches that end partial, states that
//! say why) is ours.

use super::{Text, UtcMicros};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a process stands. Each state answers "why isn't it up?".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ProcessState {
    /// Not wanted by the mode, or never started.
    #[default]
    Stopped,
    /// Wanted, and waits.
    Pending {
        /// For what: `Redis to be ready`.
        waiting_on: Text,
    },
    /// The process is there, its first readiness is not.
    Starting,
    /// It runs.
    Running {
        /// Its readiness probes hold (always, where it has none).
        ready: bool,
    },
    /// It runs, and a liveness probe fails.
    Unhealthy {
        /// Which, and how.
        why: Text,
    },
    /// It ended and will be started again.
    Backoff {
        /// Which restart comes, from 1.
        n: u32,
        /// When.
        until: UtcMicros,
        /// Why it is down: `exit status 3`.
        why: Text,
    },
    /// It was told to end and still lives.
    Stopping,
    /// It ended, and that is in order.
    Exited {
        /// Exit status; none after a signal.
        code: Option<i32>,
        /// The signal, empty without: `SIGTERM`.
        signal: Text,
    },
    /// It is down and stays down.
    Failed {
        /// Why: `5 restarts in 10 min`, `command not found`.
        why: Text,
    },
    /// It was not started, since something it needs is not there.
    Skipped {
        /// What, and in which state.
        dep: Text,
    },
    /// It runs, and somebody else started it; it is watched and never signalled.
    External,
    /// Its machine can't be asked: it may run or not.
    Unknown {
        /// Since when.
        since: UtcMicros,
        /// Why.
        why: Text,
    },
}

impl ProcessState {
    /// The word on the screen and in the API.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Pending { .. } => "pending",
            Self::Starting => "starting",
            Self::Running { .. } => "running",
            Self::Unhealthy { .. } => "unhealthy",
            Self::Backoff { .. } => "backoff",
            Self::Stopping => "stopping",
            Self::Exited { .. } => "exited",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
            Self::External => "external",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Runs and is ready, as far as is known.
    #[must_use]
    pub const fn ready(&self) -> bool {
        matches!(self, Self::Running { ready: true } | Self::External)
    }

    /// As it should be while it is wanted: ready, or ended with status 0, as a
    /// job does. One that is always to run is never left ended.
    #[must_use]
    pub const fn in_order(&self) -> bool {
        self.ready() || matches!(self, Self::Exited { code: Some(0), .. })
    }

    /// The word for its readiness on the screen: of what lives, `yes` or `no`.
    #[must_use]
    pub const fn ready_word(&self) -> &'static str {
        match self {
            Self::Running { ready: true } => "yes",
            Self::Running { ready: false } | Self::Starting | Self::Unhealthy { .. } => "no",
            _ => "-",
        }
    }

    /// A process of it may live now.
    #[must_use]
    pub const fn may_live(&self) -> bool {
        matches!(
            self,
            Self::Starting
                | Self::Running { .. }
                | Self::Unhealthy { .. }
                | Self::Stopping
                | Self::External
                | Self::Unknown { .. }
        )
    }
}

/// One process as its record reads (`GET /api/status`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Its name in `mission.toml`.
    pub name: Text,
    /// Its name for people.
    pub display_name: Text,
    /// The machine; empty is the daemon's own.
    pub host: Text,
    /// Process id there; none while none lives.
    pub pid: Option<u32>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: ProcessState,
    /// The mode or an operator wants it up.
    pub wanted: bool,
    /// When this run of it began.
    pub start_time: Option<UtcMicros>,
    /// CPU over the last sample, in hundredths of a percent of one core.
    pub cpu_centi: Option<u32>,
    /// Resident memory in bytes.
    pub memory: Option<u64>,
    /// Open file handles.
    pub files: Option<u32>,
    /// Restarts since an operator or a mode last wanted it.
    pub restart_count: u32,
    /// Why it last went down or could not be asked, empty: never.
    pub last_error: Text,
    /// Exit status of its last run.
    pub exit_code: Option<i32>,
    /// Somebody else started it.
    pub external: bool,
    /// What was inherited of the environment and files is kept by the process
    /// over the daemon's end (`on_daemon_death = "keep"`).
    pub kept: bool,
}

/// A machine of the mission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRecord {
    /// Its name in `mission.toml`.
    pub name: Text,
    /// It answers; none: not asked yet.
    pub reachable: Option<bool>,
    /// Since when that is so.
    pub since: UtcMicros,
    /// Why it does not, empty when it does.
    pub why: Text,
}

/// How a launch fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaunchPhase {
    /// Its steps run.
    #[default]
    Running,
    /// Every process of the mode is ready.
    Complete,
    /// Some are, some are not.
    Partial,
    /// None is, or the mode's settings could not be written.
    Failed,
    /// A requirement of the mode did not hold; nothing was changed.
    Refused,
    /// A later launch took its place.
    Superseded,
}

impl LaunchPhase {
    /// The word on the screen and in the API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
        }
    }
}

/// A launch: from one mode into another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// Counted from 1 in a daemon's life.
    pub id: u64,
    /// The mode wanted.
    pub mode: Text,
    /// Who asked.
    pub by: Text,
    /// When it began.
    pub began: UtcMicros,
    /// When it ended.
    pub ended: Option<UtcMicros>,
    /// How it fares.
    pub phase: LaunchPhase,
    /// What it waits for, what failed, one line each.
    pub notes: Vec<Text>,
}

/// Everything a client needs to draw the mission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissionStatus {
    /// The mode in force; empty: none was launched.
    pub mode: Text,
    /// It is one that trades real money, by its own settings.
    pub live: bool,
    /// The last launch.
    pub launch: Option<Launch>,
    /// Processes, in the order of the configuration.
    pub processes: Vec<ProcessRecord>,
    /// Machines.
    pub hosts: Vec<HostRecord>,
    /// Alerts that nobody acknowledged.
    pub alerts_open: u32,
    /// When the daemon said this.
    pub said: UtcMicros,
}

/// How loud a line of a process is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LineLevel {
    /// Finest.
    Trace,
    /// For who looks for a defect.
    Debug,
    /// Ordinary; also what says no level.
    #[default]
    Info,
    /// Look when you can.
    Warn,
    /// Something failed.
    Error,
    /// It can't go on.
    Critical,
}

impl LineLevel {
    /// The word on the screen and in the API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// One line that a process wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleLine {
    /// Counted from 1 over all processes in a daemon's life, without holes.
    pub seq: u64,
    /// Who wrote it.
    pub process: Text,
    /// On standard error.
    pub stderr: bool,
    /// When it arrived.
    pub at: UtcMicros,
    /// How loud, by its structure or a whole word in it.
    pub level: LineLevel,
    /// It was longer than 64 KiB and is cut, or the process ended without
    /// ending it.
    pub cut: bool,
    /// What it says, for a screen; the file has its bytes.
    pub message: Text,
}

/// How grave an alert of an error rule is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Gravity {
    /// Worth knowing.
    #[default]
    Low,
    /// Look when you can.
    Medium,
    /// Look soon: something does not work.
    High,
    /// Look now.
    Critical,
}

/// What is to be done about an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// By the daemon, where the configuration allows the action.
    Automatic,
    /// Step by step, by an operator who confirms each.
    Guided,
    /// By hand.
    #[default]
    Manual,
    /// The alert command is run, since others must know.
    Escalate,
}

/// An alert: something that an operator should know, and what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissionAlert {
    /// Counted from 1 in a daemon's life.
    pub id: u64,
    /// Its rule or source: `port-in-use`, `crash-loop`, `memory-growth`.
    #[serde(rename = "type")]
    pub kind: Text,
    /// How grave.
    pub severity: Gravity,
    /// Which process, empty: none.
    pub process: Text,
    /// In a few words.
    pub title: Text,
    /// The line or the fact behind it.
    pub message: Text,
    /// What to do.
    pub solution: Text,
    /// Who does it.
    pub strategy: Recovery,
    /// First seen.
    pub timestamp: UtcMicros,
    /// Seen last.
    pub last: UtcMicros,
    /// How often.
    pub count: u64,
    /// Proposed actions, by name: `restart`, `kill_port_and_retry`.
    pub actions: Vec<Text>,
    /// What was done about it, empty: nothing.
    pub done: Text,
    /// Who acknowledged it, empty: nobody.
    pub acknowledged: Text,
}

impl fmt::Display for ProcessState {
    /// The state and its reason, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Pending { waiting_on } => write!(f, ": waits for {waiting_on}"),
            Self::Running { ready: false } => f.write_str(", not ready"),
            Self::Unhealthy { why } | Self::Failed { why } => write!(f, ": {why}"),
            Self::Backoff { n, until, why } => {
                write!(f, ": restart {n} at {}, after {why}", until.hms())
            }
            Self::Exited { code: Some(code), .. } => write!(f, ": status {code}"),
            Self::Exited { signal, .. } if !signal.is_empty() => write!(f, ": {signal}"),
            Self::Skipped { dep } => write!(f, ": {dep}"),
            Self::Unknown { since, why } => write!(f, " since {}: {why}", since.hms()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_flat_and_reads_back() {
        let record = ProcessRecord {
            name: Text::new("engine"),
            state: ProcessState::Backoff {
                n: 2,
                until: UtcMicros(1),
                why: Text::new("exit status 3"),
            },
            ..ProcessRecord::default()
        };
        let json = serde_json::to_value(&record).expect("it is JSON");
        assert_eq!(json.get("state").and_then(|s| s.as_str()), Some("backoff"));
        assert_eq!(json.get("n").and_then(serde_json::Value::as_u64), Some(2));
        let back: ProcessRecord = serde_json::from_value(json).expect("it reads back");
        assert_eq!(back, record);
    }

    #[test]
    fn every_state_says_why() {
        let pending = ProcessState::Pending { waiting_on: Text::new("Redis to be ready") };
        assert_eq!(pending.to_string(), "pending: waits for Redis to be ready");
        let killed = ProcessState::Exited { code: None, signal: Text::new("SIGKILL") };
        assert_eq!(killed.to_string(), "exited: SIGKILL");
    }
}
