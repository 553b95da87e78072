//! `crs man [VERB…]`

use super::exit::exits;
use super::{Cli, Context, Exit, Failure, Outcome};
use clap::CommandFactory;

/// Which page.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(0 "printed", 1 "no such verb"))]
pub struct Args {
    /// A verb, or a verb and its own; the program's own page without one
    verb: Vec<String>,
}

/// Prints the page as roff: `crs man | man -l -`.
///
/// # Errors
/// When there is no such verb.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let mut all = Cli::command();
    all.build();
    let mut command = Some(all);
    for verb in &args.verb {
        command = command.and_then(|within| within.find_subcommand(verb).cloned());
    }
    let command =
        command.ok_or_else(|| Failure::failed("no such verb; `crs --help` lists them"))?;
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(Failure::failed)?;
    ctx.out.file(&page);
    Ok(Exit::OK)
}
