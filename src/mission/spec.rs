//! What is to run: `mission.toml`, checked. Only types; reading is `file`.

use crate::config::Origin;
use crate::domain::mission::{Gravity, Recovery};
use crate::domain::{Endpoint, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Name of a process, a machine or a mode: 1 to 64 of letters, digits, `_`,
/// `-`, `.`; checked when the file is read.
pub type Name = String;

/// The whole file. Parts are in the order of the file where order matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mission {
    /// Where it was read; empty for the embedded one.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha: String,
    /// `[daemon]`.
    pub daemon: Daemon,
    /// `[host.NAME]`: other machines.
    pub hosts: Vec<Host>,
    /// `[process.NAME]`.
    pub processes: Vec<Process>,
    /// `[settings]`: the base of every mode's document, over the documented
    /// one (`modes::base`). Every mode begins from it anew.
    pub base: BTreeMap<String, Value>,
    /// `[mode.NAME]`.
    pub modes: Vec<ModeSpec>,
    /// `[[rule]]`, after the embedded ones; one of the same name replaces it.
    pub rules: Vec<RuleSpec>,
}

/// `[daemon]`: the daemon's own affairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// Directory of everything it writes (settings of the modes, ledger, logs,
    /// audit, dumps); none is `mission` in the state directory of the program.
    pub dir: Option<PathBuf>,
    /// Unix socket; none is `mission.sock` in `dir`.
    pub socket: Option<PathBuf>,
    /// TCP address of the API; none: only the socket.
    pub listen: Option<Endpoint>,
    /// File with the token that TCP demands (32 bytes or more).
    pub token_file: Option<PathBuf>,
    /// Origins that a browser may come from.
    pub origins: Vec<String>,
    /// Largest file of a process's output, in bytes, before it is rotated.
    pub log_bytes: u64,
    /// Rotated files kept for each process.
    pub log_files: u32,
    /// Lines of all processes that are kept at hand.
    pub ring: usize,
    /// Actions that a rule may take by itself (`restart`, …).
    pub automatic: Vec<String>,
    /// Program and arguments for alerts that escalate; the alert is its
    /// standard input, as JSON.
    pub alert_command: Vec<String>,
    /// Ports that the zombie finder looks at beside those of processes.
    pub ports: Vec<u16>,
}

impl Default for Daemon {
    fn default() -> Self {
        Self {
            dir: None,
            socket: None,
            listen: None,
            token_file: None,
            origins: Vec::new(),
            log_bytes: 16 * 1_024 * 1_024,
            log_files: 5,
            ring: 10_000,
            automatic: Vec::new(),
            alert_command: Vec::new(),
            ports: Vec::new(),
        }
    }
}

/// `[host.NAME]`: a machine that is reached over SSH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name.
    pub name: Name,
    /// What `ssh` is told: a host of its configuration.
    pub ssh: String,
    /// Configuration file for `ssh`; none is the user's.
    pub ssh_config: Option<PathBuf>,
    /// What runs there.
    pub platform: Platform,
    /// Directory over there for ledger and output; none: the platform's default.
    pub dir: Option<String>,
    /// Where it was written.
    pub at: Origin,
}

/// What a machine runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// A POSIX shell and `/proc`.
    #[default]
    Linux,
    /// `PowerShell`.
    Windows,
}

/// `[process.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its name.
    pub name: Name,
    /// Its name for people; the name itself where none is given.
    pub display_name: Text,
    /// The machine; none is the daemon's own.
    pub host: Option<Name>,
    /// Program and arguments; no shell reads them. `{settings}` becomes the
    /// path of the mode's settings, `{crs}` this program, `{dir}` the daemon's
    /// directory, `{env:NAME}` and `{mode:KEY}` a variable and a flag.
    pub cmd: Vec<String>,
    /// Ends with 0 while one runs that somebody else started (`External`).
    pub check: Vec<String>,
    /// Working directory; none is the daemon's directory.
    pub cwd: Option<PathBuf>,
    /// Environment, over the daemon's own.
    pub env: BTreeMap<String, String>,
    /// Variables whose value a program prints (a secret: never logged).
    pub secrets: BTreeMap<String, Vec<String>>,
    /// What must be there first. In a mode that does not run a dependency, it
    /// is not waited for (`TANK_SEALED` runs Main without Telemetry).
    pub depends: Vec<(Name, Condition)>,
    /// Ready when all of them hold.
    pub ready: Vec<Probe>,
    /// Unhealthy when one of them fails.
    pub live: Vec<Probe>,
    /// When it ends by itself.
    pub restart: Restart,
    /// How it is told to end.
    pub stop: Stop,
    /// What becomes of it when the daemon dies.
    pub on_daemon_death: OnDeath,
    /// Limits.
    pub limits: Limits,
    /// TCP ports that it listens at, for clashes and the zombie finder.
    pub ports: Vec<u16>,
    /// Files that it reads and can't do without: asked for before a mode that
    /// runs it stops anything. `{dir}` and `{mode:KEY}` as in `cmd`; a relative
    /// one is below its working directory.
    pub files: Vec<String>,
    /// Names in `/dev/shm` to be removed after it ended.
    pub shm: Vec<String>,
    /// Lock files to be removed after it ended (never a latch).
    pub locks: Vec<PathBuf>,
    /// Alert when its memory grew by so many percent over the window.
    pub growth: Option<Growth>,
    /// Where it was written.
    pub at: Origin,
}

/// What a dependency must have reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It was started.
    Started,
    /// It is ready. A later blip of it stops nobody.
    #[default]
    Ready,
    /// It ended.
    Completed,
    /// It ended with status 0.
    Succeeded,
}

/// A probe and its patience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What is looked at.
    pub look: Look,
    /// From the start to the first look.
    pub delay: Duration,
    /// Between two looks.
    pub period: Duration,
    /// Longest wait for one.
    pub timeout: Duration,
    /// Good looks until it holds.
    pub success: u32,
    /// Bad looks until it fails.
    pub failure: u32,
}

/// What a probe looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// A program that ends with 0.
    Exec(Vec<String>),
    /// A URL that answers with 200 to 399.
    Http(String),
    /// A port that takes a connection.
    Tcp(Endpoint),
    /// A line of its output since this start contains this.
    Log(String),
    /// `PING`, answered by `+PONG`.
    Redis(Endpoint),
    /// HEARTBEAT of Protocol v1.0, answered in its shape.
    Heartbeat(Endpoint),
    /// Eight bytes (little endian) in `/dev/shm` that advance.
    Shm(String),
}

/// When a process that ended is started again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restart {
    /// After which ends.
    pub on: RestartOn,
    /// Before the first.
    pub first: Duration,
    /// In hundredths: 200 doubles the wait each time.
    pub factor_pct: u32,
    /// Longest wait.
    pub cap: Duration,
    /// So many in `window` and it has failed.
    pub max: u32,
    /// The window of `max`.
    pub window: Duration,
    /// Up for so long, and the next wait is the first again.
    pub reset: Duration,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            on: RestartOn::Failure,
            first: Duration::from_secs(1),
            factor_pct: 200,
            cap: Duration::from_mins(1),
            max: 5,
            window: Duration::from_mins(10),
            reset: Duration::from_mins(1),
        }
    }
}

/// After which ends a process is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartOn {
    /// None.
    Never,
    /// A status other than 0, or a signal.
    #[default]
    Failure,
    /// Any.
    Always,
}

/// How a process is told to end: a signal to its group, a wait, then SIGKILL
/// to all that is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Number of the signal.
    pub signal: i32,
    /// The wait.
    pub timeout: Duration,
}

impl Default for Stop {
    fn default() -> Self {
        Self { signal: 15, timeout: Duration::from_secs(10) }
    }
}

/// What becomes of a process when the daemon dies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDeath {
    /// It ends with it, grandchildren too.
    #[default]
    Kill,
    /// It lives on, its output goes to its file, and the next daemon takes it up.
    Keep,
}

/// Limits of one process; none: as the daemon's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory: the group's in a cgroup where one is delegated, the
    /// address space's (`RLIMIT_AS`) else.
    pub memory: Option<u64>,
    /// Hundredths of one core, in a cgroup; said to be ignored where none is.
    pub cpu_pct: Option<u32>,
    /// -20 to 19.
    pub nice: Option<i32>,
    /// Cores it may use.
    pub affinity: Vec<u32>,
    /// Open files.
    pub nofile: Option<u64>,
}

/// When growing memory is an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Percent of growth over the window, steadily.
    pub percent: u32,
    /// The window.
    pub window: Duration,
}

/// `[mode.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModeSpec {
    /// Its name: `LIVE`, `SAFE_MODE`.
    pub name: Name,
    /// In a few words, for `plan`.
    pub description: Text,
    /// What runs in it; everything else is stopped.
    pub processes: Vec<Name>,
    /// What goes on where it runs, and is not started where it does not: a
    /// paper gateway that began after an emergency would pose as the real one.
    pub keeps: Vec<Name>,
    /// Its flags over the base document.
    pub settings: BTreeMap<String, Value>,
    /// What must hold before anything is changed.
    pub require: Vec<Require>,
    /// What the operator types, empty: nothing. `{KEY}` becomes a setting's
    /// value.
    pub confirm: String,
    /// The breaker is engaged before anything else.
    pub engage: bool,
    /// Restart rules in this mode, in place of the process's own.
    pub restart: BTreeMap<Name, Restart>,
    /// Where it was written.
    pub at: Option<Origin>,
}

/// A value of the settings document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `true`.
    Flag(bool),
    /// `10000`.
    Number(i64),
    /// `"text"`.
    Text(String),
}

impl Value {
    /// Whether the other is of the same kind.
    #[must_use]
    pub const fn same_kind(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Flag(_), Self::Flag(_))
                | (Self::Number(_), Self::Number(_))
                | (Self::Text(_), Self::Text(_))
        )
    }

    /// What kind it is, in words.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a whole number",
            Self::Text(_) => "a string",
        }
    }
}

impl std::fmt::Display for Value {
    /// As it is put into commands.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(on) => write!(f, "{on}"),
            Self::Number(n) => write!(f, "{n}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// What a mode requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Require {
    /// The latch is proven absent.
    KillSwitchClear,
    /// `crs arm --live` stands for the account.
    LiveArmed,
    /// The file is there, readable, and nobody else's.
    Credentials(PathBuf),
    /// The file is there and can be read. `{dir}` and `{mode:KEY}` as in
    /// commands; a relative one is below the daemon's directory.
    File(String),
    /// The machine answers.
    Reachable(Name),
    /// So many bytes are free where the daemon writes.
    DiskFree(u64),
    /// So many bytes of memory are available.
    MemoryFree(u64),
}

/// `[[rule]]`: an error that lines show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSpec {
    /// Its name, unique: `port-in-use`.
    pub name: Name,
    /// A regular expression that a line must match, without regard to case.
    pub pattern: String,
    /// A line that matches this too is none; empty: no exception.
    pub unless: String,
    /// How grave.
    pub severity: Gravity,
    /// In a few words.
    pub title: Text,
    /// What to do.
    pub solution: Text,
    /// Who does it.
    pub strategy: Recovery,
    /// Proposed action: `kill_port_and_retry`, `pip_install_and_retry`, `restart`; empty: none.
    pub action: String,
    /// Lines that must match.
    pub samples: Vec<String>,
    /// Lines that must not.
    pub counter: Vec<String>,
    /// Where it was written; none: embedded.
    pub at: Option<Origin>,
}

impl Mission {
    /// The process of this name.
    #[must_use]
    pub fn process(&self, name: &str) -> Option<&Process> {
        self.processes.iter().find(|p| p.name == name)
    }

    /// The mode of this name.
    #[must_use]
    pub fn mode(&self, name: &str) -> Option<&ModeSpec> {
        self.modes.iter().find(|m| m.name == name)
    }

    /// The machine of this name.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|h| h.name == name)
    }
}
