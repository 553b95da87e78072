//! The promise under a model checker: the engine's own step and the gate's own
//! word, through every interleaving of the threads that close the gate.

use super::entry::Closed;
use super::step::{Arrived, Engine, Gates, Quote};
use super::{Signal, Strategy, StrategyError};
use crate::breaker::gate::word::Word;
use crate::domain::{Price, Symbol};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use loom::thread;

type Gate = Word<AtomicU32, AtomicU64>;

/// Asks as `breaker::Gate::pass` does; time stands still.
struct Asks {
    gate: Arc<Gate>,
    /// A wrong engine: what gate 1 said is taken for gate 2, too.
    once: bool,
    first: std::cell::Cell<bool>,
}

impl Gates for Asks {
    type Permit<'a> = ();

    fn permit(&self) -> Option<()> {
        if self.once && self.first.replace(true) {
            return Some(());
        }
        let until = self.gate.until();
        self.gate.holds(until, || 1).then_some(())
    }

    fn closed(&self) -> Closed {
        Closed::default()
    }
}

/// Buys always, and looks between the gates whether the gate was closed before.
struct Looks {
    stopped: Arc<AtomicBool>,
    saw: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Strategy for Looks {
    fn name(&self) -> &'static str {
        "looks"
    }

    fn signal(&mut self, _: &Quote) -> Result<Signal, StrategyError> {
        let stopped = self.stopped.load(Ordering::Acquire);
        self.saw.fetch_or(stopped, std::sync::atomic::Ordering::Relaxed);
        Ok(Signal::Buy)
    }
}

fn tick() -> Arrived {
    let (bid, ask) = (Price::from_raw(1), Price::from_raw(2));
    let symbol = Symbol::new("EURUSD").unwrap();
    Arrived { quote: Quote { symbol, bid, ask }, at_ns: 0, late: false }
}

/// `stop` closes the gate in a thread of its own and then says so; beside it a
/// check of the watch ends that has seen nothing.
fn every_interleaving(once: bool, stop: fn(&Gate)) {
    loom::model(move || {
        let gate = Arc::new(Gate::default());
        gate.prove(u64::MAX);
        gate.found(false, false, false);
        let stopped = Arc::new(AtomicBool::new(false));
        let closer = {
            let (gate, stopped) = (Arc::clone(&gate), Arc::clone(&stopped));
            thread::spawn(move || {
                gate.close();
                stopped.store(true, Ordering::Release);
                stop(&gate);
            })
        };
        let check = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                gate.prove(u64::MAX);
                gate.found(false, false, false);
            })
        };
        let saw = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let strategy = Looks { stopped: Arc::clone(&stopped), saw: std::sync::Arc::clone(&saw) };
        let asks = Asks { gate, once, first: std::cell::Cell::new(false) };
        let mut engine = Engine::new(asks, Box::new(strategy), Vec::new());
        let before = stopped.load(Ordering::Acquire);
        let entry = engine.step(&tick());
        let closed_first = before || saw.load(std::sync::atomic::Ordering::Relaxed);
        assert!(!(closed_first && entry.outcome.order().is_some()), "an order after the stop");
        closer.join().unwrap();
        check.join().unwrap();
        if !once {
            assert!(engine.step(&tick()).outcome.order().is_none(), "the stop was lost");
        }
    });
}

#[test]
fn no_order_after_a_decision_of_this_process() {
    every_interleaving(false, |gate| {
        gate.remember();
        gate.named();
    });
}

#[test]
fn no_order_after_a_decision_without_a_name() {
    every_interleaving(false, |_| {});
}

#[test]
#[should_panic(expected = "an order after the stop")]
fn an_engine_that_asks_only_once_is_caught() {
    every_interleaving(true, |_| {});
}

/// A watch that has seen the file: its word is the last one said of the bits.
#[test]
fn no_order_after_the_file_was_seen() {
    loom::model(|| {
        let gate = Arc::new(Gate::default());
        gate.prove(u64::MAX);
        gate.found(false, false, false);
        let stopped = Arc::new(AtomicBool::new(false));
        let watch = {
            let (gate, stopped) = (Arc::clone(&gate), Arc::clone(&stopped));
            thread::spawn(move || {
                gate.found(true, false, false);
                stopped.store(true, Ordering::Release);
            })
        };
        let saw = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let strategy = Looks { stopped: Arc::clone(&stopped), saw: std::sync::Arc::clone(&saw) };
        let asks = Asks { gate, once: false, first: std::cell::Cell::new(false) };
        let mut engine = Engine::new(asks, Box::new(strategy), Vec::new());
        for _ in 0..2 {
            saw.store(stopped.load(Ordering::Acquire), std::sync::atomic::Ordering::Relaxed);
            let ordered = engine.step(&tick()).outcome.order().is_some();
            assert!(!(ordered && saw.load(std::sync::atomic::Ordering::Relaxed)));
        }
        watch.join().unwrap();
        assert!(engine.step(&tick()).outcome.order().is_none());
    });
}
