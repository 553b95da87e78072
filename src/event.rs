//! `Event`: the only thing that State can hear.
//!
//! Edges (feeds, the kill thread, the agent's mirror, the guard, the systems
//! of the mesh) report through a [`Sender`]; the sequencer numbers and stamps
//! what arrives and hands it on as [`Stamped`]. What the screen shows is a
//! fold over these records and nothing else, which is why a recording replays
//! through the very same code. Every variant serialises; adding one is a
//! change of the recording's version, so old variants are never altered.

mod lanes;
mod mission;
mod recording;

pub use crate::domain::{Fingerprint, LinkState};
pub use lanes::{Receiver, Sender, Tap, channel_pair};
pub use mission::{
    MissionAnswer, MissionLines, MissionLink, MissionMode, MissionNews, MissionWhole,
};
pub use recording::{Bookmark, RawBytes, RawFrame, RawPort, RecordingReport};

use crate::domain::{
    Account, AlarmAct, AlarmRules, Calendar, CheckReport, Decision, Evidence, GatewayAddr, Intent,
    KillProgress, LatchSeen, Mode, OrderNews, Position, Stamp, Text, TickBatch, Ticket,
    TraderStatus, UtcMicros,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One record of the session: numbered without holes, stamped on arrival.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    /// Counted from 1 in every session.
    pub seq: u64,
    /// When the sequencer took it; never decreases on the monotonic clock.
    pub at: Stamp,
    /// What happened.
    pub event: Event,
}

/// Everything that can happen, as far as State is concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// Time passes. State's "now" is the stamp of the last record; a Beat
    /// comes at least every 100 ms.
    Beat,
    /// The first record of a session.
    Session(Box<SessionInfo>),
    /// Quotes.
    Ticks(TickBatch),
    /// The state of a tick feed's link and its counters.
    Feed(Box<FeedReport>),
    /// A heartbeat, or the want of one.
    Gateway(Box<GatewayReport>),
    /// One read of `GET_POSITIONS`.
    Positions(Box<PositionsRead>),
    /// One read of `GET_ACCOUNT_INFO`.
    Account(Box<AccountRead>),
    /// An automatic trader decided.
    Decision(Box<Decision>),
    /// The latch as this process sees it.
    Latch(Box<LatchSeen>),
    /// The guard moved: a key that acts was pressed.
    Guard(GuardReport),
    /// A kill moved.
    Kill(Box<KillProgress>),
    /// The agent was met or lost.
    Agent(AgentReport),
    /// A command of the operator: sent, answered, or unknown.
    Command(Box<CommandReport>),
    /// A line for the Log pane.
    Log(LogLine),
    /// What the audit log knows of rehearsals.
    Drill(DrillReport),
    /// What a consumer of the latch says that it sees.
    Evidence(Box<EvidenceReport>),
    /// The paper gateway about itself.
    GatewayStatus(Box<GatewayStatusReport>),
    /// The state of an events feed's link and its counters.
    Events(Box<EventsReport>),
    /// Somebody of ours ordered, or learnt what became of it.
    Order(Box<OrderNews>),
    /// A source of orders is read, or can't be.
    OrderSource(Box<OrderSourceReport>),
    /// The operator acknowledged or silenced alarms.
    Alarm(AlarmAct),
    /// How the recording of this session fares.
    Recording(Box<RecordingReport>),
    /// The operator marked this moment, in his words.
    Bookmark(Bookmark),
    /// Bytes as they came, where what was read of them does not say them all;
    /// State does not look at them.
    Raw(Box<RawFrame>),
    /// An automatic trader about itself.
    Trader(Box<TraderReport>),
    /// A check of the mesh was looked at.
    Check(Box<CheckReport>),
    /// Whether real money is armed on this host, by its audit log.
    Armed(ArmedReport),
    /// Mission control, where a console follows it.
    Mission(Box<MissionNews>),
}

/// What a session is about; it never changes while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Version of `crs`.
    pub version: Text,
    /// A mode that the program itself imposes (`Sim`, `Drill`, `Replay`);
    /// none lets the account decide.
    pub forced_mode: Option<Mode>,
    /// Gateways by index; feeds and targets refer to it.
    pub gateways: Vec<GatewayAddr>,
    /// The latch file.
    pub latch: Text,
    /// The host this runs on.
    pub host: Text,
    /// Who runs it.
    pub operator: Text,
    /// Where the configuration came from, for the Log pane.
    pub config: Text,
    /// When the market trades.
    #[serde(default)]
    pub calendar: Calendar,
    /// Where alarms begin.
    #[serde(default)]
    pub alarms: AlarmRules,
}

/// What the audit log knows of rehearsals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillReport {
    /// When the kill was last rehearsed and ended in proof; none: never.
    pub last: Option<UtcMicros>,
}

/// What the audit log knows of LIVE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmedReport {
    /// Accounts that `crs arm --live` stands for, under this configuration;
    /// none where the log can't be read.
    pub accounts: Option<u32>,
}

/// A feed's link and its counters since the session began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedReport {
    /// Index of the gateway.
    pub feed: u16,
    /// The socket monitor's word.
    pub link: LinkState,
    /// Messages read.
    pub received: u64,
    /// Ticks that this process dropped because it could not keep up.
    pub dropped: u64,
    /// Messages refused, by cause (`bad json`, `crossed`, …).
    pub refused: BTreeMap<Text, u64>,
    /// Sequence numbers that never came, from a gateway that numbers.
    pub missed: u64,
    /// Times the socket was built anew.
    pub rebuilds: u32,
    /// Why it was built anew last.
    pub rebuilt_for: Text,
}

/// Evidence as this process heard it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceReport {
    /// Index of the events endpoint it came by; none is this process itself.
    pub feed: Option<u16>,
    /// What was said.
    pub evidence: Evidence,
}

/// `gateway.status` as this process heard it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayStatusReport {
    /// Index of the events endpoint it came by.
    pub feed: u16,
    /// The name it gives itself.
    pub gateway: Text,
    /// It read a KILL_SWITCH and was not reset since.
    pub killed: bool,
    /// `req_id` of that KILL_SWITCH, empty when not killed.
    pub kill_id: Text,
    /// `OPEN_ORDER` requests accepted since it started.
    pub orders_accepted: u64,
    /// `OPEN_ORDER` requests refused since it started.
    pub orders_refused: u64,
    /// Open positions.
    pub positions: u64,
    /// Pending orders.
    pub pending: u64,
    /// Why its memory can't be written, empty when it can.
    pub fault: Text,
    /// When it said this, by its own clock.
    pub said: UtcMicros,
}

/// `trader.status` as this process heard it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraderReport {
    /// Index of the events endpoint it came by.
    pub feed: u16,
    /// What the trader said.
    pub status: TraderStatus,
}

/// An events feed's link and its counters since the session began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsReport {
    /// Index of the endpoint in the settings.
    pub feed: u16,
    /// The endpoint.
    pub endpoint: Text,
    /// The socket monitor's word.
    pub link: LinkState,
    /// Messages read.
    pub received: u64,
    /// Messages refused, by cause.
    pub refused: BTreeMap<Text, u64>,
    /// Times the socket was built anew.
    pub rebuilds: u32,
    /// Why it was built anew last.
    pub rebuilt_for: Text,
}

/// Whether one source of orders is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSourceReport {
    /// Its name: a file, or the audit log.
    pub name: Text,
    /// An automatic trader writes it, not this program.
    pub trader: bool,
    /// It is read.
    pub read: bool,
    /// Why it is not.
    pub fault: Text,
}

/// One heartbeat's outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayReport {
    /// Index of the gateway.
    pub gateway: u16,
    /// The socket monitor's word.
    pub link: LinkState,
    /// Is it one of ours?
    pub fingerprint: Fingerprint,
    /// Round trip in microseconds; none when no answer came.
    pub rtt_us: Option<u64>,
    /// What failed and what to do, empty when nothing did.
    pub fault: Text,
    /// `data.service` of its answer.
    pub service: Text,
    /// Whether it remembers a KILL_SWITCH, by its last answer; none where it
    /// does not say so, as v1.0 does not.
    #[serde(default)]
    pub killed: Option<bool>,
}

/// Why a read can't be believed, or what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read<T> {
    /// A v1.0 answer to our own request, in full.
    Good(T),
    /// No answer, or one that can't be trusted; the cause.
    Fault(Text),
}

/// One read of the open positions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionsRead {
    /// Index of the gateway.
    pub gateway: u16,
    /// When the request went out; the answer is at most this old.
    pub asked: Stamp,
    /// Round trip in microseconds.
    pub rtt_us: u64,
    /// The positions, or why they are unknown.
    pub read: Read<Vec<Position>>,
}

/// One read of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRead {
    /// Index of the gateway.
    pub gateway: u16,
    /// When the request went out.
    pub asked: Stamp,
    /// Round trip in microseconds.
    pub rtt_us: u64,
    /// The account, or why it is unknown.
    pub read: Read<Account>,
}

/// What a guard protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardedVerb {
    /// Stop all trading and flatten.
    Kill,
    /// Stop new orders only.
    Block,
    /// Close the position of this number, of whichever gateway: as recordings
    /// tell it that were made before [`GuardedVerb::CloseAt`]; nothing opens it
    /// any more.
    Close(Ticket),
    /// Close one position of one gateway: two may give out the same number.
    CloseAt {
        /// Index of the gateway that holds it.
        gateway: u16,
        /// Its number there.
        ticket: Ticket,
    },
    /// Let orders pass again.
    Arm,
    /// End the attempts of the running kill; the latch stays.
    StandDown,
    /// Place the order that is in the ticket.
    Order,
    /// Start the gateway on its own machine.
    RemoteStart,
    /// Stop it there.
    RemoteStop,
    /// Stop and start it there.
    RemoteRestart,
    /// Give mission control the order that is shown.
    Mission,
}

impl fmt::Display for GuardedVerb {
    /// The word on the screen: `KILL`, `CLOSE 1000003`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill => f.pad("KILL"),
            Self::Block => f.pad("BLOCK"),
            Self::Close(ticket) | Self::CloseAt { ticket, .. } => write!(f, "CLOSE {ticket}"),
            Self::Arm => f.pad("ARM"),
            Self::StandDown => f.pad("STAND DOWN"),
            Self::Order => f.pad("ORDER"),
            Self::RemoteStart => f.pad("START GATEWAY"),
            Self::RemoteStop => f.pad("STOP GATEWAY"),
            Self::RemoteRestart => f.pad("RESTART GATEWAY"),
            Self::Mission => f.pad("MISSION"),
        }
    }
}

/// Where a guard stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardPhase {
    /// Open, waits for the second key.
    Armed,
    /// The second key came before 150 ms: ignored, press again.
    TooEarly,
    /// Closed without effect: another key, time, focus, terminal.
    StoodDown,
    /// The second key came in time.
    Fired,
}

/// A guard moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardReport {
    /// What it protects.
    pub verb: GuardedVerb,
    /// Where it stands now.
    pub phase: GuardPhase,
    /// When the key was read.
    pub at: Stamp,
}

/// The agent, as the console's kill thread knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReport {
    /// Connected and answering.
    pub present: bool,
    /// Its process id.
    pub pid: Option<u32>,
    /// Why it is not there.
    pub fault: Text,
}

/// The fate of one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandPhase {
    /// Handed to libzmq.
    Sent,
    /// Answered, and the answer is honest success.
    Done,
    /// Answered with an error.
    Failed,
    /// No answer in time: it may or may not have happened. Never re-sent.
    Unknown,
    /// A gate denied it; nothing was sent.
    Denied,
}

/// A command of the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandReport {
    /// Its request id, empty when denied.
    pub req_id: Text,
    /// What was asked: `CLOSE_POSITION 1000003`.
    pub what: Text,
    /// Its fate.
    pub phase: CommandPhase,
    /// The gateway's words, or the cause.
    pub note: Text,
}

/// How loud a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing to do.
    #[default]
    Info,
    /// Look when you can.
    Warn,
    /// Look now.
    Alarm,
}

/// One line of the Log pane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// How loud.
    pub level: Level,
    /// Which room or peer speaks.
    pub source: Text,
    /// What happened.
    pub text: Text,
    /// When, where the line itself says so.
    pub when: Option<UtcMicros>,
}

impl GuardedVerb {
    /// The verb for a decision to stop.
    #[must_use]
    pub const fn of_intent(intent: Intent) -> Self {
        match intent {
            Intent::Kill => Self::Kill,
            Intent::Block => Self::Block,
        }
    }
}
