//! The paper gateway: Protocol v1.0 over real sockets, without a broker.
//!
//! It is what the console is tried against, so it shares no client code
//! (nothing of `link`, `feeds`, `event`), or both ends would share a bug. It
//! is a broker's desk in miniature, and not MT5: fills are immediate and at
//! the quote, there is no commission, no swap, no session.
//!
//! | file | what lives there |
//! |---|---|
//! | [`options`] | what it is started with |
//! | `engine` `book` `rules` `market` `currency` | the desk, pure |
//! | `payload` `answer` | the wire's words, in and out |
//! | `memory` | first answers to repeated requests |
//! | `desk` | the six actions |
//! | `floor` | what the threads share |
//! | `server` | the commands' thread: a ROUTER that REQ can't tell from a REP |
//! | `ticks` `publish` | quotes and the thread that publishes them |
//! | `keeper` | disk, resets, telemetry |
//! | `store` | what survives a restart |
//! | `latch` | the lock file it obeys |
//! | [`mod@reset`] | the way back after a kill |
//!
//! # Where it is stricter than the documents
//! KILL_SWITCH cancels pending orders, closes everything, and then refuses
//! `OPEN_ORDER` until [`reset()`] on its own host; it remembers over restarts,
//! and its memory is synced before it answers. A repeated `req_id` of
//! `OPEN_ORDER`, `CLOSE_POSITION` or KILL_SWITCH gets the first answer and does
//! nothing (the last 10,000 of each; of them 128 orders, 128 closes and 1,000
//! kills survive a restart); the same id with another payload is refused. A
//! `side` key is refused. Answers carry added fields, documented ones keep
//! their names and meaning.

mod answer;
mod book;
mod currency;
mod desk;
mod engine;
#[cfg(test)]
mod engine_tests;
mod error;
mod floor;
mod halt;
mod keeper;
mod latch;
mod market;
mod memory;
pub mod options;
pub mod payload;
mod publish;
pub mod reset;
mod rules;
mod server;
mod sockets;
mod store;
mod ticks;

pub use error::GatewayError;
pub use options::{AccountOptions, CsvOptions, GatewayOptions, SimOptions, TickSource};
pub use reset::{ResetDone, reset};
pub use ticks::SourceError;

use crate::domain::Endpoint;
use floor::Floor;
use publish::{TelemetryPublisher, TickPublisher};
use server::Server;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use ticks::pump::Pump;

/// Where a gateway listens, with the ports it really got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Commands.
    pub cmd: Endpoint,
    /// Ticks.
    pub data: Endpoint,
    /// Telemetry.
    pub events: Endpoint,
}

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GatewayCounts {
    /// Ticks published.
    pub ticks_published: u64,
    /// `OPEN_ORDER` requests accepted.
    pub orders_accepted: u64,
    /// `OPEN_ORDER` requests refused.
    pub orders_refused: u64,
    /// Requests that are no v1.0 request, or of an unknown action.
    pub malformed: u64,
    /// Orders and positions that got in although a KILL_SWITCH had been read
    /// and not reset: must be 0.
    pub orders_after_kill: u64,
}

/// Starts gateways.
#[derive(Debug)]
pub struct Gateway;

/// A gateway that runs; it stops when this is dropped.
pub struct RunningGateway {
    floor: Arc<Floor>,
    addresses: Addresses,
    threads: Vec<JoinHandle<()>>,
}

impl Gateway {
    /// Opens the memory and the ticks, binds, and starts the threads. When it
    /// returns, commands are taken and every simulated symbol has a quote.
    ///
    /// # Errors
    /// [`GatewayError`] when an option makes no sense, the memory can't be
    /// used, a row of the file is no quote, or a port is taken.
    pub fn start(options: &GatewayOptions) -> Result<RunningGateway, GatewayError> {
        options.check()?;
        let opened = ticks::open(&options.ticks)?;
        let floor = Arc::new(Floor::open(options, &opened.symbols)?);
        reset::discard(floor.store.dir());
        // Two contexts: a storm of ticks must not keep the commands' I/O
        // thread busy.
        let (commands, publications) = (zmq::Context::new(), zmq::Context::new());
        let bind = options.bind.as_str();
        let cmd = sockets::commands(&commands, bind, options.cmd_port)?;
        let (tick_publisher, data) =
            TickPublisher::bind(&publications, bind, options.data_port, floor.server_name)?;
        let (telemetry, events) =
            TelemetryPublisher::bind(&publications, bind, options.events_port)?;
        let addresses = Addresses { cmd: cmd.endpoint, data, events };
        let mut running = RunningGateway { floor, addresses, threads: Vec::new() };
        let floor = || Arc::clone(&running.floor);
        let mut pump = Pump::new(opened.source, floor(), tick_publisher);
        pump.step();
        let (server, keeper) = (Server::new(cmd.socket, floor()), floor());
        let (latched, told) = (floor(), floor());
        running.spawn("gateway-commands", move || server.run())?;
        running.spawn("gateway-ticks", move || pump.run())?;
        running.spawn("gateway-keeper", move || keeper::keep(&keeper))?;
        running.spawn("gateway-latch", move || latched.latch.run(&latched.halt))?;
        running.spawn("gateway-telemetry", move || keeper::publish(&told, &telemetry))?;
        running.announce(options);
        Ok(running)
    }
}

impl RunningGateway {
    /// Where it listens.
    #[must_use]
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Counters since the start.
    #[must_use]
    pub fn counts(&self) -> GatewayCounts {
        let counters = &self.floor.counters;
        GatewayCounts {
            ticks_published: counters.ticks_published.load(Ordering::Relaxed),
            orders_accepted: counters.orders_accepted.load(Ordering::Relaxed),
            orders_refused: counters.orders_refused.load(Ordering::Relaxed),
            malformed: counters.malformed.load(Ordering::Relaxed),
            orders_after_kill: self.orders_after_kill(),
        }
    }

    /// Orders and positions that got in after a KILL_SWITCH was read and
    /// before a reset: must be 0.
    #[must_use]
    pub fn orders_after_kill(&self) -> u64 {
        self.floor.core().engine.leaks
    }

    /// When each KILL_SWITCH was read (repeated ones too), nanoseconds of
    /// `host::clock::mono_ns`, oldest first; the last 4,096.
    #[must_use]
    pub fn kill_reads(&self) -> Vec<u64> {
        self.floor.counters.kill_reads()
    }

    /// Whether a KILL_SWITCH is in force.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.floor.killed().is_some()
    }

    /// Whether it still serves; false after a fault of its sockets.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        !self.floor.halt.is_set()
    }

    /// Ends the threads, writes the memory, and returns when both is done.
    pub fn stop(self) {}

    fn spawn(
        &mut self,
        name: &'static str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), GatewayError> {
        let thread = std::thread::Builder::new().name(String::from(name)).spawn(work);
        self.threads.push(thread.map_err(|cause| GatewayError::Thread { name, cause })?);
        Ok(())
    }

    fn announce(&self, options: &GatewayOptions) {
        let Addresses { cmd, data, events } = &self.addresses;
        let name = options.server_name();
        tracing::info!("{name} takes commands on {cmd}, ticks on {data}, telemetry on {events}");
        if !cmd.is_loopback() {
            tracing::warn!("{cmd} is not loopback: whoever reaches it can trade this account");
        }
        if let Some(kill) = self.floor.killed() {
            let (id, at) = (kill.kill_id, kill.at.iso());
            tracing::warn!("[KILL_SWITCH] still engaged by request {id} of {at}: orders refused");
        }
    }
}

impl Drop for RunningGateway {
    fn drop(&mut self) {
        self.floor.halt.set();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Runs a gateway until `stop` is set.
///
/// # Errors
/// [`GatewayError`], as [`Gateway::start`], and when its socket fails.
pub fn run(options: &GatewayOptions, stop: &AtomicBool) -> Result<(), GatewayError> {
    let running = Gateway::start(options)?;
    while !stop.load(Ordering::Relaxed) && running.is_serving() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let asked = stop.load(Ordering::Relaxed);
    running.stop();
    if asked { Ok(()) } else { Err(GatewayError::Stopped) }
}
