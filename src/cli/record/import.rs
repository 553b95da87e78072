//! `crs record import`

use crate::cli::{Context, Exit, Failure, Outcome};
use crate::domain::Symbol;
use crate::journal::SealedFile;
use crate::journal::import::{self, Clock, Format, Options, Report};
use crate::state::State;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// What to read, and how.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file of ticks
    file: PathBuf,
    /// The instrument of a file that does not name one; else the only one to take
    #[arg(long, value_name = "S", value_parser = Symbol::new)]
    symbol: Option<Symbol>,
    /// What the file is
    #[arg(long, value_enum, default_value = "auto")]
    format: Named,
    /// The recording to write [default: the file's name with .mcap, here]
    #[arg(long, value_name = "FILE.mcap")]
    out: Option<PathBuf>,
    /// The clock of its times: utc, +02:00, new-york, new-york+07:00
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    #[arg(value_parser = |text: &str| text.parse::<Clock>().map_err(|e| e.to_string()))]
    zone: Option<Clock>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Named {
    Auto,
    CrsCsv,
    Mt5,
    Histdata,
}

impl Args {
    fn options(&self) -> Options {
        let format = match self.format {
            Named::Auto => None,
            Named::CrsCsv => Some(Format::CrsCsv),
            Named::Mt5 => Some(Format::Mt5),
            Named::Histdata => Some(Format::Histdata),
        };
        Options { format, symbol: self.symbol, clock: self.zone }
    }

    fn out(&self) -> PathBuf {
        let here = || Path::new(self.file.file_name().unwrap_or_default()).with_extension("mcap");
        self.out.clone().unwrap_or_else(here)
    }
}

/// Imports, and says what came of it.
///
/// # Errors
/// Status 1 when nothing was written.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let name = args.file.to_string_lossy();
    let unread = |e: std::io::Error| {
        Failure::failed(format!("{name}: {e}; see that it is there and can be read"))
    };
    let file = File::open(&args.file).map_err(unread)?;
    if file.metadata().map_err(unread)?.is_dir() {
        return Err(Failure::failed(format!("{name}: a directory; name a file of ticks")));
    }
    let out = args.out();
    let short = args.file.file_name().unwrap_or_default().to_string_lossy();
    let about = BTreeMap::from([
        (String::from("made"), format!("imported from {short}")),
        (String::from("crs"), String::from(env!("CARGO_PKG_VERSION"))),
    ]);
    let mut writing =
        SealedFile::create(&out, State::default(), None, about).map_err(Failure::failed)?;
    let mut sink = |record| writing.put(record);
    let mut reader = BufReader::with_capacity(1 << 20, file);
    match import::import(&mut reader, &name, &args.options(), &mut sink) {
        Ok(report) => {
            writing.finish().map_err(Failure::failed)?;
            say(&report, args, &out, ctx);
            Ok(Exit::OK)
        }
        Err(e) => {
            writing.abandon();
            Err(Failure::failed(e))
        }
    }
}

fn say(report: &Report, args: &Args, out: &Path, ctx: &mut Context) {
    let Report { format, clock, lines, woven, faults } = report;
    let name = args.file.display();
    ctx.out.line(format!("{name}: {}, {lines} lines, times by {clock}", format.word()));
    if *format == Format::Mt5 && args.zone.is_none() {
        ctx.out.line("the broker's server time was taken as it is, as if it were UTC: --zone tells which it is");
    }
    let (from, to) = (woven.first.iso(), woven.last.iso());
    ctx.out.line(format!("{} ticks, {from} to {to}", woven.ticks));
    for (symbol, count) in woven.symbols.iter().take(20) {
        ctx.out.line(format!("{count:>10}  {symbol}"));
    }
    if woven.symbols.len() > 20 {
        ctx.out.line(format!("{:>10}  further symbols", woven.symbols.len() - 20));
    }
    if let Some(line) = woven.first_back {
        ctx.out.line(format!(
            "{} ticks with a time before that of the tick before them, the first in line {line}: \
             they keep their order and have the later time",
            woven.back
        ));
    }
    if faults.count() > 0 {
        ctx.out.line(format!("{} lines were not taken:{faults}", faults.count()));
    }
    let bytes = fs::metadata(out).map_or(0, |meta| meta.len());
    let each = format_each(bytes, woven.ticks);
    let (records, beats, out) = (woven.records, woven.beats, out.display());
    ctx.out.line(format!(
        "{out}: {records} records, {beats} of them beats, {bytes} bytes, {each} a tick"
    ));
}

/// Bytes of each, with one decimal.
pub fn format_each(bytes: u64, ticks: u64) -> String {
    let tenths = bytes.saturating_mul(10).checked_div(ticks).unwrap_or(0);
    format!("{}.{}", tenths / 10, tenths % 10)
}
