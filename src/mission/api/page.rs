//! Bodies of requests and answers over HTTP, for both ends.

use super::message::Output;
use crate::domain::Text;
use crate::domain::mission::{Launch, MissionAlert, ProcessRecord};
use crate::mission::parts::{AuditEntry, ModeRecord, ZombieRecord};
use serde::{Deserialize, Serialize};

/// `POST /api/launch`. The document's `options` may hold the confirmation too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchBody {
    /// Into which mode.
    pub mode: String,
    /// What the operator typed, where the mode wants it.
    #[serde(default)]
    pub confirm: String,
    /// As the document has it.
    #[serde(default)]
    pub options: Options,
}

/// Options of a launch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// What the operator typed.
    #[serde(default)]
    pub confirm: String,
}

/// `POST /api/process/{start,stop,restart}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessBody {
    /// Which.
    pub process: String,
    /// Stop: who depends on it ends first.
    #[serde(default)]
    pub dependants: bool,
}

/// `POST /api/shutdown`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownBody {
    /// The daemon ends too; else only everything that it runs.
    #[serde(default)]
    pub daemon: bool,
}

/// `POST /api/safe`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SafeBody {
    /// What the operator typed.
    #[serde(default)]
    pub confirm: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// `POST /api/restore`, `POST /api/alerts/{id}/ack`, and what else may want a
/// confirmation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmBody {
    /// What the operator typed.
    #[serde(default)]
    pub confirm: String,
}

/// `POST /api/alerts/{id}/act`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActBody {
    /// Name of the action.
    pub action: String,
    /// What the operator typed.
    #[serde(default)]
    pub confirm: String,
}

/// `POST /api/zombies/end`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndBody {
    /// Which, by the id it was shown with.
    pub id: String,
    /// What the operator typed.
    #[serde(default)]
    pub confirm: String,
}

/// An order was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Always so.
    pub accepted: bool,
    /// A launch that was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<Launch>,
    /// The process as it stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessRecord>,
    /// In words, empty: nothing more to say.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub said: Text,
}

/// `GET /api/modes`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModesPage {
    /// The mode in force, empty: none.
    pub mode: Text,
    /// All there are.
    pub modes: Vec<ModeRecord>,
}

/// `GET /api/logs`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogsPage {
    /// The lines.
    pub lines: Vec<Output>,
    /// `after` of the next question.
    pub next: u64,
    /// Number of the oldest line of all that is still at hand.
    pub oldest: u64,
    /// `before` of the next question, for lines older than these, from the
    /// files; empty: there are none, or it was asked for newer ones.
    #[serde(default)]
    pub older: String,
    /// What could not be read of the files, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Text>,
}

/// `GET /api/why`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyPage {
    /// Which.
    pub process: Text,
    /// It is up and ready.
    pub ready: bool,
    /// A line for each fact.
    pub lines: Vec<Text>,
}

/// `GET /api/audit`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The newest last.
    pub entries: Vec<AuditEntry>,
}

/// `GET /api/zombies`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZombiesPage {
    /// What was found.
    pub found: Vec<ZombieRecord>,
}

/// `GET /api/alerts`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertsPage {
    /// The oldest first.
    pub alerts: Vec<MissionAlert>,
}
