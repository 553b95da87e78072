//! The cross of two moving averages of the bid.
//!
//! Averages are compared, never made: of two sums over `fast` and `slow` bids
//! the averages differ as `sum_fast * slow` and `sum_slow * fast` do, in whole
//! numbers.

use super::{Signal, Strategy, StrategyError};
use crate::domain::{Symbol, Text};
use crate::engine::Quote;
use std::cmp::Ordering;

/// Instruments that one engine keeps averages of; of 1,000 bids each that is
/// half a megabyte.
const MOST: usize = 64;

/// BUY on the quote with which the fast average comes to lie above the slow
/// one, SELL on the one with which it comes to lie below, else HOLD. Holds
/// until `slow` quotes of a symbol have come, and where the two are equal.
#[derive(Debug)]
pub struct MovingAverage {
    fast: usize,
    slow: usize,
    books: Vec<Book>,
}

/// One instrument.
#[derive(Debug)]
struct Book {
    symbol: Symbol,
    /// The last `slow` bids, as a ring; not full before `slow` have come.
    bids: Vec<i64>,
    next: usize,
    fast_sum: i128,
    slow_sum: i128,
    /// Where the fast average last lay, off the slow one.
    side: Option<Ordering>,
}

impl MovingAverage {
    /// Over `fast` and `slow` quotes; `fast` is the smaller one and at least 1,
    /// which the configuration has checked.
    #[must_use]
    pub const fn new(fast: usize, slow: usize) -> Self {
        Self { fast, slow, books: Vec::new() }
    }

    fn book(&mut self, symbol: Symbol) -> Result<&mut Book, StrategyError> {
        let known = self.books.iter().position(|book| book.symbol == symbol);
        let at = match known {
            Some(at) => at,
            None if self.books.len() >= MOST => {
                let text = format!("averages of more than {MOST} symbols are not kept");
                return Err(StrategyError(Text::new(&text)));
            }
            None => {
                let bids = Vec::with_capacity(self.slow);
                let (next, fast_sum, slow_sum, side) = (0, 0, 0, None);
                self.books.push(Book { symbol, bids, next, fast_sum, slow_sum, side });
                self.books.len() - 1
            }
        };
        let gone = || StrategyError(Text::new("no place for its averages"));
        self.books.get_mut(at).ok_or_else(gone)
    }
}

impl Book {
    /// Takes a bid into both sums.
    fn take(&mut self, bid: i64, fast: usize, slow: usize) {
        let count = self.bids.len();
        if count >= fast {
            let leaving =
                if count < slow { count - fast } else { (self.next + slow - fast) % slow };
            self.fast_sum -= i128::from(self.bids.get(leaving).copied().unwrap_or_default());
        }
        if count < slow {
            self.bids.push(bid);
        } else if let Some(oldest) = self.bids.get_mut(self.next) {
            self.slow_sum -= i128::from(*oldest);
            *oldest = bid;
            self.next = (self.next + 1) % slow;
        }
        self.fast_sum += i128::from(bid);
        self.slow_sum += i128::from(bid);
    }

    fn signal(&mut self, fast: usize, slow: usize) -> Signal {
        let whole = |n: usize| i128::try_from(n).unwrap_or(i128::MAX);
        // Prices have 63 bits and periods 10: far from the end of 128.
        let lies = (self.fast_sum * whole(slow)).cmp(&(self.slow_sum * whole(fast)));
        if lies == Ordering::Equal {
            return Signal::Hold;
        }
        match self.side.replace(lies) {
            Some(before) if before != lies => {
                if lies == Ordering::Greater {
                    Signal::Buy
                } else {
                    Signal::Sell
                }
            }
            _ => Signal::Hold,
        }
    }
}

impl Strategy for MovingAverage {
    fn name(&self) -> &'static str {
        "moving-average"
    }

    fn signal(&mut self, quote: &Quote) -> Result<Signal, StrategyError> {
        let (fast, slow) = (self.fast, self.slow);
        let book = self.book(quote.symbol)?;
        book.take(quote.bid.raw(), fast, slow);
        Ok(if book.bids.len() < slow { Signal::Hold } else { book.signal(fast, slow) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Price;
    use Signal::{Buy, Hold, Sell};
    use proptest::prelude::{prop_assert_eq, proptest};

    fn quote(symbol: &str, bid: i64) -> Quote {
        let symbol = Symbol::new(symbol).unwrap();
        Quote { symbol, bid: Price::from_raw(bid), ask: Price::from_raw(bid + 10) }
    }

    #[test]
    fn a_cross_signals_once_and_in_both_directions() {
        let mut it = MovingAverage::new(2, 4);
        let mut signals = |bids: &[i64]| -> Vec<Signal> {
            bids.iter().map(|bid| it.signal(&quote("EURUSD", *bid)).unwrap()).collect()
        };
        assert_eq!(signals(&[10, 9, 8, 7]), [Hold; 4], "the first place is no cross");
        assert_eq!(signals(&[7, 8, 9, 10]), [Hold, Hold, Buy, Hold]);
        assert_eq!(signals(&[5, 5]), [Sell, Hold]);
    }

    #[test]
    fn symbols_are_apart_and_bounded() {
        let mut it = MovingAverage::new(1, 2);
        for n in 0..MOST {
            it.signal(&quote(&format!("S{n}"), 5)).unwrap();
        }
        let err = it.signal(&quote("ONEMORE", 5)).unwrap_err();
        assert!(err.to_string().contains("64 symbols"), "{err}");
        assert_eq!(it.signal(&quote("S0", 5)), Ok(Signal::Hold));
    }

    proptest! {
        /// The sums are those of the last bids, whatever came before.
        #[test]
        fn sums_are_those_of_the_window(
            bids in proptest::collection::vec(1_i64..i64::MAX / 4, 1..60),
            fast in 1_usize..6,
            more in 1_usize..6,
        ) {
            let slow = fast + more;
            let mut it = MovingAverage::new(fast, slow);
            for (n, bid) in bids.iter().enumerate() {
                it.signal(&quote("X", *bid)).unwrap();
                let sum = |window: usize| -> i128 {
                    bids[..=n].iter().rev().take(window).map(|b| i128::from(*b)).sum()
                };
                prop_assert_eq!((it.books[0].fast_sum, it.books[0].slow_sum), (sum(fast), sum(slow)));
            }
        }
    }
}
