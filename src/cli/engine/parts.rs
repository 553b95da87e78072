//! What a run is put together from.

use super::{Args, ROLE};
use crate::breaker::{Gate, Watcher};
use crate::cli::{Context, Failure, Out, alone, wiring};
use crate::config::{EngineSettings, Settings, StrategyChoice};
use crate::domain::{Endpoint, GatewayAddr, Intent, Symbol, Text};
use crate::engine::file::{FileLog, LogOptions};
use crate::engine::health::{Engage, HealthWatch};
use crate::engine::source::{CsvTicks, GatewayTicks, MockTicks, Source};
use crate::engine::strategy::{MovingAverage, Strategy, Threshold};
use crate::engine::tell::{About, Teller};
use crate::engine::{Counters, Latch};
use crate::event::channel_pair;
use crate::host::clock;
use crate::link::{SubLimits, context};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The first look at the latch must be done by then; one that hangs leaves the
/// gate closed.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// Ticks that libzmq may hold for us.
const RECEIVE_HWM: i32 = 100_000;
const MEGABYTE: u64 = 1_000_000;

/// The watch of the latch.
pub(super) struct Watched {
    latch: Latch,
    watcher: Watcher,
}

impl Watched {
    pub(super) fn start(settings: &Settings) -> Self {
        let gate = Arc::new(Gate::default());
        let latch = Latch::new(Arc::clone(&gate), &settings.kill_switch_file);
        let (first, looked) = crossbeam_channel::bounded(1);
        let mut tell = latch.teller();
        let watcher = wiring::watch(settings, ROLE, gate, move |verdict| {
            tell(verdict);
            let _ = first.try_send(());
        });
        let _ = looked.recv_timeout(FIRST_LOOK);
        Self { latch, watcher }
    }

    pub(super) fn latch(&self) -> Latch {
        self.latch.clone()
    }

    pub(super) fn stop(self) {
        self.watcher.stop();
    }
}

pub(super) fn strategy(own: &EngineSettings) -> Box<dyn Strategy> {
    match own.strategy {
        StrategyChoice::Threshold => {
            Box::new(Threshold { buy_above: own.buy_above, sell_below: own.sell_below })
        }
        StrategyChoice::MovingAverage => Box::new(MovingAverage::new(own.fast, own.slow)),
    }
}

pub(super) fn symbols(own: &EngineSettings) -> Text {
    let names: Vec<&str> = own.symbols.iter().map(Symbol::as_str).collect();
    Text::new(if names.is_empty() { String::from("all") } else { names.join(", ") }.as_str())
}

pub(super) fn source(
    args: &Args,
    gateway: Option<&GatewayAddr>,
    settings: &Settings,
) -> Result<Box<dyn Source>, Failure> {
    if let Some(gateway) = gateway {
        let limits = wiring::limits(settings);
        let limits = SubLimits {
            max_message: limits.max_message,
            silence: limits.silence,
            receive_hwm: RECEIVE_HWM,
        };
        let zmq = context().map_err(Failure::failed)?;
        let ticks = GatewayTicks::connect(&zmq, gateway, limits).map_err(Failure::failed)?;
        return Ok(Box::new(ticks));
    }
    if args.ticks == "mock" {
        return Ok(Box::new(MockTicks::new(args.count).map_err(Failure::failed)?));
    }
    let path = Path::new(&args.ticks);
    Ok(Box::new(CsvTicks::open(path, args.speed).map_err(Failure::failed)?))
}

/// The log file; none where entries go to standard output instead.
pub(super) fn log(
    args: &Args,
    own: &EngineSettings,
    settings: &Settings,
) -> Result<Option<FileLog>, Failure> {
    let path = match &args.log {
        Some(path) if path.as_os_str() == "-" => return Ok(None),
        Some(path) => std::path::absolute(path).map_err(Failure::failed)?,
        None => own.log.clone().unwrap_or_else(|| settings.state_dir.join("engine.jsonl")),
    };
    let limit = own.log_max_mb.saturating_mul(MEGABYTE);
    let options = LogOptions { path, limit, keep: own.log_keep };
    FileLog::open(options).map(Some).map_err(Failure::failed)
}

/// Telemetry. A port that somebody asked for must be had; the usual one may be
/// another engine's, and then this one says that it tells nothing.
pub(super) fn teller(
    own: &EngineSettings,
    about: About,
    latch: &Latch,
    counters: &Arc<Counters>,
    asked: bool,
    ctx: &mut Context,
) -> Result<Option<Teller>, Failure> {
    if own.events_port == 0 {
        return Ok(None);
    }
    let at = Endpoint::new("127.0.0.1", own.events_port).map_err(Failure::failed)?;
    let zmq = context().map_err(Failure::failed)?;
    match Teller::start(&zmq, &at, about, latch.clone(), Arc::clone(counters)) {
        Ok(teller) => Ok(Some(teller)),
        Err(why) if asked => Err(Failure::failed(format!("telemetry: {why}"))),
        Err(why) => {
            ctx.out.note(format!("no telemetry: {why}; give another --events-port"));
            Ok(None)
        }
    }
}

/// The watch of the system's health, where one is configured. It engages by the
/// same hand as a console: gate, latch, record, agent.
pub(super) fn health(
    own: &EngineSettings,
    settings: &Settings,
    latch: &Latch,
) -> Result<Option<HealthWatch>, Failure> {
    if own.health.is_empty() {
        return Ok(None);
    }
    // Nobody hears what the hand tells: `crs status` does, and the console.
    let (sender, _) = channel_pair();
    let gate = Arc::clone(latch.gate());
    let hand = wiring::hand(settings, ROLE, false, gate, sender);
    let fallback = settings.clone();
    let gate = Arc::clone(latch.gate());
    let engage: Engage = Box::new(move |reason, how| {
        let pressed = clock::now();
        if let Ok(hand) = &hand {
            hand.decide(Intent::Block, reason.clone(), pressed);
        } else {
            // The system has no thread for a hand: this one latches and
            // records.
            gate.close();
            let done = alone::engage(Intent::Block, reason.as_str(), pressed, &fallback);
            gate.name_kill(done.engage_id);
        }
        Out::default().note(format!("{reason}: {how}"));
    });
    let timeout = Duration::from_millis(own.health_timeout_ms);
    HealthWatch::start(own.health.clone(), timeout, latch.clone(), engage)
        .map(Some)
        .map_err(Failure::failed)
}
