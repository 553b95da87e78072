//! Numbers and ages as text of a known width; from integers only.

use crate::domain::UtcMicros;
use std::time::Duration;

/// Widest text of [`age`].
pub const AGE: u16 = 5;

/// An age in at most five columns: `0.4s`, `42s`, `7m`, `31h`, `12d`.
/// Rounded down, so that the width changes seldom.
#[must_use]
pub fn age(age: Duration) -> String {
    let s = age.as_secs();
    match s {
        0..10 => format!("{s}.{}s", age.subsec_millis() / 100),
        10..100 => format!("{s}s"),
        100..6_000 => format!("{}m", s / 60),
        6_000..360_000 => format!("{}h", s / 3_600),
        _ => format!("{}d", (s / 86_400).min(9_999)),
    }
}

/// A duration of `us` microseconds in at most seven columns: `0.04ms`,
/// `31.2ms`, `412ms`, `5100ms`, `12.3s`; `?` when it is not known.
#[must_use]
pub fn span(us: Option<u64>) -> String {
    let Some(us) = us else { return String::from("?") };
    match us {
        0..10_000 => format!("{}.{:02}ms", us / 1_000, us % 1_000 / 10),
        10_000..100_000 => format!("{}.{}ms", us / 1_000, us % 1_000 / 100),
        100_000..10_000_000 => format!("{}ms", us / 1_000),
        10_000_000..1_000_000_000 => format!("{}.{}s", us / 1_000_000, us % 1_000_000 / 100_000),
        _ => age(Duration::from_micros(us)),
    }
}

/// Milliseconds with two decimals, for a column: `5100.04`.
#[must_use]
pub fn ms(us: u64) -> String {
    format!("{}.{:02}", us / 1_000, us % 1_000 / 10)
}

/// A moment of the week after words: `opens Sun 22:00Z`; the first word alone
/// where there is none, since then it is for good.
#[must_use]
pub fn until(words: &str, at: Option<UtcMicros>) -> String {
    let first = || words.split(' ').next().unwrap_or_default().to_owned();
    at.map_or_else(first, |at| format!("{words} {}Z", at.weekday_hm()))
}

/// Groups the digits before the point in threes: `1,234,567.89`.
#[must_use]
pub fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, part) = rest.split_once('.').map_or((rest, None), |(w, p)| (w, Some(p)));
    let mut out = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(part) = part {
        out.push('.');
        out.push_str(part);
    }
    out
}

/// A count with its digits grouped.
#[must_use]
pub fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// With a sign even when it is above zero, so that columns of profit read.
#[must_use]
pub fn signed(number: &str) -> String {
    let plain = !number.starts_with('-') && number.bytes().any(|b| (b'1'..=b'9').contains(&b));
    if plain { format!("+{number}") } else { number.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ages_and_spans_read_as_an_operator_says_them() {
        let ages: Vec<_> =
            [0, 450, 9_999, 10_000, 99_000, 100_000, 6_000_000, 400_000_000, u64::MAX]
                .map(|ms| age(Duration::from_millis(ms)))
                .into();
        assert_eq!(ages, ["0.0s", "0.4s", "9.9s", "10s", "99s", "1m", "1h", "4d", "9999d"]);
        let spans: Vec<_> =
            [0, 40, 9_999, 31_240, 412_000, 5_100_000, 12_300_000].map(|us| span(Some(us))).into();
        assert_eq!(spans, ["0.00ms", "0.04ms", "9.99ms", "31.2ms", "412ms", "5100ms", "12.3s"]);
        assert_eq!(span(None), "?");
    }

    #[test]
    fn digits_in_threes() {
        for (plain, shown) in
            [("0.00", "0.00"), ("-1234.5", "-1,234.5"), ("123456", "123,456"), ("999", "999")]
        {
            assert_eq!(grouped(plain), shown);
        }
        assert_eq!((signed("1.00"), signed("0.00")), (String::from("+1.00"), String::from("0.00")));
    }

    proptest! {
        #[test]
        fn widths_hold(us in any::<u64>()) {
            prop_assert!(age(Duration::from_micros(us)).len() <= usize::from(AGE));
            prop_assert!(span(Some(us)).len() <= 7);
        }
    }
}
