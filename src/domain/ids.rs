//! Identities of decisions and requests.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Why a text is no identity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("\"{0}\" is not an engage id (26 letters and digits, as `crs status` shows it)")]
pub struct IdError(super::Text);

/// One decision to stop: a ULID (26 characters, sorted by time). It names the
/// latch, every request of the kill, its audit records and its reset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EngageId(ulid::Ulid);

impl EngageId {
    /// From 48 bits of milliseconds and 80 random bits.
    #[must_use]
    pub const fn from_parts(ms: u64, random: u128) -> Self {
        Self(ulid::Ulid::from_parts(ms, random))
    }

    /// The request id of the `round`-th KILL_SWITCH of this decision.
    ///
    /// It is derived, not drawn: an agent that takes over, or a host that
    /// comes back from a reboot, sends the very same id again, and a gateway
    /// with a memory answers it from memory.
    #[must_use]
    pub fn kill_req(self, round: u32) -> ReqId {
        ReqId(format!("kill-{self}-{round}"))
    }
}

impl fmt::Display for EngageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl fmt::Debug for EngageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::str::FromStr for EngageId {
    type Err = IdError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        ulid::Ulid::from_string(s).map(Self).map_err(|_| IdError(super::Text::limited(s, 40)))
    }
}

/// The `req_id` of one Protocol v1.0 request: `<verb>-<unique>`, ASCII.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReqId(String);

impl ReqId {
    /// `<verb>-<process>-<n>`: unique within a boot by process and counter.
    #[must_use]
    pub fn numbered(verb: &str, process: u32, salt: u32, n: u64) -> Self {
        Self(format!("{verb}-{process:x}-{salt:08x}-{n}"))
    }

    /// As on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReqId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_decision_asks_with_the_same_id() {
        let id = EngageId::from_parts(1_768_399_018_271, 42);
        assert_eq!(id.kill_req(1), id.to_string().parse::<EngageId>().unwrap().kill_req(1));
        assert_ne!(id.kill_req(1), id.kill_req(2));
        assert!("rm -rf".parse::<EngageId>().is_err());
    }
}
