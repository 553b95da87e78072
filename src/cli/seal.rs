//! `crs __seal`: packs one file of a recording. Started by `crs` itself, so
//! that what packing needs is given back with the end of the process.

use super::{Context, Exit, Failure, Outcome};
use crate::journal;
use rustix::process::{Signal, nice, set_parent_process_death_signal};
use std::path::PathBuf;

/// The recording is written by somebody who has other things to do.
const AFTER_OTHERS: i32 = 10;

/// What to pack.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file
    path: PathBuf,
}

/// Packs it, unless whoever wanted it ends first: the next session does it then.
///
/// # Errors
/// Status 1 when it can't be read or written; it stays then.
pub fn run(args: &Args, _: &mut Context) -> Outcome {
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let _ = nice(AFTER_OTHERS);
    journal::seal(&args.path).map_err(Failure::failed)?;
    Ok(Exit::OK)
}
