//! The latch: a file whose existence stops all orders.

use super::{EngageId, Text};
use serde::{Deserialize, Serialize};

/// In the place of the reason of a latch that names none.
pub const NO_REASON: &str = "no reason given";

/// What one process knows about the latch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LatchPhase {
    /// Proven absent, but orders wait for `crs arm`.
    Disarmed,
    /// Proven absent and armed: the only phase that lets an order through.
    Safe,
    /// Can't prove safe: orders denied, not latched.
    #[default]
    Blocked,
    /// Our file is visible.
    Latched,
    /// Our file and its directory are synced.
    Durable,
    /// Our file could not be synced or written in full.
    NotDurable,
    /// A file that somebody else made.
    EngagedExternal,
}

impl LatchPhase {
    /// Whether the latch holds.
    #[must_use]
    pub const fn is_engaged(self) -> bool {
        matches!(self, Self::Latched | Self::Durable | Self::NotDurable | Self::EngagedExternal)
    }

    /// Whether an order may pass.
    #[must_use]
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Safe)
    }

    /// The word on the screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Disarmed => "DISARMED",
            Self::Safe => "SAFE",
            Self::Blocked => "BLOCKED",
            Self::Latched => "LATCHED",
            Self::Durable => "ENGAGED",
            Self::NotDurable => "NOT DURABLE",
            Self::EngagedExternal => "ENGAGED EXT",
        }
    }

    /// `state` of the status document that other programs read.
    #[must_use]
    pub const fn status_state(self) -> SwitchState {
        match self {
            Self::Safe => SwitchState::Safe,
            Self::Disarmed => SwitchState::Disarmed,
            Self::Blocked => SwitchState::Blocked,
            _ => SwitchState::Engaged,
        }
    }
}

/// The four words of the status document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SwitchState {
    /// Orders pass.
    Safe,
    /// Latched.
    Engaged,
    /// Doubt.
    Blocked,
    /// Waits for `crs arm`.
    Disarmed,
}

/// One look at the latch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatchSeen {
    /// What it amounts to.
    pub phase: LatchPhase,
    /// Why it was engaged, or why it can't be proven safe.
    pub reason: Text,
    /// Who engaged it, where that is known.
    pub by: Text,
    /// The time written in the file, as text: it may be foreign.
    pub since: Text,
    /// The decision, where the file or the audit log names one.
    pub engage_id: Option<EngageId>,
    /// The file was removed without a reset, this many times.
    pub tampered: u32,
    /// The file's path.
    pub path: Text,
}
