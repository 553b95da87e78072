//! `crs audit verify`: every hash of every chain, and what witnesses saw.

use crate::audit::heads::{book_path, witness};
use crate::audit::{ChainReport, Fault, Testimony, Witness, log_id, read_dir};
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::config::Settings;
use crate::host::Identity;
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

/// Against what to check.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Heads that a console kept; auto is the book of this state directory
    #[arg(long, value_name = "FILE|auto")]
    heads: Vec<PathBuf>,
    /// Heads in a text of syslog's, as /var/log/auth.log; - reads standard input
    #[arg(long, value_name = "FILE|-")]
    syslog: Vec<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

impl Args {
    /// The witnesses, and the book that was asked for and never begun.
    fn witnesses(&self, settings: &Settings) -> Result<(Vec<Witness>, Option<PathBuf>), Failure> {
        let unreadable = |path: &Path, e: std::io::Error| {
            Failure::failed(format!("the witness {} can't be read: {e}", path.display()))
        };
        let (mut all, mut none) = (Vec::new(), None);
        for path in &self.heads {
            let auto = path.as_os_str() == "auto";
            let path = if auto { book_path(&settings.state_dir) } else { path.clone() };
            match witness(&path) {
                Err(e) if auto && e.kind() == ErrorKind::NotFound => none = Some(path),
                read => all.push(read.map_err(|e| unreadable(&path, e))?),
            }
        }
        for path in &self.syslog {
            let name = path.to_string_lossy();
            let read = if name == "-" {
                Witness::from_syslog("standard input", std::io::stdin().lock())
            } else {
                File::open(path).and_then(|f| Witness::from_syslog(&name, BufReader::new(f)))
            };
            all.push(read.map_err(|e| unreadable(path, e))?);
        }
        Ok((all, none))
    }
}

/// Verifies, and says so.
///
/// # Errors
/// Status 1 for a witness that can't be read.
pub fn run(args: &Args, settings: &Settings, dir: &Path, ctx: &mut Context) -> Outcome {
    // Witnesses first: the chains may grow meanwhile, and only they.
    let (witnesses, none) = args.witnesses(settings)?;
    let (log, host) = (log_id(dir), Identity::here().host);
    let mut chains = read_dir(dir);
    let said: Vec<Testimony> =
        witnesses.iter().map(|witness| witness.testify((&log, &host), &mut chains)).collect();
    let reports: Vec<ChainReport> = chains.into_iter().map(|(report, _)| report).collect();
    let broken = reports.iter().any(|r| !r.findings.is_empty());
    if args.json {
        ctx.out.json(&reports);
    } else {
        print(&reports, ctx);
        for (witness, said) in witnesses.iter().zip(&said) {
            ctx.out.line(testimony(witness, *said));
        }
        if let Some(book) = &none {
            let book = book.display();
            ctx.out.line(format!(
                "no heads were kept yet ({book}): a console keeps what --events endpoints tell"
            ));
        } else if witnesses.is_empty() && !broken {
            ctx.out.line(ALONE);
        }
    }
    Ok(match (broken, none) {
        (true, _) => Exit::FAILED,
        (false, Some(_)) => NO_WITNESS,
        (false, None) => Exit::OK,
    })
}

/// Whole, but the witness that was asked for has kept nothing yet.
const NO_WITNESS: Exit = Exit(2);

/// What no chain can tell of itself.
const ALONE: &str = "no witness was asked: a tail that is gone as a whole leaves no trace here \
                     (--heads auto, --syslog FILE)";

fn print(reports: &[ChainReport], ctx: &mut Context) {
    for report in reports {
        ctx.out.line(format!("{}  {} records", report.file, report.records));
        for finding in &report.findings {
            ctx.out.line(format!("  line {}: {}", finding.line, finding.what));
        }
    }
    let records: u64 = reports.iter().map(|r| r.records).sum();
    let word = verdict(reports);
    ctx.out.line(format!("{} chains, {records} records: {word}", reports.len()));
}

/// What all findings amount to.
fn verdict(reports: &[ChainReport]) -> &'static str {
    let faults = || reports.iter().flat_map(|r| &r.findings).map(|f| f.fault);
    if faults().any(|fault| fault == Fault::Damage) {
        "DAMAGED"
    } else if faults().any(|fault| fault == Fault::Newer) {
        "NOT VERIFIED, since a newer crs wrote here: ask that one"
    } else {
        "whole"
    }
}

/// How much a witness had to say; one that knew nothing is no comfort.
fn testimony(witness: &Witness, said: Testimony) -> String {
    let Testimony { ours, others } = said;
    let name = &witness.name;
    match (ours, others) {
        (0, 0) => format!("witness {name}: holds no heads, so it says nothing"),
        (0, _) => format!("witness {name}: {others} heads of other logs, none of this one"),
        (_, 0) => format!("witness {name}: {ours} heads compared"),
        _ => format!("witness {name}: {ours} heads compared, {others} of other logs"),
    }
}
