//! What a client says over the WebSocket: one JSON document in each text
//! message, answered once by its `req_id`.

use crate::domain::mission::LineLevel;
use serde::{Deserialize, Serialize};

/// An inward message with the name of its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Comes back with the answer; empty: nobody waits for one.
    #[serde(default)]
    pub req_id: String,
    /// What is wanted.
    #[serde(flatten)]
    pub inward: Inward,
}

/// What a client may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Inward {
    /// Into this mode.
    Launch {
        /// Its name.
        mode: String,
        /// See [`LaunchOptions`].
        #[serde(default)]
        options: LaunchOptions,
    },
    /// Something for one process.
    ProcessAction {
        /// Its name.
        process: String,
        /// What.
        action: ProcessAction,
        /// Stop: who depends on it ends first.
        #[serde(default)]
        dependants: bool,
    },
    /// Which lines are wanted from now on, in place of what was said before.
    /// Before the first of these a client gets all of them, as documented.
    Subscribe {
        /// See [`Subscription`].
        #[serde(flatten)]
        to: Subscription,
    },
    /// Acknowledge an alert.
    Ack {
        /// Its number.
        alert: u64,
    },
    /// Carry out a proposed action of an alert.
    Act {
        /// The alert's number.
        alert: u64,
        /// The action's name.
        action: String,
        /// What the operator typed, where the action wants it.
        #[serde(default)]
        confirm: String,
    },
    /// What a launch would do; answered with `lines`.
    Plan {
        /// The mode.
        mode: String,
    },
    /// Why a process is not up; answered with `lines`.
    Why {
        /// Its name.
        process: String,
    },
    /// The last entries of the audit, the newest last; answered with `lines`.
    Audit {
        /// How many, at most 200.
        #[serde(default)]
        last: u16,
    },
    /// Answered with `accepted`.
    Ping,
}

/// How a launch is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchOptions {
    /// What the operator typed, where the mode wants it.
    #[serde(default)]
    pub confirm: String,
}

/// What may be done to one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessAction {
    /// Start it and what it depends on.
    Start,
    /// Stop it.
    Stop,
    /// Stop and start it.
    Restart,
}

/// Which lines are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Lines at all.
    #[serde(default)]
    pub lines: bool,
    /// Several in one message (`console_lines`).
    #[serde(default)]
    pub batch: bool,
    /// Of these processes; empty: of all.
    #[serde(default)]
    pub processes: Vec<String>,
    /// At least so loud.
    #[serde(default)]
    pub level: LineLevel,
    /// Those at hand after this number come first; none: only new ones.
    #[serde(default)]
    pub after: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_launch_is_understood() {
        let said = r#"{"type": "launch", "mode": "TANK_SEALED", "options": {}}"#;
        let asked: Asked = serde_json::from_str(said).unwrap();
        let options = LaunchOptions::default();
        let launch = Inward::Launch { mode: String::from("TANK_SEALED"), options };
        assert_eq!(asked, Asked { req_id: String::new(), inward: launch });
        let said = r#"{"type": "subscribe", "req_id": "7", "lines": true, "level": "warn"}"#;
        let asked: Asked = serde_json::from_str(said).unwrap();
        let to = Subscription { lines: true, level: LineLevel::Warn, ..Subscription::default() };
        assert_eq!(asked.inward, Inward::Subscribe { to });
    }
}
