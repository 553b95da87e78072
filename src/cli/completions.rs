//! `crs completions SHELL`

use super::exit::exits;
use super::{Cli, Context, Exit, Outcome};
use clap::CommandFactory;

/// For which shell.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(0 "printed"))]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Prints the script.
///
/// # Errors
/// None; the signature is that of every verb.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "crs", &mut script);
    ctx.out.file(&script);
    Ok(Exit::OK)
}
