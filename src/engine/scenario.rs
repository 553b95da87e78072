//! The documents' three scenarios: the mock's ticks, the documented strategy, a
//! dry run, and a switch that is engaged before one of the ticks.

use super::entry::{Entry, Outcome};
use super::latch::Latch;
use super::run::{Counters, Run};
use super::sinks::Sinks;
use super::source::MockTicks;
use super::step::Engine;
use super::strategy::{Signal, Threshold};
use crate::domain::Text;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// 1, 2 or 3.
    pub number: u8,
    /// Ticks of the mock.
    pub ticks: u64,
    /// The tick before which the switch is engaged, from 1.
    pub engage_at: Option<u64>,
    /// As the documents call it.
    pub name: &'static str,
}

/// Normal operation, a kill in mid-stream, a kill before the first tick.
pub const ALL: [Scenario; 3] = [
    Scenario { number: 1, ticks: 10, engage_at: None, name: "Normal Operation" },
    Scenario { number: 2, ticks: 15, engage_at: Some(5), name: "Kill Switch Verified" },
    Scenario { number: 3, ticks: 5, engage_at: Some(1), name: "Immediate Kill Switch Verified" },
];

impl Scenario {
    /// Plays it with the gate of `latch`, which must be open; `engage` stops it.
    ///
    /// # Errors
    /// Which tick was not what it must be, and how it ended.
    pub fn play(
        &self,
        latch: &Latch,
        engage: &dyn Fn(&Text),
        says: &mut dyn FnMut(&str),
    ) -> Result<(), String> {
        let mut source = MockTicks::new(Some(self.ticks)).map_err(|e| e.to_string())?;
        let reason = Text::new(&format!("scenario {}: manual activation", self.number));
        let mut before = |tick: u64| {
            if self.engage_at == Some(tick) {
                latch.engage(&reason, engage);
            }
        };
        let mut entries: Vec<Entry> = Vec::new();
        let mut lines = Vec::new();
        let mut hears = |entry: &Entry| {
            lines.push(line(entry));
            entries.push(entry.clone());
        };
        let stop = AtomicBool::new(false);
        let report = Run {
            engine: Engine::new(latch.clone(), Box::new(Threshold::DOCUMENTED), Vec::new()),
            sinks: Sinks::default(),
            source: &mut source,
            counters: Arc::new(Counters::default()),
            stop: &stop,
            max_ticks: None,
            before: Some(&mut before),
            hears: &mut hears,
            says,
        }
        .run();
        for line in lines {
            says(&line);
        }
        if report.ticks != self.ticks {
            return Err(format!("{} ticks instead of {}", report.ticks, self.ticks));
        }
        entries.iter().try_for_each(|entry| self.judge(entry))
    }

    fn judge(&self, entry: &Entry) -> Result<(), String> {
        let stopped = self.engage_at.is_some_and(|at| entry.tick_id >= at);
        let right = match &entry.outcome {
            Outcome::Blocked(gate, closed) => stopped && *gate == 1 && closed.engaged,
            Outcome::Ordered(..) => !stopped && entry.signal != Some(Signal::Hold),
            Outcome::NoOrder(_) => !stopped && entry.signal == Some(Signal::Hold),
            Outcome::Error(..) => false,
        };
        if right { Ok(()) } else { Err(line(entry)) }
    }
}

/// One tick for a human: `tick #5 EURUSD BUY ORDER_GENERATED ORD_000004 | Lag: 0.01ms`
#[must_use]
pub fn line(entry: &Entry) -> String {
    let signal = entry.signal.map_or("-", Signal::word);
    let what = match &entry.outcome {
        Outcome::Ordered(order, _) => format!(" {} at {}", order.id(), order.entry),
        Outcome::Blocked(gate, closed) => format!(" at gate {gate}: {}", closed.reason),
        Outcome::NoOrder(Some(why)) | Outcome::Error(why, _) => format!(" {why}"),
        Outcome::NoOrder(None) => String::new(),
    };
    let (tick, symbol, action) = (entry.tick_id, entry.symbol, entry.outcome.action());
    format!("tick #{tick} {symbol} {signal} {action}{what} | {}", entry.lag_line())
}
