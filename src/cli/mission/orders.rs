//! Orders: `down`, `start`, `stop`, `restart`, `reload`.

use super::Reach;
use super::client::{Client, Trouble};
use crate::cli::{Context, Exit, Failure, Outcome, confirm};
use crate::domain::mission::ProcessRecord;
use crate::mission::api::message::Status;
use crate::mission::api::page::{Done, ProcessBody, ShutdownBody};
use std::time::{Duration, Instant};

/// How often it is looked whether everything is down.
const LOOK: Duration = Duration::from_millis(200);
/// Longest wait for that.
const DOWN: Duration = Duration::from_mins(2);

/// How to stop everything.
#[derive(Debug, clap::Args)]
pub struct DownArgs {
    /// Come back when nothing lives any more
    #[arg(long)]
    wait: bool,
    /// The daemon ends too
    #[arg(long)]
    daemon: bool,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

/// Which to start.
#[derive(Debug, clap::Args)]
pub struct StartArgs {
    /// By their names in mission.toml
    #[arg(value_name = "PROCESS", required = true)]
    processes: Vec<String>,
}

/// Which to stop.
#[derive(Debug, clap::Args)]
pub struct StopArgs {
    /// By their names in mission.toml
    #[arg(value_name = "PROCESS", required = true)]
    processes: Vec<String>,
    /// What depends on them is stopped first
    #[arg(long)]
    dependants: bool,
}

/// Nothing to say.
#[derive(Debug, clap::Args)]
pub struct ReloadArgs {}

/// Stops everything.
pub(super) fn down(args: &DownArgs, reach: &Reach, ctx: &mut Context) -> Outcome {
    let client = Client::new(reach, ctx)?;
    let status: Status = client.get("/api/status", &[])?;
    let living = |s: &Status| s.processes.iter().filter(|p| p.record.state.may_live()).count();
    if !args.yes {
        let mode = if status.mode.is_empty() { "no mode" } else { status.mode.as_str() };
        let question = format!(
            "Stop everything ({mode}, {} processes run): positions stay open at the broker.",
            living(&status)
        );
        confirm::typed_to_stop(&question, "DOWN", "add --yes to go on without being asked")?;
    }
    let body = ShutdownBody { daemon: args.daemon };
    let _: Done = client.post("/api/shutdown", &body)?;
    ctx.out.line("accepted: everything is being stopped");
    if !args.wait {
        return Ok(Exit::OK);
    }
    let began = Instant::now();
    loop {
        std::thread::sleep(LOOK);
        let asked = client.get::<Status>("/api/status", &[]);
        // With the daemon itself gone, everything that it does not keep is.
        if args.daemon && asked.is_err() {
            return Ok(Exit::OK);
        }
        let status = asked?;
        let ours = |p: &&ProcessRecord| p.state.may_live() && !p.external;
        let alive: Vec<_> = status.processes.iter().map(|p| &p.record).filter(ours).collect();
        if alive.is_empty() && !args.daemon {
            ctx.out.line("down: nothing lives any more");
            return Ok(Exit::OK);
        }
        if began.elapsed() > DOWN {
            let names: Vec<_> = alive.iter().map(|p| format!("{} ({})", p.name, p.state)).collect();
            let s = DOWN.as_secs();
            return Err(Failure::failed(format!("after {s} s still alive: {}", names.join(", "))));
        }
    }
}

/// Starts.
pub(super) fn start(args: &StartArgs, reach: &Reach, ctx: &mut Context) -> Outcome {
    each("start", &args.processes, false, reach, ctx)
}

/// Stops and starts.
pub(super) fn restart(args: &StartArgs, reach: &Reach, ctx: &mut Context) -> Outcome {
    each("restart", &args.processes, false, reach, ctx)
}

/// Stops.
pub(super) fn stop(args: &StopArgs, reach: &Reach, ctx: &mut Context) -> Outcome {
    each("stop", &args.processes, args.dependants, reach, ctx)
}

/// One that is refused keeps no other from its order.
fn each(
    verb: &str,
    processes: &[String],
    dependants: bool,
    reach: &Reach,
    ctx: &mut Context,
) -> Outcome {
    let client = Client::new(reach, ctx)?;
    let (mut refused, mut worst) = (Vec::new(), Exit::FAILED);
    for process in processes {
        let body = ProcessBody { process: process.clone(), dependants };
        match client.post::<Done>(&format!("/api/process/{verb}"), &body) {
            Ok(done) => {
                let now = done.process.map(|p| format!(", now {}", p.state)).unwrap_or_default();
                ctx.out.line(format!("{process}: {verb} accepted{now}"));
            }
            Err(trouble @ Trouble::Silent(_)) => return Err(trouble.into()),
            Err(trouble) => {
                let failure = trouble.exit(Exit::FAILED);
                worst = worst.worst(failure.exit);
                refused.push(failure.text);
            }
        }
    }
    if refused.is_empty() { Ok(Exit::OK) } else { Err(Failure::new(worst, refused.join("\n"))) }
}

/// Reads the file again.
pub(super) fn reload(_: &ReloadArgs, reach: &Reach, ctx: &mut Context) -> Outcome {
    let client = Client::new(reach, ctx)?;
    let _: Done = client.post("/api/reload", &serde_json::json!({}))?;
    ctx.out.line("reloaded; crs mission audit has what changed");
    Ok(Exit::OK)
}
