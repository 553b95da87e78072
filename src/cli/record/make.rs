//! `crs record repair|cut`

use super::time;
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::domain::UtcMicros;
use crate::journal::mend::{self, Mended};
use std::path::{Path, PathBuf};

/// What to repair.
#[derive(Debug, clap::Args)]
pub struct Repair {
    /// The recording; it stays as it is
    file: PathBuf,
    /// The new one, which must not be there
    #[arg(short, long, value_name = "FILE.mcap")]
    out: PathBuf,
}

/// What to cut out.
#[derive(Debug, clap::Args)]
pub struct Cut {
    /// The recording: a file, or a directory of them for its newest session
    file: PathBuf,
    /// From this time on, UTC [default: its beginning]
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<UtcMicros>,
    /// Up to this time, UTC [default: its end]
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<UtcMicros>,
    /// The new one, which must not be there
    #[arg(short, long, value_name = "FILE.mcap")]
    out: PathBuf,
}

/// Writes what can still be read.
///
/// # Errors
/// Status 1 when that is nothing, or it can't be written.
pub fn repair(args: &Repair, ctx: &mut Context) -> Outcome {
    let mended = mend::repair(&args.file, &args.out).map_err(Failure::failed)?;
    for damage in &mended.damage {
        ctx.out.line(damage.to_string());
    }
    if mended.torn > 0 {
        ctx.out.line(format!("lost: {} bytes after the last whole part", mended.torn));
    }
    say(&mended, &args.out, ctx);
    Ok(Exit::OK)
}

/// Writes a piece.
///
/// # Errors
/// Status 1 when nothing lies there, or it can't be read or written.
pub fn cut(args: &Cut, ctx: &mut Context) -> Outcome {
    let mut recording = super::open(&args.file)?;
    let from = args.from.unwrap_or(UtcMicros(i64::MIN));
    let to = args.to.unwrap_or(UtcMicros(i64::MAX));
    let mended = mend::cut(&mut recording, &args.file, (from, to), &args.out);
    say(&mended.map_err(Failure::failed)?, &args.out, ctx);
    Ok(Exit::OK)
}

fn say(mended: &Mended, out: &Path, ctx: &mut Context) {
    for gap in &mended.gaps {
        ctx.out.line(format!("lost: records {} to {}", gap.after.saturating_add(1), gap.until));
    }
    let Mended { records, first, last, .. } = mended;
    let (from, to) = (first.1.iso(), last.1.iso());
    ctx.out.line(format!("{}: {records} records, {from} to {to}", out.display()));
}
