//! The engine's log: one JSON object per tick, in the documents' form and in
//! that of the sources.
//!
//! The Python sources write `lag_ms` too, but theirs is the gap to the tick
//! before. A file that shows an action which only they have, or an order with
//! a volume, is theirs, and its lags are not taken for latencies.

use super::{Heard, brief};
use crate::domain::fixed::parse_scaled;
use crate::domain::{Decision, DecisionSource, Side, Text, UtcMicros};
use chrono::{DateTime, NaiveDateTime};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Actions that only the sources write.
const SOURCE_ONLY: &[&str] = &[
    "BLOCKED_PRE_SIGNAL",
    "SIGNAL_GENERATED",
    "BLOCKED_PRE_ORDER",
    "ERROR_SIGNAL_GENERATION",
    "ERROR_ORDER_GENERATION",
];

/// Reads one file's objects.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineLines {
    /// The file was written by the Python sources.
    sources: bool,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tick_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    symbol: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    signal: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    order: Option<Order<'a>>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    error: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    lag_ms: Option<&'a RawValue>,
    #[serde(default)]
    gate: Option<u8>,
    #[serde(borrow, default)]
    live: Option<&'a RawValue>,
    #[serde(borrow, default)]
    host: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pid: Option<&'a RawValue>,
    #[serde(borrow, default)]
    circuit_breaker_state: Option<Breaker<'a>>,
}

#[derive(Deserialize)]
struct Order<'a> {
    #[serde(borrow, default, rename = "order_id")]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    action: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    symbol: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    volume: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Breaker<'a> {
    #[serde(borrow, default)]
    engagement_reason: Option<Cow<'a, str>>,
}

impl EngineLines {
    /// Takes the next object.
    pub fn line(&mut self, line: &[u8]) -> Heard {
        let Ok(object) = serde_json::from_slice::<Object<'_>>(line) else {
            return Heard::Refused("not an engine's log entry");
        };
        let order = object.order.as_ref();
        self.sources |= SOURCE_ONLY.contains(&&*object.action)
            || order.is_some_and(|order| order.volume.is_some());
        let symbol = object.symbol.as_deref().or_else(|| order?.symbol.as_deref());
        let signal = object.signal.as_deref().or_else(|| order?.action.as_deref());
        let lag = if self.sources { None } else { object.lag_ms.and_then(micros) };
        Heard::Decision(Box::new(Decision {
            source: DecisionSource::Engine,
            at: object.timestamp.and_then(|raw| time(raw.get())),
            symbol: Text::limited(symbol.unwrap_or_default(), 32),
            side: signal.and_then(side),
            probabilities: None,
            threshold: None,
            action: Text::limited(&object.action, 32),
            why: why(&object),
            lag_us: lag,
            number: object.tick_id.and_then(|raw| raw.get().parse().ok()),
            // With the moment it tells that telemetry speaks of the same one.
            order: Text::limited(order.and_then(|o| o.id.as_deref()).unwrap_or_default(), 64),
            live: object.live.and_then(|raw| raw.get().parse().ok()),
            host: Text::limited(object.host.as_deref().unwrap_or_default(), 64),
            pid: object.pid.and_then(|raw| raw.get().parse().ok()),
            ..Decision::default()
        }))
    }
}

fn side(word: &str) -> Option<Side> {
    match word {
        "BUY" => Some(Side::Buy),
        "SELL" => Some(Side::Sell),
        _ => None,
    }
}

/// Error, reason, gate, the breaker's reason, or the order's number.
fn why(object: &Object<'_>) -> Text {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(object.gate.map(|n| format!("gate {n}")));
    parts.extend(object.error.as_deref().map(str::to_owned));
    parts.extend(object.reason.as_deref().map(str::to_owned));
    let breaker = object.circuit_breaker_state.as_ref();
    parts.extend(breaker.and_then(|b| b.engagement_reason.as_deref()).map(str::to_owned));
    if parts.is_empty() {
        parts.extend(object.order.as_ref().and_then(|o| o.id.as_deref()).map(str::to_owned));
    }
    brief(&parts.join(": "))
}

/// Milliseconds as a JSON number to whole microseconds.
fn micros(raw: &RawValue) -> Option<u64> {
    parse_scaled(raw.get().as_bytes(), 3).ok().and_then(|us| u64::try_from(us).ok())
}

/// ISO-8601 with a zone, or naive, which both forms mean as UTC; or seconds.
fn time(raw: &str) -> Option<UtcMicros> {
    let Some(text) = raw.strip_prefix('"').and_then(|t| t.strip_suffix('"')) else {
        return parse_scaled(raw.as_bytes(), 6).ok().map(UtcMicros);
    };
    let zoned = DateTime::parse_from_rfc3339(text).map(|t| t.timestamp_micros());
    let naive = || {
        let parsed = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
        parsed.map(|t| t.and_utc().timestamp_micros())
    };
    zoned.or_else(|_| naive()).ok().map(UtcMicros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &mut EngineLines, text: &str) -> Decision {
        match lines.line(text.as_bytes()) {
            Heard::Decision(decision) => *decision,
            other => panic!("{other:?}: {text}"),
        }
    }

    #[test]
    fn the_documented_order_has_a_latency() {
        let d = read(
            &mut EngineLines::default(),
            r#"{"timestamp":"2026-01-14T13:56:58.271512","tick_id":5,"symbol":"EURUSD","action":"ORDER_GENERATED","signal":"BUY","order":{"order_id":"ORD_000004","symbol":"EURUSD","action":"BUY","entry_price":1.08515,"timestamp":"2026-01-14T13:56:58.271512"},"lag_ms":1.95}"#,
        );
        assert_eq!(d.at.map(UtcMicros::iso).as_deref(), Some("2026-01-14T13:56:58.271512Z"));
        assert_eq!((d.side, d.lag_us), (Some(Side::Buy), Some(1_950)));
        assert_eq!((d.action.as_str(), d.why.as_str()), ("ORDER_GENERATED", "ORD_000004"));
        assert_eq!((d.number, d.order.as_str(), d.live), (Some(5), "ORD_000004", None));
    }

    #[test]
    fn a_number_that_is_none_and_a_strange_live_lose_no_entry() {
        let mut lines = EngineLines::default();
        let text = r#"{"action":"NO_ORDER","tick_id":"five","live":"maybe"}"#;
        let d = read(&mut lines, text);
        assert_eq!((d.number, d.live, d.order.as_str()), (None, None, ""));
        assert_eq!((d.host.as_str(), d.pid), ("", None));
        let text = r#"{"action":"NO_ORDER","tick_id":7,"live":false,"host":"inf","pid":42}"#;
        let d = read(&mut lines, text);
        assert_eq!((d.number, d.live), (Some(7), Some(false)));
        assert_eq!((d.host.as_str(), d.pid), ("inf", Some(42)));
    }

    #[test]
    fn the_documented_block_has_no_symbol_and_a_reason() {
        let d = read(
            &mut EngineLines::default(),
            r#"{"timestamp":"2026-01-14T13:56:58.340660","tick_id":5,"action":"BLOCKED","gate":1,"reason":"KILL_SWITCH_ACTIVE","circuit_breaker_state":{"is_engaged":true,"engagement_time":"2026-01-14T13:56:58.340660","engagement_reason":"Manual activation"}}"#,
        );
        assert_eq!((d.symbol.as_str(), d.side, d.lag_us), ("", None, None));
        assert_eq!(d.why.as_str(), "gate 1: KILL_SWITCH_ACTIVE: Manual activation");
    }

    #[test]
    fn every_action_of_the_sources_is_read_and_its_gap_is_no_lag() {
        let mut lines = EngineLines::default();
        for (text, action, side, why) in [
            (
                r#"{"timestamp":"2026-01-14T13:56:58.2","tick_id":1,"symbol":"EURUSD","action":"SIGNAL_GENERATED","signal":"SELL","lag_ms":10.5}"#,
                "SIGNAL_GENERATED",
                Some(Side::Sell),
                "",
            ),
            (
                r#"{"tick_id":1,"symbol":"EURUSD","action":"ORDER_GENERATED","signal":"SELL","order":{"order_id":"ORD_000000","symbol":"EURUSD","action":"SELL","entry_price":1.0,"volume":1.0},"lag_ms":10.5}"#,
                "ORDER_GENERATED",
                Some(Side::Sell),
                "ORD_000000",
            ),
            (
                r#"{"symbol":"EURUSD","action":"NO_ORDER","signal":"HOLD","lag_ms":10.5}"#,
                "NO_ORDER",
                None,
                "",
            ),
            (
                r#"{"symbol":"EURUSD","action":"BLOCKED_PRE_SIGNAL","reason":"KILL_SWITCH_ACTIVE","lag_ms":10.5,"circuit_breaker_state":{"engagement_reason":null}}"#,
                "BLOCKED_PRE_SIGNAL",
                None,
                "KILL_SWITCH_ACTIVE",
            ),
            (
                r#"{"symbol":"EURUSD","action":"BLOCKED_PRE_ORDER","signal":"BUY","reason":"KILL_SWITCH_ACTIVATED_MID_PROCESSING","lag_ms":10.5}"#,
                "BLOCKED_PRE_ORDER",
                Some(Side::Buy),
                "KILL_SWITCH_ACTIVATED_MID_PROCESSING",
            ),
            (
                r#"{"symbol":"EURUSD","action":"ERROR_SIGNAL_GENERATION","error":"bid missing","lag_ms":10.5}"#,
                "ERROR_SIGNAL_GENERATION",
                None,
                "bid missing",
            ),
            (
                r#"{"symbol":"EURUSD","action":"ERROR_ORDER_GENERATION","signal":"BUY","error":"x","lag_ms":10.5}"#,
                "ERROR_ORDER_GENERATION",
                Some(Side::Buy),
                "x",
            ),
        ] {
            let d = read(&mut lines, text);
            assert_eq!((d.action.as_str(), d.side, d.why.as_str()), (action, side, why));
            assert_eq!(d.lag_us, None, "{action}");
        }
    }

    #[test]
    fn what_is_no_entry_is_refused_and_hostile_text_is_inert() {
        let mut lines = EngineLines::default();
        for text in ["{", "{}", r#"{"action":5}"#, r#"{"action":"NO_ORDER","lag_ms":NaN}"#] {
            assert!(matches!(lines.line(text.as_bytes()), Heard::Refused(_)), "{text}");
        }
        let d = read(
            &mut lines,
            r#"{"action":"\u001b[2J","symbol":"\u202e","reason":"a\nb","lag_ms":-1,"timestamp":"soon"}"#,
        );
        assert_eq!((d.action.as_str(), d.symbol.as_str(), d.why.as_str()), ("·[2J", "·", "a·b"));
        assert_eq!((d.lag_us, d.at), (None, None));
    }

    #[test]
    fn times_in_all_forms() {
        for (raw, micros) in [
            ("\"2026-01-14T13:56:58\"", Some(1_768_399_018_000_000)),
            ("\"2026-01-14T15:56:58.5+02:00\"", Some(1_768_399_018_500_000)),
            ("1768399018.25", Some(1_768_399_018_250_000)),
            ("null", None),
        ] {
            assert_eq!(time(raw), micros.map(UtcMicros), "{raw}");
        }
    }
}
