//! Searching the records for a text.

use crate::event::{Event, Stamped};
use serde_json::Value;

/// A search on its way.
pub(super) struct Find {
    /// What is looked for, in lower case.
    pub needle: String,
    /// Towards the end.
    pub forward: bool,
    /// Records up to here, or from here on, were looked at.
    pub at: u64,
}

/// Whether `record` holds `needle`, which is in lower case: anywhere in a
/// text or a word, or as a whole number, as a ticket is one.
pub(super) fn holds(record: &Stamped, needle: &str) -> bool {
    match &record.event {
        Event::Beat => false,
        // By far the most: without a detour.
        Event::Ticks(batch) => {
            batch.ticks.iter().any(|heard| has(heard.tick.symbol.as_str(), needle))
        }
        Event::Raw(frame) => frame.frames.iter().any(|bytes| has(&bytes.lossy(), needle)),
        event => serde_json::to_value(event).is_ok_and(|value| within(&value, needle)),
    }
}

fn within(value: &Value, needle: &str) -> bool {
    match value {
        Value::String(text) => has(text, needle),
        Value::Number(number) => number.to_string() == needle,
        Value::Array(all) => all.iter().any(|value| within(value, needle)),
        Value::Object(all) => all.values().any(|value| within(value, needle)),
        Value::Null | Value::Bool(_) => false,
    }
}

fn has(text: &str, needle: &str) -> bool {
    if text.is_ascii() {
        let (text, needle) = (text.as_bytes(), needle.as_bytes());
        return text.windows(needle.len().max(1)).any(|part| part.eq_ignore_ascii_case(needle));
    }
    text.to_lowercase().contains(needle)
}
