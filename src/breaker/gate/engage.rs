//! From the first effect of a kill to a gate that says so, measured.
//!
//! `CRS_ENGAGES=1000000 cargo test --release --lib gate::engage -- --nocapture`
//! prints the long form. It judges order, not time: what a loaded machine
//! makes of a time is no fault of the gate.

use super::tests::HOUR;
use super::*;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::scope;
use std::time::Instant;

fn open() -> Gate {
    let gate = Gate::default();
    gate.prove(clock::mono_ns() + HOUR);
    gate.set(false, false, false, &Text::default());
    assert!(gate.permit().is_ok());
    gate
}

fn since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap()
}

fn report(what: &str, mut times: Vec<u64>) {
    times.sort_unstable();
    let at = |thousandth: usize| times[(times.len() - 1) * thousandth / 1_000];
    let above = times.iter().filter(|ns| **ns > 100_000).count();
    let (n, [p50, p99, p999, max]) = (times.len(), [500, 990, 999, 1_000].map(at));
    println!("{what:<44}{n:>9}{p50:>8}{p99:>8}{p999:>8}{max:>11}{above:>9}");
}

/// By the thread that engages: its next look finds the gate closed.
fn own(n: u64) -> Vec<u64> {
    let one = |_| {
        let gate = open();
        let began = Instant::now();
        gate.close();
        let safe = gate.is_safe();
        let took = since(began);
        assert!(!safe);
        took
    };
    (0..n).map(one).collect()
}

/// By a thread that does nothing but look; it may have to wait for a core.
fn other(n: u64) -> Vec<u64> {
    let gates: Vec<Gate> = (0..n).map(|_| open()).collect();
    let (turn, seen_ns) = (AtomicU64::new(0), AtomicU64::new(0));
    let origin = Instant::now();
    scope(|scope| {
        scope.spawn(|| {
            for (round, gate) in (1..).zip(&gates) {
                while gate.is_safe() {
                    spin_loop();
                }
                seen_ns.store(since(origin), Ordering::Relaxed);
                turn.store(round, Ordering::Release);
            }
        });
        let one = |(round, gate): (u64, &Gate)| {
            let began = since(origin);
            gate.close();
            while turn.load(Ordering::Acquire) < round {
                spin_loop();
            }
            seen_ns.load(Ordering::Relaxed).saturating_sub(began)
        };
        (1..).zip(&gates).map(one).collect()
    })
}

#[test]
fn a_gate_that_was_closed_says_so_from_the_next_look_on() {
    let wanted = std::env::var("CRS_ENGAGES").ok().and_then(|n| n.parse().ok());
    let n: u64 = wanted.unwrap_or(20_000);
    println!("ns from engaging to is_safe() false");
    println!(
        "{:<44}{:>9}{:>8}{:>8}{:>8}{:>11}{:>9}",
        "", "times", "p50", "p99", "p99.9", "max", ">100 µs"
    );
    report("nothing between two readings of the clock", {
        (0..n).map(|_| since(Instant::now())).collect()
    });
    for busy in [0, 2] {
        let over = AtomicBool::new(false);
        scope(|scope| {
            for _ in 0..busy {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        spin_loop();
                    }
                });
            }
            report(&format!("the thread that engages, {busy} busy beside it"), own(n));
            report(&format!("another that looks, {busy} busy beside both"), other(n / 100));
            over.store(true, Ordering::Relaxed);
        });
    }
}
