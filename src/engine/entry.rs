//! What became of one tick.

use super::Signal;
use crate::domain::{
    Decision, DecisionSource, Price, Side, Symbol, Text, UtcMicros, fixed::format_scaled,
};
use crate::host::Identity;

/// One log entry: every tick has exactly one.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it was decided, by the wall clock.
    pub at: UtcMicros,
    /// Number of the tick in this run, from 1.
    pub tick_id: u64,
    /// Instrument.
    pub symbol: Symbol,
    /// What the strategy said; none where it was not asked or had an error.
    pub signal: Option<Signal>,
    /// What was done.
    pub outcome: Outcome,
    /// From the tick's arrival to this entry, ns of the monotonic clock.
    pub lag_ns: u64,
    /// From the arrival of the tick before to that of this one; none for the first.
    pub gap_ns: Option<u64>,
    /// Orders of this run leave the process.
    pub live: bool,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An order was generated; what became of it, where it left the process.
    Ordered(Order, Option<Text>),
    /// None was called for, or a limit held it back, and which.
    NoOrder(Option<Text>),
    /// Something failed, and there is no order; or the gateway refused this one.
    Error(Text, Option<Order>),
    /// A gate was closed: 1 before the signal, 2 before the order.
    Blocked(u8, Closed),
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its number in this run, from 0: `ORD_000004`.
    pub number: u64,
    /// Direction.
    pub side: Side,
    /// The ask for a buy, the bid for a sell.
    pub entry: Price,
    /// When it was made: read before the gate was asked.
    pub at: UtcMicros,
}

/// Why a gate is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// Somebody said stop; else safe is not proven, or nobody armed.
    pub engaged: bool,
    /// Since when, as the latch itself has it; empty where nobody knows.
    pub since: Text,
    /// In words.
    pub reason: Text,
}

impl Closed {
    /// What readers go by.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        if self.engaged { "KILL_SWITCH_ACTIVE" } else { "NOT_PROVEN_SAFE" }
    }
}

impl Order {
    /// `ORD_000004`
    #[must_use]
    pub fn id(&self) -> String {
        format!("ORD_{:06}", self.number)
    }
}

impl Outcome {
    /// `ORDER_GENERATED`, `NO_ORDER`, `ERROR` or `BLOCKED`.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Ordered(..) => "ORDER_GENERATED",
            Self::NoOrder(_) => "NO_ORDER",
            Self::Error(..) => "ERROR",
            Self::Blocked(..) => "BLOCKED",
        }
    }

    /// The order that was made.
    #[must_use]
    pub const fn order(&self) -> Option<&Order> {
        match self {
            Self::Ordered(order, _) | Self::Error(_, Some(order)) => Some(order),
            _ => None,
        }
    }
}

impl Entry {
    /// The human line: `Lag: 1.95ms`.
    #[must_use]
    pub fn lag_line(&self) -> String {
        let us = i64::try_from(self.lag_ns / 1_000).unwrap_or(i64::MAX);
        format!("Lag: {}ms", format_scaled(us, 3, 2))
    }

    /// As telemetry and the console know it; `me` is the engine's process.
    #[must_use]
    pub fn decision(&self, me: &Identity) -> Decision {
        let (why, order) = match &self.outcome {
            Outcome::Ordered(order, note) => {
                (Some(note.clone().unwrap_or_else(|| Text::new(&order.id()))), Some(order))
            }
            Outcome::NoOrder(why) => (why.clone(), None),
            Outcome::Error(why, order) => (Some(why.clone()), order.as_ref()),
            Outcome::Blocked(gate, closed) => {
                let text = format!("gate {gate}: {}: {}", closed.code(), closed.reason);
                (Some(Text::new(&text)), None)
            }
        };
        Decision {
            source: DecisionSource::Engine,
            at: Some(self.at),
            symbol: Text::new(self.symbol.as_str()),
            side: self.signal.and_then(Signal::side),
            action: Text::new(self.outcome.action()),
            why: why.unwrap_or_default(),
            lag_us: Some(self.lag_ns / 1_000),
            number: Some(self.tick_id),
            order: order.map(|order| Text::new(&order.id())).unwrap_or_default(),
            live: Some(self.live),
            host: me.host.clone(),
            pid: Some(u64::from(me.pid)),
            ..Decision::default()
        }
    }
}
