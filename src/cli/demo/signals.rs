//! A source of signals for the demo: it decides now and then, and orders
//! 0.01 lots through the gate like any automatic trader would.
//!
//! Its "model" is a random number. What it shows is the path: decision,
//! gate, order, position, and the block when the switch is engaged.

use crate::breaker::Gate;
use crate::cli::deal::{Deal, Ending, Fate};
use crate::config::Settings;
use crate::domain::{
    Decision, DecisionSource, DecisionStep, Lots, OrderTicket, Probabilities, Ratio, Side, Stamp,
    Symbol, Text, TraderStatus, UtcMicros,
};
use crate::event::{Event, Level, Sender, TraderReport};
use crate::host::{Identity, clock, ids};
use crate::link::{Peer, context, peer};
use crate::wire::Action;
use crossbeam_channel as channel;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Before the first decision: the gateway has to be met first.
const FIRST: Duration = Duration::from_millis(1_200);
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// What it decides on.
const SYMBOLS: [&str; 3] = ["EURUSD", "GBPUSD", "USDJPY"];
/// An order needs more than this, in units of 1e-4.
const THRESHOLD: i64 = 6_000;
/// 0.01 lots.
const LOTS: Lots = Lots::from_raw(1_000_000);
/// It tells of itself so often.
const TELL: Duration = Duration::from_secs(1);
/// It comes by no endpoint: it lives in this process.
const NO_FEED: u16 = u16::MAX;
/// It closes its oldest position instead of holding more than so many.
const MOST: usize = 6;

/// A running source; it ends with this value.
pub struct Signals {
    stop: Option<channel::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    /// Starts deciding. Without a thread to be had there are no signals, and
    /// the Log pane says so.
    pub fn start(settings: &Settings, gate: Arc<Gate>, sender: &Sender) -> Self {
        let (stop, stopped) = channel::bounded(0);
        let (settings, tell) = (settings.clone(), sender.clone());
        let work = move || {
            if let Err(why) = run(&settings, &gate, &tell, &stopped) {
                tell.log(Level::Warn, "signals", why);
            }
        };
        let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(work);
        if let Err(e) = &thread {
            sender.log(Level::Warn, "signals", format!("no thread for signals: {e}"));
        }
        Self { stop: Some(stop), thread: thread.ok() }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(
    settings: &Settings,
    gate: &Gate,
    sender: &Sender,
    stopped: &channel::Receiver<()>,
) -> Result<(), String> {
    let gateway = settings.gateways.first().ok_or("no gateway to order at")?;
    let zmq = context().map_err(|e| e.to_string())?;
    let peer = Peer::connect(&zmq, &gateway.cmd, settings.feed.max_message_bytes);
    let peer = peer.map_err(|e| e.to_string())?;
    let deal = Deal::open(settings);
    let status = TraderStatus {
        source: DecisionSource::Demo,
        host: Identity::here().host,
        pid: std::process::id().into(),
        symbols: Text::new(&SYMBOLS.join(", ")),
        strategy: Text::new("random numbers"),
        live: true,
        threshold: Some(Ratio::from_raw(THRESHOLD)),
        started: clock::utc(),
        ..TraderStatus::default()
    };
    let random = ids::random_u64() | 1;
    let mut source = Source { peer, deal, gate, sender, random, status };
    let mut next = clock::now().plus(FIRST);
    loop {
        let now = clock::now();
        if now.mono_ns >= next.mono_ns {
            source.decide();
            next = clock::now().plus(Duration::from_millis(1_500 + source.below(3_000)));
        }
        source.tell(next.utc);
        let pause = next.since(clock::now()).min(TELL);
        if stopped.recv_timeout(pause) != Err(channel::RecvTimeoutError::Timeout) {
            return Ok(());
        }
    }
}

struct Source<'a> {
    peer: Peer,
    deal: Deal,
    gate: &'a Gate,
    sender: &'a Sender,
    random: u64,
    status: TraderStatus,
}

/// What became of a signal.
struct Deed {
    action: &'static str,
    why: String,
    order: String,
    /// How long the order took, where one was sent.
    took: Option<Duration>,
}

impl Source<'_> {
    /// xorshift: lively, not secret.
    fn below(&mut self, end: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % end
    }

    /// Its word about itself; its next decision is due at `next`.
    fn tell(&mut self, next: UtcMicros) {
        let safe = self.gate.is_safe();
        self.status.safe = safe;
        self.status.why = if safe { Text::default() } else { self.gate.why() };
        (self.status.next, self.status.said) = (Some(next), clock::utc());
        let report = TraderReport { feed: NO_FEED, status: self.status.clone() };
        self.sender.send(Event::Trader(Box::new(report)));
    }

    fn decide(&mut self) {
        let began = clock::now();
        let index = usize::try_from(self.below(3)).unwrap_or(0);
        let Some(symbol) = SYMBOLS.get(index).and_then(|s| Symbol::new(s).ok()) else { return };
        let (probabilities, side) = self.think();
        let mut steps = vec![step("model", since(began))];
        let deed = match side {
            None => Deed::without("NO_ORDER", "no probability above the threshold"),
            Some(side) => self.act(symbol, side),
        };
        steps.extend(deed.took.map(|took| step("order", took)));
        let status = &mut self.status;
        status.cycles += 1;
        status.told = status.cycles;
        status.last = Some(clock::utc());
        match deed.action {
            "ORDER_GENERATED" => status.orders += 1,
            "BLOCKED" => status.blocked += 1,
            "ERROR" => status.failed += 1,
            _ => {}
        }
        self.sender.send(Event::Decision(Box::new(Decision {
            source: DecisionSource::Demo,
            at: Some(began.utc),
            symbol: Text::new(symbol.as_str()),
            side,
            probabilities: Some(probabilities),
            threshold: Some(Ratio::from_raw(THRESHOLD)),
            action: Text::new(deed.action),
            why: Text::new(&deed.why),
            lag_us: u64::try_from(since(began).as_micros()).ok(),
            number: Some(status.cycles),
            order: Text::new(&deed.order),
            steps,
            live: Some(status.live),
            host: status.host.clone(),
            pid: Some(status.pid),
        })));
    }

    /// Three shares that add up to one, and what they call for.
    fn think(&mut self) -> (Probabilities, Option<Side>) {
        let strong = i64::try_from(4_500 + self.below(5_000)).unwrap_or(0);
        let rest = 10_000 - strong;
        let hold = rest * i64::try_from(30 + self.below(60)).unwrap_or(50) / 100;
        let buys = self.below(2) == 0;
        let [strong, hold, weak] = [strong, hold, rest - hold].map(Ratio::from_raw);
        let (side, shares) = if buys {
            (Side::Buy, Probabilities { sell: weak, hold, buy: strong })
        } else {
            (Side::Sell, Probabilities { sell: strong, hold, buy: weak })
        };
        (shares, (strong.raw() > THRESHOLD).then_some(side))
    }

    /// Orders, through the gate, or says why not.
    fn act(&mut self, symbol: Symbol, side: Side) -> Deed {
        // The first look at the gate: before anything is made of the signal.
        if !self.gate.is_safe() {
            return Deed::without("BLOCKED", self.gate.why().as_str());
        }
        self.make_room();
        let order = OrderTicket::market(symbol, side, LOTS);
        let what = format!("OPEN_ORDER {symbol} {} {LOTS} lots", side.word());
        let request = peer::request(Action::OpenOrder(order));
        let sent = clock::now();
        // The second look is taken in there, right before the order.
        let fate = self.deal.order(self.gate, &mut self.peer, &request, &what, PATIENCE);
        let took = Some(since(sent));
        match fate {
            Fate::Claimed(fill) => Deed {
                action: "ORDER_GENERATED",
                why: format!("{} above the threshold", side.word()),
                order: format!("ticket {}", fill.ticket),
                took,
            },
            Fate::Not(Ending::Denied, why) => Deed::without("BLOCKED", why.as_str()),
            Fate::Not(_, why) | Fate::Unknown(why) => {
                Deed { took, ..Deed::without("ERROR", why.as_str()) }
            }
        }
    }

    /// Closes the oldest position once there are many.
    fn make_room(&mut self) {
        let Ok(read) = self.peer.positions(PATIENCE) else { return };
        let oldest = read.value.iter().map(|p| p.ticket).min();
        if let Some(ticket) = oldest.filter(|_| read.value.len() >= MOST) {
            let request = peer::request(Action::ClosePosition(ticket));
            let what = format!("CLOSE_POSITION {ticket}");
            let _ = self.deal.close(&mut self.peer, &request, (&what, ticket), PATIENCE);
        }
    }
}

impl Deed {
    fn without(action: &'static str, why: &str) -> Self {
        Self { action, why: why.to_owned(), order: String::new(), took: None }
    }
}

fn since(began: Stamp) -> Duration {
    clock::now().since(began)
}

fn step(name: &str, took: Duration) -> DecisionStep {
    DecisionStep { name: Text::new(name), us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX) }
}
