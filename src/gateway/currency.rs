//! Currencies, and rounding of exact amounts to what an account can hold.

use crate::domain::Money;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Exact amounts while reckoning: units of 1e-10 of some currency.
pub const FINE_SCALE: u32 = 10;

/// Three capital letters. Metals have such codes too (`XAU`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// What the first and last three letters of a symbol may mean.
const KNOWN: [&str; 29] = [
    "USD", "EUR", "GBP", "JPY", "CHF", "AUD", "NZD", "CAD", "SEK", "NOK", "DKK", "PLN", "CZK",
    "HUF", "TRY", "ZAR", "MXN", "SGD", "HKD", "CNH", "CNY", "ILS", "THB", "INR", "KRW", "BRL",
    "RON", "XAU", "XAG",
];

impl Currency {
    /// The dollar, the first choice for crossing two pairs.
    pub const USD: Self = Self(*b"USD");

    /// Takes any three capital letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// Takes only codes that occur in symbols of pairs.
    #[must_use]
    pub fn known(text: &str) -> Option<Self> {
        KNOWN.contains(&text).then(|| Self::parse(text)).flatten()
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Decimals of an amount on an account: cents, but whole yen and won.
    #[must_use]
    pub fn decimals(self) -> u32 {
        if matches!(&self.0, b"JPY" | b"KRW") { 0 } else { 2 }
    }

    /// An exact amount (1e-10) as booked: rounded half away from zero to this
    /// currency's decimals. Amounts beyond the range stop at its end.
    #[must_use]
    pub fn book(self, fine: i128) -> Money {
        let unit = 10_i128.pow(FINE_SCALE - self.decimals());
        let half = unit / 2 * fine.signum();
        let whole = fine.saturating_add(half) / unit;
        let raw = whole.saturating_mul(10_i128.pow(Money::SCALE - self.decimals()));
        let end = if raw < 0 { i64::MIN } else { i64::MAX };
        Money::from_raw(i64::try_from(raw).unwrap_or(end))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Self::parse(&raw).ok_or_else(|| serde::de::Error::custom("not a currency code"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_booked_in_the_currencys_smallest_unit() {
        let usd = |fine: i128| Currency::USD.book(fine).text(4);
        assert_eq!(usd(12_344_999_999), "1.2300");
        assert_eq!(usd(12_350_000_000), "1.2400");
        assert_eq!(usd(-12_350_000_000), "-1.2400");
        let jpy = Currency::parse("JPY").unwrap();
        assert_eq!(jpy.book(15_000_000_000).text(4), "2.0000");
        assert_eq!(Currency::USD.book(i128::MAX), Money::from_raw(i64::MAX));
        assert_eq!(Currency::USD.book(i128::MIN), Money::from_raw(i64::MIN));
    }

    #[test]
    fn codes_are_three_capitals() {
        assert!(Currency::parse("usd").is_none() && Currency::parse("USDX").is_none());
        assert!(Currency::known("USD").is_some() && Currency::known("ZZZ").is_none());
    }
}
