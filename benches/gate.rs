//! What a check of the breaker costs in an engine's loop: the gate of this
//! process, and beside it a look for the latch's file at every check, as the
//! Python programs do.

use criterion::{Criterion, criterion_group, criterion_main};
use crs::breaker::Gate;
use std::hint::black_box;
use std::path::Path;

fn checks(c: &mut Criterion) {
    let gate = Gate::default();
    assert!(!gate.is_safe(), "nobody has looked yet");
    let mut group = c.benchmark_group("gate");
    group.bench_function("is_safe", |b| b.iter(|| black_box(&gate).is_safe()));
    let latch = Path::new("/tmp/crs-bench-no-such-latch");
    group.bench_function("stat of the file", |b| b.iter(|| black_box(latch).exists()));
    group.finish();
}

criterion_group!(benches, checks);
criterion_main!(benches);
