//! `crs doctor`: what will not work here, why, and what to do.
//!
//! A file per subject; each gives its checks and changes nothing, apart from
//! scratch files that it removes again. Gateways are asked for one HEARTBEAT
//! each, and only those that somebody configured.

mod check;
mod clock;
mod gateways;
mod latch;
mod mission;
mod places;
mod program;
mod terminal;

use check::{Check, State};

use super::exit::exits;
use super::{Context, Exit, Outcome};

/// How to report.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = exits!(0 "nothing is broken", 1 "something is"))]
pub struct Args {
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Looks at everything and reports.
///
/// # Errors
/// None: a broken configuration is a finding like any other.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let loaded = ctx.loaded();
    let settings = &loaded.settings;
    let mut checks = program::checks();
    checks.extend(places::checks(&loaded));
    checks.extend(terminal::checks(settings.color));
    checks.extend(latch::checks(&settings.kill_switch_file, &settings.extra_latches));
    checks.extend(clock::checks());
    checks.extend(gateways::checks(&loaded));
    checks.extend(mission::checks(&loaded, ctx));
    let broken = checks.iter().filter(|c| c.state == State::Broken).count();
    if args.json {
        #[derive(serde::Serialize)]
        struct Report<'a> {
            broken: usize,
            checks: &'a [Check],
        }
        ctx.out.json(&Report { broken, checks: &checks });
    } else {
        for check in &checks {
            ctx.out.line(check.to_string());
        }
        ctx.out.line(match broken {
            0 => "nothing is broken".to_owned(),
            n => format!("broken: {n}"),
        });
    }
    Ok(if broken == 0 { Exit::OK } else { Exit::FAILED })
}
