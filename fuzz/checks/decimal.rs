//! Decimal text to fixed point, against a slow reader that keeps every digit.

use crs::domain::DecimalError::{self, NotANumber, OutOfRange};
use crs::domain::fixed::parse_scaled;
use crs::domain::{Money, Price};

/// Scales that are in use.
const SCALES: &[u32] = &[0, 3, 4, 6, 8];

/// The whole input is one number.
pub fn decimal(data: &[u8]) -> bool {
    for scale in SCALES {
        assert_eq!(parse_scaled(data, *scale), slowly(data, *scale), "scale {scale}");
    }
    let Ok(raw) = parse_scaled(data, Price::SCALE) else { return false };
    let (price, money) = (Price::from_raw(raw), Money::from_raw(raw));
    for text in [price.to_string(), price.text(Price::SCALE), price.text(18)] {
        assert_eq!(Price::parse(&text), Ok(price), "{text}");
    }
    assert_eq!(Money::parse(&money.to_string()), Ok(money));
    true
}

/// `[-+]digits[.digits][e[-+]digits]` in units of `10^-scale`, half to even.
fn slowly(text: &[u8], scale: u32) -> Result<i64, DecimalError> {
    let (negative, text) = sign(text);
    let (whole, text) = digits(text)?;
    let (part, text) = match text.split_first() {
        Some((b'.', text)) => digits(text)?,
        _ => (&text[..0], text),
    };
    let exponent = match text.split_first() {
        Some((b'e' | b'E', text)) => {
            let (negative, text) = sign(text);
            let (power, text) = digits(text)?;
            if !text.is_empty() {
                return Err(NotANumber);
            }
            let power =
                power.iter().fold(0_i64, |n, b| (n * 10 + i64::from(b - b'0')).min(1_000_000));
            if negative { -power } else { power }
        }
        None => 0,
        Some(_) => return Err(NotANumber),
    };
    let all = whole.iter().chain(part).map(|b| i128::from(b - b'0')).skip_while(|d| *d == 0);
    let mut all: Vec<i128> = all.collect();
    let point = i64::try_from(part.len()).unwrap();
    let shift = i64::from(scale) + exponent - point;
    let rest = if shift >= 0 {
        if !all.is_empty() {
            all.extend(std::iter::repeat_n(0, usize::try_from(shift.min(40)).unwrap()));
        }
        Vec::new()
    } else {
        let cut = usize::try_from(-shift).unwrap();
        if cut > all.len() {
            return Ok(0);
        }
        all.split_off(all.len() - cut)
    };
    if all.len() > 19 {
        return Err(OutOfRange);
    }
    let mut value = all.iter().fold(0, |n, d| n * 10 + d);
    let beyond = rest.iter().skip(1).any(|d| *d > 0);
    value += match rest.first() {
        Some(6..) => 1,
        Some(5) if beyond => 1,
        Some(5) => value % 2,
        _ => 0,
    };
    i64::try_from(if negative { -value } else { value }).map_err(|_| OutOfRange)
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    }
}

/// At least one digit, and what follows them.
fn digits(text: &[u8]) -> Result<(&[u8], &[u8]), DecimalError> {
    let split = text.split_at(text.iter().take_while(|b| b.is_ascii_digit()).count());
    if split.0.is_empty() { Err(NotANumber) } else { Ok(split) }
}
