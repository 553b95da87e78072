//! The engine on its telemetry port: each decision, and once a second, or at
//! once when the latch changes, a word about itself and what it sees of the
//! latch.
//!
//! A thread of its own. The loop leaves an entry and never waits: one that finds
//! no room is lost and counted. What a subscriber does not take is lost at its
//! own mark, as on every PUB socket.

use super::latch::Latch;
use super::run::Counters;
use super::{Entry, Report};
use crate::domain::{DecisionSource, Endpoint, Text, TraderStatus, UtcMicros};
use crate::host::{Identity, clock};
use crate::link::{LinkError, publisher};
use crate::wire::Telemetry;
use crate::wire::telemetry::TraderDecision;
use crossbeam_channel as channel;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Entries that may wait: a megabyte.
const ROOM: usize = 4_096;
/// Between two words about itself.
const EVERY: Duration = Duration::from_secs(1);
/// A gate that closes by itself is noticed within this time.
const LOOK: Duration = Duration::from_millis(50);
/// What was told last has so long to leave.
const LINGER_MS: i32 = 100;

/// What does not change about an engine.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Symbols, as the operator reads them.
    pub symbols: Text,
    /// The strategy's name.
    pub strategy: Text,
    /// Orders leave the process.
    pub live: bool,
    /// When it began.
    pub started: UtcMicros,
}

/// The near end.
pub struct Teller {
    to: Option<channel::Sender<Entry>>,
    lost: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Teller {
    /// Binds the port and starts the thread.
    ///
    /// # Errors
    /// Why the port can't be bound, or the system's when it has no thread.
    pub fn start(
        zmq: &zmq::Context,
        at: &Endpoint,
        about: About,
        latch: Latch,
        counters: Arc<Counters>,
    ) -> Result<Self, String> {
        let socket = publisher(zmq, at).map_err(|e: LinkError| e.to_string())?;
        socket.set_linger(LINGER_MS).map_err(|e| e.to_string())?;
        let (to, from) = channel::bounded(ROOM);
        let lost = Arc::new(AtomicU64::new(0));
        let me = Identity::here();
        let voice = Voice { socket, about, latch, counters, lost: Arc::clone(&lost), me, told: 0 };
        let thread = std::thread::Builder::new().name("telemetry".to_owned());
        let thread = thread.spawn(move || voice.run(&from)).map_err(|e| e.to_string())?;
        Ok(Self { to: Some(to), lost, thread: Some(thread) })
    }

    /// Leaves an entry.
    pub fn put(&self, entry: &Entry) {
        if self.to.as_ref().is_none_or(|to| to.try_send(entry.clone()).is_err()) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Entries that found no room.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Teller {
    /// What waits is told, then the last word.
    fn drop(&mut self) {
        self.to = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Voice {
    socket: zmq::Socket,
    about: About,
    latch: Latch,
    counters: Arc<Counters>,
    lost: Arc<AtomicU64>,
    me: Identity,
    /// Decisions that the socket was given.
    told: u64,
}

impl Voice {
    fn run(mut self, from: &channel::Receiver<Entry>) {
        let bell = self.latch.changes();
        let mut said: Option<(Instant, Option<bool>)> = None;
        loop {
            channel::select! {
                recv(from) -> entry => {
                    let Ok(entry) = entry else {
                        self.word();
                        return;
                    };
                    let decision = TraderDecision::from(&entry.decision(&self.me));
                    self.told += 1;
                    self.send(&Telemetry::Decision(Box::new(decision)));
                },
                recv(bell) -> _ => said = None,
                default(LOOK) => {}
            }
            let due = said.is_none_or(|(at, _)| at.elapsed() >= LOOK);
            if !due {
                continue;
            }
            let engaged = self.latch.evidence(None).engaged;
            let changed = said.is_none_or(|(_, before)| before != engaged);
            if changed || said.is_some_and(|(at, _)| at.elapsed() >= EVERY) {
                self.word();
                said = Some((Instant::now(), engaged));
            }
        }
    }

    fn word(&self) {
        let told = self.counters.report();
        self.send(&Telemetry::LatchEvidence(self.latch.evidence(self.counters.last_blocked())));
        self.send(&Telemetry::Trader(Box::new(self.status(&told).into())));
    }

    fn status(&self, told: &Report) -> TraderStatus {
        let denied = self.latch.gate().permit().err();
        let quiet = self.counters.trouble();
        TraderStatus {
            source: DecisionSource::Engine,
            host: self.me.host.clone(),
            pid: u64::from(self.me.pid),
            symbols: self.about.symbols.clone(),
            strategy: self.about.strategy.clone(),
            live: self.about.live,
            safe: denied.is_none(),
            why: denied.map_or(quiet, |denied| denied.0),
            threshold: None,
            started: self.about.started,
            cycles: told.ticks,
            failed: told.errors,
            orders: told.orders_generated,
            blocked: told.ticks_blocked,
            told: self.told,
            lost: told.entries_lost.saturating_add(self.lost.load(Ordering::Relaxed)),
            last: self.counters.last(),
            next: None,
            said: clock::utc(),
        }
    }

    fn send(&self, message: &Telemetry) {
        match message.encode() {
            Ok(body) => {
                let frames = [message.topic().as_bytes(), &body];
                let _ = self.socket.send_multipart(frames, zmq::DONTWAIT);
            }
            Err(e) => tracing::error!("{e}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Outcome;
    use super::*;
    use crate::domain::Symbol;
    use std::path::Path;

    const ALL: u64 = 900;

    /// What a subscriber with room for it hears of an engine that ends at once.
    #[test]
    fn what_waits_at_the_end_is_heard_and_the_last_word_too() {
        for _ in 0..10 {
            hear_an_engine_end();
        }
    }

    fn hear_an_engine_end() {
        let (ours, theirs) = (zmq::Context::new(), zmq::Context::new());
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let ear = theirs.socket(zmq::SUB).unwrap();
        ear.set_subscribe(b"").unwrap();
        ear.set_linger(0).unwrap();
        ear.set_rcvtimeo(20_000).unwrap();
        ear.set_reconnect_ivl(10).unwrap();
        ear.connect(&format!("tcp://{free}")).unwrap();
        let at = Endpoint::new("127.0.0.1", free.port()).unwrap();
        let latch = Latch::new(Arc::default(), Path::new("/run/latch.lock"));
        let teller = Teller::start(&ours, &at, About::default(), latch, Arc::default()).unwrap();
        let hear = || {
            let frames = ear.recv_multipart(0).expect("a word");
            Telemetry::decode(&frames[0], &frames[1]).unwrap()
        };
        while !matches!(hear(), Telemetry::Trader(_)) {}
        for tick_id in 1..=ALL {
            teller.put(&Entry {
                at: UtcMicros(1),
                tick_id,
                symbol: Symbol::new("EURUSD").unwrap(),
                signal: None,
                outcome: Outcome::NoOrder(None),
                lag_ns: 0,
                gap_ns: None,
                live: false,
            });
        }
        drop(teller);
        drop(ours);
        let (mut decisions, mut ended) = (0, false);
        while !(ended && decisions == ALL) {
            match hear() {
                Telemetry::Decision(_) => decisions += 1,
                Telemetry::Trader(_) => ended = decisions == ALL,
                _ => {}
            }
        }
    }
}
