//! What the model server answers: `{"predictions":[[sell,hold,buy]]}`, or the
//! list alone.
//!
//! Probabilities are kept in steps of 1e-4, and always cut, never rounded up:
//! 0.60009 becomes 0.6000. A threshold is written in the same steps, so what
//! was kept is above it only where the model's own number was, and a number
//! that is above it by less than a step counts as not above: no trade.

use crate::domain::{DecimalError, Probabilities, Ratio, Text, fixed::parse_scaled};
use crate::sentinel::nan;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

/// Decimals read before the cut.
const SCALE: u32 = 12;
/// One, with so many.
const ONE: i64 = 1_000_000_000_000;
/// How far from 1 the sum may be: the rounding of 32-bit models, no more.
const TOLERANCE: i64 = ONE / 1_000;
/// What is shown of another answer.
const SAID: usize = 60;

/// Why an answer is not three probabilities.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnswerFault {
    /// A web page.
    #[error("a web page (\"{0}\") in place of a prediction")]
    Html(Text),
    /// No JSON, or only the beginning of some.
    #[error("an answer that is no JSON (\"{0}\")")]
    NotJson(Text),
    /// Not one row of three.
    #[error("an answer that is not one row of sell, hold, buy (\"{0}\")")]
    Shape(Text),
    /// A word, null or NaN where a probability belongs.
    #[error("a probability that is no number (\"{0}\")")]
    NotANumber(Text),
    /// Below 0 or above 1.
    #[error("a probability below 0 or above 1 (\"{0}\")")]
    Range(Text),
    /// They don't add up to 1 within 0.001.
    #[error("probabilities that do not add up to 1 (\"{0}\")")]
    Sum(Text),
}

impl AnswerFault {
    /// One word of a closed list, for metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Html(_) => "html",
            Self::NotJson(_) => "not_json",
            Self::Shape(_) => "shape",
            Self::NotANumber(_) => "not_a_number",
            Self::Range(_) => "range",
            Self::Sum(_) => "sum",
        }
    }
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    predictions: &'a RawValue,
}

/// Reads an answer.
///
/// # Errors
/// [`AnswerFault`] where it is not three probabilities.
pub fn read(body: &[u8]) -> Result<Probabilities, AnswerFault> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let said = || Text::limited(text, SAID);
    if text.starts_with('<') {
        return Err(AnswerFault::Html(said()));
    }
    let plain = nan::as_null(text);
    let whole: &RawValue =
        serde_json::from_str(&plain).map_err(|_| AnswerFault::NotJson(said()))?;
    // A list of one would be taken for the field of a `Wrapped`, too.
    let wrapped = whole.get().starts_with('{');
    let wrapped = wrapped.then(|| serde_json::from_str::<Wrapped<'_>>(whole.get())).transpose();
    let list = wrapped.map_err(|_| AnswerFault::Shape(said()))?.map_or(whole, |w| w.predictions);
    let row = row(list).ok_or_else(|| AnswerFault::Shape(said()))?;
    let mut shares = [0; 3];
    for (share, raw) in shares.iter_mut().zip(row) {
        *share = match parse_scaled(raw.get().as_bytes(), SCALE) {
            Ok(share) if (0..=ONE).contains(&share) => share,
            Ok(_) | Err(DecimalError::OutOfRange) => return Err(AnswerFault::Range(said())),
            Err(DecimalError::NotANumber) => return Err(AnswerFault::NotANumber(said())),
        };
    }
    if (shares.iter().sum::<i64>() - ONE).abs() > TOLERANCE {
        return Err(AnswerFault::Sum(said()));
    }
    let [sell, hold, buy] = shares.map(cut);
    Ok(Probabilities { sell, hold, buy })
}

/// The one row: a list of three, or a list of one such list.
fn row(list: &RawValue) -> Option<[&RawValue; 3]> {
    let outer: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
    let inner: Vec<&RawValue> = match outer.as_slice() {
        [one] => serde_json::from_str(one.get()).ok()?,
        _ => outer,
    };
    let numbers: [&RawValue; 3] = inner.try_into().ok()?;
    let nested = |raw: &&RawValue| raw.get().starts_with(['[', '{']);
    (!numbers.iter().any(nested)).then_some(numbers)
}

/// To steps of 1e-4, downwards.
const fn cut(share: i64) -> Ratio {
    Ratio::from_raw(share / (ONE / 10_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raw(text: &str) -> (i64, i64, i64) {
        let Probabilities { sell, hold, buy } = read(text.as_bytes()).unwrap();
        (sell.raw(), hold.raw(), buy.raw())
    }

    #[test]
    fn every_form_of_a_good_answer() {
        for text in [
            r#"{"predictions":[[0.1,0.2,0.7]]}"#,
            r#"{"predictions": [0.1, 0.2, 0.7], "other": NaN}"#,
            "[[0.1,0.2,0.7]]\n",
            "[0.1,0.2,7e-1]",
        ] {
            assert_eq!(raw(text), (1_000, 2_000, 7_000), "{text}");
        }
        assert_eq!(raw("[[0,1,-0.0]]"), (0, 10_000, 0));
        assert_eq!(raw("[[0.3333,0.3333,0.3333]]"), (3_333, 3_333, 3_333), "near enough to 1");
    }

    #[test]
    fn a_cut_never_carries_a_probability_over_a_threshold() {
        assert_eq!(raw("[[0.2,0.19991,0.60009]]").2, 6_000);
        assert_eq!(raw("[[0.2,0.1999,0.6001]]").2, 6_001);
        assert_eq!(raw("[[0.2,0.20000004,0.59999996]]").2, 5_999);
        // As a 32-bit 0.7123 is printed by some: below, so it stays below.
        assert_eq!(raw("[[0.1,0.1877000570297,0.7122999429702759]]").2, 7_122);
    }

    #[test]
    fn every_bad_answer_is_told_apart() {
        for (text, code) in [
            ("<html>502</html>", "html"),
            ("", "not_json"),
            ("Internal error", "not_json"),
            (r#"{"predictions":[[0.1,0.2"#, "not_json"),
            (r#"{"error_code":"BAD_REQUEST"}"#, "shape"),
            (r#"{"predictions":[{"0":0.1,"1":0.2,"2":0.7}]}"#, "shape"),
            (r#"{"predictions":[]}"#, "shape"),
            ("[[0.1,0.9]]", "shape"),
            ("[[0.1,0.2,0.3,0.4]]", "shape"),
            ("[[0.1,0.2,0.7],[0.1,0.2,0.7]]", "shape"),
            ("[[0.1],[0.2],[0.7]]", "shape"),
            ("[[[0.1,0.2,0.7]]]", "shape"),
            ("0.7", "shape"),
            ("[[NaN,0.3,0.7]]", "not_a_number"),
            ("[[null,0.3,0.7]]", "not_a_number"),
            (r#"[["0.1",0.2,0.7]]"#, "not_a_number"),
            ("[[true,0.3,0.7]]", "not_a_number"),
            ("[[Infinity,0.3,0.7]]", "not_a_number"),
            ("[[-0.1,0.4,0.7]]", "range"),
            ("[[0,0,1.0001]]", "range"),
            ("[[1e300,0,0]]", "range"),
            ("[[0.1,0.2,0.6]]", "sum"),
            ("[[0,0,0]]", "sum"),
            ("[[0.5,0.2515,0.25]]", "sum"),
        ] {
            let fault = read(text.as_bytes()).unwrap_err();
            assert_eq!(fault.code(), code, "{text}: {fault}");
        }
        let hostile = read("\u{1b}[31m<oops>".as_bytes()).unwrap_err().to_string();
        assert!(!hostile.contains('\u{1b}'), "{hostile}");
    }

    proptest! {
        #[test]
        fn what_is_kept_is_never_more(parts in prop::collection::vec(1_u32..1_000_000, 3)) {
            let sum = f64::from(parts.iter().sum::<u32>());
            let shares: Vec<f64> = parts.iter().map(|part| f64::from(*part) / sum).collect();
            let text = serde_json::to_string(&[&shares]).unwrap();
            let (sell, hold, buy) = raw(&text);
            for (kept, share) in [sell, hold, buy].into_iter().zip(shares) {
                let kept = f64::from(i32::try_from(kept).unwrap());
                let exact = share * 1e4;
                prop_assert!(kept <= exact + 1e-7 && exact < kept + 1.0 + 1e-7, "{kept} {exact}");
            }
        }
    }
}
