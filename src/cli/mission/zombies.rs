//! `crs mission zombies`: what holds ports, and what was left behind.

use super::Reach;
use super::client::Client;
use crate::cli::{Context, Exit, Outcome};
use crate::mission::api::page::{Done, EndBody, ZombiesPage};

/// Look, or end one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// End or remove one; it must still be what was shown
    End {
        /// Which, by the id that it was shown with
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// Looks, or ends one.
pub(super) fn run(args: &Args, reach: &Reach, ctx: &mut Context) -> Outcome {
    let client = Client::new(reach, ctx)?;
    if let Some(What::End { id }) = &args.what {
        let body = |confirm| EndBody { id: id.clone(), confirm };
        let done: Done = client.post_confirmed("/api/zombies/end", body, Exit::FAILED)?;
        ctx.out.line(done.said);
        return Ok(Exit::OK);
    }
    let page: ZombiesPage = client.get("/api/zombies", &[])?;
    let exit = if page.found.is_empty() { Exit::OK } else { Exit::FAILED };
    if args.json {
        ctx.out.json(&page);
        return Ok(exit);
    }
    if page.found.is_empty() {
        ctx.out.line("nothing was left behind, and no port is held by a stranger");
    }
    for found in &page.found {
        let whose =
            if found.process.is_empty() { "nobody of ours" } else { found.process.as_str() };
        ctx.out.line(format!("{}  {:<6} {whose}: {}", found.id, found.kind, found.what));
        if found.action.is_empty() {
            ctx.out.line("      must not be touched from here");
        } else {
            ctx.out.line(format!("      {}: crs mission zombies end {}", found.action, found.id));
        }
    }
    Ok(exit)
}
