//! The status document that other programs read.

use crate::domain::{LatchSeen, SwitchState, Text};
use serde::Serialize;
use serde_json::Value;

/// Keys as the Python breaker's `get_status()` has them.
#[derive(Clone, Debug, Serialize)]
pub struct StatusDocument {
    /// Latched.
    pub is_engaged: bool,
    /// Orders pass.
    pub is_safe: bool,
    /// `SAFE`, `ENGAGED`, `BLOCKED` or `DISARMED`.
    pub state: SwitchState,
    /// As written in the file.
    pub engagement_timestamp: Option<Text>,
    /// Why.
    pub engagement_reason: Option<Text>,
    /// The file's metadata.
    pub engagement_metadata: Value,
    /// Path of the latch.
    pub switch_file: Text,
}

impl StatusDocument {
    /// From what was seen and the file's metadata.
    #[must_use]
    pub fn new(seen: &LatchSeen, metadata: Value) -> Self {
        let engaged = seen.phase.is_engaged();
        Self {
            is_engaged: engaged,
            is_safe: seen.phase.is_safe(),
            state: seen.phase.status_state(),
            engagement_timestamp: engaged.then(|| seen.since.clone()),
            engagement_reason: engaged.then(|| seen.reason.clone()),
            engagement_metadata: if engaged { metadata } else { Value::Null },
            switch_file: seen.path.clone(),
        }
    }
}
