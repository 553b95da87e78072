//! The log of our own sentinel: the telemetry shape as one JSON object a line,
//! with the time in words before it, so that nothing of a decision is lost on
//! the way through a file.

use super::Heard;
use crate::domain::{Decision, Text};
use crate::wire::telemetry::{TraderDecision, VERSION};
use serde::Serialize;

/// How an object names its writer; engines of other makers don't.
const SENTINEL: &[u8] = b"\"source\":\"sentinel\"";
/// Longest text kept of one field, in characters.
const CHARS: usize = 300;

#[derive(Serialize)]
struct Line {
    timestamp: String,
    #[serde(flatten)]
    told: TraderDecision,
}

/// `decision` as a line, without its end.
#[must_use]
pub fn line(decision: &Decision) -> String {
    let told = TraderDecision::from(decision);
    let line = Line { timestamp: told.time_us.iso(), told };
    // The shape has no map with other keys than text, so it has a form.
    serde_json::to_string(&line).unwrap_or_default()
}

/// Whether a line is one of these.
#[must_use]
pub fn is_own(line: &[u8]) -> bool {
    line.windows(SENTINEL.len()).any(|part| part == SENTINEL)
}

/// Reads one.
#[must_use]
pub fn read(line: &[u8]) -> Heard {
    match serde_json::from_slice::<TraderDecision>(line) {
        Ok(told) if told.v == VERSION => {
            let mut decision = Decision::from(told);
            let short = |text: &Text, chars| Text::limited(text.as_str(), chars);
            decision.symbol = short(&decision.symbol, 32);
            decision.action = short(&decision.action, 32);
            decision.why = short(&decision.why, CHARS);
            decision.order = short(&decision.order, 64);
            decision.host = short(&decision.host, 64);
            Heard::Decision(Box::new(decision))
        }
        Ok(_) => Heard::Refused("a sentinel's entry of another version"),
        Err(_) => Heard::Refused("not a sentinel's log entry"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::DecisionLines;
    use super::*;
    use crate::domain::{DecisionSource, DecisionStep, Probabilities, Ratio, Side, UtcMicros};

    fn decision() -> Decision {
        let [sell, hold, buy] = [500, 2_000, 7_500].map(Ratio::from_raw);
        Decision {
            source: DecisionSource::Sentinel,
            at: Some(UtcMicros(1_768_399_018_271_512)),
            symbol: Text::new("EURUSD"),
            side: Some(Side::Buy),
            probabilities: Some(Probabilities { sell, hold, buy }),
            threshold: Some(Ratio::from_raw(6_000)),
            action: Text::new("ORDER_GENERATED"),
            why: Text::new("filled"),
            order: Text::new("ticket 1000003"),
            number: Some(7),
            steps: vec![DecisionStep { name: Text::new("bars"), us: 1_200 }],
            live: Some(true),
            host: Text::new("inf"),
            pid: Some(4_712),
            ..Decision::default()
        }
    }

    #[test]
    fn a_line_brings_the_whole_decision_back() {
        let line = line(&decision());
        assert!(line.starts_with("{\"timestamp\":\"2026-01-14T13:56:58.271512Z\""), "{line}");
        let heard = DecisionLines::default().line(line.as_bytes());
        assert_eq!(heard, Heard::Decision(Box::new(decision())));
    }

    #[test]
    fn hostile_text_is_inert_and_what_is_no_entry_is_refused() {
        let hostile = Decision { why: Text::new("x"), symbol: Text::new("EURUSD"), ..decision() };
        let told = line(&hostile).replace("\"why\":\"x\"", r#""why":"\u001b[2J\u202e""#);
        let Heard::Decision(read) = DecisionLines::default().line(told.as_bytes()) else {
            panic!("{told}");
        };
        assert_eq!(read.why.as_str(), "·[2J·");
        for bad in [
            line(&decision()).replace("\"v\":1", "\"v\":2"),
            String::from(r#"{"source":"sentinel"}"#),
            line(&decision()).replace('}', ""),
        ] {
            let heard = DecisionLines::default().line(bad.as_bytes());
            assert!(matches!(heard, Heard::Refused(_)), "{bad}: {heard:?}");
        }
    }
}
