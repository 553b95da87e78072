//! The command line: a file per verb, each as thin as it can be.
//!
//! What belongs here: reading arguments, wiring rooms together, printing one
//! answer and an exit status. What does not: anything that another verb or
//! the screen would want too. A new verb is a row in `verbs`, a file with
//! `Args` and `run(&Args, &mut Context) -> Outcome`, and its exit statuses in
//! its own help.

pub mod account;
pub mod agent;
mod alerts;
mod alone;
pub mod args;
pub mod arm;
pub mod audit;
mod back;
pub mod block;
pub mod brief;
pub mod card;
pub mod clerk;
pub mod close;
pub mod completions;
pub mod config;
pub mod confirm;
pub mod console;
pub mod context;
pub mod deal;
pub mod demo;
pub mod doctor;
pub mod drill;
pub mod engine;
pub mod exit;
pub mod features;
pub mod gateway;
mod heard;
pub mod heartbeat;
pub mod kill;
pub mod live;
pub mod logs;
pub mod looks;
pub mod man;
pub mod mission;
mod numbers;
pub mod order;
mod orders;
pub mod out;
mod placing;
pub mod positions;
pub mod reach;
pub mod record;
mod remembers;
pub mod remote;
pub mod replay;
pub mod reset;
pub mod seal;
pub mod sentinel;
pub mod session;
pub mod stage;
pub mod status;
pub mod ticks;
pub mod verbs;
pub mod verify;
pub mod when;
pub mod wiring;
mod witnessing;

pub use args::Cli;
pub use context::Context;
pub use exit::{Exit, Failure, Outcome};
pub use out::Out;
pub use verbs::Verb;

use clap::Parser;
use std::process::ExitCode;

/// The program: reads its arguments, does what they say, and ends with the
/// status that `--help` of the verb promises.
#[must_use]
pub fn main() -> ExitCode {
    // Steps of mission control, started by itself: no operator's arguments.
    if let Some(status) = crate::mission::local::hidden(std::env::args_os()) {
        return ExitCode::from(status);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version are answers; a reader that left needs none.
            let _ = told.print();
            return if told.use_stderr() { Exit::USAGE.into() } else { Exit::OK.into() };
        }
    };
    let mut ctx = Context::new(cli.global.flags());
    let verb = cli.verb.unwrap_or_default();
    let said = if verb.has_screen() { None } else { logs::to_stderr() };
    let outcome = verb.run(&mut ctx);
    if let Some(said) = said {
        said.end(logs::PATIENCE);
    }
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            ctx.out.note(format!("crs: {}", failure.text));
            failure.exit.into()
        }
    }
}
