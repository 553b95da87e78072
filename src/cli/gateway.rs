//! `crs gateway`: the paper gateway, and its way back after a kill.

use super::exit::exits;
use super::{Context, Exit, Failure, Outcome, status};
use crate::config::{Settings, dirs};
use crate::domain::{LatchPhase, Money, Symbol, Text};
use crate::gateway::{
    self, CsvOptions, Gateway, GatewayOptions, RunningGateway, SimOptions, TickSource,
};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What to play.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = exits!(
    0 "stopped by SIGINT, SIGTERM or SIGHUP",
    1 "could not start, or a socket failed",
))]
pub struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Let it take orders again after a kill; on its own host only
    #[command(after_help = exits!(
        0 "the gateway has forgotten the kill; the latch has a way back of its own, crs reset",
        1 "no reason, no kill, or the gateway did not take it",
    ))]
    Reset {
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct Serve {
    /// Address to bind; 127.0.0.1 unless the configuration says otherwise
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Telemetry port (PUB/SUB); commands and ticks are --cmd-port and --data-port
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    events_port: Option<u16>,
    /// Take any free ports instead, and say which
    #[arg(long)]
    free_ports: bool,
    /// Play quotes of a file with columns timestamp,symbol,bid,ask
    #[arg(long = "ticks", value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Play the file N times faster
    #[arg(long, value_name = "N", default_value_t = 1, requires = "csv")]
    speed: u32,
    /// Begin the file again after its last row
    #[arg(long, requires = "csv")]
    repeat: bool,
    /// Symbols of the simulator, as EURUSD,USDJPY
    #[arg(long, value_name = "SYMBOL", value_delimiter = ',', conflicts_with = "csv")]
    symbols: Vec<Symbol>,
    /// Ticks per second of the simulator, all symbols together
    #[arg(long, value_name = "N", conflicts_with = "csv")]
    rate: Option<u32>,
    /// Seed of the simulator: the same seed walks the same way
    #[arg(long, value_name = "N", conflicts_with = "csv")]
    seed: Option<u64>,
    /// Deposit of a new account; one that is remembered keeps its balance
    #[arg(long, value_name = "AMOUNT", value_parser = money)]
    balance: Option<Money>,
    /// Take orders while the kill switch file exists, as the real gateway does
    #[arg(long)]
    ignore_latch: bool,
    /// Say where it listens as one JSON document
    #[arg(long)]
    json: bool,
}

/// Serves until a signal, or resets.
///
/// # Errors
/// Status 78 for a wrong configuration, 1 when it can't start or reset.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    match &args.part {
        Some(Part::Reset { reason }) => {
            let settings = ctx.strict()?.settings;
            reset(&settings, reason, ctx)
        }
        None => started(&args.serve, ctx).inspect_err(|failure| {
            // Who reads the one document must not have to read words as well.
            if args.serve.json {
                ctx.out.json(&serde_json::json!({ "error": Text::new(&failure.text) }));
            }
        }),
    }
}

fn started(args: &Serve, ctx: &mut Context) -> Outcome {
    let settings = ctx.strict()?.settings;
    dirs::ensure_private(&settings.state_dir).map_err(Failure::failed)?;
    serve(&options(args, &settings, ctx), args.json, ctx)
}

/// Where it keeps its memory in a state directory.
pub(super) fn memory(state_dir: &Path) -> PathBuf {
    state_dir.join("paper")
}

fn options(serve: &Serve, settings: &Settings, ctx: &Context) -> GatewayOptions {
    let ticks = match &serve.csv {
        Some(path) => TickSource::Csv(CsvOptions {
            path: path.clone(),
            speed: serve.speed,
            repeat: serve.repeat,
        }),
        None => TickSource::Simulator(simulator(serve)),
    };
    let mut options = GatewayOptions::new(&settings.paper, ticks, memory(&settings.state_dir));
    if let Some(bind) = &serve.bind {
        options.bind.clone_from(bind);
    }
    options.cmd_port = ctx.flags.cmd_port.unwrap_or(options.cmd_port);
    options.data_port = ctx.flags.data_port.unwrap_or(options.data_port);
    options.events_port = serve.events_port.unwrap_or(options.events_port);
    if serve.free_ports {
        (options.cmd_port, options.data_port, options.events_port) = (0, 0, 0);
    }
    if let Some(balance) = serve.balance {
        options.account.balance = balance;
    }
    options.latch = (!serve.ignore_latch).then(|| settings.kill_switch_file.clone());
    options
}

fn simulator(serve: &Serve) -> SimOptions {
    let usual = SimOptions::default();
    SimOptions {
        seed: serve.seed.unwrap_or(usual.seed),
        symbols: if serve.symbols.is_empty() { usual.symbols } else { serve.symbols.clone() },
        rate_hz: serve.rate.unwrap_or(usual.rate_hz),
    }
}

fn serve(options: &GatewayOptions, json: bool, ctx: &mut Context) -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in
        [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
    {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::failed)?;
    }
    let running = Gateway::start(options).map_err(Failure::failed)?;
    announce(&running, options, json, ctx);
    while !stop.load(Ordering::Relaxed) && running.is_serving() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let counts = running.counts();
    running.stop();
    ctx.out.note(format!(
        "stopped: ticks {}, orders accepted {}, refused {}, after a kill {}",
        counts.ticks_published,
        counts.orders_accepted,
        counts.orders_refused,
        counts.orders_after_kill,
    ));
    if stop.load(Ordering::Relaxed) {
        Ok(Exit::OK)
    } else {
        Err(Failure::failed("the gateway's socket failed; CRS_LOG=info says why"))
    }
}

fn announce(running: &RunningGateway, options: &GatewayOptions, json: bool, ctx: &mut Context) {
    let at = running.addresses();
    if json {
        #[derive(Serialize)]
        struct Report<'a> {
            server_name: &'a str,
            commands: String,
            ticks: String,
            telemetry: String,
            killed: bool,
            pid: u32,
        }
        ctx.out.json(&Report {
            server_name: options.server_name(),
            commands: at.cmd.to_string(),
            ticks: at.data.to_string(),
            telemetry: at.events.to_string(),
            killed: running.is_killed(),
            pid: std::process::id(),
        });
    } else {
        ctx.out.line(format!("{}: paper money, no broker", options.server_name()));
        ctx.out
            .line(format!("commands  {}\nticks     {}\ntelemetry {}", at.cmd, at.data, at.events));
        if let Some(latch) = &options.latch {
            ctx.out.line(format!("latch     {}", latch.display()));
        }
    }
    if running.is_killed() {
        let text = "killed earlier: orders are refused until `crs gateway reset --reason …`";
        ctx.out.note(text);
    }
    if !at.cmd.is_loopback() {
        ctx.out.note(format!("{} is not loopback: whoever reaches it can trade here", at.cmd));
    }
}

fn reset(settings: &Settings, reason: &str, ctx: &mut Context) -> Outcome {
    let done = gateway::reset(&memory(&settings.state_dir), reason).map_err(Failure::failed)?;
    let how = if done.running { "the running gateway" } else { "the gateway's memory" };
    let kill = done.kill_id;
    let latch = status::look(settings);
    let path = settings.kill_switch_file.display();
    let (phase, why) = (latch.phase.word(), &latch.reason);
    // The two are led back apart, and only both of them let an order through.
    let held = match latch.phase {
        LatchPhase::Safe => None,
        LatchPhase::Disarmed => {
            Some(format!("the switch is {phase}: crs arm, when trading may go on"))
        }
        LatchPhase::Blocked => Some(format!("the switch is {phase} ({why}): see crs doctor")),
        _ => Some(format!(
            "the latch still stands ({phase}: {why}) at {path}: crs reset, then crs arm, when it \
             is over"
        )),
    };
    match held {
        None => ctx.out.line(format!("{how} takes orders again; the kill was {kill}")),
        Some(held) => ctx.out.line(format!(
            "{how} has forgotten the kill {kill}, but orders are still denied: {held}"
        )),
    }
    Ok(Exit::OK)
}

fn money(text: &str) -> Result<Money, String> {
    match Money::parse(text) {
        Ok(money) if money > Money::ZERO => Ok(money),
        _ => Err(format!("\"{}\" is no amount above zero", Text::limited(text, 40))),
    }
}
