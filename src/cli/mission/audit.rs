//! `crs mission audit`: who ordered what, what came of it, what processes did.

use super::Reach;
use super::client::Client;
use crate::cli::{Context, Exit, Failure, Outcome, wiring};
use crate::mission::annals;
use crate::mission::api::page::AuditPage;

/// How much.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The last so many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    last: u32,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Shows it: from the log itself, else what the daemon behind an address says.
pub(super) fn run(args: &Args, reach: &Reach, ctx: &mut Context) -> Outcome {
    let page = if reach.url.is_some() {
        Client::new(reach, ctx)?.get("/api/audit", &[("last", args.last.to_string())])?
    } else {
        let dir = wiring::latch_home(&ctx.strict()?.settings).audit();
        let last = usize::try_from(args.last).unwrap_or(usize::MAX);
        AuditPage { entries: annals::read(&dir, last).map_err(Failure::failed)? }
    };
    if args.json {
        ctx.out.json(&page);
    } else {
        for entry in &page.entries {
            ctx.out.line(entry.line());
        }
    }
    Ok(Exit::OK)
}
