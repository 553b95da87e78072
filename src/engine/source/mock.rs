//! The documents' mock: tick i from 1 has bid 1.08500 + i·1e-5 and the ask 1e-4
//! above, every 10 ms.

use super::{Next, Source, sleep_until};
use crate::domain::{Price, Symbol, SymbolError};
use crate::engine::Quote;
use crate::engine::step::Arrived;
use crate::host::clock;
use std::time::Duration;

/// Between two ticks.
const EVERY_NS: u64 = 10_000_000;
/// 1.08500, and 1e-5, in units of 1e-8.
const START: i64 = 108_500_000;
const STEP: i64 = 1_000;

/// Makes them.
#[derive(Debug)]
pub struct MockTicks {
    symbol: Symbol,
    count: Option<u64>,
    made: u64,
    due: u64,
}

impl MockTicks {
    /// So many, or without end. The first comes at once.
    ///
    /// # Errors
    /// None in truth: EURUSD is a symbol.
    pub fn new(count: Option<u64>) -> Result<Self, SymbolError> {
        Ok(Self { symbol: Symbol::new("EURUSD")?, count, made: 0, due: clock::mono_ns() })
    }
}

impl Source for MockTicks {
    fn next(&mut self) -> Next {
        if self.count.is_some_and(|count| self.made >= count) {
            return Next::End;
        }
        let now = clock::mono_ns();
        if now < self.due {
            return Next::Quiet;
        }
        self.made += 1;
        self.due = self.due.max(now.saturating_sub(EVERY_NS)).saturating_add(EVERY_NS);
        let steps = i64::try_from(self.made).unwrap_or(i64::MAX).saturating_mul(STEP);
        let bid = Price::from_raw(START.saturating_add(steps));
        let ask = bid.plus(Price::from_raw(10 * STEP));
        Next::Tick(Arrived {
            quote: Quote { symbol: self.symbol, bid, ask },
            at_ns: now,
            late: false,
        })
    }

    fn wait(&mut self, limit: Duration) {
        sleep_until(self.due, limit);
    }
}
