//! `crs audit`: is the log whole, and what does it say?

mod verify;

use super::exit::exits;
use super::{Context, Exit, Outcome, wiring};
use crate::audit::read_dir;
use crate::audit::record::Act;
use crate::domain::Position;
use std::fmt::Write as _;

/// What to do with the log.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "every chain is whole",
    1 "an edit, a loss or a torn tail was found, or lines of a newer crs; or a witness can't be read",
    2 "every chain is whole, but --heads auto has no heads to compare: none were kept yet",
))]
pub struct Args {
    /// Which
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Check every hash of every chain, and against witnesses where they are named
    Verify(verify::Args),
    /// Print the records, oldest first
    Show {
        /// Only the last N
        #[arg(long, value_name = "N")]
        last: Option<usize>,
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
}

/// Verifies or shows.
///
/// # Errors
/// Status 78 for a wrong configuration.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    let dir = wiring::latch_home(&loaded.settings).audit();
    match &args.what {
        What::Verify(args) => verify::run(args, &loaded.settings, &dir, ctx),
        What::Show { last, json } => {
            let mut records: Vec<_> = read_dir(&dir).into_iter().flat_map(|(_, r)| r).collect();
            records.sort_by_key(|r| (r.at.utc, r.n));
            let skip = last.map_or(0, |n| records.len().saturating_sub(n));
            let records = records.get(skip..).unwrap_or_default();
            if *json {
                ctx.out.json(&records);
            } else {
                for r in records.iter().filter(|r| !matches!(r.act, Act::Open { .. } | Act::Synced))
                {
                    let who = format!("{} {}", r.role, r.who.operator());
                    ctx.out.line(format!(
                        "{}  {:<12} {who}  {}",
                        r.at,
                        r.act.word(),
                        detail(&r.act)
                    ));
                }
            }
            Ok(Exit::OK)
        }
    }
}

/// One act in words.
pub(super) fn detail(act: &Act) -> String {
    match act {
        Act::Open { heads } => format!("{} other chains", heads.len()),
        Act::Synced => String::from("the record before is on disk"),
        Act::Engage { intent } => format!("{} \"{}\"", intent.engage_id, intent.reason),
        Act::External { file, path, reason } => {
            let at = path.as_ref().map(|path| format!(" at {}", path.display()));
            format!("inode {}{} \"{reason}\"", file.ino, at.unwrap_or_default())
        }
        Act::Step { engage_id, gateway, phase, note, .. } => {
            format!("{engage_id} {gateway} {} {note}", phase.word())
        }
        Act::Positions { engage_id, gateway, .. } => {
            format!("{engage_id} {gateway} {}", positions(act))
        }
        Act::Exchange { engage_id, gateway, .. } => {
            format!("{engage_id} {gateway} {}", exchange(act))
        }
        Act::Latch { engage_id, phase, path, why } => {
            format!("{engage_id} {} {path}: {why}", phase.word())
        }
        Act::Tampered { ids } => format!("{} decisions in force", ids.len()),
        Act::StandDown { engage_id, reason } => format!("{engage_id} \"{reason}\""),
        Act::Reset { ids, reason, overridden, .. } => {
            let how = if *overridden { " OVERRIDDEN" } else { "" };
            format!("{} decisions{how} \"{reason}\"", ids.len())
        }
        Act::Alarm { text, count: 1 } => text.to_string(),
        Act::Alarm { text, count } => format!("{text} ({count} times)"),
        Act::Disarm { why, .. } => why.to_string(),
        Act::Arm { tokens, live, accounts } => {
            let live = if *live { " LIVE" } else { "" };
            let names = accounts.iter().fold(String::new(), |mut names, arming| {
                let _ = write!(names, " {}", arming.account);
                names
            });
            format!("{} tokens{live}{names}", tokens.len())
        }
        Act::Drill { phase, keys, .. } => {
            format!("{} {}", phase.word(), if *keys { "by keys" } else { "unattended" })
        }
        Act::Mission { kind, by, what, outcome } => {
            let by = if by.is_empty() { String::new() } else { format!(" by {by}") };
            let came = if outcome.is_empty() { String::new() } else { format!(": {outcome}") };
            format!("{kind} {what}{by}{came}")
        }
        Act::Command { req_id, what, outcome, gateway, .. } => {
            let to = gateway.as_ref().map_or_else(String::new, |name| format!(" to {name}"));
            format!("{what}{to} {outcome} {req_id}")
        }
    }
}

/// What was open, with its age, or why nobody knows.
fn positions(act: &Act) -> String {
    let Act::Positions { open, before, age_ms, unknown, .. } = act else { return String::new() };
    let when = match (before, age_ms) {
        (true, Some(ms)) => format!("before the kill, read {ms} ms before the key"),
        (true, None) => "before the kill".to_owned(),
        (false, _) => "after the kill".to_owned(),
    };
    if let Some(why) = unknown {
        return format!("{when}: UNKNOWN: {why}");
    }
    let line = |p: &Position| format!("{} {} {} {}", p.ticket, p.symbol, p.side.word(), p.lots);
    let list: Vec<String> = open.iter().map(line).collect();
    let list = if list.is_empty() { String::new() } else { format!(": {}", list.join(", ")) };
    format!("{when}: {} open{list}", open.len())
}

/// Request and answer, as they travelled.
fn exchange(act: &Act) -> String {
    let Act::Exchange { what, req_id, sent_us, answered_us, request, reply, .. } = act else {
        return String::new();
    };
    let mut text = format!("{what} {req_id} sent at {sent_us} us");
    if let Some(frame) = request {
        let _ = write!(text, ", {frame}");
    }
    if let (Some(us), Some(frame)) = (answered_us, reply) {
        let _ = write!(text, "; answered at {us} us, {frame}");
    }
    text
}
