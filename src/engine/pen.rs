//! Writes entries as JSON lines, by hand and into one buffer: a log of
//! millions of entries must cost no allocation for each.

use super::Signal;
use super::entry::{Closed, Entry, Order, Outcome};
use crate::domain::{Price, UtcMicros};
use crate::host::Identity;

const SECOND_US: i64 = 1_000_000;

/// The writer; keeps the text of the second that it last wrote, and how each
/// line ends: with this process.
#[derive(Debug)]
pub struct Pen {
    second: i64,
    stem: String,
    end: Vec<u8>,
}

impl Default for Pen {
    fn default() -> Self {
        Self::new(&Identity::here())
    }
}

impl Pen {
    /// For the entries of the process `me`.
    #[must_use]
    pub fn new(me: &Identity) -> Self {
        let mut end = b",\"host\":".to_vec();
        quoted(me.host.as_str(), &mut end);
        end.extend_from_slice(b",\"pid\":");
        whole(u64::from(me.pid), &mut end);
        end.extend_from_slice(b"}\n");
        Self { second: i64::MIN, stem: String::new(), end }
    }

    /// Appends the line of `entry`, its end included.
    pub fn line(&mut self, entry: &Entry, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"timestamp\":");
        self.time(entry.at, out);
        out.extend_from_slice(b",\"tick_id\":");
        whole(entry.tick_id, out);
        out.extend_from_slice(b",\"symbol\":");
        quoted(entry.symbol.as_str(), out);
        key("action", entry.outcome.action(), out);
        if let Some(signal) = entry.signal {
            key("signal", Signal::word(signal), out);
        }
        if let Some(order) = entry.outcome.order() {
            self.order(order, entry.symbol.as_str(), out);
        }
        match &entry.outcome {
            Outcome::Ordered(_, Some(words)) | Outcome::NoOrder(Some(words)) => {
                out.extend_from_slice(b",\"reason\":");
                quoted(words.as_str(), out);
            }
            Outcome::Error(words, _) => {
                out.extend_from_slice(b",\"error\":");
                quoted(words.as_str(), out);
            }
            Outcome::Blocked(gate, closed) => blocked(*gate, closed, out),
            Outcome::Ordered(_, None) | Outcome::NoOrder(None) => {}
        }
        out.extend_from_slice(b",\"lag_ms\":");
        millis(entry.lag_ns, out);
        if let Some(gap) = entry.gap_ns {
            out.extend_from_slice(b",\"gap_ms\":");
            millis(gap, out);
        }
        out.extend_from_slice(b",\"live\":");
        out.extend_from_slice(if entry.live { b"true" } else { b"false" });
        out.extend_from_slice(&self.end);
    }

    fn order(&mut self, order: &Order, symbol: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"order\":{\"order_id\":\"ORD_");
        padded(order.number, 6, out);
        out.extend_from_slice(b"\",\"symbol\":");
        quoted(symbol, out);
        key("action", order.side.word(), out);
        out.extend_from_slice(b",\"entry_price\":");
        price(order.entry, out);
        out.extend_from_slice(b",\"timestamp\":");
        self.time(order.at, out);
        out.push(b'}');
    }

    /// Naive UTC with microseconds, as the documents have it.
    fn time(&mut self, at: UtcMicros, out: &mut Vec<u8>) {
        let (second, micros) = (at.0.div_euclid(SECOND_US), at.0.rem_euclid(SECOND_US));
        if second != self.second {
            self.second = second;
            let whole = UtcMicros(second.saturating_mul(SECOND_US)).naive_iso();
            let end = whole.rfind('.').unwrap_or(whole.len());
            self.stem.clear();
            self.stem.push_str(whole.get(..end).unwrap_or_default());
        }
        out.push(b'"');
        out.extend_from_slice(self.stem.as_bytes());
        out.push(b'.');
        padded(micros.unsigned_abs(), 6, out);
        out.push(b'"');
    }
}

fn blocked(gate: u8, closed: &Closed, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"gate\":");
    whole(u64::from(gate), out);
    key("reason", closed.code(), out);
    out.extend_from_slice(b",\"circuit_breaker_state\":{\"is_engaged\":");
    out.extend_from_slice(if closed.engaged { b"true" } else { b"false" });
    out.extend_from_slice(b",\"engagement_time\":");
    if closed.since.is_empty() {
        out.extend_from_slice(b"null");
    } else {
        quoted(closed.since.as_str(), out);
    }
    out.extend_from_slice(b",\"engagement_reason\":");
    quoted(closed.reason.as_str(), out);
    out.push(b'}');
}

fn key(name: &str, word: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":\"");
    out.extend_from_slice(word.as_bytes());
    out.push(b'"');
}

/// A JSON string of clean text: only a quote and a backslash need an escape.
fn quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    if text.bytes().any(|b| matches!(b, b'"' | b'\\')) {
        for byte in text.bytes() {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
}

fn whole(value: u64, out: &mut Vec<u8>) {
    padded(value, 1, out);
}

/// With zeros in front up to `width`, 20 at most.
fn padded(mut value: u64, width: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut from = digits.len();
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
        from -= 1;
        if value == 0 {
            break;
        }
    }
    let from = from.min(digits.len().saturating_sub(width));
    out.extend_from_slice(digits.get(from..).unwrap_or_default());
}

/// All of its decimals that are not zero, one at least.
fn price(price: Price, out: &mut Vec<u8>) {
    if price < Price::ZERO {
        out.push(b'-');
    }
    let (unit, raw) = (10_u64.pow(Price::SCALE), price.raw().unsigned_abs());
    decimal(raw / unit, raw % unit, 8, out);
}

/// Nanoseconds as milliseconds, cut to microseconds.
fn millis(ns: u64, out: &mut Vec<u8>) {
    let us = ns / 1_000;
    decimal(us / 1_000, us % 1_000, 3, out);
}

fn decimal(whole_part: u64, mut part: u64, mut digits: usize, out: &mut Vec<u8>) {
    whole(whole_part, out);
    out.push(b'.');
    while digits > 1 && part.is_multiple_of(10) {
        part /= 10;
        digits -= 1;
    }
    padded(part, digits, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Side, Symbol, Text};
    use crate::wire::{DecisionLines, Heard};
    use proptest::prelude::*;
    use serde_json::Value;

    fn entry(outcome: Outcome) -> Entry {
        Entry {
            at: UtcMicros(1_768_399_018_271_512),
            tick_id: 5,
            symbol: Symbol::new("EURUSD").unwrap(),
            signal: Some(Signal::Buy),
            outcome,
            lag_ns: 1_950_400,
            gap_ns: None,
            live: false,
        }
    }

    fn me() -> Identity {
        Identity { host: Text::new("inf"), pid: 42, ..Identity::here() }
    }

    fn text(entry: &Entry) -> String {
        let mut out = Vec::new();
        Pen::new(&me()).line(entry, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn order() -> Order {
        let entry = Price::parse("1.08515").unwrap();
        Order { number: 4, side: Side::Buy, entry, at: UtcMicros(1_768_399_018_271_512) }
    }

    #[test]
    fn the_documented_order() {
        assert_eq!(
            text(&entry(Outcome::Ordered(order(), None))),
            "{\"timestamp\":\"2026-01-14T13:56:58.271512\",\"tick_id\":5,\"symbol\":\"EURUSD\",\
             \"action\":\"ORDER_GENERATED\",\"signal\":\"BUY\",\"order\":{\"order_id\":\"ORD_000004\",\
             \"symbol\":\"EURUSD\",\"action\":\"BUY\",\"entry_price\":1.08515,\
             \"timestamp\":\"2026-01-14T13:56:58.271512\"},\"lag_ms\":1.95,\"live\":false,\
             \"host\":\"inf\",\"pid\":42}\n"
        );
    }

    #[test]
    fn the_documented_block() {
        let closed = Closed {
            engaged: true,
            since: Text::new("2026-01-14T13:56:58.340660"),
            reason: Text::new("Manual \"activation\""),
        };
        let blocked =
            Entry { signal: None, gap_ns: Some(10_000_000), ..entry(Outcome::Blocked(1, closed)) };
        let json: Value = serde_json::from_str(&text(&blocked)).unwrap();
        assert_eq!((&json["gate"], &json["reason"]), (&1.into(), &"KILL_SWITCH_ACTIVE".into()));
        let state = &json["circuit_breaker_state"];
        assert_eq!(state["is_engaged"], true);
        assert_eq!(state["engagement_time"], "2026-01-14T13:56:58.340660");
        assert_eq!(state["engagement_reason"], "Manual \"activation\"");
        assert_eq!((&json["gap_ms"], json.get("signal")), (&10.0.into(), None));
        let unproven = entry(Outcome::Blocked(2, Closed::default()));
        let json: Value = serde_json::from_str(&text(&unproven)).unwrap();
        assert_eq!(json["reason"], "NOT_PROVEN_SAFE");
        assert_eq!(json["circuit_breaker_state"]["engagement_time"], Value::Null);
    }

    /// The console reads from the file what telemetry tells it.
    #[test]
    fn what_is_written_is_read_as_what_is_told() {
        let words = Text::new("ticket 7: \"filled\" \\o/");
        for outcome in [
            Outcome::Ordered(order(), Some(words.clone())),
            Outcome::NoOrder(Some(words.clone())),
            Outcome::NoOrder(None),
            Outcome::Error(words.clone(), None),
            Outcome::Error(words, Some(order())),
            Outcome::Blocked(
                2,
                Closed { engaged: true, reason: Text::new("x"), ..Closed::default() },
            ),
        ] {
            for live in [true, false] {
                let entry = Entry { live, ..entry(outcome.clone()) };
                let line = text(&entry);
                match DecisionLines::default().line(line.trim_end().as_bytes()) {
                    Heard::Decision(read) => assert_eq!(*read, entry.decision(&me()), "{line}"),
                    other => panic!("{other:?}: {line}"),
                }
            }
        }
    }

    proptest! {
        #[test]
        fn numbers_are_exact(raw in any::<i64>(), ns in any::<u64>(), n in any::<u64>()) {
            let order = Order { number: n, entry: Price::from_raw(raw), ..order() };
            let entry = Entry { lag_ns: ns, tick_id: n, ..entry(Outcome::Ordered(order, None)) };
            let line = text(&entry);
            let number = |key: &str| {
                let from = line.find(key).unwrap() + key.len();
                let rest = &line[from..];
                rest[..rest.find([',', '}']).unwrap()].to_owned()
            };
            prop_assert_eq!(Price::parse(&number("\"entry_price\":")).unwrap().raw(), raw);
            prop_assert_eq!(number("\"tick_id\":"), n.to_string());
            let id = format!("\"ORD_{n:06}\"");
            prop_assert_eq!(number("\"order_id\":"), id);
            serde_json::from_str::<Value>(&line).unwrap();
        }
    }
}
