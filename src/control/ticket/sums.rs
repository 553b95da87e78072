//! The arithmetic of a preview, in whole numbers.
//!
//! Amounts are exact in units of 1e-10 of a currency until the very end. A
//! division rounds away from zero, and so does [`cents`]: what an order may
//! cost is never shown smaller than it is. What does not fit 128 bits is none,
//! which the screen shows as "not known".

use super::pair::STANDARD_LOT;
use super::seen::Rate;
use crate::domain::{Lots, Money, Price, Side};

/// 1 in units of a price (1e-8).
const ONE: i128 = 10_i128.pow(Price::SCALE);
/// From 1e-8 lots times 1e-8 price to 1e-10 of a currency.
const TO_FINE: i128 = 1_000_000;
/// 0.01 of a currency in units of 1e-10.
const CENT: i128 = 100_000_000;

/// `a / b`, rounded away from zero; none for a `b` that is not above zero.
fn up(a: i128, b: i128) -> Option<i128> {
    (b > 0).then(|| a / b + (a % b).signum())
}

/// `lots` standard lots times `price`, in the quote currency (1e-10).
///
/// MT5's contract value, `volume × contract size × price`
/// (documentation of `ENUM_SYMBOL_CALC_MODE`, `SYMBOL_CALC_MODE_FOREX`); the
/// contract size is the standard lot. With a difference of prices it is the
/// gain or loss over that difference.
#[must_use]
pub fn value(lots: Lots, price: Price) -> Option<i128> {
    let units = i128::from(lots.raw()).checked_mul(i128::from(STANDARD_LOT))?;
    up(units.checked_mul(i128::from(price.raw()))?, TO_FINE)
}

/// An amount that is owed (1e-10), from one currency into another at the side
/// of the market that is worse for who owes it: the ask of `to`/`from` turned
/// round is the bid of its inverse.
///
/// `owed × ask(from→to)` where that pair is quoted, else
/// `owed ÷ bid(to→from)`. Through no third currency: two spreads would
/// make a figure that no single quote on the screen explains.
#[must_use]
pub fn convert(owed: i128, from: &str, to: &str, rates: &[Rate]) -> Option<i128> {
    if from == to {
        return Some(owed);
    }
    let quoted = |base: &str, quote: &str| {
        rates.iter().find(|r| r.base == base && r.quote == quote && r.bid > Price::ZERO)
    };
    if let Some(rate) = quoted(from, to) {
        return up(owed.checked_mul(i128::from(rate.ask.raw()))?, ONE);
    }
    let rate = quoted(to, from)?;
    up(owed.checked_mul(ONE)?, i128::from(rate.bid.raw()))
}

/// Margin of `lots` in the base currency (1e-10), before it is converted.
///
/// MT5's formula for currency pairs, `volume × contract size ÷ leverage`, in
/// the margin currency, which is the base of the pair
/// (`SYMBOL_CALC_MODE_FOREX`). None without a leverage.
#[must_use]
pub fn margin(lots: Lots, leverage: Option<u32>) -> Option<i128> {
    up(value(lots, Price::from_raw(100_000_000))?, i128::from(leverage?))
}

/// As an account shows it: whole cents, rounded away from zero.
#[must_use]
pub fn cents(fine: i128) -> Option<Money> {
    let per_cent = 10_i128.pow(Money::SCALE - 2);
    let raw = up(fine, CENT)?.checked_mul(per_cent)?;
    i64::try_from(raw).ok().map(Money::from_raw)
}

/// The distance of two prices in points, a point being the last decimal of
/// `digits`; a part of a point counts as one.
#[must_use]
pub fn points(a: Price, b: Price, digits: u32) -> u64 {
    let point = 10_u64.pow(Price::SCALE.saturating_sub(digits));
    a.raw().abs_diff(b.raw()).div_ceil(point)
}

/// How much worse than `shown` an order of `side` was filled, in points; below
/// zero is better. A buy is worse above, a sell below.
#[must_use]
pub fn slippage(side: Side, shown: Price, filled: Price, digits: u32) -> i64 {
    let points = i64::try_from(points(shown, filled, digits)).unwrap_or(i64::MAX);
    let worse = match side {
        Side::Buy => filled > shown,
        Side::Sell => filled < shown,
    };
    if worse { points } else { -points }
}
