//! The documented strategy: buy above one bid, sell below another.

use super::{Signal, Strategy, StrategyError};
use crate::domain::Price;
use crate::engine::Quote;

/// BUY when the bid is above `buy_above`, SELL when it is below `sell_below`,
/// else HOLD; at the very threshold nothing happens.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// Bid above which it buys.
    pub buy_above: Price,
    /// Bid below which it sells; not above `buy_above`.
    pub sell_below: Price,
}

impl Threshold {
    /// Bids of the documents: above 1.08500 buys, below 1.08495 sells.
    pub const DOCUMENTED: Self =
        Self { buy_above: Price::from_raw(108_500_000), sell_below: Price::from_raw(108_495_000) };
}

impl Strategy for Threshold {
    fn name(&self) -> &'static str {
        "threshold"
    }

    fn signal(&mut self, quote: &Quote) -> Result<Signal, StrategyError> {
        Ok(if quote.bid > self.buy_above {
            Signal::Buy
        } else if quote.bid < self.sell_below {
            Signal::Sell
        } else {
            Signal::Hold
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Symbol;

    #[test]
    fn the_documented_thresholds() {
        let price = |text: &str| Price::parse(text).unwrap();
        let mut it = Threshold::DOCUMENTED;
        let mut at = |bid: &str| {
            let symbol = Symbol::new("EURUSD").unwrap();
            it.signal(&Quote { symbol, bid: price(bid), ask: price("1.09") }).unwrap()
        };
        for (bid, signal) in [
            ("1.08501", Signal::Buy),
            ("1.08500", Signal::Hold),
            ("1.08495", Signal::Hold),
            ("1.084949", Signal::Sell),
        ] {
            assert_eq!(at(bid), signal, "{bid}");
        }
    }
}
