//! Instruments, their last quotes, and rates between currencies.
//!
//! What belongs here: what a lot is, what it costs now, and how an amount
//! gets from one currency into another. What does not: positions, the account.
//!
//! Rates come from quotes that were heard, never from a table. An amount is
//! exchanged at the side that is worse for the account (a gain buys the
//! account's currency at the ask of `USDJPY`, a loss sells it at the bid). A
//! currency without a direct pair goes through one other: the dollar if that
//! is quoted, else the first by alphabet. Where no rate is known at all no
//! position can be opened, so every open position always has one: quotes are
//! kept for good, over a restart too.

use super::currency::Currency;
use crate::domain::{Lots, Price, Side, Symbol};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Highest price taken, so that no product of price, lots and rate overflows.
pub const MAX_PRICE: Price = Price::from_raw(1_000_000 * 100_000_000);

/// What a symbol means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// As the source names it.
    pub symbol: Symbol,
    /// What is bought, for pairs and metals.
    pub base: Option<Currency>,
    /// What it is paid in.
    pub quote: Currency,
    /// Units in one lot.
    pub units: u32,
    /// Decimals of its prices.
    pub digits: u32,
}

impl Instrument {
    /// Reads the symbol: two known codes make a pair (a suffix may follow),
    /// with lots of 100,000, gold 100 and silver 5,000 ounces. Anything else
    /// is one unit paid in the account's currency.
    #[must_use]
    pub fn of(symbol: Symbol, digits: u32, account: Currency) -> Self {
        let code = |from: usize| symbol.as_str().get(from..from + 3).and_then(Currency::known);
        let (Some(base), Some(quote)) = (code(0), code(3)) else {
            return Self { symbol, base: None, quote: account, units: 1, digits };
        };
        let units = match base.as_str() {
            "XAU" => 100,
            "XAG" => 5_000,
            _ => 100_000,
        };
        Self { symbol, base: Some(base), quote, units, digits }
    }

    /// `lots` at `price`, exact in the quote currency (1e-10).
    #[must_use]
    pub fn value(&self, lots: Lots, price: i64) -> i128 {
        // 1e-8 lots times 1e-8 price is 1e-16.
        i128::from(lots.raw()) * i128::from(price) * i128::from(self.units) / 1_000_000
    }
}

/// Both sides of the market, `0 < bid <= ask <= MAX_PRICE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Best price to sell at.
    pub bid: Price,
    /// Best price to buy at.
    pub ask: Price,
}

impl Quote {
    /// Checks the pair.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(bid: Price, ask: Price) -> Result<Self, &'static str> {
        if bid <= Price::ZERO || ask <= Price::ZERO {
            return Err("bid and ask must be above 0");
        }
        if ask > MAX_PRICE {
            return Err("price is above 1000000");
        }
        if bid > ask {
            return Err("bid is above ask");
        }
        Ok(Self { bid, ask })
    }

    /// Price at which `side` is opened.
    #[must_use]
    pub const fn opens(&self, side: Side) -> Price {
        match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        }
    }

    /// Price at which `side` is closed.
    #[must_use]
    pub const fn closes(&self, side: Side) -> Price {
        match side {
            Side::Buy => self.bid,
            Side::Sell => self.ask,
        }
    }
}

/// An instrument and what was heard of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What it is.
    pub instrument: Instrument,
    /// Last quote, perhaps of an earlier run.
    pub quote: Option<Quote>,
    /// Whether a quote was heard in this run: only then orders are taken.
    pub live: bool,
}

/// Everything that is quoted.
#[derive(Clone, Debug, Default)]
pub struct Market {
    listings: BTreeMap<Symbol, Listing>,
    pairs: BTreeMap<(Currency, Currency), Symbol>,
}

impl Market {
    /// Lists an instrument, and its last quote where one is remembered.
    pub fn list(&mut self, instrument: Instrument, remembered: Option<Quote>) {
        if let Some(base) = instrument.base {
            self.pairs.entry((base, instrument.quote)).or_insert(instrument.symbol);
        }
        let listing = Listing { instrument, quote: remembered, live: false };
        self.listings.entry(instrument.symbol).or_insert(listing);
    }

    /// Takes a quote; an instrument that is not listed is ignored.
    pub fn hear(&mut self, symbol: &Symbol, quote: Quote) {
        if let Some(listing) = self.listings.get_mut(symbol) {
            listing.quote = Some(quote);
            listing.live = true;
        }
    }

    /// One instrument.
    #[must_use]
    pub fn get(&self, symbol: &Symbol) -> Option<&Listing> {
        self.listings.get(symbol)
    }

    /// Everything listed, by name.
    pub fn listings(&self) -> impl Iterator<Item = &Listing> {
        self.listings.values()
    }

    /// `fine` of `from` as an amount of `to`; none when no quote tells.
    #[must_use]
    pub fn convert(&self, fine: i128, from: Currency, to: Currency) -> Option<i128> {
        if from == to {
            return Some(fine);
        }
        self.leg(fine, from, to).or_else(|| {
            let through =
                |middle| self.leg(fine, from, middle).and_then(|v| self.leg(v, middle, to));
            through(Currency::USD).or_else(|| {
                let mut middles: Vec<Currency> =
                    self.pairs.keys().flat_map(|(base, quote)| [*base, *quote]).collect();
                middles.sort_unstable();
                middles.dedup();
                middles.into_iter().find_map(through)
            })
        })
    }

    /// Through one pair, at the side that is worse for the holder.
    fn leg(&self, fine: i128, from: Currency, to: Currency) -> Option<i128> {
        const ONE: i128 = 10_i128.pow(Price::SCALE);
        let quote = |pair| self.pairs.get(&pair).and_then(|s| self.listings.get(s)?.quote);
        if let Some(quote) = quote((from, to)) {
            let rate = if fine < 0 { quote.ask } else { quote.bid };
            return Some(fine.saturating_mul(i128::from(rate.raw())) / ONE);
        }
        let quote = quote((to, from))?;
        let rate = if fine < 0 { quote.bid } else { quote.ask };
        Some(fine.saturating_mul(ONE) / i128::from(rate.raw()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn symbol(name: &str) -> Symbol {
        Symbol::new(name).unwrap()
    }

    pub(crate) fn quote(bid: &str, ask: &str) -> Quote {
        Quote::new(Price::parse(bid).unwrap(), Price::parse(ask).unwrap()).unwrap()
    }

    fn market(quotes: &[(&str, &str, &str)]) -> Market {
        let mut market = Market::default();
        for (name, bid, ask) in quotes {
            market.list(Instrument::of(symbol(name), 5, Currency::USD), None);
            market.hear(&symbol(name), quote(bid, ask));
        }
        market
    }

    fn converted(market: &Market, whole: i128, from: &str, to: &str) -> Option<String> {
        let code = |s| Currency::parse(s).unwrap();
        let fine = market.convert(whole * 10_i128.pow(10), code(from), code(to))?;
        Some(code(to).book(fine).text(2))
    }

    #[test]
    fn symbols_are_read() {
        let of = |name| Instrument::of(symbol(name), 5, Currency::USD);
        assert_eq!((of("EURUSD.s").units, of("EURUSD.s").quote), (100_000, Currency::USD));
        assert_eq!((of("XAUUSD").units, of("XAGUSD").units), (100, 5_000));
        let index = of("US30");
        assert_eq!((index.base, index.units, index.quote), (None, 1, Currency::USD));
        assert_eq!(of("GOLDEN").base, None);
    }

    #[test]
    fn yen_become_dollars_at_the_worse_side() {
        let market = market(&[("USDJPY", "100.00", "125.00")]);
        assert_eq!(converted(&market, 1_000, "JPY", "USD").as_deref(), Some("8.00"));
        assert_eq!(converted(&market, -1_000, "JPY", "USD").as_deref(), Some("-10.00"));
        assert_eq!(converted(&market, 10, "USD", "JPY").as_deref(), Some("1000.00"));
    }

    #[test]
    fn a_cross_goes_through_the_dollar_first() {
        let quotes = [
            ("USDCHF", "0.80", "0.80"),
            ("GBPUSD", "1.25", "1.25"),
            ("EURGBP", "0.5", "0.5"),
            ("EURCHF", "0.9", "0.9"),
        ];
        assert_eq!(
            converted(&market(&quotes), 100, "GBP", "CHF").as_deref(),
            Some("100.00"),
            "125 dollars are 100 francs; through the euro it would be 180"
        );
        let without_dollar = market(&quotes[2..]);
        assert_eq!(converted(&without_dollar, 100, "GBP", "CHF").as_deref(), Some("180.00"));
        assert_eq!(converted(&without_dollar, 100, "GBP", "JPY"), None);
    }

    #[test]
    fn a_listed_pair_without_a_quote_is_no_rate() {
        let mut market = Market::default();
        market.list(Instrument::of(symbol("USDJPY"), 3, Currency::USD), None);
        assert_eq!(converted(&market, 1, "JPY", "USD"), None);
        market.hear(&symbol("EURUSD"), quote("1.1", "1.1"));
        assert!(market.get(&symbol("EURUSD")).is_none());
    }

    #[test]
    fn impossible_quotes_are_refused() {
        let refused = |bid: &str, ask: &str| {
            Quote::new(Price::parse(bid).unwrap(), Price::parse(ask).unwrap()).unwrap_err()
        };
        assert!(refused("0", "1").contains("above 0"));
        assert!(refused("1.2", "1.1").contains("bid is above ask"));
        assert!(refused("1", "1000001").contains("above 1000000"));
    }
}
