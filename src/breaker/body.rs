//! What is written in the lock file. Nobody needs it: existence engages.

use super::word::{LatchWord, padded_time};
use crate::audit::log_id;
use crate::domain::{EngageId, Intent, KillIntent, Text, UtcMicros};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;

/// Largest file read; a latch of any size engages, unread.
pub const MAX_BYTES: usize = 65_536;

/// The body as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatchBody {
    /// `timestamp` as written (naive UTC ISO-8601 from well-behaved writers).
    pub timestamp: Text,
    /// `reason`
    pub reason: Text,
    /// `metadata.engage_id`, when one of ours wrote it.
    pub engage_id: Option<EngageId>,
    /// `metadata.operator`
    pub operator: Text,
    /// `metadata` as a whole, sanitised on the way out.
    pub metadata: Value,
}

/// The body for one of our decisions: `timestamp, reason, metadata` as
/// documented, and in `metadata` all that another host needs to know, and whose
/// log (in `audit`) holds the decision.
#[must_use]
pub fn compose(intent: &KillIntent, audit: &Path) -> Vec<u8> {
    let targets: Vec<String> = intent.targets.iter().map(|t| t.cmd.to_string()).collect();
    let mut body = json!({
        "timestamp": intent.pressed.utc.naive_iso(),
        "reason": intent.reason,
        "metadata": {
            "engage_id": intent.engage_id,
            "req_id": intent.engage_id.kill_req(1),
            "intent": match intent.intent { Intent::Kill => "KILL", Intent::Block => "BLOCK" },
            "operator": intent.operator,
            "host": intent.host,
            "boot_id": intent.boot_id,
            "gateways": targets,
            "drill": intent.drill,
            "log": log_id(audit),
        },
    });
    let metadata = body.get_mut("metadata").and_then(Value::as_object_mut);
    if let (Intent::Kill, Some(metadata)) = (intent.intent, metadata) {
        metadata.insert("state".to_owned(), LatchWord::Unconfirmed.padded().into());
        metadata.insert("state_at".to_owned(), padded_time(intent.pressed.utc).into());
    }
    let mut text = body.to_string().into_bytes();
    text.push(b'\n');
    text
}

/// The body of a foreign latch that was removed without a reset and is made
/// anew: its reason stays, and it names no decision of ours.
#[must_use]
pub fn compose_again(reason: &Text, at: UtcMicros) -> Vec<u8> {
    let body = json!({
        "timestamp": at.naive_iso(),
        "reason": reason,
        "metadata": { "restored_by": "crs agent", "intent": "BLOCK" },
    });
    let mut text = body.to_string().into_bytes();
    text.push(b'\n');
    text
}

/// Reads what somebody wrote; garbage gives an empty body.
#[must_use]
pub fn parse(bytes: &[u8]) -> LatchBody {
    #[derive(Deserialize)]
    struct Shape {
        #[serde(default)]
        timestamp: Value,
        #[serde(default)]
        reason: Value,
        #[serde(default)]
        metadata: Value,
    }
    let Ok(shape) = serde_json::from_slice::<Shape>(bytes) else {
        return LatchBody::default();
    };
    let text = |v: &Value| v.as_str().map(Text::new).unwrap_or_default();
    let inner = |key: &str| shape.metadata.get(key).map(text).unwrap_or_default();
    LatchBody {
        timestamp: text(&shape.timestamp),
        reason: text(&shape.reason),
        engage_id: inner("engage_id").as_str().parse().ok(),
        operator: inner("operator"),
        metadata: clean(shape.metadata, 0),
    }
}

/// The same document with every string sanitised and bounded depth.
fn clean(value: Value, depth: u8) -> Value {
    match value {
        _ if depth > 4 => Value::Null,
        Value::String(s) => Value::String(Text::new(&s).to_string()),
        Value::Array(items) => {
            Value::Array(items.into_iter().take(64).map(|v| clean(v, depth + 1)).collect())
        }
        Value::Object(map) => Value::Object(
            map.into_iter()
                .take(64)
                .map(|(k, v)| (Text::limited(&k, 64).to_string(), clean(v, depth + 1)))
                .collect(),
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_python_breakers_file_is_read() {
        let text = br#"{"timestamp":"2026-01-14T13:56:58.271512","reason":"Manual","metadata":{"error":123}}"#;
        let body = parse(text);
        assert_eq!(body.reason.as_str(), "Manual");
        assert_eq!(body.engage_id, None);
        assert_eq!(body.metadata.get("error"), Some(&json!(123)));
    }

    #[test]
    fn garbage_is_an_empty_body() {
        for text in [&b""[..], b"\xff\xfe", b"[]", b"{", b"null", b"42"] {
            assert_eq!(parse(text), LatchBody::default());
        }
    }

    #[test]
    fn escapes_in_a_foreign_file_are_inert() {
        let body = parse(br#"{"reason":"\u001b[2Jhi","metadata":{"k\u0007":"\u202ex"}}"#);
        assert_eq!(body.reason.as_str(), "·[2Jhi");
        assert!(
            !body.metadata.to_string().contains("u001b")
                && !body.metadata.to_string().contains('\u{202e}')
        );
    }
}
