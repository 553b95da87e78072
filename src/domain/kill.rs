//! The kill: what was decided, and what is known of its effect.

use super::{EngageId, GatewayAddr, Lots, Money, Side, Stamp, Text, Ticket};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What the operator decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Intent {
    /// Latch, cancel, flatten, prove.
    Kill,
    /// Latch only: deny new orders, leave positions alone.
    Block,
}

impl Intent {
    /// `KILL` or `BLOCK`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Block => "BLOCK",
        }
    }
}

/// One decision with everything that is needed to carry it out without the
/// process that took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillIntent {
    /// The decision.
    pub engage_id: EngageId,
    /// Flatten, or only block.
    pub intent: Intent,
    /// Who decided: user, and where the SSH session came from.
    pub operator: Text,
    /// Host the decision was taken on.
    pub host: Text,
    /// Boot of that host.
    pub boot_id: Text,
    /// In the operator's words. Stays local, never goes on the wire.
    pub reason: Text,
    /// When the confirming key was read.
    pub pressed: Stamp,
    /// The latch file.
    pub latch: PathBuf,
    /// Every gateway to stop.
    pub targets: Vec<GatewayAddr>,
    /// A rehearsal against the embedded gateway.
    pub drill: bool,
}

/// How far a gateway is known to have obeyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GatewayPhase {
    /// No kill.
    #[default]
    Idle,
    /// Attempt n is out.
    Sending {
        /// Counted from 1.
        n: u32,
    },
    /// No valid answer yet; attempts go on.
    Unconfirmed,
    /// It says that it did it. A claim, not an effect.
    Acked,
    /// Positions survive, or the claim does not add up.
    Partial,
    /// Three independent reads agree that the account is flat.
    Verified,
    /// Its HEARTBEAT is not v1.0: it was sent nothing more.
    NotV1,
    /// An operator recorded that this process shall stop trying.
    StoodDown,
}

impl GatewayPhase {
    /// The word on the screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::Sending { .. } => "SENDING",
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Acked => "ACKED",
            Self::Partial => "PARTIAL",
            Self::Verified => "VERIFIED",
            Self::NotV1 => "NOT v1.0",
            Self::StoodDown => "STOOD DOWN",
        }
    }

    /// Whether a human must do what the wire does not do.
    #[must_use]
    pub const fn needs_card(self) -> bool {
        matches!(self, Self::NotV1 | Self::Unconfirmed | Self::StoodDown)
    }
}

/// A position that outlived the kill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survivor {
    /// Number at the broker.
    pub ticket: Ticket,
    /// Instrument.
    pub symbol: Text,
    /// Long or short.
    pub side: Side,
    /// Volume.
    pub lots: Lots,
    /// What is being done about it.
    pub doing: Text,
    /// Profit in the account's currency, as last read.
    #[serde(default)]
    pub profit: Option<Money>,
}

/// Microseconds from the confirming key to each step; none while it has not
/// happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTimes {
    /// The gate of this process closed.
    pub gate: Option<u64>,
    /// The latch file exists.
    pub visible: Option<u64>,
    /// File and directory are synced.
    pub durable: Option<u64>,
    /// The agent has the intent.
    pub handed: Option<u64>,
    /// KILL_SWITCH was handed to libzmq on a connected socket.
    pub sent: Option<u64>,
    /// A valid acknowledgement came.
    pub acked: Option<u64>,
    /// The third good poll.
    pub verified: Option<u64>,
}

/// One independent look at the account after the kill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofPoll {
    /// Open positions it found; none when the answer could not be trusted.
    pub positions: Option<u32>,
    /// Used margin is zero; none when the account could not be trusted.
    pub margin_zero: Option<bool>,
    /// Why it could not be trusted, empty when it could.
    #[serde(default)]
    pub why: Text,
    /// When both answers were in, in nanoseconds since boot; none in a record
    /// of old.
    #[serde(default)]
    pub at_ns: Option<u64>,
}

/// What a running kill waits for, in nanoseconds since boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillPlan {
    /// `KILL_SWITCH` is out and its answer may still come.
    pub waiting: bool,
    /// When it is sent again, unless an acknowledgement comes before.
    pub kill_ns: Option<u64>,
    /// A look at the account is under way.
    pub looking: bool,
    /// When the next look at the account begins.
    pub look_ns: Option<u64>,
}

/// Where one decision stands at one gateway: everything a screen may show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillProgress {
    /// The decision.
    pub engage_id: EngageId,
    /// Flatten, or only block.
    pub intent: Intent,
    /// Index into the targets of the intent.
    pub target: u16,
    /// The gateway's name.
    pub gateway: Text,
    /// How far it is.
    pub phase: GatewayPhase,
    /// How the latch of the driving process stands.
    pub latch: LatchWord,
    /// KILL_SWITCH sent so often.
    pub attempts: u32,
    /// Closed and total as the gateway claims.
    pub claimed: Option<(u32, u32)>,
    /// Good polls in a row, three prove flat.
    pub good_polls: u8,
    /// The last look.
    pub last_poll: Option<ProofPoll>,
    /// Who is still open.
    pub survivors: Vec<Survivor>,
    /// Steps so far, in microseconds since the key.
    pub times: StepTimes,
    /// Who drives: `agent` or `console`.
    pub driver: Text,
    /// One line: what is happening, or what failed.
    pub note: Text,
    /// What comes next, and when.
    #[serde(default)]
    pub plan: KillPlan,
}

impl KillProgress {
    /// Whether the out-of-band card must be shown.
    #[must_use]
    pub const fn needs_card(&self) -> bool {
        matches!(self.intent, Intent::Kill) && self.phase.needs_card()
    }
}

/// The latch as the driver of a kill knows it.
pub type LatchWord = super::LatchPhase;
