//! One tick through both gates: the path that the promise is about.

use super::entry::{Closed, Entry, Order, Outcome};
use super::limits::Limits;
use super::port::{Desk, Placed, Wish};
use super::{Signal, Strategy};
use crate::domain::{Price, Side, Symbol, Text, UtcMicros, is_asked_for};
use crate::host::clock;

/// Both prices of one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Instrument.
    pub symbol: Symbol,
    /// Best price to sell at.
    pub bid: Price,
    /// Best price to buy at.
    pub ask: Price,
}

/// A quote and when it came.
#[derive(Clone, Copy, Debug)]
pub struct Arrived {
    /// The quote.
    pub quote: Quote,
    /// When it was taken from its source, monotonic ns.
    pub at_ns: u64,
    /// It may have waited while the engine was held up, by its own order or
    /// otherwise: nothing is ordered on it.
    pub late: bool,
}

/// What a step asks: the latch, or a model of it.
pub trait Gates {
    /// Proof that the gate was open when it was asked.
    type Permit<'a>
    where
        Self: 'a;

    /// A permit, none when the gate is closed.
    fn permit(&self) -> Option<Self::Permit<'_>>;

    /// Why there was none.
    fn closed(&self) -> Closed;
}

/// Where orders leave the process, and how often.
struct Live {
    desk: Box<dyn Desk>,
    limits: Limits,
}

/// The engine's state: some words and what its strategy keeps.
pub struct Engine<G> {
    gates: G,
    strategy: Box<dyn Strategy>,
    live: Option<Live>,
    symbols: Vec<Symbol>,
    ticks: u64,
    orders: u64,
    last_ns: Option<u64>,
    held: Option<Text>,
    stranger: Text,
    late: Text,
}

/// An order that is complete but for the permission.
struct Draft(Order);

impl Draft {
    /// Uses up the permit: the only way from a draft to an order.
    fn under<P>(self, permit: P) -> Order {
        drop(permit);
        self.0
    }
}

impl<G: Gates> Engine<G> {
    /// A dry run of `strategy`: an order is a number and a log entry. With no
    /// `symbols` every instrument is traded.
    #[must_use]
    pub fn new(gates: G, strategy: Box<dyn Strategy>, symbols: Vec<Symbol>) -> Self {
        Self {
            gates,
            strategy,
            live: None,
            symbols,
            ticks: 0,
            orders: 0,
            last_ns: None,
            held: None,
            stranger: Text::new("this engine does not trade the symbol"),
            late: Text::new(
                "it waited in the queue: the engine was held up, or its order was on its way",
            ),
        }
    }

    /// Orders leave the process by `desk`.
    #[must_use]
    pub fn with_desk(self, desk: Box<dyn Desk>, limits: Limits) -> Self {
        Self { live: Some(Live { desk, limits }), ..self }
    }

    /// Why no order is made, whatever the gates say (the log can't be
    /// written); none lifts it.
    pub fn hold(&mut self, why: Option<Text>) {
        self.held = why;
    }

    /// Whether orders leave the process.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Takes one tick, and says what became of it.
    pub fn step(&mut self, tick: &Arrived) -> Entry {
        self.ticks += 1;
        let gap_ns = self.last_ns.replace(tick.at_ns).map(|last| tick.at_ns.saturating_sub(last));
        let at = clock::utc();
        let (signal, outcome) = self.decide(tick, at);
        Entry {
            at,
            tick_id: self.ticks,
            symbol: tick.quote.symbol,
            signal,
            outcome,
            lag_ns: clock::mono_ns().saturating_sub(tick.at_ns),
            gap_ns,
            live: self.live.is_some(),
        }
    }

    fn decide(&mut self, tick: &Arrived, at: UtcMicros) -> (Option<Signal>, Outcome) {
        let quote = &tick.quote;
        if self.gates.permit().is_none() {
            return (None, Outcome::Blocked(1, self.gates.closed()));
        }
        if !self.trades(quote.symbol) {
            return (None, Outcome::NoOrder(Some(self.stranger.clone())));
        }
        let signal = match self.strategy.signal(quote) {
            Ok(signal) => signal,
            Err(e) => return (None, Outcome::Error(e.0, None)),
        };
        let Some(side) = signal.side() else { return (Some(signal), Outcome::NoOrder(None)) };
        let outcome = if let Some(why) = &self.held {
            Outcome::Error(why.clone(), None)
        } else if self.live.is_some() {
            self.place(tick, side, at)
        } else {
            self.generate(quote, side, at)
        };
        (Some(signal), outcome)
    }

    fn trades(&self, symbol: Symbol) -> bool {
        let asked = |asked: &Symbol| is_asked_for(symbol.as_str(), asked.as_str());
        self.symbols.is_empty() || self.symbols.contains(&symbol) || self.symbols.iter().any(asked)
    }

    /// The order is complete, then the gate is asked, then it is an order.
    fn generate(&mut self, quote: &Quote, side: Side, at: UtcMicros) -> Outcome {
        let entry = match side {
            Side::Buy => quote.ask,
            Side::Sell => quote.bid,
        };
        let draft = Draft(Order { number: self.orders, side, entry, at });
        let Some(permit) = self.gates.permit() else {
            return Outcome::Blocked(2, self.gates.closed());
        };
        let order = draft.under(permit);
        self.orders += 1;
        Outcome::Ordered(order, None)
    }

    /// The desk's order. It takes a permit of its own, last; ours spares it a
    /// question to a gateway where the answer is known.
    fn place(&mut self, tick: &Arrived, side: Side, at: UtcMicros) -> Outcome {
        let quote = tick.quote;
        if tick.late {
            return Outcome::NoOrder(Some(self.late.clone()));
        }
        let Some(live) = &mut self.live else { return Outcome::NoOrder(None) };
        if let Err(why) = live.limits.allow(quote.symbol, side, tick.at_ns) {
            return Outcome::NoOrder(Some(why));
        }
        if self.gates.permit().is_none() {
            return Outcome::Blocked(2, self.gates.closed());
        }
        let placed = live.desk.place(&Wish { quote, side });
        let left = matches!(placed, Placed::Done(_) | Placed::Unknown(_) | Placed::Refused(_));
        let known = !matches!(placed, Placed::Unknown(_));
        live.limits.asked(quote.symbol, side, clock::mono_ns(), left, known);
        let entry = if side == Side::Buy { quote.ask } else { quote.bid };
        let order = Order { number: self.orders, side, entry, at };
        self.orders += u64::from(left);
        match placed {
            Placed::Done(note) | Placed::Unknown(note) => Outcome::Ordered(order, Some(note)),
            Placed::Refused(why) => Outcome::Error(why, Some(order)),
            Placed::NotSent(why) => Outcome::NoOrder(Some(why)),
            Placed::Denied(reason) => {
                let closed = self.gates.closed();
                Outcome::Blocked(
                    2,
                    if closed.engaged { closed } else { Closed { reason, ..closed } },
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::StrategyError;
    use super::super::strategy::Threshold;
    use super::*;
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    /// Open so often, then closed.
    struct Opens(Cell<u32>);

    impl Gates for &Opens {
        type Permit<'a>
            = ()
        where
            Self: 'a;
        fn permit(&self) -> Option<()> {
            let left = self.0.get().checked_sub(1)?;
            self.0.set(left);
            Some(())
        }
        fn closed(&self) -> Closed {
            Closed { engaged: true, ..Closed::default() }
        }
    }

    fn price(text: &str) -> Price {
        Price::parse(text).unwrap()
    }

    fn documented() -> Box<dyn Strategy> {
        Box::new(Threshold::DOCUMENTED)
    }

    fn tick(symbol: &str, bid: &str, ask: &str) -> Arrived {
        let symbol = Symbol::new(symbol).unwrap();
        let quote = Quote { symbol, bid: price(bid), ask: price(ask) };
        Arrived { quote, at_ns: clock::mono_ns(), late: false }
    }

    #[test]
    fn numbers_sides_and_prices_of_orders() {
        let gate = Opens(Cell::new(u32::MAX));
        let mut engine = Engine::new(&gate, documented(), Vec::new());
        let first = engine.step(&tick("EURUSD", "1.08505", "1.08515"));
        let order = *first.outcome.order().unwrap();
        assert_eq!((order.id().as_str(), order.side), ("ORD_000000", Side::Buy));
        assert_eq!((order.entry, first.tick_id, first.gap_ns), (price("1.08515"), 1, None));
        let held = engine.step(&tick("EURUSD", "1.085", "1.0851"));
        assert_eq!(held.outcome, Outcome::NoOrder(None));
        let sold = engine.step(&tick("EURUSD", "1.08", "1.081"));
        let order = *sold.outcome.order().unwrap();
        assert_eq!((order.number, order.side, order.entry), (1, Side::Sell, price("1.08")));
        assert!(sold.tick_id == 3 && sold.gap_ns.is_some() && !sold.live);
    }

    #[test]
    fn each_gate_blocks_by_its_number_and_costs_no_order_number() {
        let gate = Opens(Cell::new(0));
        let mut engine = Engine::new(&gate, documented(), Vec::new());
        let mut gates = Vec::new();
        for opens in [0, 1, 2] {
            gate.0.set(opens);
            let entry = engine.step(&tick("EURUSD", "1.09", "1.091"));
            match entry.outcome {
                Outcome::Blocked(gate, closed) => gates.push((gate, closed.code(), entry.signal)),
                Outcome::Ordered(order, None) => assert_eq!(order.number, 0),
                other => panic!("{other:?}"),
            }
        }
        let code = "KILL_SWITCH_ACTIVE";
        assert_eq!(gates, [(1, code, None), (2, code, Some(Signal::Buy))]);
    }

    #[test]
    fn an_error_a_hold_and_a_stranger_order_nothing() {
        struct Broken;
        impl Strategy for Broken {
            fn name(&self) -> &'static str {
                "broken"
            }
            fn signal(&mut self, _: &Quote) -> Result<Signal, StrategyError> {
                Err(StrategyError(Text::new("no model")))
            }
        }
        let gate = Opens(Cell::new(u32::MAX));
        let mut engine = Engine::new(&gate, Box::new(Broken), Vec::new());
        let entry = engine.step(&tick("EURUSD", "1.09", "1.091"));
        assert_eq!(entry.outcome, Outcome::Error(Text::new("no model"), None));
        let only = vec![Symbol::new("EURUSD").unwrap()];
        let mut engine = Engine::new(&gate, documented(), only);
        let entry = engine.step(&tick("USDJPY", "149.5", "149.6"));
        assert!(matches!(entry.outcome, Outcome::NoOrder(Some(_))) && entry.signal.is_none());
        engine.hold(Some(Text::new("the log")));
        let entry = engine.step(&tick("EURUSD", "1.09", "1.091"));
        assert_eq!(entry.outcome, Outcome::Error(Text::new("the log"), None));
        engine.hold(None);
        assert!(engine.step(&tick("EURUSD", "1.09", "1.1")).outcome.order().is_some());
    }

    /// As `--symbol EURUSD` is meant at a broker that says `EURUSD.s`.
    #[test]
    fn a_brokers_suffix_makes_no_stranger() {
        let gate = Opens(Cell::new(u32::MAX));
        let ordered = |asked: &str, named: &str| {
            let mut engine = Engine::new(&gate, documented(), vec![Symbol::new(asked).unwrap()]);
            let entry = engine.step(&tick(named, "1.09", "1.091"));
            assert_eq!(entry.symbol.as_str(), named, "its order has the broker's name");
            entry.outcome.order().is_some()
        };
        for (asked, named, is) in [
            ("EURUSD", "EURUSD", true),
            ("EURUSD", "EURUSD.s", true),
            ("EURUSD.s", "EURUSD.s", true),
            ("EURUSD.s", "EURUSD", false),
            ("EURUSD.s", "EURUSD.m", false),
            ("EUR", "EURUSD", false),
            ("EURUSD", "EURUSDX", false),
        ] {
            assert_eq!(ordered(asked, named), is, "{named} for {asked}");
        }
    }

    #[test]
    fn a_desk_is_asked_within_limits_and_its_word_is_the_outcome() {
        struct Says(Rc<RefCell<Vec<Placed>>>);
        impl Desk for Says {
            fn place(&mut self, _: &Wish) -> Placed {
                self.0.borrow_mut().pop().unwrap()
            }
        }
        let gate = Opens(Cell::new(u32::MAX));
        let word = Text::new("ticket 7");
        let says = Rc::new(RefCell::new(vec![
            Placed::NotSent(word.clone()),
            Placed::Denied(word.clone()),
            Placed::Refused(word.clone()),
            Placed::Done(word.clone()),
        ]));
        let engine = Engine::new(&gate, documented(), Vec::new());
        let mut engine = engine.with_desk(Box::new(Says(Rc::clone(&says))), Limits::new(3));
        let mut at = |symbol: &str| engine.step(&tick(symbol, "1.09", "1.091"));
        let done = at("A");
        assert!(
            done.live && matches!(&done.outcome, Outcome::Ordered(o, Some(_)) if o.number == 0)
        );
        assert!(matches!(at("A").outcome, Outcome::NoOrder(Some(_))), "asked a moment ago");
        assert!(matches!(at("B").outcome, Outcome::Error(_, Some(o)) if o.number == 1));
        assert!(matches!(at("C").outcome, Outcome::Blocked(2, _)));
        assert!(matches!(at("D").outcome, Outcome::NoOrder(Some(w)) if w == word));
        let late = Arrived { late: true, ..tick("E", "1.09", "1.091") };
        assert!(matches!(engine.step(&late).outcome, Outcome::NoOrder(Some(_))));
    }
}
