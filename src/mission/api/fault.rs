//! What a client is told when something is not done: always JSON, and always
//! the thing, the cause and the next step.

use crate::domain::Text;
use crate::mission::order::Refusal;
use serde::{Deserialize, Serialize};

/// `{"error": {…}}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faulty {
    /// What.
    pub error: Fault,
}

/// Why something was not done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The HTTP status.
    pub status: u16,
    /// One word of a closed list: that of a [`Refusal`], or of the request.
    pub kind: Text,
    /// What it is about: `mode LIVE`, `POST /api/launch`.
    pub thing: Text,
    /// Why.
    pub cause: Text,
    /// What to do.
    pub next: Text,
}

impl Fault {
    /// A fault of the request itself.
    #[must_use]
    pub fn of(status: u16, kind: &str, thing: &str, cause: &str, next: &str) -> Self {
        Self {
            status,
            kind: Text::new(kind),
            thing: Text::new(thing),
            cause: Text::new(cause),
            next: Text::new(next),
        }
    }

    /// An order or a question that was refused.
    #[must_use]
    pub fn refused(thing: &str, kind: Refusal, why: &Text) -> Self {
        let (status, word, next) = match kind {
            Refusal::Unknown => (404, "unknown", "GET /api/status and /api/modes have the names"),
            Refusal::Conflict => (409, "conflict", "look at GET /api/status, then ask again"),
            Refusal::Requirement => (412, "requirement", "see to it, then ask again"),
            Refusal::Confirmation => {
                (428, "confirmation", "send the words asked for as \"confirm\"")
            }
            Refusal::Invalid => (422, "invalid", "correct the order and send it again"),
            Refusal::Failed => (503, "failed", "crs mission logs and crs mission audit say more"),
        };
        Self::of(status, word, thing, why.as_str(), next)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.thing, self.cause)?;
        if self.next.is_empty() { Ok(()) } else { write!(f, ". Next: {}", self.next) }
    }
}
