//! How long the features of one window take: 23 columns over 200 bars and the
//! sequence of 60 rows, in CPU time of the thread.

use criterion::{Criterion, criterion_group, criterion_main};
use crs::sentinel::bars::Bar;
use crs::sentinel::features::{Features, ROWS, WINDOW, build};
use crs::sentinel::hub::question;
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

fn bars() -> Vec<Bar> {
    let bar = |n: u32| {
        let close = 1.085 + f64::from(n * 7_919 % 1_000) * 1e-5;
        let at = 1_793_577_600 + i64::from(n) * 3_600;
        let volume = f64::from(n * 104_729 % 4_000);
        Bar { at, open: close, high: close + 0.001, low: close - 0.001, close, volume }
    };
    (0..u32::try_from(WINDOW).unwrap_or(0)).map(bar).collect()
}

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(t.tv_sec), u32::try_from(t.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}

fn window(c: &mut Criterion) {
    let bars = bars();
    let timed = |work: &mut dyn FnMut(), iterations: u64| {
        let start = cpu();
        for _ in 0..iterations {
            work();
        }
        cpu().saturating_sub(start)
    };
    let features: Option<Features> = build(&bars).ok();
    assert!(features.as_ref().is_some_and(|features| features.sequence.len() == ROWS));
    c.bench_function("features of 200 bars", |b| {
        b.iter_custom(|n| timed(&mut || drop(black_box(build(black_box(&bars)))), n));
    });
    c.bench_function("question to the HUB", |b| {
        b.iter_custom(|n| {
            timed(&mut || drop(black_box(features.as_ref().map(|f| question(black_box(f))))), n)
        });
    });
}

criterion_group!(benches, window);
criterion_main!(benches);
