//! `crs arm`: lets orders pass again, on record; for real money typed, and
//! bound to an account and a configuration.

use super::exit::exits;
use super::live::LiveTerms;
use super::numbers;
use super::reach::{first, seconds};
use super::remembers::{self, Memory};
use super::{Context, Exit, Failure, Outcome, confirm, wiring};
use crate::audit::{Act, LedgerReader, LiveAccount, LiveArming, LiveStand};
use crate::breaker::Gate;
use crate::config::Settings;
use crate::domain::{Account, EngageId, GatewayAddr, LatchPhase, Mode};
use crate::link::{self, Peer};
use crossbeam_channel as channel;
use std::sync::Arc;
use std::time::Duration;

/// No script arms for real money, so there is no way without one.
const AT_A_TERMINAL: &str = "arm LIVE at a terminal; over SSH: ssh -t";

/// For paper or for real money.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "armed: orders pass as long as the latch is proven absent",
    1 "refused, with the reason: latch engaged or in doubt, account unreadable or no real money",
))]
pub struct Args {
    /// For real money: typed once, recorded with account and configuration, voided by any stop
    #[arg(long)]
    live: bool,
    /// The gateway whose account is meant, by its name; the first one without
    #[arg(long, value_name = "NAME", requires = "live")]
    on: Option<String>,
    /// Refused, with the reason: LIVE is typed by hand
    #[arg(long, value_name = "TEXT", requires = "live", hide = true)]
    phrase: Option<String>,
    /// Longest wait for the account, in seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    timeout: Duration,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Arms, if the latch is proven absent.
///
/// # Errors
/// Status 1 with the reason when it is not; 64 for an unknown gateway, where
/// nobody can type, or for a phrase that a script would type.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    if args.phrase.is_some() {
        let text = format!("LIVE is typed by hand: leave --phrase out, and {AT_A_TERMINAL}");
        return Err(Failure::new(Exit::USAGE, text));
    }
    let settings = ctx.strict()?.settings;
    let account = if args.live {
        Some(arm_live(args, &settings)?)
    } else {
        arm(&settings)?;
        None
    };
    let memories = remembers::ask(&settings);
    if args.json {
        let armed = serde_json::json!({
            "armed": true, "live": args.live, "account": account, "gateways": memories,
        });
        ctx.out.json(&armed);
        return Ok(Exit::OK);
    }
    if let Some(account) = account {
        ctx.out.line(format!("ARMED LIVE for {account}: orders pass while the latch is absent"));
    } else {
        ctx.out.line("ARMED: orders pass while the latch is proven absent");
    }
    for warning in memories.iter().filter_map(Memory::warning) {
        ctx.out.line(format!("BUT {warning}"));
    }
    Ok(Exit::OK)
}

/// Reads the account, shows it, has the phrase typed, records.
fn arm_live(args: &Args, settings: &Settings) -> Result<LiveAccount, Failure> {
    proven_absent(settings)?;
    let gateway = first(settings, args.on.as_deref())?;
    let read = read_account(settings, gateway, args.timeout)?;
    let mode = Mode::of_account(&read);
    if !mode.is_live() {
        let (name, mode) = (&gateway.name, mode.word());
        let text = format!("not armed for LIVE: the account of {name} is {mode}; use: crs arm");
        return Err(Failure::failed(text));
    }
    let terms = LiveTerms::of(settings);
    let account = LiveAccount::of(gateway, &read);
    // Read before anything is typed: a stop that comes while the question
    // stands was not known to whoever answers it, and so voids the answer.
    let (tokens, known, known_foreign) = {
        let mut reader = LedgerReader::new(&wiring::latch_home(settings).audit());
        let ledger = reader.refresh().map_err(Failure::failed)?;
        let tokens: Vec<EngageId> = ledger.disarmed().map(|(token, _)| token).collect();
        let (known, known_foreign) = ledger.stops_over();
        (tokens, known, known_foreign)
    };
    ask(&account, &read, terms.config_sha())?;
    proven_absent(settings)?;
    let config_sha = terms.config_sha().to_owned();
    let arming = LiveArming { account: account.clone(), config_sha, known, known_foreign };
    record(settings, Act::Arm { tokens, live: true, accounts: vec![arming] })?;
    let mut reader = LedgerReader::new(&wiring::latch_home(settings).audit());
    let ledger = reader.refresh().map_err(Failure::failed)?;
    if let LiveStand::Not(why) = ledger.live(&account, terms.config_sha()) {
        return Err(Failure::failed(format!("not armed for LIVE: {why}; look with: crs status")));
    }
    if let Some((_, why)) = ledger.disarmed().next() {
        return Err(Failure::failed(format!("LIVE is on record, but DISARMED since: {why}")));
    }
    Ok(account)
}

fn read_account(
    settings: &Settings,
    gateway: &GatewayAddr,
    wait: Duration,
) -> Result<Account, Failure> {
    let zmq = link::context().map_err(Failure::failed)?;
    let max_message = settings.feed.max_message_bytes;
    let mut peer = Peer::connect(&zmq, &gateway.cmd, max_message).map_err(Failure::failed)?;
    let read = peer.account(wait);
    read.map(|answer| answer.value)
        .map_err(|e| Failure::failed(format!("not armed for LIVE, the account is unknown: {e}")))
}

fn ask(account: &LiveAccount, read: &Account, sha: &str) -> Result<(), Failure> {
    let wanted = format!("ARM LIVE {}", account.gateway);
    let question = format!(
        "ARM LIVE: orders with real money may pass, until any kill, block or foreign latch.\n  \
         {account}\n  balance {}, equity {}\n  configuration {}",
        numbers::money(read.balance),
        numbers::money(read.equity),
        sha.get(..12).unwrap_or_default(),
    );
    confirm::typed(&question, &wanted, AT_A_TERMINAL)
}

/// Looks at the latch.
fn proven_absent(settings: &Settings) -> Result<(), Failure> {
    let (tell, told) = channel::bounded(8);
    let watcher = wiring::watch(settings, "cli", Arc::new(Gate::default()), move |v| {
        let _ = tell.try_send(v.seen);
    });
    let seen = told.recv_timeout(Duration::from_secs(2));
    watcher.stop();
    let seen = seen.map_err(|_| Failure::failed("the latch can't be looked at (2 s)"))?;
    if matches!(seen.phase, LatchPhase::Safe | LatchPhase::Disarmed) {
        return Ok(());
    }
    Err(Failure::failed(format!("not armed: {}: {}", seen.phase.word(), seen.reason)))
}

/// Arms on record, if the latch is proven absent now; not for real money.
///
/// # Errors
/// The reason when it is not, or when it can't be recorded.
pub fn arm(settings: &Settings) -> Result<(), Failure> {
    proven_absent(settings)?;
    let mut reader = LedgerReader::new(&wiring::latch_home(settings).audit());
    let ledger = reader.refresh().map_err(Failure::failed)?;
    let tokens: Vec<EngageId> = ledger.disarmed().map(|(token, _)| token).collect();
    record(settings, Act::Arm { tokens, live: false, accounts: Vec::new() })
}

fn record(settings: &Settings, act: Act) -> Result<(), Failure> {
    let home = wiring::latch_home(settings);
    home.prepare().map_err(Failure::failed)?;
    home.chain("cli").append(act).map_err(|e| Failure::failed(format!("not armed: {e}")))
}
