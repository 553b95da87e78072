//! `crs features`: the model's numbers for a file of bars.
//!
//! Of a CSV file the first line that can't be used is named, since it is the
//! operator's own; of EODHD's list what is dropped or mended is told on
//! standard error. Nothing is fetched.

use super::exit::exits;
use super::{Context, Exit, Failure, Outcome};
use crate::config::Settings;
use crate::domain::Text;
use crate::sentinel::bars::mend::{Demand, Mended, mend};
use crate::sentinel::bars::{Bar, csv, iso, json};
use crate::sentinel::features::{Features, WIDTH, WINDOW, build};
use serde::Serialize;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest file: a million bars, more than a century of hours.
const MAX_BYTES: u64 = 64 * 1_024 * 1_024;

/// Which bars, and how much of each window.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "every window printed",
    1 "the file can't be read, or a bar of it can't be used, or there are fewer than 200",
))]
pub struct Args {
    /// Hourly bars: CSV (timestamp,open,high,low,close,volume), or EODHD's JSON; - reads standard input
    #[arg(long, value_name = "FILE")]
    bars: PathBuf,
    /// Only the last window
    #[arg(long)]
    last: bool,
    /// Add the sequence that the model takes, the last 60 rows of the window
    #[arg(long)]
    sequence: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    last_bar: String,
    features: &'a [f64; WIDTH],
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<&'a [[f32; WIDTH]]>,
}

/// Reads, computes and prints.
///
/// # Errors
/// Status 78 for a wrong configuration, 1 where the bars can't be used.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    let name = Text::new(&args.bars.to_string_lossy());
    let bytes = bytes(&args.bars).map_err(|e| Failure::failed(format!("{name}: {e}")))?;
    let bars = bars(&bytes, &name, &loaded.settings, ctx)?;
    let have = bars.len();
    if have < WINDOW {
        let text = format!("{name}: {have} bars, a window needs {WINDOW}; give more of them");
        return Err(Failure::failed(text));
    }
    let first = if args.last { have - WINDOW } else { 0 };
    for window in bars.get(first..).unwrap_or_default().windows(WINDOW) {
        let features = build(window).map_err(|e| Failure::failed(format!("{name}: {e}")))?;
        ctx.out.file(&line(&features, args.sequence)?);
        if ctx.out.reader_left() {
            break;
        }
    }
    Ok(Exit::OK)
}

fn line(features: &Features, sequence: bool) -> Result<Vec<u8>, Failure> {
    let line = Line {
        last_bar: iso(features.last_bar),
        features: &features.tabular,
        sequence: sequence.then_some(features.sequence.as_slice()),
    };
    let mut line = serde_json::to_vec(&line).map_err(Failure::failed)?;
    line.push(b'\n');
    Ok(line)
}

/// CSV, or what EODHD answers: a document that begins as one is taken for one.
fn bars(
    bytes: &[u8],
    name: &Text,
    settings: &Settings,
    ctx: &mut Context,
) -> Result<Vec<Bar>, Failure> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if !matches!(text.first(), Some(b'[' | b'{' | b'<')) {
        return csv::read(bytes).map_err(|e| Failure::failed(format!("{name}:{e}")));
    }
    let market = &settings.calendar.market;
    let demand = Demand { need: WINDOW, market, now: None, most_missing: 0 };
    let mended = json::read(text).and_then(|rows| mend(rows, &demand));
    let Mended { bars, notes } = mended.map_err(|e| Failure::failed(format!("{name}: {e}")))?;
    for note in notes {
        ctx.out.note(format!("crs: {name}: {note}"));
    }
    Ok(bars)
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let failed = |e: std::io::Error| format!("can't be read: {e}; check path and permissions");
    if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if u64::try_from(bytes.len()).is_ok_and(|n| n > MAX_BYTES) {
        return Err("is larger than 64 MiB; cut it into pieces".to_owned());
    }
    Ok(bytes)
}
