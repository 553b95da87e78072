//! `crs record`: what lies in recordings, and ways in and out of them.

mod export;
mod import;
mod look;
mod make;

use super::exit::exits;
use super::{Context, Failure, Outcome, wiring};
use crate::domain::UtcMicros;
use crate::journal::Recording;
use crate::journal::player::place::moment;
use std::path::{Path, PathBuf};

/// Which.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Say what a recording holds: span, records, symbols, gaps, marks, size
    #[command(after_help = exits!(0 "shown", 1 "it can't be read, or not to its end"))]
    Info(look::Info),
    /// List the files of a directory of recordings
    #[command(after_help = exits!(0 "listed", 1 "the directory can't be read"))]
    List(look::List),
    /// Read everything and check it: checksums, numbers, whole States
    #[command(after_help = exits!(0 "sound", 1 "damaged: each place is named"))]
    Verify(look::Verify),
    /// Write what can still be read into a new recording; the old one stays as it is
    #[command(after_help = exits!(0 "written; what is lost was said", 1 "nothing can be read, or written"))]
    Repair(make::Repair),
    /// Write a piece as a recording of its own
    #[command(after_help = exits!(0 "written", 1 "nothing lies there, or it can't be read or written"))]
    Cut(make::Cut),
    /// Make a recording of ticks from elsewhere: CSV, MT5, histdata.com
    #[command(after_help = exits!(
        0 "written; lines that were not taken are counted and named",
        1 "no tick in it, or it can't be read or written",
    ))]
    Import(import::Args),
    /// Write records as CSV or as JSON lines
    #[command(after_help = exits!(0 "written", 1 "it can't be read to its end, or not written"))]
    Export(export::Args),
}

/// Does it.
///
/// # Errors
/// Status 1 with the place and the cause, 78 for a wrong configuration.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    match &args.what {
        What::Info(args) => look::info(args, ctx),
        What::List(args) => look::list(args, ctx),
        What::Verify(args) => look::verify(args, ctx),
        What::Repair(args) => make::repair(args, ctx),
        What::Cut(args) => make::cut(args, ctx),
        What::Import(args) => import::run(args, ctx),
        What::Export(args) => export::run(args, ctx),
    }
}

fn open(path: &Path) -> Result<Recording, Failure> {
    Recording::open(path).map_err(Failure::failed)
}

/// The directory that the console records into.
fn ring(ctx: &Context) -> Result<PathBuf, Failure> {
    Ok(wiring::recordings(&ctx.strict()?.settings))
}

/// A time as an operator writes it: RFC 3339, or UTC without its `Z`, down to
/// the day alone.
fn time(text: &str) -> Result<UtcMicros, String> {
    moment(text).ok_or_else(|| "a time is written 2026-01-14T13:56:58Z or 2026-01-14".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_an_operator_writes_them() {
        let utc = |text: &str| time(text).map(UtcMicros::iso);
        let midnight = Ok("2026-01-14T00:00:00.000000Z".to_owned());
        let forms = ["2026-01-14T01:00:00+01:00", "2026-01-14T00:00:00", "2026-01-14T00:00"];
        for text in forms.into_iter().chain(["2026-01-14T00:00:00Z", "2026-01-14"]) {
            assert_eq!(utc(text), midnight, "{text}");
        }
        assert!(time("yesterday").is_err());
    }
}
