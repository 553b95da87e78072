//! What a round looks like: a page, a document, a line of changes.

use crate::cli::Out;
use crate::cli::reach::{ms, number};
use crate::domain::{CheckReport, CheckStatus, Text};
use crate::mesh::{Round, Verdict};
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

/// The documented phases.
const PHASES: [&str; 4] = ["LOCAL", "NETWORK", "APPLICATION PORTS", "INTERNET"];

/// How far it is, on a terminal; nothing anywhere else.
pub struct Progress {
    on: bool,
    shown: bool,
}

impl Progress {
    pub fn new(quiet: bool) -> Self {
        Self { on: !quiet && std::io::stderr().is_terminal(), shown: false }
    }

    pub fn show(&mut self, come: usize, all: usize) {
        if self.on {
            self.shown = true;
            self.write(&format!("\r\x1b[2K{come} of {all} checks are back"));
        }
    }

    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            self.write("\r\x1b[2K");
        }
    }

    fn write(&mut self, text: &str) {
        let mut stderr = std::io::stderr().lock();
        self.on = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()).is_ok();
    }
}

/// The whole page.
pub fn print(source: &Text, round: &Round, out: &mut Out) {
    out.line(format!("MESH VERIFICATION (checks: {source})"));
    let groups = (1..=4).map(Some).chain([None]);
    for phase in groups {
        let of_it: Vec<_> = round.reports.iter().filter(|r| r.phase == phase).collect();
        if of_it.is_empty() {
            continue;
        }
        out.line("");
        let many = of_it.len();
        let plural = if many == 1 { "" } else { "s" };
        out.line(match phase {
            Some(n) => {
                let name = PHASES.get(usize::from(n).wrapping_sub(1)).copied().unwrap_or_default();
                format!("PHASE {n}: {name} ({many} check{plural})")
            }
            None if of_it.iter().any(|report| round.counts(report)) => {
                format!("CHECKS ({many} check{plural})")
            }
            None => format!("BESIDE THEM ({many} check{plural}, not counted)"),
        });
        for report in of_it {
            row(report, out);
        }
    }
    out.line("");
    let Verdict { total, passed } = round.verdict();
    let of = |status| {
        let counted = round.reports.iter().filter(|r| round.counts(r));
        counted.filter(|r| r.result.status == status).count()
    };
    out.line(format!("Total checks: {total}"));
    out.line(format!("Passed: {passed}"));
    out.line(format!("Failed: {}", of(CheckStatus::Failed)));
    let unknown = of(CheckStatus::Unknown);
    if unknown > 0 {
        out.line(format!("Could not be asked: {unknown}"));
    }
    out.line(format!("Success rate: {} %", rate(round.verdict())));
    out.line(format!("Took: {} ms", ms(round.took)));
}

/// `94.1`
fn rate(verdict: Verdict) -> String {
    let permille = verdict.permille();
    format!("{}.{}", permille / 10, permille % 10)
}

fn row(report: &CheckReport, out: &mut Out) {
    let result = &report.result;
    let mark = match result.status {
        CheckStatus::Ok => "ok",
        CheckStatus::Failed => "FAILED",
        CheckStatus::Unknown => "?",
    };
    let words = if result.cause.is_empty() { &result.said } else { &result.cause };
    let took = result
        .latency_us
        .map_or_else(String::new, |us| format!("  {} ms", ms(Duration::from_micros(us))));
    out.line(format!("  {mark:<6} {:<8} {:<14} {words}{took}", report.node, report.name));
    if !result.next.is_empty() {
        out.line(format!("{:>32}next: {}", "", result.next));
    }
}

/// What is otherwise than a round before, and the sum of it.
pub fn changes(before: &Round, now: &Round, out: &mut Out) {
    for report in &now.reports {
        let same = |old: &&CheckReport| old.node == report.node && old.name == report.name;
        let old = before.reports.iter().find(same);
        if old.is_none_or(|old| old.result.status != report.result.status) {
            row(report, out);
        }
    }
    let verdict = now.verdict();
    let at = now.reports.iter().map(|report| report.result.at.utc).max().unwrap_or_default();
    out.line(format!(
        "{} UTC: {} of {} ({} %)",
        at.hms(),
        verdict.passed,
        verdict.total,
        rate(verdict)
    ));
}

/// For `--json`.
#[derive(Serialize)]
pub struct Document<'a> {
    profile: &'a Text,
    total: usize,
    passed: usize,
    failed: usize,
    unknown: usize,
    success_rate: Option<Box<RawValue>>,
    took_ms: Option<Box<RawValue>>,
    exit: u8,
    checks: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    node: &'a Text,
    name: &'a Text,
    kind: &'a Text,
    phase: Option<u8>,
    counts: bool,
    critical: bool,
    status: CheckStatus,
    latency_us: Option<u64>,
    said: &'a Text,
    cause: &'a Text,
    next: &'a Text,
    at: String,
}

pub fn document<'a>(profile: &'a Text, round: &'a Round) -> Document<'a> {
    let verdict = round.verdict();
    let row = |report: &'a CheckReport| Row {
        node: &report.node,
        name: &report.name,
        kind: &report.by,
        phase: report.phase,
        counts: round.counts(report),
        critical: report.critical,
        status: report.result.status,
        latency_us: report.result.latency_us,
        said: &report.result.said,
        cause: &report.result.cause,
        next: &report.result.next,
        at: report.result.at.utc.iso(),
    };
    let checks: Vec<Row<'a>> = round.reports.iter().map(row).collect();
    let of = |status| checks.iter().filter(|row| row.counts && row.status == status).count();
    Document {
        profile,
        total: verdict.total,
        passed: verdict.passed,
        failed: of(CheckStatus::Failed),
        unknown: of(CheckStatus::Unknown),
        success_rate: number(rate(verdict)),
        took_ms: number(ms(round.took)),
        exit: verdict.exit(),
        checks,
    }
}
