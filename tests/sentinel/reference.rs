//! The 23 features against pandas: the reference file beside the project, and
//! pandas itself on bars that are made here.

use super::common::{data, python};
use super::series::{MONDAY, csv, walk};
use crs::sentinel::bars::{Bar, csv::read, iso};
use crs::sentinel::features::{WIDTH, WINDOW, build};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// One window as pandas sees it.
struct Wanted {
    last_bar: String,
    features: Vec<f64>,
    sums: [f64; 2],
}

fn wanted(text: &str) -> Vec<Wanted> {
    let line = |line: &str| {
        let (last_bar, rest) = line.split_once(',').unwrap();
        let mut features: Vec<f64> = rest.split(',').map(|n| n.parse().unwrap()).collect();
        assert_eq!(features.len(), WIDTH + 2);
        let sums = features.split_off(WIDTH).try_into().unwrap();
        Wanted { last_bar: last_bar.to_owned(), features, sums }
    };
    text.lines().skip(1).map(line).collect()
}

fn near(found: f64, wanted: f64, relative: f64) -> bool {
    (found - wanted).abs() <= relative * wanted.abs()
}

/// The greatest relative difference of a feature.
fn compare(bars: &[Bar], wanted: &[Wanted]) -> f64 {
    let mut greatest = 0.0_f64;
    for Wanted { last_bar, features, sums } in wanted {
        let end = bars.iter().position(|bar| iso(bar.at) == *last_bar).unwrap() + 1;
        let found = build(&bars[end - WINDOW..end]).unwrap();
        for (n, (found, wanted)) in found.tabular.iter().zip(features).enumerate() {
            assert!(near(*found, *wanted, 1e-9), "{last_bar}, {n}: {found} is not {wanted}");
            if *wanted != 0.0 {
                greatest = greatest.max(((found - wanted) / wanted).abs());
            }
        }
        let sum = |rows: &[[f32; WIDTH]]| rows.iter().flatten().map(|n| f64::from(*n)).sum::<f64>();
        for (rows, wanted) in [(&found.sequence[..], sums[0]), (&found.sequence[..1], sums[1])] {
            let found = sum(rows);
            assert!(near(found, wanted, 1e-5), "{last_bar}: the sum {found} is not {wanted}");
        }
        // Bars after the window are of no account.
        assert_eq!(build(&bars[..end]).unwrap(), found, "{last_bar}");
    }
    greatest
}

#[test]
fn every_window_of_the_reference_file_is_matched() {
    let (Some(bars), Some(reference)) =
        (data::file("eurusd-h1.csv"), data::file("eurusd-h1-features.csv"))
    else {
        return;
    };
    let bars = read(&std::fs::read(bars).unwrap()).unwrap();
    let wanted = wanted(&std::fs::read_to_string(reference).unwrap());
    assert!(bars.len() >= 3_000 && wanted.len() >= 29);
    let greatest = compare(&bars, &wanted);
    println!("{} windows, greatest relative difference {greatest:e}", wanted.len());
}

/// A walk with a stretch in which nothing moves and nothing is traded, and one
/// in which the price only rises.
fn made() -> Vec<Bar> {
    let mut bars = walk(420, MONDAY);
    let stand = bars[249];
    for bar in &mut bars[250..290] {
        let close = stand.close;
        *bar = Bar { at: bar.at, open: close, high: close, low: close, close, volume: 0.0 };
    }
    let mut price = 108_500_u32;
    for bar in &mut bars[330..370] {
        price += 7;
        let close = f64::from(price) / 100_000.0;
        *bar = Bar { open: close, high: close + 0.001, low: close - 0.001, close, ..*bar };
    }
    bars
}

#[test]
fn pandas_finds_the_same_numbers() {
    let python = match python::having("features", &["pandas"], &["pandas"]) {
        Ok(python) => python,
        Err(why) => {
            let words = format!("\nSKIPPED pandas_finds_the_same_numbers: {why}\n");
            let _ = std::io::stderr().write_all(words.as_bytes());
            return;
        }
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bars.csv");
    let bars = made();
    std::fs::write(&file, csv(&bars)).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sentinel/reference.py");
    let out = Command::new(python).arg(script).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
    let wanted = wanted(&String::from_utf8(out.stdout).unwrap());
    assert_eq!(wanted.len(), 420 - WINDOW + 1);
    let greatest = compare(&bars, &wanted);
    println!("{} windows, greatest relative difference {greatest:e}", wanted.len());
}
