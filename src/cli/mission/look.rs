//! What only looks: `ps`, `why`.

use super::Reach;
use super::client::Client;
use crate::cli::{Context, Exit, Outcome};
use crate::domain::mission::LaunchPhase;
use crate::mission::api::message::{ProcessShape, Status};
use crate::mission::api::page::WhyPage;

/// How to show it.
#[derive(Debug, clap::Args)]
pub struct PsArgs {
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Which.
#[derive(Debug, clap::Args)]
pub struct WhyArgs {
    /// By its name in mission.toml
    #[arg(value_name = "PROCESS")]
    process: String,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Shows everything.
pub(super) fn ps(args: &PsArgs, reach: &Reach, ctx: &mut Context) -> Outcome {
    let client = Client::new(reach, ctx)?;
    let status: Status = client.get("/api/status", &[])?;
    let well = status.processes.iter().all(|p| !p.record.wanted || p.record.state.in_order());
    let exit = if well { Exit::OK } else { Exit::FAILED };
    if args.json {
        ctx.out.json(&status);
        return Ok(exit);
    }
    for line in page(&status) {
        ctx.out.line(line);
    }
    Ok(exit)
}

/// The page, a line each.
fn page(status: &Status) -> Vec<String> {
    let mut lines = Vec::new();
    let live = if status.live { " (real money)" } else { "" };
    let mode = if status.mode.is_empty() { "none" } else { status.mode.as_str() };
    lines.push(format!("mode {mode}{live}, {} alerts open", status.alerts.len()));
    if let Some(launch) = status.launch.as_ref().filter(|l| l.phase != LaunchPhase::Complete) {
        lines.push(format!("launch {} of {}: {}", launch.id, launch.mode, launch.phase.word()));
        lines.extend(launch.notes.iter().map(|note| format!("  {note}")));
    }
    let head = ["NAME", "HOST", "STATE", "READY", "PID", "CPU%", "MEM MB", "RESTARTS", "UPTIME"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(status.processes.iter().map(row));
    let widths = std::array::from_fn::<_, 9, _>(|at| {
        let of = |row: &[String; 9]| row.get(at).map_or(0, |cell| cell.chars().count());
        rows.iter().map(of).max().unwrap_or(0)
    });
    for row in &rows {
        let cells = row.iter().zip(widths).enumerate().map(|(at, (cell, width))| {
            // Numbers to the right.
            if at >= 4 { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        lines.push(cells.collect::<Vec<_>>().join("  ").trim_end().to_owned());
    }
    let troubled =
        status.processes.iter().filter(|p| p.record.wanted && !p.record.state.in_order());
    for line in troubled.map(|p| format!("{}: {}", p.record.name, p.record.state)) {
        // What the launch says of it stands above.
        if !lines.iter().any(|said| said.trim_start() == line) {
            lines.push(line);
        }
    }
    let disks = status.alerts.iter().filter(|alert| alert.kind.as_str() == "log-disk");
    lines.extend(disks.map(|a| format!("{}: {}: {}", a.process, a.title, a.message)));
    for host in &status.hosts {
        let stand = match host.reachable {
            Some(true) => "answers".to_owned(),
            Some(false) => format!("does not answer since {}: {}", host.since.hms(), host.why),
            None if host.why.is_empty() => "not asked yet".to_owned(),
            None => format!("nobody knows since {}: {}", host.since.hms(), host.why),
        };
        lines.push(format!("machine {}: {stand}", host.name));
    }
    lines
}

fn row(shape: &ProcessShape) -> [String; 9] {
    let record = &shape.record;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let host = if record.host.is_empty() { "here" } else { record.host.as_str() };
    [
        record.name.to_string(),
        host.to_owned(),
        record.state.word().to_owned(),
        record.state.ready_word().to_owned(),
        or_dash(record.pid.map(|pid| pid.to_string())),
        or_dash(shape.cpu_percent.map(|cpu| format!("{cpu:.1}"))),
        or_dash(shape.memory_mb.map(|mb| mb.to_string())),
        record.restart_count.to_string(),
        or_dash(shape.uptime.map(uptime)),
    ]
}

/// `3d 04:05:06`, `04:05:06`
fn uptime(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let hms = format!("{:02}:{:02}:{:02}", rest / 3_600, rest % 3_600 / 60, rest % 60);
    if days == 0 { hms } else { format!("{days}d {hms}") }
}

/// Says why.
pub(super) fn why(args: &WhyArgs, reach: &Reach, ctx: &mut Context) -> Outcome {
    let client = Client::new(reach, ctx)?;
    let page: WhyPage = client
        .get("/api/why", &[("process", args.process.clone())])
        .map_err(|trouble| trouble.exit(Exit::FAILED))?;
    if args.json {
        ctx.out.json(&page);
    } else {
        if page.ready {
            ctx.out.line(format!("{} is up and ready", page.process));
        }
        for line in &page.lines {
            ctx.out.line(line);
        }
    }
    Ok(if page.ready { Exit::OK } else { Exit::FAILED })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mission::{Launch, MissionStatus, ProcessRecord, ProcessState};
    use crate::domain::{Text, UtcMicros};

    #[test]
    fn the_page_says_what_is_not_up_and_why() {
        let record = |name: &str, state, wanted| ProcessRecord {
            name: Text::new(name),
            pid: Some(7).filter(|_| wanted),
            state,
            wanted,
            start_time: Some(UtcMicros(0)),
            cpu_centi: Some(1_234),
            memory: Some(512 << 20),
            ..ProcessRecord::default()
        };
        let failed = ProcessState::Failed { why: Text::new("command not found") };
        let status = MissionStatus {
            mode: Text::new("PAPER"),
            processes: vec![
                record("gateway", ProcessState::Running { ready: true }, true),
                record("engine", failed, true),
                record("sentinel", ProcessState::Stopped, false),
            ],
            said: UtcMicros(90_061_000_000),
            ..MissionStatus::default()
        };
        let lines = page(&Status::of(&status, Vec::new()));
        assert_eq!(lines[0], "mode PAPER, 0 alerts open");
        let cells: Vec<_> = lines[2].split_whitespace().collect();
        // The words of the console's table.
        let row = ["gateway", "here", "running", "yes", "7", "12.3", "512", "0", "1d", "01:01:01"];
        assert_eq!(cells, row);
        assert_eq!(lines.last().unwrap(), "engine: failed: command not found");
        // What the launch said of it is not said again.
        let note = Text::new("engine: failed: command not found");
        let (phase, notes) = (LaunchPhase::Partial, vec![note]);
        let launch = Some(Launch { phase, notes, ..Launch::default() });
        let lines = page(&Status::of(&MissionStatus { launch, ..status }, Vec::new()));
        let said = lines.iter().filter(|line| line.contains("command not found")).count();
        assert_eq!(said, 1, "{lines:#?}");
        // A job that did its work is no trouble.
        let ended = ProcessState::Exited { code: Some(0), signal: Text::default() };
        assert!(ended.in_order() && !ended.ready());
    }
}
