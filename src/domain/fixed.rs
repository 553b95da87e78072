//! Fixed-point numbers: prices, lots, money and ratios as scaled integers.
//!
//! Decimal text goes straight to `i64`; no value passes through a float on
//! its way in. Digits beyond the scale are rounded half to even, since
//! Python peers print `1.0851200000000001` for 1.08512.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Why a text is no number of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecimalError {
    /// Not a JSON number (`NaN`, `Infinity`, text, nothing).
    #[error("not a number")]
    NotANumber,
    /// Does not fit the fixed-point range.
    #[error("number out of range")]
    OutOfRange,
}

/// Parses a JSON number's text into an integer of `10^-scale` units.
///
/// # Errors
/// [`DecimalError::NotANumber`] for anything but `[-+]digits[.digits][e±n]`,
/// [`DecimalError::OutOfRange`] when the value does not fit.
pub fn parse_scaled(text: &[u8], scale: u32) -> Result<i64, DecimalError> {
    short(text, scale).map_or_else(|| any_length(text, scale), Ok)
}

/// Most digits that the short way takes: they fit 64 bits with room.
pub const SHORT_DIGITS: usize = 18;

/// `10^n` at place n.
const POWERS: [i64; SHORT_DIGITS + 1] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    100_000_000_000,
    1_000_000_000_000,
    10_000_000_000_000,
    100_000_000_000_000,
    1_000_000_000_000_000,
    10_000_000_000_000_000,
    100_000_000_000_000_000,
    1_000_000_000_000_000_000,
];

/// `value * 10^-decimals` in units of `10^-scale`, rounded half to even; none
/// where it does not fit, or `decimals` or `scale` is above [`SHORT_DIGITS`].
#[must_use]
pub fn rescale(value: u64, decimals: u8, scale: u32) -> Option<i64> {
    let value = i64::try_from(value).ok()?;
    let (decimals, scale) = (usize::from(decimals), usize::try_from(scale).ok()?);
    if let Some(up) = scale.checked_sub(decimals) {
        return value.checked_mul(*POWERS.get(up)?);
    }
    let divisor = *POWERS.get(decimals - scale)?;
    let (quotient, twice) = (value / divisor, value % divisor * 2);
    let up = twice > divisor || (twice == divisor && quotient % 2 == 1);
    Some(quotient + i64::from(up))
}

/// What nearly every number on the wire looks like, `1.08512`: digits and at
/// most one point, few enough for 64 bits. None for anything else, which says
/// nothing about it.
fn short(text: &[u8], scale: u32) -> Option<i64> {
    if text.len() > SHORT_DIGITS + 1 {
        return None;
    }
    let mut value = 0_u64;
    let mut point = None;
    for (i, &b) in text.iter().enumerate() {
        match b {
            b'0'..=b'9' => value = value * 10 + u64::from(b - b'0'),
            b'.' if point.is_none() && i > 0 => point = Some(i),
            _ => return None,
        }
    }
    let decimals = u8::try_from(point.map_or(0, |at| text.len() - at - 1)).ok()?;
    let digits = text.len() - usize::from(point.is_some());
    let sound = (1..=SHORT_DIGITS).contains(&digits) && (point.is_none() || decimals > 0);
    if sound { rescale(value, decimals, scale) } else { None }
}

fn any_length(text: &[u8], scale: u32) -> Result<i64, DecimalError> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let mut value: i128 = 0;
    let mut point: Option<i64> = None;
    let mut seen = false;
    let mut dropped: i64 = 0;
    let mut sticky = false;
    let mut exponent: i64 = 0;
    for (i, &b) in digits.iter().enumerate() {
        match b {
            b'0'..=b'9' => {
                seen = true;
                // 30 digits are beyond any scale used here; the rest only
                // matters for rounding and magnitude.
                if value < 10_i128.pow(29) {
                    value = value * 10 + i128::from(b - b'0');
                    if let Some(p) = point.as_mut() {
                        *p += 1;
                    }
                } else {
                    sticky |= b != b'0';
                    if point.is_none() {
                        dropped += 1;
                    }
                }
            }
            b'.' if point.is_none() && seen => point = Some(0),
            b'e' | b'E' if seen && digits.get(i - 1) != Some(&b'.') => {
                exponent = parse_exponent(digits.get(i + 1..).unwrap_or_default())?;
                break;
            }
            _ => return Err(DecimalError::NotANumber),
        }
    }
    if !seen || digits.last() == Some(&b'.') {
        return Err(DecimalError::NotANumber);
    }
    let shift = i64::from(scale) + exponent + dropped - point.unwrap_or(0);
    let scaled = shift_decimal(value, shift, sticky)?;
    let signed = if negative { -scaled } else { scaled };
    i64::try_from(signed).map_err(|_| DecimalError::OutOfRange)
}

fn parse_exponent(text: &[u8]) -> Result<i64, DecimalError> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecimalError::NotANumber);
    }
    let n = digits.iter().fold(0_i64, |n, b| (n * 10 + i64::from(b - b'0')).min(100_000));
    Ok(if negative { -n } else { n })
}

/// `value * 10^shift`, rounding half to even when `shift` is negative.
fn shift_decimal(value: i128, shift: i64, sticky: bool) -> Result<i128, DecimalError> {
    if value == 0 {
        return Ok(0);
    }
    if shift >= 0 {
        let power = u32::try_from(shift).map_err(|_| DecimalError::OutOfRange)?;
        return 10_i128
            .checked_pow(power)
            .and_then(|p| value.checked_mul(p))
            .ok_or(DecimalError::OutOfRange);
    }
    let Some(divisor) = u32::try_from(-shift).ok().and_then(|p| 10_i128.checked_pow(p)) else {
        return Ok(0);
    };
    let (quotient, rest) = (value / divisor, value % divisor);
    let twice = rest * 2;
    let up = twice > divisor || (twice == divisor && (sticky || quotient % 2 == 1));
    Ok(quotient + i128::from(up))
}

/// Writes `value` of `10^-scale` units with exactly `digits` decimals
/// (rounded half away from zero when `digits` is below the scale).
#[must_use]
pub fn format_scaled(value: i64, scale: u32, digits: u32) -> String {
    let mut v = i128::from(value);
    let digits = digits.min(18);
    if digits < scale {
        let divisor = 10_i128.pow(scale - digits);
        let half = divisor / 2 * v.signum();
        v = (v + half) / divisor;
    } else {
        v *= 10_i128.pow(digits - scale);
    }
    let sign = if v < 0 { "-" } else { "" };
    let unit = 10_i128.pow(digits);
    let (whole, part) = (v.abs() / unit, v.abs() % unit);
    if digits == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{part:0width$}", width = digits as usize)
}

macro_rules! fixed {
    ($(#[$doc:meta])* $name:ident, $scale:literal, $test:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Decimals kept.
            pub const SCALE: u32 = $scale;
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// From the scaled integer.
            #[must_use]
            pub const fn from_raw(raw: i64) -> Self {
                Self(raw)
            }

            /// The scaled integer.
            #[must_use]
            pub const fn raw(self) -> i64 {
                self.0
            }

            /// Parses the text of a JSON number.
            ///
            /// # Errors
            /// [`DecimalError`] when it is none or does not fit.
            pub fn parse(text: &str) -> Result<Self, DecimalError> {
                parse_scaled(text.as_bytes(), $scale).map(Self)
            }

            /// Text with exactly `digits` decimals.
            #[must_use]
            pub fn text(self, digits: u32) -> String {
                format_scaled(self.0, $scale, digits)
            }

            /// Decimals needed to show the value exactly.
            #[must_use]
            pub fn decimals(self) -> u32 {
                let mut v = self.0;
                let mut d = $scale;
                while d > 0 && v % 10 == 0 {
                    v /= 10;
                    d -= 1;
                }
                d
            }

            /// Sum, stopping at the ends of the range.
            #[must_use]
            pub const fn plus(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }

            /// Difference, stopping at the ends of the range.
            #[must_use]
            pub const fn minus(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl fmt::Display for $name {
            /// All significant decimals, or `{:.N}` of them.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let digits = f.precision().map_or_else(|| self.decimals(), |p| u32::try_from(p).unwrap_or(18));
                f.write_str(&self.text(digits))
            }
        }

        #[cfg(test)]
        mod $test {
            use super::*;
            use proptest::prelude::*;
            proptest! {
                #[test]
                fn text_and_back(raw in any::<i64>()) {
                    let v = $name::from_raw(raw);
                    prop_assert_eq!($name::parse(&v.text($scale)), Ok(v));
                    prop_assert_eq!($name::parse(&v.to_string()), Ok(v));
                }
            }
        }
    };
}

fixed!(
    /// A quote in the instrument's quote currency, in units of 1e-8
    /// (1e-8 to 9.2e10).
    Price, 8, price_props
);
fixed!(
    /// A volume in lots, in units of 1e-8 lot.
    Lots, 8, lots_props
);
fixed!(
    /// An amount in the account's currency, in units of 1e-4
    /// (up to 9.2e14: enough for an account in yen or rupiah).
    Money, 4, money_props
);
fixed!(
    /// A percentage such as the margin level, in units of 1e-4 percent.
    Ratio, 4, ratio_props
);

#[cfg(test)]
mod tests;
