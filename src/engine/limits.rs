//! How often an engine may turn to a gateway with orders.
//!
//! A strategy may say BUY a thousand times a second; a gateway and an account
//! must not hear all of them. These rules come beside the one that the desk
//! keeps: no second position of a symbol and side.

use crate::domain::{Side, Symbol, Text};
use std::collections::VecDeque;

const SECOND: u64 = 1_000_000_000;
/// Between two questions for the same symbol and side.
const PAUSE: u64 = SECOND;
/// After an order of unknown fate: it may still come.
const UNKNOWN: u64 = 60 * SECOND;
/// Symbols and sides that are remembered; beyond them the engine waits.
const MOST: usize = 256;

/// Counts orders in a sliding minute, and holds symbols back.
#[derive(Debug)]
pub struct Limits {
    per_minute: usize,
    sent: VecDeque<u64>,
    held: Vec<(Symbol, Side, u64)>,
    /// Words that are said at every tick.
    full: Text,
    soon: Text,
}

impl Limits {
    /// At most so many orders in any 60 seconds.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        let full = format!("LIMIT: {per_minute} orders in a minute");
        Self {
            per_minute: usize::try_from(per_minute).unwrap_or(usize::MAX),
            sent: VecDeque::new(),
            held: Vec::new(),
            full: Text::new(&full),
            soon: Text::new("LIMIT: this symbol and side were asked for a moment ago"),
        }
    }

    /// Whether the desk may be asked; `now` is monotonic nanoseconds, here and
    /// below.
    ///
    /// # Errors
    /// Which limit is reached.
    pub fn allow(&mut self, symbol: Symbol, side: Side, now: u64) -> Result<(), Text> {
        while self.sent.front().is_some_and(|at| now.saturating_sub(*at) >= 60 * SECOND) {
            self.sent.pop_front();
        }
        self.held.retain(|(.., until)| *until > now);
        if self.sent.len() >= self.per_minute {
            return Err(self.full.clone());
        }
        let held = self.held.iter().any(|(s, d, _)| *s == symbol && *d == side);
        if held || self.held.len() >= MOST { Err(self.soon.clone()) } else { Ok(()) }
    }

    /// An order of the run before this one that left `ago` ns ago and may have
    /// happened: it counts, and its side rests. The oldest first.
    pub fn remember(&mut self, symbol: Symbol, side: Side, ago: u64, now: u64) {
        if ago < UNKNOWN {
            let at = now.saturating_sub(ago);
            self.sent.push_back(at);
            self.held.push((symbol, side, at.saturating_add(UNKNOWN)));
        }
    }

    /// The desk was asked; whether an order left, and whether its fate is known.
    pub fn asked(&mut self, symbol: Symbol, side: Side, now: u64, left: bool, known: bool) {
        if left {
            self.sent.push_back(now);
        }
        let pause = if known { PAUSE } else { UNKNOWN };
        self.held.push((symbol, side, now.saturating_add(pause)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_its_limit_and_a_side_its_pause() {
        let mut limits = Limits::new(2);
        let (eur, jpy) = (Symbol::new("EURUSD").unwrap(), Symbol::new("USDJPY").unwrap());
        let (buy, sell) = (Side::Buy, Side::Sell);
        assert_eq!(limits.allow(eur, buy, 0), Ok(()));
        limits.asked(eur, buy, 0, true, true);
        assert!(limits.allow(eur, buy, PAUSE - 1).unwrap_err().as_str().contains("a moment ago"));
        assert_eq!(limits.allow(eur, sell, 1), Ok(()));
        assert_eq!(limits.allow(eur, buy, PAUSE), Ok(()));
        limits.asked(eur, buy, PAUSE, true, false);
        let full = limits.allow(jpy, buy, PAUSE).unwrap_err();
        assert_eq!(full.as_str(), "LIMIT: 2 orders in a minute");
        assert_eq!(limits.allow(jpy, buy, 60 * SECOND), Ok(()), "the first is a minute old");
        assert!(limits.allow(eur, buy, 60 * SECOND).is_err(), "its fate is not known yet");
        assert_eq!(limits.allow(eur, buy, 61 * SECOND), Ok(()));
    }

    #[test]
    fn what_the_run_before_sent_counts_and_rests() {
        let mut limits = Limits::new(2);
        let (eur, now) = (Symbol::new("EURUSD").unwrap(), 1_000 * SECOND);
        limits.remember(eur, Side::Buy, 60 * SECOND, now);
        limits.remember(eur, Side::Buy, 50 * SECOND, now);
        limits.remember(eur, Side::Sell, 20 * SECOND, now);
        assert!(limits.allow(eur, Side::Buy, now).unwrap_err().as_str().contains("2 orders"));
        let later = now + 10 * SECOND;
        assert_eq!(limits.allow(eur, Side::Buy, later), Ok(()), "a minute is over");
        assert!(limits.allow(eur, Side::Sell, later).is_err());
    }

    #[test]
    fn what_never_left_counts_for_nothing() {
        let mut limits = Limits::new(1);
        let eur = Symbol::new("EURUSD").unwrap();
        for n in 0..5 {
            assert_eq!(limits.allow(eur, Side::Buy, n * SECOND), Ok(()));
            limits.asked(eur, Side::Buy, n * SECOND, false, true);
        }
    }
}
