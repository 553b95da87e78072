//! The promise with real threads and a real lock file: an engine that orders as
//! fast as it can, a file that appears, a watch that sees it.
//!
//! `CRS_RACES=100000 cargo test --release --lib engine::races -- --nocapture`
//! runs the long form.

use super::latch::Latch;
use super::step::{Arrived, Engine, Quote};
use super::{Signal, Strategy, StrategyError};
use crate::breaker::watch::Check;
use crate::breaker::{Gate, LatchHome, WatchConfig};
use crate::domain::{EngageId, Price, Symbol};
use crate::host::clock;
use std::hint::spin_loop;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::scope;

/// Buys always, and notes whether the gate was closed when it was asked.
struct Looks {
    closed: Arc<AtomicBool>,
    saw: Arc<AtomicBool>,
}

impl Strategy for Looks {
    fn name(&self) -> &'static str {
        "looks"
    }

    fn signal(&mut self, _: &Quote) -> Result<Signal, StrategyError> {
        self.saw.store(self.closed.load(Ordering::Acquire), Ordering::Relaxed);
        Ok(Signal::Buy)
    }
}

struct Outcomes {
    orders: u64,
    at_gate_two: u64,
}

/// One race; the file is made after the engine's `after`th tick began.
fn race(dir: &Path, after: u64, by_file: bool) -> Outcomes {
    let home = LatchHome::new(&dir.join("state"), &dir.join("latch.lock"));
    home.prepare().unwrap();
    let gate = Arc::new(Gate::default());
    let config = WatchConfig { home: home.clone(), extra: Vec::new(), role: "engine" };
    let mut check = Check::new(config);
    check.once(&gate);
    assert!(gate.is_safe(), "{}", gate.why());
    let latch = Latch::new(Arc::clone(&gate), &home.latch);
    let (closed, saw) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let strategy = Looks { closed: Arc::clone(&closed), saw: Arc::clone(&saw) };
    let mut engine = Engine::new(latch, Box::new(strategy), Vec::new());
    let began = AtomicU64::new(0);
    let quote = Quote {
        symbol: Symbol::new("EURUSD").unwrap(),
        bid: Price::from_raw(1),
        ask: Price::from_raw(2),
    };
    let mut outcomes = Outcomes { orders: 0, at_gate_two: 0 };
    scope(|scope| {
        scope.spawn(|| {
            while began.load(Ordering::Relaxed) < after {
                spin_loop();
            }
            if by_file {
                std::fs::write(&home.latch, "").unwrap();
                check.once(&gate);
            } else {
                gate.close();
                gate.name_kill(EngageId::from_parts(1, 1));
            }
            closed.store(true, Ordering::Release);
        });
        let mut last = 0;
        // A few ticks after the stop, too.
        while last < 3 {
            began.fetch_add(1, Ordering::Relaxed);
            let before = closed.load(Ordering::Acquire);
            last += u32::from(before);
            saw.store(before, Ordering::Relaxed);
            let entry = engine.step(&Arrived { quote, at_ns: clock::mono_ns(), late: false });
            let ordered = entry.outcome.order().is_some();
            let known = before || saw.load(Ordering::Relaxed);
            assert!(!(known && ordered), "an order after the gate closed: {entry:?}");
            outcomes.orders += u64::from(ordered);
            outcomes.at_gate_two +=
                u64::from(matches!(entry.outcome, super::Outcome::Blocked(2, _)));
        }
    });
    outcomes
}

#[test]
fn no_order_was_made_after_the_gate_closed() {
    let wanted = std::env::var("CRS_RACES").ok().and_then(|n| n.parse().ok());
    let races: u64 = wanted.unwrap_or(2_000);
    let dir = tempfile::tempdir().unwrap();
    let (mut orders, mut second) = (0, 0);
    for n in 0..races {
        let dir = dir.path().join(n.to_string());
        std::fs::create_dir(&dir).unwrap();
        let outcomes = race(&dir, 1 + n * 7 % 23, n % 2 == 0);
        orders += outcomes.orders;
        second += outcomes.at_gate_two;
        std::fs::remove_dir_all(&dir).unwrap();
    }
    println!("{races} races: {orders} orders before the stop, {second} ticks stopped at gate 2");
    assert!(orders >= races / 2, "it was stopped while it ordered: {orders}");
}
