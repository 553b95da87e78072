//! `crs remote gateway`: the gateway's process on its own machine, over SSH.

mod conduct;
mod desk;
mod read;
mod record;
mod watch;

pub use desk::RemoteDesk;

use super::exit::exits;
use super::reach::first;
use super::{Context, Exit, Failure, Outcome, confirm};
use crate::config::Settings;
use crate::domain::Text;
use crate::link;
use crate::mesh::remote::{Failed, Fate, Gateway, Probe, Ssh};
use conduct::Clerk;

/// What there is to control.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The gateway of the table remote in the configuration
    Gateway {
        #[command(subcommand)]
        verb: Verb,
    },
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Say where gateway and interpreters lie there, and whether the configured ones are fit
    #[command(after_help = exits!(
        0 "the configured ones are fit",
        1 "something is missing, or that machine can't be asked",
    ))]
    Locate {
        /// JSON lines on standard output
        #[arg(long)]
        json: bool,
    },
    /// Say who holds its ports there, and whether it answers here
    #[command(after_help = exits!(
        0 "it runs and answers",
        1 "it does not run, or a stranger holds a port",
        2 "not known: it does not answer, or that machine can't be asked",
    ))]
    Status {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Start it, unless it runs; refused while the latch is not proven absent
    #[command(after_help = exits!(
        0 "it answers and holds both ports, or did before",
        1 "not started, with the reason; a failed start shows the last lines of its log",
        2 "not known: the line was cut",
    ))]
    Start {
        /// Start it although the latch is engaged or in doubt: a kill needs a gateway to reach
        #[arg(long)]
        while_engaged: bool,
        /// JSON lines on standard output
        #[arg(long)]
        json: bool,
    },
    /// Stop the process that was started from here, and no other
    #[command(after_help = exits!(
        0 "stopped, or it did not run: both ports are free",
        1 "not stopped, with the reason, or not confirmed by you",
        2 "not known: the line was cut",
    ))]
    Stop {
        /// A gateway that was not started from here, by the process id that status shows
        #[arg(long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
        pid: Option<u32>,
        /// Don't ask
        #[arg(long)]
        yes: bool,
        /// JSON lines on standard output
        #[arg(long)]
        json: bool,
    },
    /// Stop it, see both ports free, start it
    #[command(after_help = exits!(
        0 "it answers and holds both ports again",
        1 "not restarted, with the reason, or not confirmed by you",
        2 "not known: the line was cut",
    ))]
    Restart {
        /// A gateway that was not started from here, by the process id that status shows
        #[arg(long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
        pid: Option<u32>,
        /// Start it although the latch is engaged or in doubt
        #[arg(long)]
        while_engaged: bool,
        /// Don't ask
        #[arg(long)]
        yes: bool,
        /// JSON lines on standard output
        #[arg(long)]
        json: bool,
    },
    /// Show the last lines of its log
    #[command(after_help = exits!(0 "shown", 1 "the log, or that machine, can't be read"))]
    Logs {
        /// How many
        #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
        #[arg(value_parser = clap::value_parser!(u32).range(1..=2_000))]
        lines: u32,
        /// Go on with those that come
        #[arg(short, long)]
        follow: bool,
        /// JSON lines on standard output
        #[arg(long)]
        json: bool,
    },
    /// Watch it, and start it when it falls silent; off until the configuration says otherwise
    #[command(after_help = exits!(
        0 "stopped by SIGINT, SIGTERM or SIGHUP",
        1 "it can't watch",
    ))]
    Watch {
        /// JSON lines on standard output
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
///
/// # Errors
/// Status 78 for a wrong configuration or none of `[remote]`, 64 where nobody
/// can confirm, else 1 or 2 with the reason.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let settings = ctx.strict()?.settings;
    let ssh = Ssh::new(&settings.remote).map_err(|fault| Failure::new(Exit::CONFIG, fault))?;
    let What::Gateway { verb } = &args.what;
    let host = &settings.remote.host;
    match verb {
        Verb::Locate { json } => read::locate(&ssh, *json, ctx),
        Verb::Status { json } => read::status(&settings, &ssh, *json, ctx),
        Verb::Logs { lines, follow, json } => read::logs(&ssh, (*lines, *follow), *json, ctx),
        Verb::Watch { json } => watch::run(&settings, &ssh, *json, ctx),
        Verb::Start { while_engaged, json } => {
            let mut clerk = Clerk::new(&settings, "REMOTE_START", *json, ctx);
            clerk.while_engaged = *while_engaged;
            act(&settings, &ssh, clerk, Wish::Start)
        }
        Verb::Stop { pid, yes, json } => {
            sure(*yes, host, "STOP", "while it is stopped")?;
            let clerk = Clerk::new(&settings, "REMOTE_STOP", *json, ctx);
            act(&settings, &ssh, clerk, Wish::Stop(*pid))
        }
        Verb::Restart { pid, while_engaged, yes, json } => {
            sure(*yes, host, "RESTART", "until it answers again")?;
            let mut clerk = Clerk::new(&settings, "REMOTE_RESTART", *json, ctx);
            clerk.while_engaged = *while_engaged;
            act(&settings, &ssh, clerk, Wish::Restart(*pid))
        }
    }
}

/// A gateway that is gone can't close anything, so ending one is confirmed.
fn sure(yes: bool, host: &str, phrase: &str, until: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let question = format!(
        "{phrase} the gateway at {host}: positions stay open at the broker, and no kill and no \
         close reaches them {until}."
    );
    confirm::typed(&question, phrase, "add --yes to go on without being asked")
}

/// Where a HEARTBEAT goes.
fn probe(settings: &Settings) -> Result<Probe, Failure> {
    let zmq = link::context().map_err(Failure::failed)?;
    let name = &settings.remote.gateway;
    let gateway = first(settings, (!name.is_empty()).then_some(name.as_str()))?;
    Ok(Probe::new(zmq, gateway.cmd.clone(), settings.feed.max_message_bytes))
}

/// What to do there; a process id names a gateway that was not started from
/// here.
#[derive(Clone, Copy)]
enum Wish {
    Start,
    Stop(Option<u32>),
    Restart(Option<u32>),
}

/// Runs the steps and tells and records what came of them.
fn act(settings: &Settings, ssh: &Ssh, mut clerk: Clerk<'_>, wish: Wish) -> Outcome {
    let probe = probe(settings)?;
    let mut gateway = Gateway { ssh, probe: &probe, conduct: &mut clerk };
    let came = match wish {
        Wish::Start => gateway.start(),
        Wish::Stop(pid) => gateway.stop(pid),
        Wish::Restart(pid) => gateway.restart(pid),
    };
    clerk.over(&came);
    match came {
        Ok(_) => Ok(Exit::OK),
        Err(Failed { fate: Fate::Unknown, why, .. }) => Err(Failure::new(Exit::TIMEOUT, why)),
        Err(Failed { why, .. }) => Err(Failure::failed(why)),
    }
}

/// `name  ok  120 ms  note`, as wide as the names are.
fn row(name: &str, ok: bool, ms: u64, note: &Text) -> String {
    let word = if ok { "ok" } else { "NO" };
    format!("step {name:<12} {word} {ms:>6} ms  {note}")
}
