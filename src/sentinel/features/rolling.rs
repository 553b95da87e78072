//! Windows that move along a series. NaN stands where a value has not enough
//! before it, and whatever is made with it is NaN too.

use std::iter::repeat_n;

/// `f` of each value and the one `n` before it.
pub fn lagged(series: &[f64], n: usize, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let pairs = series.iter().skip(n).zip(series);
    let known = pairs.map(|(now, then)| f(*now, *then));
    repeat_n(f64::NAN, n.min(series.len())).chain(known).collect()
}

/// `f` of each `n` values, `n` above 0, at the place of the last of them, for
/// places from `from` on.
pub fn rolling(series: &[f64], n: usize, from: usize, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let first = from.max(n.saturating_sub(1));
    let known = series.windows(n).skip((first + 1).saturating_sub(n)).map(f);
    repeat_n(f64::NAN, first.min(series.len())).chain(known).collect()
}

/// The arithmetic mean.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values)
}

/// The sample standard deviation (n − 1), in two passes: the sum of squares
/// less the square of the sum loses all digits of so small a spread.
pub fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (squares / (count(values) - 1.0)).sqrt()
}

fn count(values: &[f64]) -> f64 {
    u32::try_from(values.len()).map_or(f64::NAN, f64::from)
}

/// The recursive exponential mean with alpha = 2/(span+1), seeded with the
/// first value. In the order of pandas' `ewm(span, adjust=False)`: MACD is a
/// small difference of two of these, and another order would show in it. An
/// unchanged series stays exactly as it is.
pub fn ewm(series: &[f64], span: f64) -> Vec<f64> {
    let alpha = 2.0 / (span + 1.0);
    let keep = 1.0 - alpha;
    let mut mean = series.first().copied().unwrap_or(f64::NAN);
    let step = |value: &f64| {
        if (mean - value).abs() > 0.0 {
            mean = (keep * mean + alpha * value) / (keep + alpha);
        }
        mean
    };
    series.iter().map(step).collect()
}
