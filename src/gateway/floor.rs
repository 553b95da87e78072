//! What the gateway's threads share: the desk behind a lock that nobody
//! holds while waiting for disk or a socket, the counters, and the halt.

use super::engine::{Engine, KillRecord};
use super::halt::Halt;
use super::latch::LatchWatch;
use super::market::{Instrument, Market};
use super::memory::Memory;
use super::store::{Listed, Reset, Saved, Store};
use super::{GatewayError, GatewayOptions};
use crate::domain::{Symbol, Text};
use crate::host::clock;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Times of KILL_SWITCH reads that are kept.
const KILL_READS_KEPT: usize = 4_096;

/// Everything that changes when a quote or a request comes.
#[derive(Debug)]
pub struct Core {
    /// The desk.
    pub engine: Engine,
    /// First answers.
    pub memory: Memory,
    /// KILL_SWITCH requests that acted, ever: tells a reset which kill it is for.
    pub kills: u64,
    /// The last reset.
    pub last_reset: Option<Reset>,
    /// Raised by every change that must survive a restart.
    pub generation: u64,
}

impl Core {
    /// Marks a change that must survive.
    pub const fn touch(&mut self) {
        self.generation += 1;
    }

    /// What survives.
    pub fn saved(&self) -> Saved {
        let listed = |l: &super::market::Listing| Listed {
            symbol: l.instrument.symbol,
            digits: l.instrument.digits,
            quote: l.quote,
        };
        Saved {
            v: super::store::VERSION,
            currency: self.engine.currency,
            balance: self.engine.balance,
            book: self.engine.book.clone(),
            killed: self.engine.killed.clone(),
            kills: self.kills,
            last_reset: self.last_reset.clone(),
            listed: self.engine.market.listings().map(listed).collect(),
            memory: self.memory.saved(),
        }
    }
}

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Ticks handed to libzmq.
    pub ticks_published: AtomicU64,
    /// `OPEN_ORDER` requests accepted.
    pub orders_accepted: AtomicU64,
    /// `OPEN_ORDER` requests refused.
    pub orders_refused: AtomicU64,
    /// Requests that are no v1.0 request, or of an unknown action.
    pub malformed: AtomicU64,
    kill_reads: Mutex<VecDeque<u64>>,
}

impl Counters {
    /// Notes when a KILL_SWITCH was read.
    pub fn kill_read(&self, mono_ns: u64) {
        let mut reads = self.kill_reads.lock().unwrap_or_else(PoisonError::into_inner);
        if reads.len() == KILL_READS_KEPT {
            reads.pop_front();
        }
        reads.push_back(mono_ns);
    }

    /// When KILL_SWITCH requests were read, oldest first.
    pub fn kill_reads(&self) -> Vec<u64> {
        let reads = self.kill_reads.lock().unwrap_or_else(PoisonError::into_inner);
        reads.iter().copied().collect()
    }
}

/// What the threads share.
pub struct Floor {
    core: Mutex<Core>,
    /// The memory on disk.
    pub store: Store,
    fault: Mutex<Text>,
    /// Counters.
    pub counters: Counters,
    /// Ends all threads.
    pub halt: Halt,
    /// The latch file it obeys.
    pub latch: LatchWatch,
    /// `server_name`.
    pub server_name: &'static str,
    /// The gateway's own name.
    pub name: Text,
}

impl Floor {
    /// Opens the memory and puts the desk as it was left.
    pub fn open(options: &GatewayOptions, symbols: &[(Symbol, u32)]) -> Result<Self, GatewayError> {
        let currency = options.check()?;
        let latch = LatchWatch::new(options.latch.clone());
        let store = Store::open(&options.state_dir)?;
        let saved = store.load()?;
        let mut market = Market::default();
        let left = |symbol| saved.iter().flat_map(|s| &s.listed).find(|l| l.symbol == symbol);
        for (symbol, digits) in symbols {
            let instrument = Instrument::of(*symbol, *digits, currency);
            market.list(instrument, left(*symbol).and_then(|l| l.quote));
        }
        // What was quoted once keeps its last quote: a position in it can
        // still be valued and closed.
        for old in saved.iter().flat_map(|s| &s.listed) {
            market.list(Instrument::of(old.symbol, old.digits, currency), old.quote);
        }
        let account = &options.account;
        let engine = Engine::new(market, account.balance, currency, account.leverage);
        let mut core =
            Core { engine, memory: Memory::default(), kills: 0, last_reset: None, generation: 1 };
        if let Some(saved) = saved {
            if saved.currency != currency {
                let cause = format!("it is an account in {}, not {currency}", saved.currency);
                return Err(store.bad(&cause));
            }
            core.engine.balance = saved.balance;
            core.engine.book = saved.book;
            core.engine.killed = saved.killed;
            core.kills = saved.kills;
            core.last_reset = saved.last_reset;
            core.memory = Memory::restored(saved.memory);
        }
        let floor = Self {
            core: Mutex::new(core),
            store,
            fault: Mutex::default(),
            counters: Counters::default(),
            halt: Halt::default(),
            latch,
            server_name: options.server_name(),
            name: options.name.clone(),
        };
        floor.save().map_err(|cause| floor.store.bad(cause.as_str()))?;
        Ok(floor)
    }

    /// The desk; to be let go before anything slow.
    pub fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the memory and waits until disk has it.
    ///
    /// # Errors
    /// Why not; it is tried again once a second.
    pub fn save(&self) -> Result<(), Text> {
        let (generation, saved) = {
            let core = self.core();
            (core.generation, core.saved())
        };
        self.write(generation, &saved)
    }

    /// Writes a snapshot, unless a younger one is there already.
    pub fn write(&self, generation: u64, saved: &Saved) -> Result<(), Text> {
        let written = self.store.save(generation, saved);
        let fault = written.as_ref().err().cloned().unwrap_or_default();
        let mut known = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != fault {
            if fault.is_empty() {
                tracing::info!("gateway memory is written again");
            } else {
                tracing::error!("gateway memory can't be written: {fault}");
            }
            *known = fault;
        }
        written
    }

    /// Whether something waits to be written.
    pub fn is_dirty(&self) -> bool {
        self.core().generation > self.store.written()
    }

    /// Why the memory can't be written, empty when it can.
    pub fn fault(&self) -> Text {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The kill in force.
    pub fn killed(&self) -> Option<KillRecord> {
        self.core().engine.killed.clone()
    }

    /// What telemetry says.
    pub fn status(&self) -> crate::wire::GatewayStatus {
        let (killed, positions, pending) = {
            let core = self.core();
            let book = &core.engine.book;
            (core.engine.killed.clone(), book.positions.len(), book.pending.len())
        };
        let count = |n: &AtomicU64| n.load(Ordering::Relaxed);
        crate::wire::GatewayStatus {
            v: crate::wire::telemetry::VERSION,
            gateway: self.name.clone(),
            server_name: Text::new(self.server_name),
            killed: killed.is_some(),
            kill_id: killed.map(|k| k.kill_id).unwrap_or_default(),
            orders_accepted: count(&self.counters.orders_accepted),
            orders_refused: count(&self.counters.orders_refused),
            positions: positions as u64,
            pending: pending as u64,
            ticks_published: count(&self.counters.ticks_published),
            fault: self.fault(),
            time_us: clock::utc(),
        }
    }
}
