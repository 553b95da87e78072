//! `crs demo`: paper gateway, signal source and console in one process, on
//! free loopback ports and in a scratch directory that is removed again.
//!
//! Nothing of it can be taken for the real thing: the mode is SIM, the latch
//! is a scratch file, and no configured address is used.

mod scratch;
mod signals;

use super::exit::exits;
use super::session::{Plan, Session};
use super::{Context, Failure, Outcome, wiring};
use crate::config::Settings;
use crate::domain::{GatewayAddr, Mode, Text};
use crate::gateway::{Gateway, GatewayOptions, RunningGateway, SimOptions};
use crate::host::ids;
use crate::tui::terminal;
use scratch::Scratch;
use signals::Signals;

/// How lively.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "left by a key",
    1 "no terminal, or no scratch directory, port or thread to be had",
    129 "the terminal was lost",
    130 "SIGINT",
    143 "SIGTERM",
))]
pub struct Args {
    /// Ticks per second, all symbols together
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Seed of the market: the same seed walks the same way
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Starts everything, shows the console, removes everything.
///
/// # Errors
/// Status 1 when there is no terminal or no place for it.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    // Only looks are taken from the configuration, so its mistakes are told,
    // not fatal.
    let loaded = ctx.loaded();
    terminal::present().map_err(Failure::failed)?;
    let notes = loaded.problems.iter().map(|p| Text::new(&p.to_string())).collect();
    let scratch = Scratch::make().map_err(Failure::failed)?;
    let gateway = start_gateway(args, &scratch)?;
    let settings = settings_of(loaded.settings, &scratch, &gateway);
    let home = wiring::latch_home(&settings);
    let plan = Plan {
        settings: settings.clone(),
        forced_mode: Some(Mode::Sim),
        config: Text::new("crs demo: nothing here is real"),
        notes,
    };
    let ended = Session::open(plan).and_then(|session| {
        let source = Signals::start(&settings, session.gate(), session.sender());
        let ended = session.show();
        drop(source);
        ended
    });
    scratch::end_agent(&home);
    gateway.stop();
    scratch.remove();
    ended
}

fn start_gateway(args: &Args, scratch: &Scratch) -> Result<RunningGateway, Failure> {
    let sim = SimOptions {
        seed: args.seed.unwrap_or_else(ids::random_u64),
        rate_hz: args.rate,
        ..SimOptions::default()
    };
    let mut options = GatewayOptions::embedded(sim, scratch.join("gateway"));
    options.latch = Some(scratch.latch());
    Gateway::start(&options).map_err(Failure::failed)
}

/// The user's looks, and nothing else that leads out of the scratch directory.
fn settings_of(user: Settings, scratch: &Scratch, gateway: &RunningGateway) -> Settings {
    let at = gateway.addresses();
    let main = GatewayAddr { name: Text::new("sim"), cmd: at.cmd.clone(), data: at.data.clone() };
    Settings {
        gateways: vec![main],
        events: vec![at.events.clone()],
        kill_switch_file: scratch.latch(),
        theme: user.theme,
        keymap: user.keymap,
        color: user.color,
        fps: user.fps,
        ..Settings::defaults(user.config_dir, scratch.join("state"))
    }
}
