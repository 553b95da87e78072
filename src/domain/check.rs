//! A check of the mesh: what one look at one part of it found.

use super::{Stamp, Text};
use serde::{Deserialize, Serialize};

/// How a look ended, best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// It works, by its own protocol.
    Ok,
    /// It could not be asked: no tool, no right, no room. Never counted as ok.
    #[default]
    Unknown,
    /// It was asked, and does not work.
    Failed,
}

impl CheckStatus {
    /// The word on the screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Failed => "FAILED",
        }
    }
}

/// What one look found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// How it ended.
    pub status: CheckStatus,
    /// From the question to the answer, in microseconds; none without answer.
    pub latency_us: Option<u64>,
    /// What was seen, in a few words: `+PONG`, `HTTP 403`.
    pub said: Text,
    /// Why it is not ok, empty when it is.
    pub cause: Text,
    /// What to do about it, empty when nothing is to be done.
    pub next: Text,
    /// When the look ended.
    pub at: Stamp,
}

/// A result, and which check it is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Where: `GTW`.
    pub node: Text,
    /// What was looked at, unique on its node: `heartbeat`.
    pub name: Text,
    /// By which kind of look: `tcp`, `redis`. (A record's own kind stands
    /// beside it in JSON.)
    pub by: Text,
    /// Of the documented four phases; none is beside them.
    pub phase: Option<u8>,
    /// Whether trading depends on it: a failure is an alarm.
    pub critical: bool,
    /// Between two looks, in milliseconds.
    pub period_ms: u64,
    /// Longest wait of one look, in milliseconds.
    pub timeout_ms: u64,
    /// What the look found.
    pub result: CheckResult,
}
