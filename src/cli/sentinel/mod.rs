//! `crs sentinel`: asks the model each minute and trades on its word.

mod desk;
mod keeper;
mod plan;

use super::exit::exits;
use super::{Context, Exit, Failure, Outcome, logs, wiring};
use crate::breaker::{Gate, Watcher};
use crate::config::Settings;
use crate::domain::{Decision, GatewayAddr, Lots, Symbol, Text};
use crate::sentinel::{Look, Options, Sentinel, StartFault};
use desk::GatewayDesk;
use plan::Plan;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Role of the sentinel in the audit log.
const ROLE: &str = "sentinel";
/// What it says on standard error without `CRS_LOG`.
const USUALLY: &str = "crs=info";
/// The first look at the latch must be done by then.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// How to trade.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "ended by SIGTERM, SIGINT or SIGHUP; with --once: every symbol was decided",
    1 "could not start, with the reason; with --once: a symbol or the cycle was skipped or failed",
    2 "the threshold is not within 0 and 1",
))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Args {
    /// Host of the model server (HUB)
    #[arg(long, value_name = "HOST", value_parser = super::args::host)]
    hub_host: Option<String>,
    /// Its port [default: 5001]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    hub_port: Option<u16>,
    /// Host of the gateway for orders (GTW); else that of the first gateway
    #[arg(long, value_name = "HOST", value_parser = super::args::host)]
    gtw_host: Option<String>,
    /// Its command port
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    gtw_port: Option<u16>,
    /// Instruments, as EURUSD,USDJPY [default: EURUSD]
    #[arg(long, value_name = "SYMBOL", value_delimiter = ',')]
    symbol: Vec<Symbol>,
    /// It acts when the model's share is above this, 0 to 1 [default: 0.6]
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    threshold: Option<String>,
    /// Volume of one order [default: 0.01]
    #[arg(long, value_name = "LOTS", value_parser = super::order::lots)]
    lots: Option<Lots>,
    /// Send nothing; the default
    #[arg(long, conflicts_with = "live")]
    dry_run: bool,
    /// Send orders. Real money needs `crs arm --live` as well
    #[arg(long)]
    live: bool,
    /// One cycle now, its decisions on standard output, and the end
    #[arg(long)]
    once: bool,
    /// Second of each minute at which a cycle begins [default: 58]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u8).range(..60))]
    second: Option<u8>,
    /// A cycle each time this has passed instead, as 10s or 500ms
    #[arg(long, value_name = "TIME", value_parser = plan::time, conflicts_with = "second")]
    every: Option<Duration>,
    /// Port of /metrics and /health; 0 serves neither [default: 8000]
    #[arg(long, value_name = "PORT")]
    metrics_port: Option<u16>,
    /// Port of telemetry (PUB/SUB); 0 publishes none [default: 5559]
    #[arg(long, value_name = "PORT")]
    events_port: Option<u16>,
    /// Append each decision to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    decision_log: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
    /// Started by its keeper, for the so many-th time
    #[arg(long, value_name = "N", hide = true)]
    kept: Option<u32>,
}

/// Runs until a signal, or one cycle.
///
/// # Errors
/// Status 2 for a threshold that is none, 78 for a wrong configuration, 1 when
/// it can't start.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let outcome = started(args, ctx);
    outcome.inspect_err(|failure| {
        if args.json {
            ctx.out.json(&serde_json::json!({ "error": Text::new(&failure.text) }));
        }
    })
}

fn started(args: &Args, ctx: &mut Context) -> Outcome {
    let settings = ctx.strict()?.settings;
    let plan = plan::plan(args, settings, &ctx.flags)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in
        [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
    {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::failed)?;
    }
    let said = logs::usually(USUALLY);
    let outcome = match args.kept {
        None if !args.once => keeper::keep(&stop),
        _ => work(args, plan, &stop, ctx),
    };
    if let Some(said) = said {
        said.end(logs::PATIENCE);
    }
    outcome
}

fn work(args: &Args, plan: Plan, stop: &AtomicBool, ctx: &mut Context) -> Outcome {
    if args.kept.is_some() {
        keeper::follow()?;
    }
    let Plan { settings, gateway, options, stranger } = plan;
    let gate = Arc::new(Gate::default());
    let look = Look::new(Arc::clone(&gate));
    let desk = GatewayDesk::new(settings.clone(), gateway.clone(), Arc::clone(&gate));
    let shown = options.clone();
    let opened = Sentinel::open(options, Arc::clone(&look), Arc::new(desk), !args.once);
    let sentinel = opened.map_err(|e: StartFault| Failure::failed(e))?;
    let watcher = watched(&settings, &gate, &look);
    if !args.once && args.kept.is_none_or(|run| run == 0) {
        announce(args.json, &shown, &gateway, &sentinel, ctx);
    }
    if stranger && shown.live {
        tracing::warn!(
            "{} is no configured gateway: a kill reaches only those of [[gateway]], and real money \
             can't be armed for it",
            gateway.cmd
        );
    }
    let outcome = if args.once {
        once(args.json, sentinel, stop, ctx)
    } else {
        sentinel.run(stop).map(|()| Exit::OK).map_err(Failure::failed)
    };
    watcher.stop();
    outcome
}

/// The watch of the latch, after its first look or when that takes too long.
fn watched(settings: &Settings, gate: &Arc<Gate>, look: &Arc<Look>) -> Watcher {
    let (tell, told) = crossbeam_channel::bounded(1);
    let mut teller = look.teller();
    let watcher = wiring::watch(settings, ROLE, Arc::clone(gate), move |verdict| {
        teller(verdict);
        let _ = tell.try_send(());
    });
    // One that hangs leaves the gate closed, as it began.
    let _ = told.recv_timeout(FIRST_LOOK);
    watcher
}

fn once(json: bool, sentinel: Sentinel, stop: &AtomicBool, ctx: &mut Context) -> Outcome {
    let ended = sentinel.once(stop).map_err(Failure::failed)?;
    let ended = ended.ok_or_else(|| Failure::failed("broken off by a signal"))?;
    let decisions: Vec<&Decision> = ended.outcomes.iter().map(|o| &o.decision).collect();
    if json {
        ctx.out.json(&serde_json::json!({ "decisions": decisions, "wrong": ended.wrong }));
    } else {
        for d in decisions {
            let order = if d.order.is_empty() { String::new() } else { format!(" {}", d.order) };
            ctx.out.line(format!("{}: {}{order}: {}", d.symbol, d.action, d.why));
        }
    }
    Ok(if ended.wrong.is_empty() { Exit::OK } else { Exit::FAILED })
}

/// The documented banner, or the same as a document.
fn announce(
    json: bool,
    options: &Options,
    gateway: &GatewayAddr,
    sentinel: &Sentinel,
    ctx: &mut Context,
) {
    if json {
        #[derive(Serialize)]
        struct Report {
            hub: String,
            gtw: String,
            symbols: Vec<Symbol>,
            threshold: String,
            lots: String,
            dry_run: bool,
            metrics: Option<String>,
            telemetry: Option<String>,
            state: Text,
            pid: u32,
        }
        return ctx.out.json(&Report {
            hub: options.hub_url(),
            gtw: gateway.cmd.zmq(),
            symbols: options.symbols.clone(),
            threshold: options.threshold.to_string(),
            lots: options.lots.to_string(),
            dry_run: !options.live,
            metrics: sentinel.web().map(|at| format!("http://{at}/metrics")),
            telemetry: options.events.as_ref().map(ToString::to_string),
            state: Text::new(&options.dir.to_string_lossy()),
            pid: std::process::id(),
        });
    }
    let rule = "=".repeat(60);
    let dry = if options.live { "False" } else { "True" };
    ctx.out.line(format!("{rule}\nSentinel Daemon Initialized\n{rule}"));
    ctx.out.line(format!("HUB: {}\nGTW: {}", options.hub_url(), gateway.cmd.zmq()));
    ctx.out.line(format!("Symbol: {}\nThreshold: {}", options.names(), options.threshold));
    ctx.out.line(format!("Dry Run: {dry}\n{rule}"));
}
