//! `crs arm`: lets orders pass again, on record.

use super::exit::exits;
use super::{Context, Exit, Failure, Outcome, confirm, wiring};
use crate::audit::{Act, Chain, LedgerReader};
use crate::breaker::Gate;
use crate::config::Settings;
use crate::domain::{EngageId, LatchPhase};
use crate::host::Identity;
use crossbeam_channel as channel;
use std::sync::Arc;
use std::time::Duration;

/// For paper or for real money.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "armed: orders pass as long as the latch is proven absent",
    1 "refused: the latch is engaged or in doubt",
))]
pub struct Args {
    /// For real money: typed, recorded, voided by any kill
    #[arg(long)]
    live: bool,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Arms, if the latch is proven absent.
///
/// # Errors
/// Status 1 with the reason when it is not.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    proven_absent(&loaded.settings)?;
    if args.live {
        let question = "ARM LIVE: automatic orders with real money may pass.";
        confirm::typed(question, "ARM LIVE", "arming for real money is always typed")?;
    }
    arm(&loaded.settings, args.live)?;
    let word = if args.live { "ARMED LIVE" } else { "ARMED" };
    if args.json {
        ctx.out.json(&serde_json::json!({ "armed": true, "live": args.live }));
    } else {
        ctx.out.line(format!("{word}: orders pass while the latch is proven absent"));
    }
    Ok(Exit::OK)
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

/// Arms on record, if the latch is proven absent now.
///
/// # Errors
/// The reason when it is not, or when it can't be recorded.
pub fn arm(settings: &Settings, live: bool) -> Result<(), Failure> {
    proven_absent(settings)?;
    let home = wiring::latch_home(settings);
    let mut reader = LedgerReader::new(&home.audit());
    let ledger = reader.refresh().map_err(Failure::failed)?;
    let tokens: Vec<EngageId> = ledger.disarmed().map(|(token, _)| token).collect();
    home.prepare().map_err(Failure::failed)?;
    Chain::new(&home.audit(), Identity::here(), "cli")
        .append(Act::Arm { tokens, live })
        .map_err(|e| Failure::failed(format!("not armed: {e}")))
}
