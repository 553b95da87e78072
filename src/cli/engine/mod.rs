//! `crs engine`: the live engine.

mod desk;
mod lag;
mod parts;
mod rest;
mod scenario;

use super::exit::exits;
use super::reach::{first, seconds};
use super::{Context, Exit, Failure, Outcome};
use crate::config::{EngineSettings, Settings, StrategyChoice, dirs};
use crate::domain::{GatewayAddr, Lots, Symbol};
use crate::engine::shown::Shown;
use crate::engine::sinks::Sinks;
use crate::engine::tell::About;
use crate::engine::{Counters, Engine, Report, Run};
use crate::host::clock;
use desk::LiveDesk;
use lag::LagLine;
use scenario::Which;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Role in the audit log, and the consumer's name in its evidence.
const ROLE: &str = "engine";

/// What to run on what.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "ended: all ticks taken, SIGINT or SIGTERM, or the reader left; scenarios passed",
    1 "could not start: log, socket, file, or real money that is not armed; a scenario failed",
))]
pub struct Args {
    /// Orders leave the process; needs ticks of a gateway, symbols, and for real money `crs arm --live`
    #[arg(long)]
    live: bool,
    /// gateway, mock (EURUSD, every 10 ms), or a file with columns timestamp,symbol,bid,ask
    #[arg(long, value_name = "SOURCE", default_value = "gateway")]
    ticks: String,
    /// Ticks of the mock; without end otherwise
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Play a file N times faster; 0 without any wait
    #[arg(long, value_name = "N", default_value_t = 1)]
    speed: u64,
    /// The gateway, by its name in the configuration; the first one without
    #[arg(long, value_name = "NAME")]
    on: Option<String>,
    /// Trade only this instrument, EURUSD also as EURUSD.s; may be repeated [default: engine.symbols, all if empty]
    #[arg(long, value_name = "SYMBOL")]
    symbol: Vec<Symbol>,
    /// threshold or moving-average [default: engine.strategy]
    #[arg(long, value_name = "NAME", value_parser = strategy)]
    strategy: Option<StrategyChoice>,
    /// Volume of each live order in lots [default: engine.lots]
    #[arg(long, value_parser = lots)]
    lots: Option<Lots>,
    /// End after so many ticks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_ticks: Option<u64>,
    /// Log file, one JSON line for each tick; - for standard output [default: engine.log]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Entries to standard output, beside the log
    #[arg(long)]
    stdout: bool,
    /// Telemetry
    #[arg(long, value_name = "PORT")]
    #[arg(help = "Telemetry port on 127.0.0.1, 0 for none [default: engine.events_port]")]
    events_port: Option<u16>,
    /// Longest wait for each answer to a live order, in seconds
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    timeout: Duration,
    /// Play the documented scenarios on a stage of their own, and judge them
    #[arg(long, value_name = "N", value_enum, conflicts_with_all = ["live", "stdout", "log"])]
    scenario: Option<Which>,
    /// One JSON document on standard output, in the end
    #[arg(long, conflicts_with = "stdout")]
    json: bool,
}

/// Runs until its end, and reports.
///
/// # Errors
/// Status 78 for a wrong configuration, 64 for flags that don't go together,
/// 1 when it can't start.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let settings = ctx.strict()?.settings;
    if let Some(which) = args.scenario {
        return scenario::run(which, args.json, &settings, ctx);
    }
    let plan = Plan::of(args, &settings)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in
        [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
    {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::failed)?;
    }
    dirs::ensure_private(&settings.state_dir).map_err(Failure::failed)?;
    let report = plan.run(&settings, &stop, ctx)?;
    finish(&report, args.json, args.to_stdout(), ctx);
    Ok(Exit::OK)
}

impl Args {
    /// Whether entries go to standard output.
    fn to_stdout(&self) -> bool {
        self.stdout || self.log.as_ref().is_some_and(|path| path.as_os_str() == "-")
    }
}

/// A run that makes sense.
struct Plan<'a> {
    args: &'a Args,
    own: EngineSettings,
    gateway: Option<&'a GatewayAddr>,
}

impl<'a> Plan<'a> {
    fn of(args: &'a Args, settings: &'a Settings) -> Result<Self, Failure> {
        let mut own = settings.engine.clone();
        if !args.symbol.is_empty() {
            own.symbols.clone_from(&args.symbol);
        }
        own.strategy = args.strategy.unwrap_or(own.strategy);
        own.lots = args.lots.unwrap_or(own.lots);
        own.events_port = args.events_port.unwrap_or(own.events_port);
        let wrong = |text: &str| Err(Failure::new(Exit::USAGE, text));
        if args.json && args.to_stdout() {
            return wrong("--json is one document on standard output: leave --log - out");
        }
        if args.count.is_some() && args.ticks != "mock" {
            return wrong("--count is of --ticks mock; to end after so many ticks: --max-ticks");
        }
        if args.live && args.ticks == "mock" {
            return wrong("--live is refused in SIM: mock ticks are no market; use a gateway's");
        }
        if args.live && args.ticks != "gateway" {
            return wrong(
                "--live is refused in REPLAY: ticks of a file are of the past; use a gateway's",
            );
        }
        if args.live && own.symbols.is_empty() {
            return wrong(
                "--live needs the symbols it may trade: --symbol EURUSD, or engine.symbols",
            );
        }
        let gateway =
            if args.ticks == "gateway" { Some(first(settings, args.on.as_deref())?) } else { None };
        Ok(Self { args, own, gateway })
    }

    fn run(
        self,
        settings: &Settings,
        stop: &Arc<AtomicBool>,
        ctx: &mut Context,
    ) -> Result<Report, Failure> {
        let Self { args, own, gateway } = &self;
        let strategy = parts::strategy(own);
        let mut source = parts::source(args, *gateway, settings)?;
        let file = parts::log(args, own, settings)?;
        let watched = parts::Watched::start(settings);
        let latch = watched.latch();
        let about = About {
            symbols: parts::symbols(own),
            strategy: crate::domain::Text::new(strategy.name()),
            live: args.live,
            started: clock::utc(),
        };
        let counters = Arc::new(Counters::default());
        let asked = args.events_port.is_some();
        let teller = parts::teller(own, about, &latch, &counters, asked, ctx)?;
        let mut engine = Engine::new(latch.clone(), strategy, own.symbols.clone());
        if let (true, Some(gateway)) = (args.live, gateway) {
            let mut desk =
                LiveDesk::new(settings, gateway, Arc::clone(latch.gate()), own.lots, args.timeout)?;
            let mode = desk
                .account()
                .map_err(|why| Failure::failed(format!("--live is refused: {why}")))?;
            let word = mode.map_or("an account that does not answer yet", |mode| mode.word());
            ctx.out
                .note(format!("LIVE ORDERS to {} ({word}): {} lots each", gateway.cmd, own.lots));
            let mut limits = crate::engine::limits::Limits::new(own.max_orders_per_minute);
            let rests = rest::remember(settings, &mut limits)
                .map_err(|why| Failure::failed(format!("--live is refused: {why}")))?;
            for line in rests {
                ctx.out.note(line);
            }
            engine = engine.with_desk(Box::new(desk), limits);
        } else {
            ctx.out.note("DRY RUN: an order is a number and a log entry, nothing is sent");
        }
        let health = parts::health(own, settings, &latch)?;
        let shown = args.to_stdout().then(|| Shown::new(Arc::clone(stop)));
        let sinks = Sinks::new(file, shown, teller);
        let mut lag = LagLine::default();
        let report = {
            let out = std::cell::RefCell::new(&mut ctx.out);
            Run {
                engine,
                sinks,
                source: &mut *source,
                counters,
                stop,
                max_ticks: args.max_ticks,
                before: None,
                hears: &mut |entry| {
                    if let Some(line) = lag.of(entry) {
                        out.borrow_mut().note(line);
                    }
                },
                says: &mut |line| out.borrow_mut().note(line),
            }
            .run()
        };
        drop(health);
        watched.stop();
        Ok(report)
    }
}

fn finish(report: &Report, json: bool, beside: bool, ctx: &mut Context) {
    if json {
        return ctx.out.json(report);
    }
    let Report { ticks, orders_generated, ticks_blocked, errors, refused, entries_lost } = report;
    let line = format!(
        "ticks {ticks}, orders_generated {orders_generated}, ticks_blocked {ticks_blocked}, \
         errors {errors}, refused {refused}, entries_lost {entries_lost}"
    );
    if beside { ctx.out.note(line) } else { ctx.out.line(line) }
}

fn strategy(text: &str) -> Result<StrategyChoice, String> {
    StrategyChoice::of(text).ok_or_else(|| "give threshold or moving-average".to_owned())
}

fn lots(text: &str) -> Result<Lots, String> {
    match Lots::parse(text) {
        Ok(lots) if lots > Lots::ZERO => Ok(lots),
        _ => Err("give a volume above zero, 0.01 say".to_owned()),
    }
}
