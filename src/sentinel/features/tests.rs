//! Documented values, and no look-ahead.

use super::*;
use proptest::prelude::*;

/// 2026-11-23 00:00 UTC, a Monday.
const MONDAY: i64 = 1_795_392_000;

fn bar(n: usize, close: f64, volume: f64) -> Bar {
    let at = MONDAY + i64::try_from(n).unwrap() * HOUR;
    Bar { at, open: close, high: close * 1.001, low: close * 0.999, close, volume }
}

fn series(close: impl Fn(usize) -> f64, volume: impl Fn(usize) -> f64) -> Vec<Bar> {
    (0..WINDOW).map(|n| bar(n, close(n), volume(n))).collect()
}

fn same(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-12 * wanted.abs().max(1e-3), "{found} is not {wanted}");
}

#[test]
fn a_price_that_stands_still() {
    let Features { last_bar, tabular, sequence } = build(&series(|_| 1.085, |_| 0.0)).unwrap();
    assert_eq!(last_bar, MONDAY + 199 * HOUR);
    for n in [0, 1, 2, 7, 8, 9, 10, 11, 12, 16, 17, 20, 21, 22] {
        assert_eq!(tabular[n].to_bits(), 0.0_f64.to_bits(), "feature {n}: {}", tabular[n]);
    }
    tabular[3..7].iter().for_each(|mean| same(*mean, 1.085));
    same(tabular[13], 1.001 / 0.999);
    same(tabular[14], 1.0 / 1.001);
    same(tabular[15], 1.0 / 0.999);
    // Hour 199 of the week: eight days and seven hours.
    same(tabular[18], 7.0);
    same(tabular[19], 1.0);
    assert_eq!(sequence.len(), ROWS);
    let narrowed = tabular.map(|value| narrow(value).to_bits());
    assert_eq!(sequence[ROWS - 1].map(f32::to_bits), narrowed);
    same(f64::from(sequence[0][18]), 20.0);
    same(f64::from(sequence[0][19]), 5.0);
}

#[test]
fn a_price_that_only_rises_or_only_falls() {
    let step = |n: usize| 0.001 * f64::from(u32::try_from(n).unwrap());
    let up = build(&series(|n| 1.0 + step(n), |_| 10.0)).unwrap().tabular;
    same(up[9], 100.0);
    same(up[17], 1.0);
    same(up[3], 1.0 + step(199) - 0.001 * 4.5);
    same(up[20], 0.005);
    let down = build(&series(|n| 2.0 - step(n), |_| 10.0)).unwrap().tabular;
    same(down[9], 0.0);
    same(down[20], -0.005);
    assert!(up[10] > 0.0 && down[10] < 0.0);
}

#[test]
fn means_and_deviations_by_hand() {
    assert!((mean(&[1.0, 2.0, 6.0]) - 3.0).abs() < 1e-15);
    assert!((deviation(&[1.0, 2.0, 6.0]) - 7.0_f64.sqrt()).abs() < 1e-15);
    let all = ewm(&[1.0, 2.0, 2.0], 3.0);
    assert_eq!(all, [1.0, 1.5, 1.75]);
    assert!(rolling(&[1.0, 2.0], 3, 0, mean).iter().all(|v| v.is_nan()));
}

#[test]
fn the_first_rows_are_dropped_and_not_filled() {
    let bars = series(|n| 1.0 + f64::from(u32::try_from(n % 5).unwrap()), |_| 1.0);
    assert_eq!(rows(&bars, 0).len(), WINDOW - 20, "20 bars of history for the longest deviation");
    for few in 0..=20 {
        assert_eq!(rows(&bars[..few], 0), [[0.0; WIDTH]; 0], "{few}");
    }
}

#[test]
fn what_can_not_be_used_is_named() {
    let good = series(|_| 1.0, |_| 1.0);
    let code = |bars: &[Bar]| build(bars).unwrap_err().code();
    assert_eq!(code(&good[1..]), "bars_too_few");
    let mut flawed = good.clone();
    flawed[100].close = f64::NAN;
    assert_eq!(code(&flawed), "bar_flawed");
    let mut turned = good;
    turned.swap(100, 101);
    assert_eq!(code(&turned), "bars_disorder");
}

fn prices() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((1_u32..200_000, 0_u32..5_000), WINDOW)
}

fn of(prices: &[(u32, u32)]) -> Vec<Bar> {
    let close = |price: u32| f64::from(price) * 1e-5;
    prices.iter().enumerate().map(|(n, (p, v))| bar(n, close(*p), f64::from(*v))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever comes later, and that it comes, changes no earlier row.
    #[test]
    fn a_later_bar_changes_no_earlier_row(
        prices in prices(), other in prices(), cut in 21_usize..WINDOW,
    ) {
        let whole = rows(&of(&prices), 0);
        let mixed: Vec<_> = prices[..cut].iter().chain(&other[cut..]).copied().collect();
        let mixed = rows(&of(&mixed), 0);
        let alone = rows(&of(&prices[..cut]), 0);
        prop_assert_eq!(alone.len(), cut - 20);
        prop_assert_eq!(&whole[..alone.len()], &alone[..]);
        prop_assert_eq!(&mixed[..alone.len()], &alone[..]);
        prop_assert_eq!(rows(&of(&prices), cut), &whole[alone.len()..], "the rest left out");
    }

    /// Only the last window counts, and every number of it is one.
    #[test]
    fn bars_before_the_window_change_nothing(prices in prices(), before in 1_usize..50) {
        let window = of(&prices);
        let long: Vec<Bar> = (0..before)
            .map(|n| Bar { at: MONDAY - HOUR * i64::try_from(before - n).unwrap(), ..bar(0, 9.0, 9.0) })
            .chain(window.clone())
            .collect();
        let built = build(&window).unwrap();
        prop_assert_eq!(&build(&long).unwrap(), &built);
        prop_assert!(built.sequence.iter().flatten().all(|value| value.is_finite()));
        prop_assert!((0.0..=100.0).contains(&built.tabular[9]), "RSI {}", built.tabular[9]);
    }
}
