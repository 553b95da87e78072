//! `crs mission check`

use crate::cli::context::listed;
use crate::cli::exit::exits;
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::config::Problem;
use crate::mission::file;
use serde::Serialize;
use std::path::PathBuf;

/// Names every mistake of a mission file
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(0 "no mistake; warnings may be"))]
pub struct Args {
    /// The mission file; else mission.toml beside the configuration, else the embedded one
    file: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    file: Option<&'a PathBuf>,
    sha: String,
    processes: usize,
    modes: Vec<String>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// Reads the file, and says what is wrong with it and what may not work here.
///
/// # Errors
/// Status 78 with every mistake; with `--json` they are in the document.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let path = super::meant(args.file.as_deref(), &ctx.flags);
    let mut report = Report {
        file: path.as_ref(),
        sha: String::new(),
        processes: 0,
        modes: Vec::new(),
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    match file::load(path.as_deref()) {
        Err(problems) => report.problems = problems,
        Ok(mission) => {
            report.warnings = file::commands::warnings(&mission);
            report.sha = mission.sha;
            report.processes = mission.processes.len();
            report.modes = mission.modes.into_iter().map(|mode| mode.name).collect();
        }
    }
    let exit = if report.problems.is_empty() { Exit::OK } else { Exit::CONFIG };
    if args.json {
        ctx.out.json(&report);
        return Ok(exit);
    }
    if !report.problems.is_empty() {
        return Err(Failure::new(exit, listed(&report.problems)));
    }
    for warning in &report.warnings {
        ctx.out.line(format!("warning: {warning}"));
    }
    let name = report.file.map_or_else(
        || format!("the embedded {}", file::EMBEDDED_NAME),
        |path| path.display().to_string(),
    );
    let (processes, modes) = (report.processes, report.modes.join(", "));
    ctx.out.line(format!("no mistakes in {name}: {processes} processes; modes {modes}"));
    Ok(exit)
}
