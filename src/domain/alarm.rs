//! Alarms: how grave one is, where it begins, and what an operator does about
//! it.

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

/// Where alarms begin, as the operator set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlarmRules {
    /// Margin level in whole percent below which there is a warning; 0 never.
    pub margin_level_warn: u32,
    /// Margin level in whole percent below which it is critical; 0 never.
    pub margin_level_alarm: u32,
    /// Seconds without a tick, in the market's hours, after which a feed is
    /// silent.
    pub feed_silent_s: u32,
    /// Seconds from which a quote is stale, where its symbol ticks that often.
    pub quote_stale_s: u32,
}

impl Default for AlarmRules {
    /// Many brokers call for margin at 100 %; a real EURUSD feed pauses for
    /// more than a minute at night.
    fn default() -> Self {
        Self {
            margin_level_warn: 150,
            margin_level_alarm: 100,
            feed_silent_s: 120,
            quote_stale_s: 3,
        }
    }
}
