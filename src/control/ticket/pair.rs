//! What a symbol says of itself: two currencies, where it is a pair of them.

use crate::domain::Symbol;

/// Currencies that occur in pairs of the foreign exchange market. Metals and
/// indices are left out: their lots differ from broker to broker.
const KNOWN: [&str; 27] = [
    "USD", "EUR", "GBP", "JPY", "CHF", "AUD", "NZD", "CAD", "SEK", "NOK", "DKK", "PLN", "CZK",
    "HUF", "TRY", "ZAR", "MXN", "SGD", "HKD", "CNH", "CNY", "ILS", "THB", "INR", "KRW", "BRL",
    "RON",
];

/// Units of the base currency in one standard lot of a currency pair. v1.0
/// does not tell it; every preview that rests on it says so.
pub const STANDARD_LOT: u32 = 100_000;

/// A currency pair, `EURUSD` with or without a suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What is bought.
    pub base: &'static str,
    /// What it is paid in.
    pub quote: &'static str,
}

impl Pair {
    /// Reads a symbol; none when its first six letters are no two different
    /// currencies.
    #[must_use]
    pub fn of(symbol: &Symbol) -> Option<Self> {
        let code = |from: usize| symbol.as_str().get(from..from + 3).and_then(known);
        let (base, quote) = (code(0)?, code(3)?);
        (base != quote).then_some(Self { base, quote })
    }
}

/// The currency of that code.
#[must_use]
pub fn known(code: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| *known == code)
}
