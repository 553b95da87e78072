//! The lines of the log.

use super::live::LiveArming;
use crate::domain::{
    EngageId, Frame, GatewayPhase, Intent, KillIntent, LatchPhase, Position, Stamp, StepTimes,
    Text, Ticket,
};
use crate::host::Identity;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Version of the line format.
pub const VERSION: u32 = 1;

/// A chain's last line, as another chain knew it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number.
    pub n: u64,
    /// Its SHA-256, hexadecimal.
    pub sha: String,
}

/// A latch file that somebody else made, by what can't be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ForeignLatch {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Change time in nanoseconds since the epoch.
    pub ctime_ns: i64,
}

impl ForeignLatch {
    /// Its agent may put a word into a latch and so change its time: within
    /// this, in nanoseconds, it is still the same file. Longer, and a clock that
    /// was set back could excuse another one.
    pub const WORD_NS: i64 = 60_000_000_000;

    /// Whether it is the file that was later seen as `later`.
    #[must_use]
    pub fn became(&self, later: &Self) -> bool {
        let since = later.ctime_ns.saturating_sub(self.ctime_ns);
        (self.dev, self.ino) == (later.dev, later.ino) && (0..=Self::WORD_NS).contains(&since)
    }
}

/// A foreign latch and where it lies, or lay: what a reset names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ForeignAt {
    /// The latch, its stand-in or a further latch.
    pub path: PathBuf,
    /// What can't be repeated about it.
    pub file: ForeignLatch,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Act {
    /// First line of a chain: the heads of the others.
    Open {
        /// By file name.
        heads: BTreeMap<String, Head>,
    },
    /// A decision to stop, in full: enough to carry it out after a restart.
    Engage {
        /// The decision.
        intent: KillIntent,
    },
    /// A file that was not ours was seen at the latch's path, or at that of a
    /// further latch.
    External {
        /// Which.
        file: ForeignLatch,
        /// The further latch; none for the latch itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<PathBuf>,
        /// What it says, or that it says nothing.
        reason: Text,
    },
    /// A kill moved at one gateway.
    Step {
        /// The decision.
        engage_id: EngageId,
        /// Gateway's name.
        gateway: Text,
        /// How far.
        phase: GatewayPhase,
        /// Steps in microseconds since the key.
        times: StepTimes,
        /// In words.
        note: Text,
    },
    /// What was open, as read before or after the kill.
    Positions {
        /// The decision.
        engage_id: EngageId,
        /// Gateway's name.
        gateway: Text,
        /// As the gateway claims; says nothing where `unknown` speaks.
        open: Vec<Position>,
        /// The last read before the key; else one after the kill.
        #[serde(default)]
        before: bool,
        /// When the read was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<Stamp>,
        /// Of a read before the key: how old it was then, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        age_ms: Option<u64>,
        /// Why nobody knows what was open.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unknown: Option<Text>,
    },
    /// Bytes between a kill and its gateway, as they travelled.
    Exchange {
        /// The decision.
        engage_id: EngageId,
        /// Gateway's name.
        gateway: Text,
        /// `KILL_SWITCH`, `GET_POSITIONS`, `CLOSE_POSITION 1000003`, …
        what: Text,
        /// Request id on the wire.
        req_id: Text,
        /// Handed to libzmq, in microseconds since the key.
        sent_us: u64,
        /// Answer read, in microseconds since the key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answered_us: Option<u64>,
        /// The request; none in the record of an answer whose request has a
        /// record of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<Frame>,
        /// The answer; none while there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<Frame>,
    },
    /// The latch could not be made as it should be; or was, after all.
    Latch {
        /// The decision.
        engage_id: EngageId,
        /// What holds now: `NOT_DURABLE`, or `LATCHED` once it was made.
        phase: LatchPhase,
        /// The file in question.
        path: Text,
        /// In words.
        why: Text,
    },
    /// The record before this one is known to be on disk. A reset and an
    /// arming count only when this follows: what could not be synced stands in
    /// the file for everyone to read, and has not happened.
    Synced,
    /// The latch was removed without a reset and made again.
    Tampered {
        /// Decisions in force.
        ids: Vec<EngageId>,
    },
    /// An operator ends the attempts; the latch stays.
    StandDown {
        /// The decision.
        engage_id: EngageId,
        /// Why.
        reason: Text,
    },
    /// The way back: these decisions, and no other, are over.
    Reset {
        /// Every decision in force when the operator confirmed.
        ids: Vec<EngageId>,
        /// Foreign files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        foreign: Vec<ForeignLatch>,
        /// A fresh identity for `Arm` to name, whatever was reset.
        token: EngageId,
        /// In the operator's words.
        reason: Text,
        /// Flat was not proven; the operator insisted.
        overridden: bool,
    },
    /// Proof was lost and came back: orders wait for an operator.
    Disarm {
        /// A fresh identity for `Arm` to name.
        token: EngageId,
        /// What was in doubt.
        why: Text,
    },
    /// Orders may pass again.
    Arm {
        /// Disarm tokens and reset decisions that this ends.
        tokens: Vec<EngageId>,
        /// Typed for real money.
        live: bool,
        /// For whose; a line of old that names nobody arms nobody.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        accounts: Vec<LiveArming>,
    },
    /// An ordinary command that moves money.
    Command {
        /// Request id, empty when a gate denied it.
        req_id: Text,
        /// `CLOSE_POSITION 1000003`
        what: Text,
        /// `sent`, `done`, `failed`, `unknown`, `denied`
        outcome: Text,
        /// Ticket concerned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<Ticket>,
        /// Gateway it went to, by its name in the configuration, else by its
        /// address; lines of old do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gateway: Option<Text>,
        /// Why it failed or was denied, empty otherwise; lines of old do not say.
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        why: Text,
    },
    /// Something that had to be seen at once, as it was told.
    Alarm {
        /// In words.
        text: Text,
        /// How often since it was last on record, this time included.
        count: u64,
    },
    /// The kill was rehearsed on a stage of its own; nothing real was touched.
    Drill {
        /// How far it came: only VERIFIED is a good one.
        phase: GatewayPhase,
        /// Steps in microseconds since the key.
        times: StepTimes,
        /// By the keys of the console, else by the program alone.
        keys: bool,
    },
    /// Mission control: an order and its answer, a configuration, what a
    /// process, a launch or an alert did. It engages and frees nothing.
    Mission {
        /// `ORDER`, `ASKED`, `ANSWER`, `CONFIG`, `PROCESS`, `LAUNCH`, `ALERT`, `DAEMON`
        kind: Text,
        /// Who, empty: the daemon by itself.
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        by: Text,
        /// What.
        what: Text,
        /// What came of it, empty: nothing yet.
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        outcome: Text,
    },
}

impl Act {
    /// Whether it lets orders pass again, or leads there: counts only with
    /// [`Act::Synced`] behind it.
    #[must_use]
    pub const fn frees(&self) -> bool {
        matches!(self, Self::Reset { .. } | Self::Arm { .. })
    }

    /// The word that `crs audit show` prints.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Open { .. } => "OPEN",
            Self::Engage { intent } => match intent.intent {
                Intent::Kill => "ENGAGE KILL",
                Intent::Block => "ENGAGE BLOCK",
            },
            Self::External { .. } => "EXTERNAL",
            Self::Step { .. } => "STEP",
            Self::Positions { .. } => "POSITIONS",
            Self::Exchange { .. } => "EXCHANGE",
            Self::Latch { .. } => "LATCH",
            Self::Tampered { .. } => "TAMPERED",
            Self::StandDown { .. } => "STAND DOWN",
            Self::Reset { .. } => "RESET",
            Self::Disarm { .. } => "DISARM",
            Self::Arm { .. } => "ARM",
            Self::Command { .. } => "COMMAND",
            Self::Alarm { .. } => "ALARM",
            Self::Drill { .. } => "DRILL",
            Self::Mission { .. } => "MISSION",
            Self::Synced => "SYNCED",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// [`VERSION`]
    pub v: u32,
    /// Counted from 0 in every chain.
    pub n: u64,
    /// SHA-256 of the line before, hexadecimal; empty on the first.
    pub prev: String,
    /// When, on both clocks.
    pub at: Stamp,
    /// Who, from where, in which process.
    pub who: Identity,
    /// Which part of `crs` writes: `agent`, `console`, `cli`.
    pub role: Text,
    /// What.
    #[serde(flatten)]
    pub act: Act,
}

/// SHA-256 of a line without its newline, hexadecimal.
#[must_use]
pub fn line_sha(line: &[u8]) -> String {
    Sha256::digest(line).iter().fold(String::with_capacity(64), |mut hex, b| {
        let _ = write!(hex, "{b:02x}");
        hex
    })
}
