//! `crs record export`

use super::time;
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::domain::{Symbol, UtcMicros};
use crate::journal::export::{self, ExportError, Shape, Wanted, What};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// What to write, and where.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The recording: a file, or a directory of them for its newest session
    file: PathBuf,
    /// A table with a header (RFC 4180), or a JSON object a line
    #[arg(long, value_enum, default_value = "csv")]
    format: Named,
    /// Which records
    #[arg(long, value_name = "WHAT", default_value = "ticks", value_parser = words())]
    what: String,
    /// Nothing before this time, UTC
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<UtcMicros>,
    /// Nothing after this time, UTC
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<UtcMicros>,
    /// Only this instrument, where records have one
    #[arg(long, value_name = "S", value_parser = Symbol::new)]
    symbol: Option<Symbol>,
    /// The file to write, which must not be there [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Named {
    Csv,
    Jsonl,
}

fn words() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(What::ALL.map(|(_, word)| word))
}

/// Exports; a reader that leaves ends it.
///
/// # Errors
/// Status 1 when it can't be read to its end, or not written.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let mut recording = super::open(&args.file)?;
    let what = What::ALL.into_iter().find(|(_, word)| *word == args.what);
    let wanted = Wanted {
        what: what.map_or(What::Ticks, |(what, _)| what),
        shape: match args.format {
            Named::Csv => Shape::Csv,
            Named::Jsonl => Shape::Jsonl,
        },
        from: args.from,
        to: args.to,
        symbol: args.symbol,
    };
    let mut out: Box<dyn Write> = match &args.out {
        None => Box::new(BufWriter::new(io::stdout().lock())),
        Some(path) => {
            let file = File::create_new(path).map_err(|e| {
                let next = match e.kind() {
                    io::ErrorKind::AlreadyExists => "name one that is not there",
                    _ => "name another place",
                };
                Failure::failed(format!("{}: {e}; {next}", path.display()))
            })?;
            Box::new(BufWriter::with_capacity(1 << 16, file))
        }
    };
    let done = export::export(&mut recording, &wanted, &mut out);
    let flushed = out.flush();
    let written = match done.and_then(|written| Ok(flushed.map(|()| written)?)) {
        Ok(written) => written,
        Err(ExportError::Out(e)) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::OK),
        Err(e) => return Err(Failure::failed(e)),
    };
    if written.missing > 0 {
        ctx.out.note(format!("crs: {} records are missing in it", written.missing));
    }
    if let Some(path) = &args.out {
        ctx.out.line(format!("{}: {} rows", path.display(), written.rows));
    }
    Ok(Exit::OK)
}
