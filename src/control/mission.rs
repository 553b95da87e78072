//! What an operator may ask of mission control. Plain data: how it travels is
//! the port's business.

use crate::domain::Text;
use std::fmt;

/// An order to mission control, or a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissionAsk {
    /// Start this process and what it depends on.
    Start(Text),
    /// Stop this process.
    Stop(Text),
    /// Stop and start this process.
    Restart(Text),
    /// Why is this process not up?
    Why(Text),
    /// What would a launch into this mode do?
    Plan(Text),
    /// Into this mode.
    Launch {
        /// The mode.
        mode: Text,
        /// What the operator typed, empty where the mode wants nothing.
        confirm: String,
    },
    /// Acknowledge this alert.
    Ack(u64),
    /// Carry out what this alert proposes.
    Act {
        /// The alert.
        alert: u64,
        /// The action's name.
        action: Text,
        /// What the operator typed, empty until it was asked for.
        confirm: String,
    },
    /// The last entries of the audit.
    Audit,
}

/// An order that waits for typed words; which words, the refusal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconfirmed {
    /// The order. It was not carried out.
    pub ask: MissionAsk,
    /// What has to be typed, and what for.
    pub why: Text,
}

impl MissionAsk {
    /// It only asks: nothing is changed by it.
    #[must_use]
    pub const fn is_question(&self) -> bool {
        matches!(self, Self::Why(_) | Self::Plan(_) | Self::Audit)
    }
}

impl fmt::Display for MissionAsk {
    /// As the operator would say it: `launch LIVE`; never what was typed to
    /// confirm it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(name) => write!(f, "start {name}"),
            Self::Stop(name) => write!(f, "stop {name}"),
            Self::Restart(name) => write!(f, "restart {name}"),
            Self::Why(name) => write!(f, "why {name}"),
            Self::Plan(mode) => write!(f, "plan {mode}"),
            Self::Launch { mode, .. } => write!(f, "launch {mode}"),
            Self::Ack(alert) => write!(f, "acknowledge alert {alert}"),
            Self::Act { alert, action, .. } => write!(f, "{action} for alert {alert}"),
            Self::Audit => f.write_str("audit"),
        }
    }
}
