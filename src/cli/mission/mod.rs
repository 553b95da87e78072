//! `crs mission`: the daemon that owns processes, and its clients.
//!
//! Each verb but `serve` speaks with a running daemon over its Unix socket, or
//! over TCP where `--url` names it. Quitting a client stops nothing.

mod alerts;
mod audit;
mod check;
pub mod client;
mod figures;
mod follow;
mod import;
mod logs;
mod look;
mod orders;
mod plan;
mod safe;
mod serve;
pub mod switch;
mod up;
mod zombies;

use super::exit::exits;
use super::{Context, Outcome, wiring};
use crate::config::{Flags, Settings, dirs};
use std::path::{Path, PathBuf};

/// What to do with the mission.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    reach: Reach,
    #[command(subcommand)]
    what: What,
}

/// Where the daemon is.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Where the daemon is")]
pub struct Reach {
    /// Its Unix socket [default: as the configuration says, else mission/mission.sock in the state directory]
    #[arg(long, global = true, value_name = "PATH", conflicts_with = "url")]
    socket: Option<PathBuf>,
    /// Its address over TCP, as <http://127.0.0.1:8600>
    #[arg(long, global = true, value_name = "URL", requires = "token_file")]
    url: Option<String>,
    /// File with the token that TCP demands; nobody else may read it
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Reach {
    /// The Unix socket that is meant: the one that was named, else as the
    /// configuration says, else the usual one.
    #[must_use]
    pub fn socket(&self, settings: &Settings) -> PathBuf {
        let usual = || wiring::mission(settings).join("mission.sock");
        let named = self.socket.clone().or_else(|| settings.mission.socket.clone());
        named.unwrap_or_else(usual)
    }
}

macro_rules! verbs {
    ($($(#[$attr:meta])* $name:ident($args:ty) => $run:path,)+) => {
        #[derive(Debug, clap::Subcommand)]
        enum What {
            $($(#[$attr])* $name($args),)+
        }

        /// Does it.
        ///
        /// # Errors
        /// A failure with its exit status: 1 refused or failed, 2 no daemon or
        /// no answer of one, 64 where nobody can confirm, 78 a wrong
        /// configuration.
        pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
            match &args.what {
                $(What::$name(with) => $run(with, &args.reach, ctx),)+
            }
        }
    };
}

/// The mission file that is meant: the one that was named, else mission.toml
/// beside the configuration, else none (the embedded one). Looked for anew each
/// time: a file that was written meanwhile is meant, too.
pub fn meant(named: Option<&Path>, flags: &Flags) -> Option<PathBuf> {
    named.map(Path::to_owned).or_else(|| {
        let beside = flags.config.as_deref().and_then(Path::parent).map(Path::to_owned);
        let usual = beside.unwrap_or_else(dirs::config_dir).join("mission.toml");
        usual.is_file().then_some(usual)
    })
}

/// Needs no daemon.
fn check(args: &check::Args, _: &Reach, ctx: &mut Context) -> Outcome {
    check::run(args, ctx)
}

/// Needs no daemon.
fn plan(args: &plan::Args, _: &Reach, ctx: &mut Context) -> Outcome {
    plan::run(args, ctx)
}

/// Needs no daemon.
fn import(args: &import::Args, _: &Reach, ctx: &mut Context) -> Outcome {
    import::run(args, ctx)
}

verbs! {
    /// Run the daemon that owns the processes
    Serve(serve::Args) => serve::run,
    /// Check a mission file: every mistake with its place
    #[command(after_help = exits!(
        0 "no mistake; warnings may be",
        78 "mistakes, each with its place, or no such file",
    ))]
    Check(check::Args) => check,
    /// Say what a launch of a mode would stop, start and change, and what must hold
    #[command(after_help = exits!(0 "it could be launched", 1 "a requirement does not hold"))]
    Plan(plan::Args) => plan,
    /// Write a mission file from the documented JSON, and say what could not be carried over
    #[command(after_help = exits!(
        0 "written; what could not be carried over is on standard error",
        1 "the file to write exists, or can't be",
        78 "the JSON can't be read, or is none of a mission",
    ))]
    Import(import::Args) => import,
    /// Launch a mode: show the plan, ask for what must be typed, follow the launch to its end
    #[command(after_help = exits!(
        0 "complete: every process of the mode is ready",
        1 "not confirmed by you",
        2 "no daemon, or no answer of it",
        3 "partial: some processes are ready, some are not",
        4 "failed: none is, or another launch took its place",
        5 "refused: a requirement does not hold; nothing was changed",
        130 "Ctrl-C; the launch goes on",
    ))]
    Up(up::Args) => up::run,
    /// Stop everything, dependants first; no mode is in force afterwards
    #[command(after_help = exits!(
        0 "accepted, and with --wait: nothing lives any more",
        1 "refused, or not confirmed by you, or something still lives",
        2 "no daemon, or no answer of it",
    ))]
    Down(orders::DownArgs) => orders::down,
    /// Show mode, launch, processes and machines
    #[command(after_help = exits!(
        0 "every process that is wanted is ready, or did its work and ended",
        1 "some are not",
        2 "no daemon, or no answer of it",
    ))]
    Ps(look::PsArgs) => look::ps,
    /// Show what processes wrote, and follow it
    #[command(after_help = exits!(
        0 "shown",
        2 "no daemon, or no answer of it",
    ))]
    Logs(logs::Args) => logs::run,
    /// Start processes, and what they depend on
    #[command(after_help = exits!(
        0 "accepted",
        1 "refused, with the reason",
        2 "no daemon, or no answer of it",
    ))]
    Start(orders::StartArgs) => orders::start,
    /// Stop processes
    #[command(after_help = exits!(
        0 "accepted",
        1 "refused, with the reason",
        2 "no daemon, or no answer of it",
    ))]
    Stop(orders::StopArgs) => orders::stop,
    /// Stop and start processes; never two copies of one
    #[command(after_help = exits!(
        0 "accepted",
        1 "refused, with the reason",
        2 "no daemon, or no answer of it",
    ))]
    Restart(orders::StartArgs) => orders::restart,
    /// Say why a process is not up
    #[command(after_help = exits!(
        0 "it is up and ready",
        1 "it is not, and why",
        2 "no daemon, or no answer of it",
    ))]
    Why(look::WhyArgs) => look::why,
    /// Show alerts with their advice; acknowledge one, or carry out its action
    #[command(after_help = exits!(
        0 "no alert is open; or: done",
        1 "some are open; or: refused, with the reason",
        2 "no daemon, or no answer of it",
    ))]
    Alerts(alerts::Args) => alerts::run,
    /// Find what holds ports or was left behind; end it with a typed confirmation
    #[command(after_help = exits!(
        0 "nothing was found; or: done",
        1 "something was; or: refused, with the reason",
        2 "no daemon, or no answer of it",
    ))]
    Zombies(zombies::Args) => zombies::run,
    /// Show who ordered what, what came of it, and what processes did
    #[command(after_help = exits!(
        0 "shown",
        1 "the log can't be read, or is damaged (crs audit verify)",
    ))]
    Audit(audit::Args) => audit::run,
    /// The emergency shutdown: safe mode, close everything by the kill path, dump, stop in order
    #[command(after_help = exits!(
        0 "complete, and VERIFIED flat",
        1 "not confirmed by you",
        2 "no daemon, or no answer of it: use crs kill",
        3 "UNCONFIRMED: nothing proves that everything is closed",
        4 "VERIFIED flat, and another step is not done",
        5 "refused, with the reason",
        130 "Ctrl-C; the shutdown goes on",
    ))]
    Safe(safe::SafeArgs) => safe::safe,
    /// Bring back what the last dump says
    #[command(after_help = exits!(
        0 "complete: every process of the mode is ready",
        1 "not confirmed by you",
        2 "no daemon, or no answer of it",
        3 "partial: some processes are ready, some are not",
        4 "failed: none is, or another launch took its place",
        5 "refused: no dump, or a requirement does not hold; nothing was changed",
        130 "Ctrl-C; the launch goes on",
    ))]
    Restore(safe::RestoreArgs) => safe::restore,
    /// Read mission.toml again; what did not change is not touched
    #[command(after_help = exits!(
        0 "done",
        1 "refused, with the reason: the old configuration stands",
        2 "no daemon, or no answer of it",
    ))]
    Reload(orders::ReloadArgs) => orders::reload,
}
