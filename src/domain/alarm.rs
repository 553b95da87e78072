//! Alarms: how grave one is, and what an operator does about it.

use super::Text;
use serde::{Deserialize, Serialize};

/// How grave an alarm is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Look when you can: something is worse than it should be.
    #[default]
    Warning,
    /// Look now: orders, positions or the switch are not under control.
    Critical,
}

impl Severity {
    /// The word on the screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What an operator did about alarms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmAct {
    /// Seen and taken on: the one of this key, or all.
    Acknowledge(Option<Text>),
    /// No bell and no call for so many milliseconds: the one of this key, or
    /// all. It stays in the list.
    Silence(Option<Text>, u64),
}
