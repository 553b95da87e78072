//! The loop under stalls, with a source that gives what a test wants.

use super::*;
use crate::domain::{Price, Symbol};
use crate::engine::entry::Closed;
use crate::engine::limits::Limits;
use crate::engine::port::{Desk, Placed, Wish};
use crate::engine::step::{Arrived, Quote};
use crate::engine::strategy::Threshold;
use std::collections::VecDeque;

struct Open;

impl Gates for Open {
    type Permit<'a> = ();
    fn permit(&self) -> Option<()> {
        Some(())
    }
    fn closed(&self) -> Closed {
        Closed::default()
    }
}

/// Fills at once.
struct Fills;

impl Desk for Fills {
    fn place(&mut self, _: &Wish) -> Placed {
        Placed::Done(Text::new("ticket 7"))
    }
}

/// What the source does next: a tick of a symbol, nothing, or it stands still
/// for so many ms before the next of them.
#[derive(Clone, Copy)]
enum Does {
    Tick(&'static str),
    Quiet,
    Stand(u64),
}
use Does::{Quiet, Stand, Tick};

struct Script(VecDeque<Does>);

impl Source for Script {
    fn next(&mut self) -> Next {
        match self.0.pop_front() {
            Some(Tick(symbol)) => Next::Tick(buy(symbol)),
            Some(Quiet) => Next::Quiet,
            Some(Stand(ms)) => {
                std::thread::sleep(Duration::from_millis(ms));
                self.next()
            }
            None => Next::End,
        }
    }

    fn wait(&mut self, _: Duration) {}
}

fn buy(symbol: &str) -> Arrived {
    let price = |text| Price::parse(text).unwrap();
    let symbol = Symbol::new(symbol).unwrap();
    let quote = Quote { symbol, bid: price("1.09"), ask: price("1.0901") };
    Arrived { quote, at_ns: clock::mono_ns(), late: false }
}

/// Runs a live engine; each entry's symbol and whether it was ordered on. After
/// an entry of `SLOW` the loop is held up for 20 ms, as by a disk.
fn ordered(script: &[Does]) -> Vec<(String, bool)> {
    let mut all = Vec::new();
    let engine = Engine::new(Open, Box::new(Threshold::DOCUMENTED), Vec::new());
    Run {
        engine: engine.with_desk(Box::new(Fills), Limits::new(100)),
        sinks: Sinks::default(),
        source: &mut Script(script.iter().copied().collect()),
        counters: Arc::default(),
        stop: &AtomicBool::new(false),
        max_ticks: None,
        before: None,
        hears: &mut |entry| {
            let symbol = entry.symbol.as_str().to_owned();
            if symbol == "SLOW" {
                std::thread::sleep(Duration::from_millis(20));
            }
            all.push((symbol, entry.outcome.order().is_some()));
        },
        says: &mut |_| {},
    }
    .run();
    all
}

/// Of these; others may have waited for a CPU.
fn on(all: &[(String, bool)], symbol: &str) -> bool {
    all.iter().any(|(name, ordered)| name == symbol && *ordered)
}

#[test]
fn what_queued_while_an_entry_was_written_is_not_ordered_on() {
    let all = ordered(&[Quiet, Tick("SLOW"), Tick("B"), Tick("C"), Quiet, Quiet, Tick("D")]);
    assert!(!on(&all, "B") && !on(&all, "C"), "{all:?}");
    assert_eq!(all.len(), 4, "each has its entry");
}

#[test]
fn what_queued_before_the_start_or_while_it_stood_still_is_not_ordered_on() {
    // An empty socket right after a stall proves nothing.
    let script =
        [Tick("A"), Quiet, Quiet, Stand(300), Tick("B"), Tick("C"), Quiet, Quiet, Tick("D")];
    let all = ordered(&script);
    for symbol in ["A", "B", "C", "D"] {
        assert!(!on(&all, symbol), "{symbol}: {all:?}");
    }
}

#[test]
fn what_comes_to_a_loop_that_runs_is_ordered_on() {
    // On a machine that gives it no CPU for a millisecond it is not: once will do.
    let script = [Quiet, Tick("SLOW"), Tick("B"), Quiet, Quiet, Tick("D")];
    assert!((0..50).any(|_| on(&ordered(&script), "D")));
}

/// Ticks without end until it was heard that something is to be told.
struct Flood {
    heard: Arc<AtomicBool>,
    left: u32,
    news: Option<String>,
}

impl Source for Flood {
    fn next(&mut self) -> Next {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || self.heard.load(Ordering::Relaxed) {
            return Next::End;
        }
        if self.left == 1_000 {
            self.news = Some("ticks: new socket".to_owned());
        }
        std::thread::sleep(Duration::from_millis(5));
        Next::Tick(buy("EURUSD"))
    }

    fn wait(&mut self, _: Duration) {}

    fn news(&mut self) -> Vec<String> {
        self.news.take().into_iter().collect()
    }
}

#[test]
fn a_feed_that_is_never_quiet_keeps_nothing_from_being_told() {
    let heard = Arc::new(AtomicBool::new(false));
    let mut source = Flood { heard: Arc::clone(&heard), left: 1_010, news: None };
    Run {
        engine: Engine::new(Open, Box::new(Threshold::DOCUMENTED), Vec::new()),
        sinks: Sinks::default(),
        source: &mut source,
        counters: Arc::default(),
        stop: &AtomicBool::new(false),
        max_ticks: None,
        before: None,
        hears: &mut |_| {},
        says: &mut |_| heard.store(true, Ordering::Relaxed),
    }
    .run();
    assert!(source.left > 1, "it was told before the end");
}
