//! `crs mission up MODE`

use super::Reach;
use super::client::Client;
use super::follow::{self, REFUSED};
use crate::cli::{Context, Failure, Outcome, confirm};
use crate::mission::api::page::{Done, LaunchBody};
use crate::mission::parts::PlanRecord;

/// Into which mode.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The mode, by its name in mission.toml
    #[arg(value_name = "MODE")]
    mode: String,
    #[command(flatten)]
    how: follow::How,
}

/// Shows the plan, has what must be typed typed, launches, follows.
pub(super) fn run(args: &Args, reach: &Reach, ctx: &mut Context) -> Outcome {
    let client = Client::new(reach, ctx)?;
    let plan: PlanRecord = match client.get("/api/plan", &[("mode", args.mode.clone())]) {
        Err(trouble) => return Err(trouble.exit(REFUSED)),
        Ok(plan) => plan,
    };
    if !args.how.json {
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
        Err(trouble) => return Err(trouble.exit(REFUSED)),
        Ok(done) => done,
    };
    let launch = follow::follow(&client, done, args.how, ctx)?;
    if args.how.json {
        ctx.out.json(&launch);
    } else {
        ctx.out.line(follow::last(&launch));
    }
    Ok(follow::exit(launch.phase))
}
