//! `crs mission plan`

use super::switch::OwnSwitch;
use crate::cli::context::listed;
use crate::cli::exit::exits;
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::mission::file::{self, words};
use crate::mission::launch::kept;
use crate::mission::plan::{Standing, plan};
use crate::mission::requires::Facts;
use std::path::PathBuf;

/// Shows what a launch of a mode would do
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(0 "it could be launched", 1 "a requirement does not hold"))]
pub struct Args {
    /// The mode, as the mission file names it
    mode: String,
    /// The mission file; else mission.toml beside the configuration, else the embedded one
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Plans from the mode that the daemon's directory says is in force. Which
/// processes run only a daemon knows: without one, none does.
///
/// # Errors
/// Status 78 for a wrong configuration or mission file, 64 for a mode that it
/// does not have.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    let mission = file::load(super::meant(args.file.as_deref(), &ctx.flags).as_deref())
        .map_err(|problems| Failure::new(Exit::CONFIG, listed(&problems)))?;
    let Some(mode) = mission.mode(&args.mode) else {
        let all: Vec<&str> = mission.modes.iter().map(|mode| mode.name.as_str()).collect();
        let hint = words::meant(&args.mode, all.iter().copied());
        let text =
            format!("no mode is called \"{}\"{hint}; there are {}", args.mode, all.join(", "));
        return Err(Failure::new(Exit::USAGE, text));
    };
    let usual = loaded.settings.state_dir.join("mission");
    let dir = mission.daemon.dir.clone().unwrap_or(usual);
    let document = kept::document(&dir).map_err(Failure::failed)?;
    let switch = OwnSwitch::new(ctx.flags.clone());
    let facts = Facts::ask(&mission, mode, &switch, Vec::new(), &dir);
    let plan = plan(&mission, mode, &Standing { document, records: Vec::new() }, &facts);
    if args.json {
        ctx.out.json(&plan);
    } else {
        ctx.out.line(plan.to_string().trim_end());
    }
    Ok(if plan.refused().is_none() { Exit::OK } else { Exit::FAILED })
}
