//! `crs mission logs`: what processes wrote.

use super::Reach;
use super::client::{Client, Trouble};
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::domain::mission::LineLevel;
use crate::mission::api::message::Output;
use crate::mission::api::page::LogsPage;
use std::time::Duration;

/// How often it is asked for more.
const LOOK: Duration = Duration::from_millis(200);

/// Lines of one answer.
const PAGE: u32 = 10_000;

/// Which lines.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these, by their names in mission.toml
    #[arg(value_name = "PROCESS")]
    processes: Vec<String>,
    /// The last so many of them; older than those at hand are from the log files
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100_000))]
    lines: u32,
    /// Go on with those that come
    #[arg(short, long)]
    follow: bool,
    /// At least so loud
    #[arg(long, value_name = "LEVEL", default_value = "trace", value_parser = level)]
    level: LineLevel,
    /// Only those that contain this
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// JSON lines on standard output
    #[arg(long)]
    json: bool,
}

fn level(text: &str) -> Result<LineLevel, String> {
    let all = [
        LineLevel::Trace,
        LineLevel::Debug,
        LineLevel::Info,
        LineLevel::Warn,
        LineLevel::Error,
        LineLevel::Critical,
    ];
    let words = || all.map(LineLevel::word).join(", ");
    all.into_iter().find(|l| l.word() == text).ok_or_else(|| format!("one of {}", words()))
}

/// Shows them.
pub(super) fn run(args: &Args, reach: &Reach, ctx: &mut Context) -> Outcome {
    let client = Client::new(reach, ctx)?;
    let mut query = vec![("level", args.level.word().to_owned())];
    if !args.processes.is_empty() {
        query.push(("process", args.processes.join(",")));
    }
    if let Some(text) = &args.grep {
        query.push(("q", text.clone()));
    }
    let mut first = query.clone();
    first.push(("last", args.lines.min(PAGE).to_string()));
    let named = |trouble: Trouble| trouble.exit(Exit::FAILED);
    let mut page: LogsPage = client.get("/api/logs", &first).map_err(named)?;
    older(&client, &query, args.lines, &mut page, ctx)?;
    loop {
        for line in &page.lines {
            if args.json {
                ctx.out.json_line(line);
            } else {
                ctx.out.line(shown(line));
            }
        }
        if !args.follow || ctx.out.reader_left() {
            return Ok(Exit::OK);
        }
        let after = page.next;
        if page.lines.is_empty() {
            std::thread::sleep(LOOK);
        }
        let mut next = query.clone();
        next.push(("after", after.to_string()));
        page = client.get("/api/logs", &next).map_err(named)?;
        let gone = page.oldest.saturating_sub(after.saturating_add(1));
        if gone > 0 {
            let words =
                format!("crs: {gone} lines of all processes went by unread; the files have them");
            ctx.out.note(words);
        }
    }
}

/// Puts older lines before those of the page until there are so many, or none
/// are left.
fn older(
    client: &Client,
    query: &[(&'static str, String)],
    wanted: u32,
    page: &mut LogsPage,
    ctx: &mut Context,
) -> Result<(), Failure> {
    let mut before = std::mem::take(&mut page.older);
    loop {
        let missing = wanted.saturating_sub(u32::try_from(page.lines.len()).unwrap_or(u32::MAX));
        if missing == 0 || before.is_empty() {
            return Ok(());
        }
        let mut ask = query.to_vec();
        ask.push(("before", before.clone()));
        ask.push(("last", missing.min(PAGE).to_string()));
        let mut next: LogsPage = client.get("/api/logs", &ask)?;
        for note in &next.notes {
            ctx.out.note(format!("crs: {note}"));
        }
        before = if next.older == before { String::new() } else { next.older };
        next.lines.append(&mut page.lines);
        page.lines = next.lines;
    }
}

fn shown(line: &Output) -> String {
    let cut = if line.cut { " (cut)" } else { "" };
    let process = &line.process;
    let level = line.level.word().to_uppercase();
    format!("{} {process:<12} {level:<8} {}{cut}", line.timestamp.hms(), line.message)
}
