//! `crs mission safe` and `restore`: the emergency shutdown and the way back.

use super::Reach;
use super::client::Client;
use crate::cli::{Context, Exit, Outcome};
use crate::mission::api::page::{ConfirmBody, Done, SafeBody};

/// Why.
#[derive(Debug, clap::Args)]
pub struct SafeArgs {
    /// For the audit log and the latch
    #[arg(long, value_name = "TEXT", default_value = "emergency shutdown")]
    reason: String,
}

/// Nothing to say.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {}

/// Shuts down. The daemon says which words it wants.
pub(super) fn safe(args: &SafeArgs, reach: &Reach, ctx: &mut Context) -> Outcome {
    let asked = Client::new(reach, ctx).and_then(|client| {
        let body = |confirm| SafeBody { confirm, reason: args.reason.clone() };
        client.post_confirmed::<Done, _>("/api/safe", body)
    });
    match asked {
        Ok(done) => {
            ctx.out.line(format!("accepted {}", done.said));
            ctx.out.line("crs mission ps follows it, crs status the switch");
            Ok(Exit::OK)
        }
        Err(mut failure) => {
            if failure.exit == Exit::TIMEOUT {
                failure.text.push_str("\ncrs kill stops all trading, with or without a daemon");
            }
            Err(failure)
        }
    }
}

/// Restores.
pub(super) fn restore(_: &RestoreArgs, reach: &Reach, ctx: &mut Context) -> Outcome {
    let client = Client::new(reach, ctx)?;
    let body = |confirm| ConfirmBody { confirm };
    let done: Done = client.post_confirmed("/api/restore", body)?;
    ctx.out.line(format!("accepted {}", done.said));
    Ok(Exit::OK)
}
