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

/// `stop` closes the gate in a thread of its own; what it does first is the
/// stop, and then it says so. `beside` ends meanwhile in another.
fn every_interleaving(once: bool, stop: fn(&Gate, &dyn Fn()), beside: Option<fn(&Gate)>) {
    // Three switches away from a running thread; four and more are repeats of
    // what two threads with a handful of operations can do to each other.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let gate = Arc::new(Gate::default());
        gate.prove(u64::MAX);
        gate.found(false, false, false);
        let stopped = Arc::new(AtomicBool::new(false));
        let closer = {
            let (gate, stopped) = (Arc::clone(&gate), Arc::clone(&stopped));
            thread::spawn(move || stop(&gate, &|| stopped.store(true, Ordering::Release)))
        };
        let beside = beside.map(|work| {
            let gate = Arc::clone(&gate);
            thread::spawn(move || work(&gate))
        });
        let saw = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let strategy = Looks { stopped: Arc::clone(&stopped), saw: std::sync::Arc::clone(&saw) };
        let asks = Asks { gate, once, first: std::cell::Cell::new(false) };
        let mut engine = Engine::new(asks, Box::new(strategy), Vec::new());
        // What was true before the step is seen between its gates, too.
        let ordered = engine.step(&tick()).outcome.order().is_some();
        let stopped_first = saw.load(std::sync::atomic::Ordering::Relaxed);
        assert!(!(stopped_first && ordered), "an order after the stop");
        closer.join().unwrap();
        if let Some(beside) = beside {
            beside.join().unwrap();
        }
        if !once {
            assert!(engine.step(&tick()).outcome.order().is_none(), "the stop was lost");
        }
    });
}

/// A check of the watch that saw no file ends beside the decision.
fn saw_nothing(gate: &Gate) {
    gate.found(false, false, false);
}

#[test]
fn no_order_after_a_decision_of_this_process() {
    let decides = |gate: &Gate, said: &dyn Fn()| {
        gate.close();
        said();
        gate.remember();
        gate.named();
    };
    every_interleaving(false, decides, Some(saw_nothing));
}

#[test]
fn no_order_after_the_file_was_seen() {
    let sees = |gate: &Gate, said: &dyn Fn()| {
        gate.found(true, false, false);
        said();
    };
    every_interleaving(false, sees, None);
}

#[test]
#[should_panic(expected = "an order after the stop")]
fn an_engine_that_asks_only_once_is_caught() {
    let closes = |gate: &Gate, said: &dyn Fn()| {
        gate.close();
        said();
    };
    every_interleaving(true, closes, Some(saw_nothing));
}
