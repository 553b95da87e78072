//! JSON numbers kept as their text until a fixed-point type parses them.

use crate::domain::{DecimalError, Lots, Money, Price, Ratio};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A JSON value that should be a number, as written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub struct Num<'a>(#[serde(borrow)] &'a RawValue);

impl Num<'_> {
    /// The number's text, `1.0851`.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// As a price.
    ///
    /// # Errors
    /// [`DecimalError`] when it is no number (a quoted one neither) or does
    /// not fit.
    pub fn price(&self) -> Result<Price, DecimalError> {
        Price::parse(self.text())
    }

    /// As lots.
    ///
    /// # Errors
    /// As [`Num::price`].
    pub fn lots(&self) -> Result<Lots, DecimalError> {
        Lots::parse(self.text())
    }

    /// As money in the account's currency.
    ///
    /// # Errors
    /// As [`Num::price`].
    pub fn money(&self) -> Result<Money, DecimalError> {
        Money::parse(self.text())
    }

    /// As a percentage.
    ///
    /// # Errors
    /// As [`Num::price`].
    pub fn ratio(&self) -> Result<Ratio, DecimalError> {
        Ratio::parse(self.text())
    }

    /// As a whole number; `3.0` counts, `3.5` does not.
    ///
    /// # Errors
    /// As [`Num::price`].
    pub fn integer(&self) -> Result<i64, DecimalError> {
        let micro = crate::domain::fixed::parse_scaled(self.text().as_bytes(), 6);
        match micro {
            Ok(v) if v % 1_000_000 == 0 => Ok(v / 1_000_000),
            Ok(_) => Err(DecimalError::NotANumber),
            // Beyond 9.2e12 the micro scale is too fine: a plain integer.
            Err(DecimalError::OutOfRange) => {
                crate::domain::fixed::parse_scaled(self.text().as_bytes(), 0)
            }
            Err(other) => Err(other),
        }
    }
}
