//! `crs block`: the latch without the flattening.

use super::exit::exits;
use super::{Context, Outcome, confirm, kill};
use crate::domain::Intent;
use std::time::Duration;

/// Why.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "latched: new orders are denied, positions stand",
    1 "not confirmed by you",
    5 "the latch file could not be made",
))]
pub struct Args {
    /// Why, in your words; kept on this host
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Don't ask
    #[arg(long)]
    yes: bool,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Engages the latch; closes nothing.
///
/// # Errors
/// Status 1 or 64 when it was not confirmed.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    if !args.yes {
        let question = "BLOCK: latches, denies new orders. Positions stay open.";
        confirm::typed_to_stop(question, "BLOCK", "add --yes to block without being asked")?;
    }
    Ok(kill::engage(Intent::Block, &args.reason, Duration::from_secs(5), args.json, ctx))
}
