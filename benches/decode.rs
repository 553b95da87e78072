//! How fast one core reads each shape of tick, in CPU time of the thread:
//! time that others were running is nobody's figure.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crs::wire::ticks::decode;
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

const SHAPES: [(&str, &[&[u8]]); 8] = [
    (
        "T1",
        &[br#"{"type": "TICK", "symbol": "EURUSD", "bid": 1.08512, "ask": 1.08522, "time": 1767115660775}"#],
    ),
    ("T2", &[br#"{"type": "TICK", "symbol": "EURUSD", "bid": 1.08512, "ask": 1.08522}"#]),
    (
        "T3",
        &[
            b"EURUSD",
            br#"{"symbol": "EURUSD", "price": 1.08517, "bid": 1.08512, "ask": 1.08522, "timestamp": 1767115660.7759752, "source": "MT5"}"#,
        ],
    ),
    (
        "T4",
        &[
            b"tick.EURUSD",
            br#"{"symbol": "EURUSD", "price": 1.08517, "bid": 1.08512, "ask": 1.08522, "volume": 12, "timestamp": 1767115660.7759752}"#,
        ],
    ),
    (
        "T5",
        &[br#"EURUSD {"type": "tick", "symbol": "EURUSD", "timestamp": "2025-12-30T17:27:40.775975", "bid": 1.08512, "ask": 1.08522, "last": 0.0, "volume": 0}"#],
    ),
    (
        "T6",
        &[br#"{"symbol": "EURUSD", "bid": 1.08512, "ask": 1.08522, "volume": 12, "spread": 9.999999999998899e-05, "timestamp": 1767115660.7759752, "type": "tick"}"#],
    ),
    (
        "T7",
        &[br#"{"symbol": "EURUSD", "bid": 1.08512, "ask": 1.08522, "timestamp": 1767115660.7759752}"#],
    ),
    // Python's binary floats, printed in full: the slow way through a price.
    (
        "T7 long prices",
        &[br#"{"symbol": "EURUSD", "bid": 1.0851200000000001, "ask": 1.0852199999999999, "timestamp": 1767115660.7759752}"#],
    ),
];

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(t.tv_sec), u32::try_from(t.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}

fn shapes(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(1));
    for (name, frames) in SHAPES {
        assert!(decode(frames).is_ok(), "{name}");
        group.bench_function(name, |b| {
            b.iter_custom(|iterations| {
                let start = cpu();
                for _ in 0..iterations {
                    let _ = black_box(decode(black_box(frames)));
                }
                cpu().saturating_sub(start)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, shapes);
criterion_main!(benches);
