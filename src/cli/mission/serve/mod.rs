//! `crs mission serve`: the daemon. Its parts meet in `daemon`.

mod daemon;

use super::Reach;
use crate::cli::exit::exits;
use crate::cli::{Context, Exit, Failure, Outcome, context, logs};
use crate::config::{Flags, Loaded, Problem};
use crate::mission::file;
use crate::mission::spec::Mission;
use daemon::Daemon;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What it says on standard error without `CRS_LOG`.
/// How a kill comes about is for who looks for a defect; how it ends is told
/// by the launch that ordered it.
const USUALLY: &str = "crs=info,crs::control::kill=error";
/// What a mission file calls this program.
const OWN_PROGRAM: &str = "{crs}";
/// Between two looks at signals and orders to end.
const LOOK: Duration = Duration::from_millis(50);

/// What to run.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "ended by SIGTERM, SIGINT or an order; SIGHUP reads the mission file again",
    1 "could not start, with the reason",
))]
pub struct Args {
    /// The mission file; else mission.toml beside the configuration, else the embedded one
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Launch this mode once it runs, where no confirmation must be typed
    #[arg(long, value_name = "MODE")]
    up: Option<String>,
}

/// The mission, as this daemon runs it. Its own programs on this machine get
/// the flags that it was started with: an engine under another latch than its
/// daemon's would not be stopped by it.
fn read(named: Option<&Path>, flags: &Flags) -> Result<Mission, Vec<Problem>> {
    let mut mission = file::load(super::meant(named, flags).as_deref())?;
    let given = given(flags);
    for process in mission.processes.iter_mut().filter(|process| process.host.is_none()) {
        if process.cmd.first().is_some_and(|program| program == OWN_PROGRAM) {
            process.cmd.splice(1..1, given.iter().cloned());
        }
    }
    Ok(mission)
}

/// The flags that say which configuration, state and latch are meant.
fn given(flags: &Flags) -> Vec<String> {
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let places = [
        ("--config", &flags.config),
        ("--state-dir", &flags.state_dir),
        ("--kill-switch-file", &flags.kill_switch_file),
    ];
    let given = places.into_iter().filter_map(|(flag, path)| Some((flag, path.as_ref()?)));
    given.flat_map(|(f, path)| [f.to_owned(), absolute(path).display().to_string()]).collect()
}

/// Runs until a signal or an order ends it.
///
/// # Errors
/// Status 78 for a wrong configuration or mission file, 1 when it can't start.
pub fn run(args: &Args, reach: &Reach, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    let mut mission = read(args.file.as_deref(), &ctx.flags)
        .map_err(|problems| Failure::new(Exit::CONFIG, context::listed(&problems)))?;
    if let Some(socket) = &reach.socket {
        mission.daemon.socket = Some(socket.clone());
    }
    let (stop, again) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::failed)?;
    }
    signal_hook::flag::register(SIGHUP, Arc::clone(&again)).map_err(Failure::failed)?;
    let said = logs::usually(USUALLY);
    let outcome = work(args, mission, (&stop, &again), &loaded, ctx);
    if let Some(said) = said {
        said.end(logs::PATIENCE);
    }
    outcome
}

fn work(
    args: &Args,
    mission: Mission,
    (stop, again): (&Arc<AtomicBool>, &AtomicBool),
    loaded: &Loaded,
    ctx: &mut Context,
) -> Outcome {
    let named = args.file.clone();
    let daemon = Daemon::start(mission, named, &loaded.settings, &ctx.flags, Arc::clone(stop))?;
    for line in daemon.banner() {
        ctx.out.line(line);
    }
    for line in daemon.resumed() {
        ctx.out.line(line);
    }
    if let Some(mode) = &args.up {
        ctx.out.line(daemon.up(mode));
    }
    while !stop.load(Ordering::Acquire) {
        if again.swap(false, Ordering::AcqRel) {
            // Beside this loop, which must hear of an end.
            let desk = daemon.desk();
            let thread = std::thread::Builder::new().name("mission-reload".to_owned());
            if let Err(e) = thread.spawn(move || daemon::hang_up(&*desk)) {
                tracing::error!("the mission file is not read again, no thread: {e}");
            }
        }
        std::thread::sleep(LOOK);
    }
    daemon.end(|line| ctx.out.line(line));
    Ok(Exit::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_programs_are_under_the_latch_of_their_daemon() {
        let flags = Flags {
            kill_switch_file: Some("/run/other/kill.lock".into()),
            config: Some("/etc/crs.toml".into()),
            ..Flags::default()
        };
        // No file lies beside this configuration.
        let mission = read(None, &flags).unwrap();
        let wants = ["--config", "/etc/crs.toml", "--kill-switch-file", "/run/other/kill.lock"];
        assert!(!mission.processes.is_empty());
        for process in &mission.processes {
            assert_eq!(process.cmd.get(1..5).unwrap(), wants, "{}", process.name);
        }
        let plain = read(None, &Flags::default()).unwrap();
        assert_eq!(plain.process("engine").unwrap().cmd.get(1).unwrap(), "engine");
    }
}
