//! What may be asked of the daemon, by whom, and the answer.

use super::spec::Name;
use crate::domain::Text;
use crate::domain::mission::{Launch, ProcessRecord};
use serde::{Deserialize, Serialize};

/// Who asks: `root@inf over the socket`, `token over tcp 127.0.0.1:50312`.
pub type By = Text;

/// What is typed for the emergency shutdown: on Protocol v1.0 the only way to
/// cancel pending orders closes every position too.
pub const SAFE_PHRASE: &str = "CLOSE EVERYTHING";
/// What is typed to restore, before the mode's own words, or its name where it
/// wants none: `RESTORE PAPER`.
pub const RESTORE_WORD: &str = "RESTORE";

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Into this mode: stop what is not in it, render its settings, start what
    /// is. Answered when the launch is accepted or refused; it ends later.
    Launch {
        /// The mode.
        mode: Name,
        /// What the operator typed where the mode wants it.
        #[serde(default)]
        confirm: String,
    },
    /// Stop everything, dependants first; no mode is in force afterwards.
    Down,
    /// Start one and what it depends on.
    Start {
        /// Which.
        process: Name,
    },
    /// Stop one; with what depends on it where `dependants`.
    Stop {
        /// Which.
        process: Name,
        /// Who depends on it ends first.
        #[serde(default)]
        dependants: bool,
    },
    /// Stop and start one: never two copies, however often it is asked.
    Restart {
        /// Which.
        process: Name,
    },
    /// Read the file again; what did not change is not touched.
    Reload,
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
    /// The emergency shutdown: `SAFE_MODE`, cancel and close through the kill
    /// path, dump, stop in order.
    Safe {
        /// What the operator typed.
        confirm: String,
        /// Why.
        reason: String,
    },
    /// Bring back what the last dump says.
    Restore {
        /// What the operator typed.
        confirm: String,
    },
    /// End the daemon; what is kept lives on, everything else is stopped.
    Shutdown,
}

/// The answer to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Accepted; it happens now.
    Accepted,
    /// A launch was accepted.
    Launched(Launch),
    /// The process stands so now.
    Process(ProcessRecord),
    /// Refused; nothing was changed.
    Refused {
        /// Which kind of refusal.
        kind: Refusal,
        /// The cause and the next step.
        why: Text,
    },
}

/// Kinds of refusal, each with the HTTP status it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No such process, mode or alert: 404.
    Unknown,
    /// It does not go with how things stand (external, already so): 409.
    Conflict,
    /// A requirement does not hold: 412.
    Requirement,
    /// A confirmation is missing or differs: 428.
    Confirmation,
    /// The order itself is wrong: 422.
    Invalid,
    /// The daemon can't: 503.
    Failed,
}
