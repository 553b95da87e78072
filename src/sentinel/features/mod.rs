//! The 23 numbers that the model was trained on.
//!
//! What belongs here: the formulas, from bars to numbers, and nothing that
//! needs a clock or a socket. Each window is computed afresh: a mean that is
//! carried along gathers rounding errors and would miss the reference. No
//! look-ahead: a row is made of its own bar and those before it, and a row
//! without enough of them is dropped, never filled from later ones.
//!
//! c, h, l, v are close, high, low and volume:
//!
//! | n | feature |
//! |---|---|
//! | 0–2 | relative change of c over 1, 5, 10 bars |
//! | 3, 4 | mean of c over 10, 20 |
//! | 5, 6 | exponential mean of c, span 10, 20 |
//! | 7, 8 | sample standard deviation of feature 0 over 10, 20 |
//! | 9 | RSI over 14, with plain means of gains and losses |
//! | 10–12 | MACD (spans 12, 26), its signal (span 9), the difference |
//! | 13–15 | h/l, c/h, c/l |
//! | 16, 17 | mean of v over 20, v by that mean (0 where it is 0) |
//! | 18, 19 | hour, day of the week (Monday 0), UTC |
//! | 20, 21 | c less c 5 bars ago; that less itself 5 bars ago |
//! | 22 | 0 |

mod rolling;
#[cfg(test)]
mod tests;

use super::bars::{Bar, BarsFault, HOUR};
use rolling::{deviation, ewm, lagged, mean, rolling};

/// Bars of one window.
pub const WINDOW: usize = 200;
/// Numbers in a row.
pub const WIDTH: usize = 23;
/// Rows of the sequence.
pub const ROWS: usize = 60;

/// Seconds of a day.
const DAY: i64 = 24 * HOUR;
/// 1970-01-01 was a Thursday.
const FIRST_WEEKDAY: i64 = 3;

/// What the model takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Beginning of the window's last bar, in seconds since 1970, UTC.
    pub last_bar: i64,
    /// The row of the last bar.
    pub tabular: [f64; WIDTH],
    /// The last [`ROWS`] rows, the oldest first.
    pub sequence: Vec<[f32; WIDTH]>,
}

/// The features of the last [`WINDOW`] of `bars`, computed afresh.
///
/// # Errors
/// [`BarsFault`] with fewer bars, with a bar that can't be used, or with one
/// that does not come after the one before it.
pub fn build(bars: &[Bar]) -> Result<Features, BarsFault> {
    let too_few = || BarsFault::TooFew { have: bars.len(), need: WINDOW };
    let from = bars.len().checked_sub(WINDOW).ok_or_else(too_few)?;
    let window = bars.get(from..).unwrap_or_default();
    check(window)?;
    let tail = rows(window, WINDOW - ROWS);
    let (Some(last), Some(tabular), ROWS) = (window.last(), tail.last(), tail.len()) else {
        return Err(too_few());
    };
    let sequence = tail.iter().map(|row| row.map(narrow)).collect();
    Ok(Features { last_bar: last.at, tabular: *tabular, sequence })
}

#[expect(clippy::cast_possible_truncation, reason = "the model's sequence is of 32-bit floats")]
const fn narrow(value: f64) -> f32 {
    value as f32
}

fn check(window: &[Bar]) -> Result<(), BarsFault> {
    for (bar, before) in window.iter().zip(std::iter::once(None).chain(window.iter().map(Some))) {
        if let Some(flaw) = bar.flaw() {
            return Err(BarsFault::Flawed { at: bar.at, flaw });
        }
        if before.is_some_and(|before| before.at >= bar.at) {
            return Err(BarsFault::Disorder { at: bar.at });
        }
    }
    Ok(())
}

/// Every row of `window`, from that of bar `from` on, that has enough bars
/// before it.
fn rows(window: &[Bar], from: usize) -> Vec<[f64; WIDTH]> {
    let columns = columns(window, from);
    let row = |n: usize| columns.each_ref().map(|c| c.get(n).copied().unwrap_or(f64::NAN));
    (from..window.len()).map(row).filter(|row| row.iter().all(|value| value.is_finite())).collect()
}

/// A column for each feature, NaN where there is not enough before it. Means
/// and deviations before bar `from` are left out: nobody reads them.
fn columns(window: &[Bar], from: usize) -> [Vec<f64>; WIDTH] {
    let of = |f: fn(&Bar) -> f64| window.iter().map(f).collect::<Vec<f64>>();
    let close = of(|bar| bar.close);
    let volume = of(|bar| bar.volume);
    let change = |n| lagged(&close, n, |now, then| now / then - 1.0);
    let returns = change(1);
    let macd = difference(&ewm(&close, 12.0), &ewm(&close, 26.0));
    let signal = ewm(&macd, 9.0);
    let histogram = difference(&macd, &signal);
    let usual = rolling(&volume, 20, from, mean);
    let relative = volume.iter().zip(&usual).map(|(v, mean)| over(*v, *mean)).collect();
    let momentum = lagged(&close, 5, |now, then| now - then);
    let acceleration = lagged(&momentum, 5, |now, then| now - then);
    [
        change(1),
        change(5),
        change(10),
        rolling(&close, 10, from, mean),
        rolling(&close, 20, from, mean),
        ewm(&close, 10.0),
        ewm(&close, 20.0),
        rolling(&returns, 10, from, deviation),
        rolling(&returns, 20, from, deviation),
        rsi(&close, 14, from),
        macd,
        signal,
        histogram,
        of(|bar| bar.high / bar.low),
        of(|bar| bar.close / bar.high),
        of(|bar| bar.close / bar.low),
        usual,
        relative,
        of(|bar| small(bar.at.rem_euclid(DAY) / HOUR)),
        of(|bar| small((bar.at.div_euclid(DAY) + FIRST_WEEKDAY).rem_euclid(7))),
        momentum,
        acceleration,
        vec![0.0; window.len()],
    ]
}

/// An hour or a day of the week.
fn small(n: i64) -> f64 {
    f64::from(i32::try_from(n).unwrap_or(0))
}

fn difference(series: &[f64], less: &[f64]) -> Vec<f64> {
    series.iter().zip(less).map(|(value, less)| value - less).collect()
}

/// A volume by the usual one; where none is usual, none is unusual.
fn over(volume: f64, usual: f64) -> f64 {
    if usual == 0.0 { 0.0 } else { volume / usual }
}

/// Relative strength: 100 without losses, 0 without any move.
fn rsi(close: &[f64], n: usize, from: usize) -> Vec<f64> {
    let gains = rolling(&lagged(close, 1, |now, then| (now - then).max(0.0)), n, from, mean);
    let losses = rolling(&lagged(close, 1, |now, then| (then - now).max(0.0)), n, from, mean);
    let strength = |(gain, loss): (&f64, &f64)| match (*gain, *loss) {
        // As the reference has it, where a division would give nothing.
        (0.0, 0.0) => 0.0,
        (_, 0.0) => 100.0,
        (gain, loss) => 100.0 - 100.0 / (1.0 + gain / loss),
    };
    gains.iter().zip(&losses).map(strength).collect()
}
