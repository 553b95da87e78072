//! The settings in force, after every layer has spoken.

use super::engine::EngineSettings;
use super::sentinel::SentinelSettings;
use super::sources::{EodhdSettings, HubSettings};
use super::{MeshSettings, MissionSettings, RemoteSettings};
use crate::domain::{AlarmRules, Calendar, Endpoint, GatewayAddr, Money, Severity, Text};
use serde::{Serialize, Serializer};
use std::path::PathBuf;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorChoice {
    /// `NO_COLOR`, `COLORTERM` and `TERM` decide.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much the line to the terminal takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LineChoice {
    /// The usual rate, and fewer frames while the terminal falls behind.
    #[default]
    Auto,
    /// Few frames always.
    Slow,
    /// The usual rate always.
    Fast,
}

/// Everything that can be set. Lists from the first day: a console may watch
/// several gateways, and a kill goes to every one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Gateways; the first is the one that orders go to.
    pub gateways: Vec<GatewayAddr>,
    /// Telemetry publishers (port 5557).
    pub events: Vec<Endpoint>,
    /// The latch.
    pub kill_switch_file: PathBuf,
    /// Further latch files: any of them engages.
    pub extra_latches: Vec<PathBuf>,
    /// Audit log, agent socket, recordings: private to this user.
    pub state_dir: PathBuf,
    /// User's themes and keymaps, over the embedded ones.
    pub config_dir: PathBuf,
    /// Theme name.
    pub theme: String,
    /// Keymap name.
    pub keymap: String,
    /// When to use colour.
    pub color: ColorChoice,
    /// Frames per second, 1 to 30.
    pub fps: u32,
    /// How much the line to the terminal takes.
    pub line: LineChoice,
    /// Whether the console hears clicks and the wheel; the terminal's own
    /// selection of text needs Shift then.
    pub mouse: bool,
    /// Whether the console begins with the layout it was left with, and keeps
    /// the one it is left with.
    pub keep_layout: bool,
    /// The kill.
    pub kill: KillSettings,
    /// The audit log.
    pub audit: AuditSettings,
    /// How alarms call for an operator.
    pub alarms: AlarmSettings,
    /// What is kept of each session.
    pub recording: RecordingSettings,
    /// Feeds.
    pub feed: FeedSettings,
    /// Polls.
    pub poll: PollSettings,
    /// What to do when the kill can't be sent, readable offline.
    pub card: Card,
    /// The gateway's process on another machine.
    pub remote: RemoteSettings,
    /// The paper gateway.
    pub paper: PaperSettings,
    /// The sentinel.
    pub sentinel: SentinelSettings,
    /// The live engine.
    pub engine: EngineSettings,
    /// Decision logs to follow (engine JSON lines, Python sentinel log).
    pub decision_logs: Vec<PathBuf>,
    /// When the market trades.
    pub calendar: Calendar,
    /// Where a sentinel takes its bars from.
    pub eodhd: EodhdSettings,
    /// The model server that a sentinel asks.
    pub hub: HubSettings,
    /// Checks of the mesh.
    pub mesh: MeshSettings,
    /// Mission control, as a console follows it.
    pub mission: MissionSettings,
}

/// The kill path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KillSettings {
    /// Between two proof polls, in ms; three good ones take twice as long.
    pub proof_interval_ms: u64,
    /// Between two polls while engaged and verified, in ms.
    pub enforce_interval_ms: u64,
    /// Whether a latch file made by somebody else also closes positions.
    pub flatten_on_external: bool,
}

/// Witnesses of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AuditSettings {
    /// Which socket of syslog's hears the heads.
    pub syslog: SyslogChoice,
    /// Where the agent publishes the heads, if anywhere.
    #[serde(serialize_with = "empty_without")]
    pub publish: Option<Endpoint>,
}

/// How alarms call for an operator, and where they begin. Each call is
/// rate-limited, and a flood calls once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlarmSettings {
    /// The terminal's bell.
    pub bell: Calls,
    /// A desktop notification by the terminal (OSC 9), where it knows them.
    pub notify: Calls,
    /// A program and its arguments, run with the alarm as JSON on its standard
    /// input; empty for none.
    pub on_alert: Vec<String>,
    /// Where alarms begin.
    #[serde(flatten)]
    pub rules: AlarmRules,
}

/// What is kept of each session, in `recordings` of the state directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RecordingSettings {
    /// Whether anything is.
    pub on: bool,
    /// Megabytes after which the oldest goes, bookmarked parts apart.
    pub max_mb: u64,
    /// Days after which it goes, bookmarked parts apart.
    pub max_days: u64,
}

/// Which alarms call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Calls {
    /// None.
    #[default]
    Off,
    /// Those that are critical.
    Critical,
    /// All.
    All,
}

impl Calls {
    /// Whether one of this severity calls.
    #[must_use]
    pub fn has(self, severity: Severity) -> bool {
        match self {
            Self::Off => false,
            Self::Critical => severity == Severity::Critical,
            Self::All => true,
        }
    }
}

/// A socket of syslog's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SyslogChoice {
    /// `/dev/log`, where there is one.
    #[default]
    Auto,
    /// None.
    Off,
    /// This one.
    At(PathBuf),
}

impl Serialize for SyslogChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Off => serializer.serialize_str("off"),
            Self::At(path) => serializer.serialize_str(&path.to_string_lossy()),
        }
    }
}

/// As in the file.
#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn empty_without<S: Serializer>(at: &Option<Endpoint>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.as_ref().map(Endpoint::to_string).unwrap_or_default())
}

/// As in the file.
#[expect(clippy::ref_option, reason = "the signature is serde's")]
pub(super) fn empty_path<S: Serializer>(
    path: &Option<PathBuf>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.as_ref().map(|p| p.to_string_lossy()).unwrap_or_default())
}

/// Feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FeedSettings {
    /// Rebuild a silent but connected feed after so many ms; 0 never.
    pub rebuild_after_silence_ms: u64,
    /// Largest message taken, in bytes.
    pub max_message_bytes: u64,
}

/// How often the console asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PollSettings {
    /// `HEARTBEAT`, in ms.
    pub heartbeat_ms: u64,
    /// Positions, in ms.
    pub positions_ms: u64,
    /// Account, in ms.
    pub account_ms: u64,
    /// Longest wait for an answer, in ms.
    pub timeout_ms: u64,
}

/// The out-of-band card: what a human does when no wire works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Card {
    /// How to stop the sentinel.
    pub stop_sentinel: Text,
    /// How to stop the gateway over SSH.
    pub remote_stop: Text,
    /// Where `AutoTrading` is switched off.
    pub autotrading: Text,
    /// The broker's dealing desk.
    pub broker_phone: Text,
    /// Account number and server to name on the phone.
    pub account: Text,
}

impl Card {
    /// In the place of a card that nobody wrote.
    pub const NONE: &str =
        "no card configured: stop the sentinel, AutoTrading off, call the broker";

    /// What was written, each line with its label.
    #[must_use]
    pub fn lines(&self) -> Vec<(Text, Text)> {
        [
            ("sentinel", &self.stop_sentinel),
            ("gateway", &self.remote_stop),
            ("AutoTrading", &self.autotrading),
            ("broker", &self.broker_phone),
            ("account", &self.account),
        ]
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(label, words)| (Text::new(label), words.clone()))
        .collect()
    }
}

/// The paper gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaperSettings {
    /// Address to bind; loopback unless told otherwise.
    pub bind: String,
    /// Commands.
    pub cmd_port: u16,
    /// Ticks.
    pub data_port: u16,
    /// Telemetry.
    pub events_port: u16,
    /// Starting balance.
    pub balance: Money,
    /// Account currency.
    pub currency: Text,
    /// Leverage, 100 for 1:100.
    pub leverage: u32,
}

/// The latch unless told otherwise: the path that every program of the mesh
/// watches.
pub const DEFAULT_LATCH: &str = "/tmp/mt5_crs_kill_switch.lock";

impl Settings {
    /// What holds when nobody says anything, gateways and telemetry apart:
    /// those lists are filled by the loader.
    #[must_use]
    pub fn defaults(config_dir: PathBuf, state_dir: PathBuf) -> Self {
        Self {
            gateways: Vec::new(),
            events: Vec::new(),
            kill_switch_file: PathBuf::from(DEFAULT_LATCH),
            extra_latches: Vec::new(),
            state_dir,
            config_dir,
            theme: String::from("dark"),
            keymap: String::from("default"),
            color: ColorChoice::Auto,
            fps: 10,
            line: LineChoice::Auto,
            mouse: false,
            keep_layout: true,
            kill: KillSettings::default(),
            audit: AuditSettings::default(),
            alarms: AlarmSettings::default(),
            recording: RecordingSettings::default(),
            feed: FeedSettings::default(),
            poll: PollSettings::default(),
            card: Card::default(),
            remote: RemoteSettings::default(),
            paper: PaperSettings::default(),
            sentinel: SentinelSettings::default(),
            engine: EngineSettings::default(),
            decision_logs: Vec::new(),
            calendar: Calendar::default(),
            eodhd: EodhdSettings::default(),
            hub: HubSettings::default(),
            mesh: MeshSettings::default(),
            mission: MissionSettings::default(),
        }
    }
}

impl Default for RecordingSettings {
    fn default() -> Self {
        Self { on: true, max_mb: 1_024, max_days: 7 }
    }
}

impl Default for KillSettings {
    fn default() -> Self {
        Self { proof_interval_ms: 1_000, enforce_interval_ms: 5_000, flatten_on_external: false }
    }
}

impl Default for FeedSettings {
    fn default() -> Self {
        Self { rebuild_after_silence_ms: 0, max_message_bytes: 1_048_576 }
    }
}

impl Default for PollSettings {
    fn default() -> Self {
        Self { heartbeat_ms: 1_000, positions_ms: 1_000, account_ms: 2_000, timeout_ms: 3_000 }
    }
}

impl Default for PaperSettings {
    fn default() -> Self {
        Self {
            bind: String::from("127.0.0.1"),
            cmd_port: 5_555,
            data_port: 5_556,
            events_port: 5_557,
            balance: Money::from_raw(100_000_000),
            currency: Text::new("USD"),
            leverage: 100,
        }
    }
}
