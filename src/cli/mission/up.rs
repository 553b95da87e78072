//! `crs mission up MODE`

use super::Reach;
use super::client::{Client, Trouble};
use crate::cli::{Context, Exit, Failure, Outcome, confirm};
use crate::domain::mission::{Launch, LaunchPhase};
use crate::mission::api::message::Status;
use crate::mission::api::page::{Done, LaunchBody};
use crate::mission::parts::PlanRecord;
use std::time::Duration;

/// Some processes are ready, some are not.
const PARTIAL: Exit = Exit(3);
/// None is.
const FAILED: Exit = Exit(4);
/// A requirement does not hold.
const REFUSED: Exit = Exit(5);
/// How often the launch is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Into which mode.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The mode, by its name in mission.toml
    #[arg(value_name = "MODE")]
    mode: String,
    /// Come back when it is accepted, don't follow it
    #[arg(long)]
    no_wait: bool,
    /// The launch as one JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Shows the plan, has what must be typed typed, launches, follows.
pub(super) fn run(args: &Args, reach: &Reach, ctx: &mut Context) -> Outcome {
    let client = Client::new(reach, ctx)?;
    let plan: PlanRecord = match client.get("/api/plan", &[("mode", args.mode.clone())]) {
        Err(Trouble::Refused(fault)) => return Err(Failure::new(REFUSED, fault)),
        other => other?,
    };
    if !args.json {
        for step in &plan.steps {
            ctx.out.line(step);
        }
    }
    if !plan.refused.is_empty() {
        let text = format!(
            "{} is refused: {}. Nothing was changed",
            plan.mode,
            plan.refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        );
        return Err(Failure::new(REFUSED, text));
    }
    if !plan.confirm.is_empty() {
        let question = format!("Launch {}.", plan.mode);
        let without = "this mode is launched by somebody who types it at a terminal";
        confirm::typed(&question, plan.confirm.as_str(), without)?;
    }
    let body = LaunchBody {
        mode: args.mode.clone(),
        confirm: plan.confirm.to_string(),
        ..LaunchBody::default()
    };
    let done: Done = match client.post("/api/launch", &body) {
        Err(Trouble::Refused(fault)) => return Err(Failure::new(REFUSED, fault)),
        other => other?,
    };
    let launch = done.launch.ok_or_else(|| Failure::failed("the daemon named no launch"))?;
    let launch = if args.no_wait { launch } else { follow(&client, launch, args.json, ctx)? };
    if args.json {
        ctx.out.json(&launch);
    } else {
        ctx.out.line(format!("{}: {}", launch.mode, launch.phase.word()));
    }
    Ok(exit(launch.phase))
}

const fn exit(phase: LaunchPhase) -> Exit {
    match phase {
        LaunchPhase::Running | LaunchPhase::Complete => Exit::OK,
        LaunchPhase::Partial => PARTIAL,
        LaunchPhase::Failed | LaunchPhase::Superseded => FAILED,
        LaunchPhase::Refused => REFUSED,
    }
}

/// Tells what moves until the launch has ended.
fn follow(
    client: &Client,
    mut launch: Launch,
    quiet: bool,
    ctx: &mut Context,
) -> Result<Launch, Failure> {
    let id = launch.id;
    let mut told = Vec::new();
    loop {
        for note in launch.notes.iter().filter(|_| !quiet) {
            if !told.contains(note) {
                ctx.out.line(format!("  {note}"));
                told.push(note.clone());
            }
        }
        if launch.phase != LaunchPhase::Running {
            return Ok(launch);
        }
        std::thread::sleep(LOOK);
        let status: Status = client.get("/api/status", &[])?;
        match status.launch {
            Some(now) if now.id == id => launch = now,
            Some(_) => launch.phase = LaunchPhase::Superseded,
            None => {
                let text = "the daemon was started anew and knows this launch no more";
                return Err(Failure::new(FAILED, text));
            }
        }
    }
}
