//! `crs verify`: the checks of the mesh, all at once, and what they amount to.

mod page;

use super::context::listed;
use super::exit::exits;
use super::reach::seconds;
use super::{Context, Exit, Failure, Outcome};
use crate::config::Profile;
use crate::domain::CheckReport;
use crate::mesh::{Means, round};
use page::Progress;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const ABOUT: &str = "\
Look at every part of the mesh: each check by its own protocol, all at the same time.

Without a profile these are the documented 17 in their four phases, and some beside them that are \
shown and not counted. Every host is 127.0.0.1 until the configuration has a [[node]] of its \
name. Nothing that a check does changes anything.";

/// Which checks, and how they are told.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT)]
#[command(after_help = exits!(
    0 "all checks that count passed",
    1 "at least 90 % of them passed",
    2 "fewer passed",
))]
pub struct Args {
    /// A file of checks in place of the embedded one
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Only the checks of this phase: 1 local, 2 network, 3 application ports, 4 internet
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    phase: Option<u8>,
    /// Look again and again and tell what changes, until SIGINT
    #[arg(long)]
    watch: bool,
    /// Between two rounds of --watch, in seconds
    #[arg(long, value_name = "S", default_value = "30", value_parser = seconds)]
    #[arg(requires = "watch")]
    every: Duration,
    /// One JSON document on standard output
    #[arg(long, conflicts_with = "watch")]
    json: bool,
}

/// Looks, prints, ends with the documented status.
///
/// # Errors
/// Status 78 for a wrong configuration or profile, 1 when there is no room for
/// the sockets.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let settings = ctx.strict()?.settings;
    let mut profile = Profile::load(args.profile.as_deref(), &settings).map_err(|problems| {
        Failure::new(Exit::CONFIG, format!("the checks can't be used\n{}", listed(&problems)))
    })?;
    if let Some(phase) = args.phase {
        profile.checks.retain(|check| check.phase == Some(phase));
        if profile.checks.is_empty() {
            let text = format!("no check of {} is in phase {phase}", profile.source);
            return Err(Failure::new(Exit::USAGE, text));
        }
    }
    let means = Means::new(settings.calendar.clone(), settings.kill_switch_file.clone())
        .map_err(Failure::failed)?;
    let mut memories = Vec::new();
    let mut look = |progress: &mut Progress| {
        let all = profile.checks.len();
        let heard = |_: &CheckReport, come| progress.show(come, all);
        round::run(&profile.checks, &mut memories, &means, heard)
    };
    let mut progress = Progress::new(args.json);
    let first = look(&mut progress);
    progress.clear();
    if args.json {
        ctx.out.json(&page::document(&profile.source, &first));
    } else {
        page::print(&profile.source, &first, &mut ctx.out);
    }
    if !args.watch {
        return Ok(Exit(first.verdict().exit()));
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::failed)?;
    }
    let mut last = first;
    while rest(args.every, &stop) && !ctx.out.reader_left() {
        let next = look(&mut progress);
        progress.clear();
        page::changes(&last, &next, &mut ctx.out);
        last = next;
    }
    Ok(Exit(last.verdict().exit()))
}

/// Lets time pass; false when it is the end.
fn rest(time: Duration, stop: &AtomicBool) -> bool {
    let until = Instant::now() + time;
    while !stop.load(Ordering::Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
    false
}
