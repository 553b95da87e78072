//! The Python sentinel's log, whose decision is spread over a cycle of lines:
//! `2026-01-14 13:56:58,271 - __main__ - INFO - Decision: BUY (confidence: 0.7123)`.
//!
//! It calls a signal executed when anything at all came back; here that is
//! "SENT", with the gateway's answer beside it, and a rejection is one.

use super::{Heard, brief};
use crate::domain::{Decision, DecisionSource, Probabilities, Ratio, Side, Text, UtcMicros};
use chrono::NaiveDateTime;

/// Reads one file's lines.
#[derive(Clone, Debug, Default)]
pub struct SentinelLines {
    /// Named when the daemon starts and whenever it fetches.
    symbol: Text,
    cycle: Cycle,
}

/// What the lines of this cycle have told so far.
#[derive(Clone, Debug, Default)]
struct Cycle {
    probabilities: Option<Probabilities>,
    side: Option<Side>,
    dry: bool,
    answer: Option<Text>,
    error: Option<Text>,
}

impl SentinelLines {
    /// Takes the next line.
    pub fn line(&mut self, line: &str) -> Heard {
        let Some((at, loud, text)) = parts(line) else { return Heard::Nothing };
        if text.starts_with("TRADING CYCLE ") {
            self.cycle = Cycle::default();
            return Heard::Nothing;
        }
        if let Some(symbol) = symbol(text) {
            self.symbol = Text::limited(symbol, 32);
            return Heard::Nothing;
        }
        if self.note(text) {
            return Heard::Nothing;
        }
        let Some((action, why, threshold)) = self.outcome(text) else {
            // The cause of a failure comes before the failure itself.
            if loud {
                self.cycle.error = Some(brief(text));
            }
            return Heard::Nothing;
        };
        let cycle = std::mem::take(&mut self.cycle);
        Heard::Decision(Box::new(Decision {
            source: DecisionSource::Sentinel,
            at,
            symbol: self.symbol.clone(),
            side: cycle.side,
            probabilities: cycle.probabilities,
            threshold,
            action: Text::new(action),
            why,
            lag_us: None,
            ..Decision::default()
        }))
    }

    /// Lines that only add to the cycle.
    fn note(&mut self, text: &str) -> bool {
        if let Some(rest) = text.strip_prefix("✓ Prediction:") {
            self.cycle.probabilities = probabilities(rest);
        } else if let Some(rest) = text.strip_prefix("Decision:") {
            self.cycle.side = match rest.split_whitespace().next() {
                Some("BUY") => Some(Side::Buy),
                Some("SELL") => Some(Side::Sell),
                _ => None,
            };
        } else if text.starts_with("[DRY RUN]") {
            self.cycle.dry = true;
        } else if let Some(rest) = text.strip_prefix("GTW Response:") {
            self.cycle.answer = Some(brief(rest));
        } else {
            return false;
        }
        true
    }

    /// Lines that end a decision: what was done, why, against which threshold.
    fn outcome(&self, text: &str) -> Option<(&'static str, Text, Option<Ratio>)> {
        let cycle = &self.cycle;
        if let Some(rest) = text.strip_prefix("No trade") {
            let threshold =
                rest.rsplit_once("<=").and_then(|(_, t)| ratio(t.trim_end_matches(')')));
            let why = rest.trim().trim_start_matches('(').trim_end_matches(')');
            return Some(("NO_ORDER", brief(why), threshold));
        }
        if text.starts_with("✓ Trade executed") {
            return Some(match (&cycle.answer, cycle.dry) {
                (_, true) => ("DRY_RUN", Text::new("not sent"), None),
                (Some(answer), _) if is_rejection(answer) => ("REJECTED", answer.clone(), None),
                (Some(answer), _) => ("SENT", answer.clone(), None),
                (None, _) => ("SENT", Text::new("no answer was logged"), None),
            });
        }
        if text.starts_with("✗ Trade execution failed") {
            return Some(("FAILED", cycle.error.clone().unwrap_or_default(), None));
        }
        if let Some(head) = text.strip_suffix("- skipping cycle") {
            let why = cycle
                .error
                .as_ref()
                .map_or_else(|| brief(head), |error| brief(&format!("{}: {error}", head.trim())));
            return Some(("SKIPPED", why, None));
        }
        let rest = text.strip_prefix("!!! CYCLE ERROR:")?;
        Some(("ERROR", brief(rest), None))
    }
}

/// Time, whether it is a warning or worse, and the message.
fn parts(line: &str) -> Option<(Option<UtcMicros>, bool, &str)> {
    let mut fields = line.trim_end().splitn(4, " - ");
    let (when, _, level, text) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let at = NaiveDateTime::parse_from_str(when, "%Y-%m-%d %H:%M:%S,%3f").ok()?;
    let at = UtcMicros(at.and_utc().timestamp_micros());
    Some((Some(at), matches!(level, "WARNING" | "ERROR" | "CRITICAL"), text.trim()))
}

fn symbol(text: &str) -> Option<&str> {
    text.strip_prefix("Symbol: ").or_else(|| {
        text.strip_prefix("Fetching market data for ").map(|rest| rest.trim_end_matches('.'))
    })
}

/// Three numbers in brackets, as numpy prints them: `[0.1 2.0e-01 0.7 ]`.
fn probabilities(text: &str) -> Option<Probabilities> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let mut shares = inner.split([' ', ',']).filter(|part| !part.is_empty()).map(ratio);
    let (sell, hold, buy) = (shares.next()??, shares.next()??, shares.next()??);
    shares.next().is_none().then_some(Probabilities { sell, hold, buy })
}

/// numpy leaves the digits after the point away: `1.` is one.
fn ratio(text: &str) -> Option<Ratio> {
    let text = text.trim();
    let whole = text.strip_suffix('.').unwrap_or(text);
    Ratio::parse(whole).or_else(|_| Ratio::parse(&whole.replace(".e", "e"))).ok()
}

/// The answer is Python's text of a dictionary.
fn is_rejection(answer: &Text) -> bool {
    let text = answer.as_str();
    text.contains("ERROR") || (text.contains("'error':") && !text.contains("'error': None"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(text: &str) -> Vec<Decision> {
        let mut lines = SentinelLines::default();
        text.lines()
            .map(|line| format!("2026-01-14 13:56:58,271 - __main__ - {}", line.trim()))
            .filter_map(|line| match lines.line(&line) {
                Heard::Decision(decision) => Some(*decision),
                _ => None,
            })
            .collect()
    }

    fn one(text: &str) -> Decision {
        let mut all = play(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    const CYCLE: &str = "INFO - Symbol: EURUSD
        INFO - TRADING CYCLE START: 2026-01-14T13:56:58.271512
        INFO - Fetching market data for EURUSD...
        INFO - ✓ Fetched 200 bars
        INFO -   Latest: 2026-01-14 13:00:00
        INFO - ✓ Prediction: [0.08  0.2    0.72 ]
        INFO - Decision: BUY (confidence: 0.7200)\n";

    #[test]
    fn a_cycle_is_one_decision() {
        let d = one(&format!(
            "{CYCLE}INFO - No trade (confidence 0.7200 <= 0.75)\nINFO - TRADING CYCLE COMPLETE"
        ));
        assert_eq!((d.symbol.as_str(), d.side), ("EURUSD", Some(Side::Buy)));
        assert_eq!(d.at.map(UtcMicros::iso).as_deref(), Some("2026-01-14T13:56:58.271000Z"));
        let p = d.probabilities.unwrap();
        assert_eq!([p.sell.raw(), p.hold.raw(), p.buy.raw()], [800, 2_000, 7_200]);
        assert_eq!(d.threshold.map(Ratio::raw), Some(7_500));
        assert_eq!((d.action.as_str(), d.why.as_str()), ("NO_ORDER", "confidence 0.7200 <= 0.75"));
    }

    #[test]
    fn a_logged_success_over_a_rejection_is_a_rejection() {
        let sent = "INFO - Sending trading signal: BUY (confidence: 0.7200)\n";
        let d = one(&format!(
            "{CYCLE}{sent}INFO -   GTW Response: {{'req_id': 'unknown', 'status': 'ERROR', 'error': 'Invalid request structure'}}\nINFO - ✓ Trade executed: BUY"
        ));
        assert_eq!(d.action.as_str(), "REJECTED");
        assert!(d.why.as_str().contains("Invalid request structure"));
        let d = one(&format!(
            "{CYCLE}{sent}INFO -   GTW Response: {{'status': 'SUCCESS', 'error': None}}\nINFO - ✓ Trade executed: BUY"
        ));
        assert_eq!(d.action.as_str(), "SENT");
        let d = one(&format!(
            "{CYCLE}{sent}INFO -   [DRY RUN] Signal not actually sent\nINFO - ✓ Trade executed: BUY"
        ));
        assert_eq!((d.action.as_str(), d.why.as_str()), ("DRY_RUN", "not sent"));
    }

    #[test]
    fn failures_carry_their_cause_and_nothing_into_the_next_cycle() {
        let d = one(&format!(
            "{CYCLE}ERROR -   ZMQ timeout - GTW may not be running\nERROR - ✗ Trade execution failed"
        ));
        assert_eq!(
            (d.action.as_str(), d.why.as_str()),
            ("FAILED", "ZMQ timeout - GTW may not be running")
        );
        let all = play(&format!(
            "{CYCLE}ERROR - HUB request timeout (>1s)\nERROR - Prediction failed - skipping cycle\n\
             INFO - TRADING CYCLE START: x\nWARNING - No market data - skipping cycle\nERROR - !!! CYCLE ERROR: boom"
        ));
        let told: Vec<_> = all.iter().map(|d| (d.action.as_str(), d.why.as_str())).collect();
        assert_eq!(
            told,
            [
                ("SKIPPED", "Prediction failed: HUB request timeout (>1s)"),
                ("SKIPPED", "No market data"),
                ("ERROR", "boom"),
            ]
        );
        assert_eq!(all[1].side, None);
    }

    #[test]
    fn numpy_prints_numbers_in_several_ways() {
        let raw =
            |text: &str| probabilities(text).map(|p| [p.sell.raw(), p.hold.raw(), p.buy.raw()]);
        assert_eq!(raw(" [0. 1. 0.]"), Some([0, 10_000, 0]));
        assert_eq!(raw("[1.0e-01 2.e-01 7.00000000e-01]"), Some([1_000, 2_000, 7_000]));
        assert_eq!(raw("[0.1, 0.2, 0.7]"), Some([1_000, 2_000, 7_000]));
        for bad in ["[0.1 0.9]", "[nan 0.1 0.2]", "0.1 0.2 0.7", "[0.1 0.2 0.3 0.4]"] {
            assert_eq!(raw(bad), None, "{bad}");
        }
    }

    #[test]
    fn other_lines_are_nothing() {
        let mut lines = SentinelLines::default();
        for text in [
            "",
            "Traceback (most recent call last):",
            "====",
            "2026-01-14 - x - INFO - Decision: BUY",
        ] {
            assert_eq!(lines.line(text), Heard::Nothing, "{text}");
        }
    }
}
