//! `crs demo`: paper gateway, signal source and console in one process, on
//! free loopback ports and in a scratch directory that is removed again.
//!
//! Nothing of it can be taken for the real thing: the mode is SIM, the latch
//! is a scratch file, and no configured address is used.

mod signals;

use super::exit::exits;
use super::session::{Plan, Session};
use super::stage::Stage;
use super::{Context, Failure, Outcome, back};
use crate::domain::{Mode, Text};
use crate::gateway::SimOptions;
use crate::host::ids;
use crate::tui::looks::Memory;
use crate::tui::terminal;
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
    let notes: Vec<Text> = loaded.problems.iter().map(|p| Text::new(&p.to_string())).collect();
    let sim = SimOptions {
        seed: args.seed.unwrap_or_else(ids::random_u64),
        rate_hz: args.rate,
        ..SimOptions::default()
    };
    let stage = Stage::set("sim", sim, loaded.settings)?;
    // A bare `crs reset` would be about the real latch.
    let way_back = back::of_stage(&stage.settings);
    let plan = Plan {
        settings: stage.settings.clone(),
        forced_mode: Some(Mode::Sim),
        config: Text::new("crs demo: nothing here is real"),
        notes,
        memory: Memory::default(),
        way_back,
    };
    let ended = Session::open(plan).and_then(|session| {
        let source = Signals::start(&stage.settings, session.gate(), session.sender());
        let ended = session.show();
        drop(source);
        ended
    });
    stage.strike();
    ended
}
