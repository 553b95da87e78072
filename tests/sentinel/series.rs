//! Bars that are made, not taken from anybody's market.

use crs::sentinel::bars::{Bar, HOUR, iso};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// 2026-11-02 00:00 UTC, a Monday.
pub const MONDAY: i64 = 1_793_577_600;

/// A walk by a generator of a few lines: the same numbers every time.
pub fn walk(count: usize, first: i64) -> Vec<Bar> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        u32::try_from((state >> 16) % below).unwrap()
    };
    let mut points = 108_500_u32;
    let price = |points: u32| f64::from(points) / 100_000.0;
    (0..count)
        .map(|n| {
            let open = points;
            points = points + next(201) - 100;
            let high = open.max(points) + next(40);
            let low = open.min(points) - next(40);
            let at = first + i64::try_from(n).unwrap() * HOUR;
            let volume = f64::from(next(4_000));
            Bar {
                at,
                open: price(open),
                high: price(high),
                low: price(low),
                close: price(points),
                volume,
            }
        })
        .collect()
}

/// The last `count` hours that have ended, weekends too.
pub fn recent(count: usize) -> Vec<Bar> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now).unwrap();
    walk(count, now / HOUR * HOUR - i64::try_from(count).unwrap() * HOUR)
}

/// As EODHD writes one.
pub fn entry(bar: &Bar) -> Value {
    json!({
        "timestamp": bar.at, "gmtoffset": 0, "datetime": iso(bar.at), "open": bar.open,
        "high": bar.high, "low": bar.low, "close": bar.close, "volume": bar.volume,
    })
}

/// As EODHD writes them.
pub fn entries(bars: &[Bar]) -> Vec<Value> {
    bars.iter().map(entry).collect()
}

/// As a file.
pub fn csv(bars: &[Bar]) -> String {
    let line = |bar: &Bar| {
        let Bar { at, open, high, low, close, volume } = bar;
        format!("{},{open},{high},{low},{close},{volume}\n", iso(*at))
    };
    let lines: String = bars.iter().map(line).collect();
    format!("timestamp,open,high,low,close,volume\n{lines}")
}
