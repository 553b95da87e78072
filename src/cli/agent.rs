//! `crs __agent`: the process that owns the kill. Started by `crs` itself.

mod fall;

use super::exit::exits;
use super::{Context, Exit, Failure, Outcome};
use crate::audit::SyslogSocket;
use crate::breaker::LatchHome;
use crate::control::kill::agent::{AgentConfig, AgentError, run as run_agent};
use crate::control::kill::{Addresses, KillRules};
use crate::domain::{Endpoint, GatewayAddr, Text};
use std::io::IsTerminal;
use std::path::PathBuf;

/// What an agent must know, but for whom it talks to: `crs` tells it that on
/// standard input, see [`Addresses`].
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "nobody needed it any longer, or another agent is elected",
    1 "its directory, lock or socket can't be used",
))]
pub struct Args {
    /// The latch, as an absolute path
    #[arg(long, value_name = "PATH")]
    latch: PathBuf,
    /// Further latches
    #[arg(long, value_name = "PATH")]
    extra_latch: Vec<PathBuf>,
    /// A gateway, as NAME=HOST:PORT, for an agent that is started by hand
    #[arg(long, value_name = "NAME=ADDRESS", value_parser = target)]
    target: Vec<GatewayAddr>,
    /// Between two proof polls, in ms
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    proof_interval_ms: u64,
    /// Between two polls while engaged, in ms
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    enforce_interval_ms: u64,
    /// A latch made by somebody else closes positions too
    #[arg(long)]
    flatten_on_external: bool,
    /// Heads of the audit log go to this syslog socket
    #[arg(long, value_name = "PATH", conflicts_with = "syslog_if_there")]
    syslog: Option<PathBuf>,
    /// The same, where there is one
    #[arg(long, value_name = "PATH")]
    syslog_if_there: Option<PathBuf>,
}

impl Args {
    fn syslog(&self) -> Option<SyslogSocket> {
        let at = |path: &PathBuf, required| SyslogSocket { path: path.clone(), required };
        let asked = self.syslog.as_ref().map(|path| at(path, true));
        asked.or_else(|| self.syslog_if_there.as_ref().map(|path| at(path, false)))
    }
}

fn target(text: &str) -> Result<GatewayAddr, String> {
    let (name, address) = text.split_once('=').ok_or("want NAME=HOST:PORT")?;
    let cmd: Endpoint = address.parse().map_err(|e| format!("{e}"))?;
    // An agent never reads ticks: the data address is not its business.
    Ok(GatewayAddr { name: Text::limited(name, 40), data: cmd.clone(), cmd })
}

/// From whoever started this process. A terminal says nothing of the kind, and
/// would be waited for.
fn addresses() -> Result<Addresses, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Ok(Addresses::default());
    }
    let unread = |e| Failure::failed(format!("no agent without its addresses: {e}"));
    Addresses::read(stdin.lock()).map_err(unread)
}

/// Detaches from the session that started it, then serves.
///
/// # Errors
/// Status 1 when it can't serve.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    // A session of its own: the terminal's end must not be its end. Fails
    // only for a leader, which has one already.
    let _ = rustix::process::setsid();
    let told = addresses()?;
    let loaded = ctx.loaded();
    let config = AgentConfig {
        home: LatchHome::new(&loaded.settings.state_dir, &args.latch).telling(args.syslog()),
        extra: args.extra_latch.clone(),
        gateways: told.gateways.into_iter().chain(args.target.iter().cloned()).collect(),
        kill: KillRules {
            proof_interval_ms: args.proof_interval_ms,
            enforce_interval_ms: args.enforce_interval_ms,
            flatten_on_external: args.flatten_on_external,
        },
        publish: told.publish,
    };
    fall::ends_all(&config.home);
    match run_agent(config) {
        Ok(()) | Err(AgentError::Elected(_)) => Ok(Exit::OK),
        Err(e) => Err(Failure::failed(e)),
    }
}
