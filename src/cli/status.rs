//! `crs status`: where the switch stands, without starting anything.

use super::exit::exits;
use super::heard::Heard;
use super::live::{self, LiveTerms, Standing};
use super::remembers::{self, Memory};
use super::{Context, Exit, Outcome, card, when, wiring};
use crate::audit::LedgerReader;
use crate::breaker::{Gate, LatchHome, Probe, StatusDocument, probe_soon, strangers};
use crate::config::Settings;
use crate::control::kill::client::Client;
use crate::control::kill::protocol::FromAgent;
use crate::domain::{EngageId, GatewayPhase, KillProgress, LatchSeen, StepTimes, Text};
use crate::host::clock;
use crossbeam_channel as channel;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How to print.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "SAFE: the latch is proven absent and armed",
    1 "ENGAGED",
    2 "DISARMED or BLOCKED: orders are denied, nothing is latched",
))]
pub struct Args {
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// A step as the audit log remembers it, when no agent is there to ask.
#[derive(Debug, Serialize)]
struct Recorded {
    engage_id: EngageId,
    gateway: Text,
    phase: GatewayPhase,
    times: StepTimes,
    note: Text,
}

/// A latch of another's making.
#[derive(Debug, Serialize)]
struct Foreign {
    path: Text,
    inode: u64,
    reason: Text,
    /// It was removed, and no reset names it.
    removed: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    document: StatusDocument,
    latch: LatchSeen,
    agent_pid: Option<u32>,
    kill: Vec<KillProgress>,
    recorded: Vec<Recorded>,
    foreign: Vec<Foreign>,
    live: Vec<Standing>,
    traders: Heard,
    /// What gateways say of a kill that they remember; nobody is asked while
    /// the switch is engaged.
    gateways: Vec<Memory>,
    #[serde(skip)]
    since: String,
    #[serde(skip)]
    live_lines: Vec<String>,
    #[serde(skip)]
    card_lines: Vec<String>,
}

/// Looks at the latch, asks a running agent, reads the log.
///
/// # Errors
/// Status 78 for a wrong configuration.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    let home = wiring::latch_home(&loaded.settings);
    let listening = Heard::begin(&loaded.settings);
    // The latch last: what is said of it must not be older than the rest.
    let (agent_pid, kill) = ask_agent(&home);
    let recorded = if agent_pid.is_some() { Vec::new() } else { recorded(&home) };
    let foreign = foreign(&home, &wiring::extra(&loaded.settings));
    let traders = Heard::wait(listening);
    let seen = look(&loaded.settings);
    let (metadata, ctime_ns) = match probe_soon(&home.latch) {
        Probe::Present { body, file, .. } => (body.metadata, file.ctime_ns),
        Probe::Absent | Probe::Doubt(_) => (Value::Null, 0),
    };
    let since = when::since(seen.since.as_str(), ctime_ns);
    let document = StatusDocument::new(&seen, metadata);
    let exit = match (document.is_safe, document.is_engaged) {
        (true, _) => Exit::OK,
        (_, true) => Exit::FAILED,
        _ => Exit::TIMEOUT,
    };
    let standing = LiveTerms::of(&loaded.settings).standing();
    let live_lines = live::lines(&standing, seen.phase);
    let live = standing.unwrap_or_default();
    let by_hand = kill.iter().any(KillProgress::needs_card)
        || recorded.iter().any(|step| step.phase.needs_card());
    let card_lines = if by_hand { card::lines(&loaded.settings.card) } else { Vec::new() };
    // A switch that is SAFE lets no order through a gateway that refuses it.
    let gateways =
        if seen.phase.is_engaged() { Vec::new() } else { remembers::ask(&loaded.settings) };
    let latch = seen;
    let report = Report {
        document,
        latch,
        agent_pid,
        kill,
        recorded,
        foreign,
        live,
        traders,
        gateways,
        since,
        live_lines,
        card_lines,
    };
    if args.json {
        ctx.out.json(&report);
    } else {
        show(&report, ctx);
    }
    Ok(exit)
}

/// One look at the switch, as every verb judges it.
pub(super) fn look(settings: &Settings) -> LatchSeen {
    let (tell, told) = channel::bounded(8);
    let watcher = wiring::watch(settings, "cli", Arc::new(Gate::default()), move |v| {
        let _ = tell.try_send(v.seen);
    });
    let seen = told.recv_timeout(Duration::from_secs(2)).unwrap_or_else(|_| LatchSeen {
        reason: Text::new("the latch can't be looked at (2 s)"),
        ..LatchSeen::default()
    });
    watcher.stop();
    seen
}

/// Whether an agent listens; says nothing to it and waits for nothing.
pub(super) fn has_agent(home: &LatchHome) -> bool {
    Client::connect(home, channel::unbounded().0).is_ok()
}

/// Everything a running agent says until its first beat.
pub(super) fn ask_agent(home: &LatchHome) -> (Option<u32>, Vec<KillProgress>) {
    let (tell, told) = channel::unbounded();
    let Ok(client) = Client::connect(home, tell) else { return (None, Vec::new()) };
    let mut pid = None;
    let mut kills = BTreeMap::new();
    let until = clock::mono_ns() + 1_000_000_000;
    while clock::mono_ns() < until {
        match told.recv_timeout(Duration::from_millis(300)) {
            Ok(Some(FromAgent::Hello { pid: agent, .. })) => pid = Some(agent),
            Ok(Some(FromAgent::Progress(progress))) => {
                // Decisions may list other gateways, or the same in another order.
                kills.insert(progress.gateway.clone(), *progress);
            }
            Ok(Some(FromAgent::Beat { .. }) | None) | Err(_) => break,
            Ok(Some(_)) => {}
        }
    }
    drop(client);
    (pid, kills.into_values().collect())
}

fn recorded(home: &LatchHome) -> Vec<Recorded> {
    let mut reader = LedgerReader::new(&home.audit());
    let Ok(ledger) = reader.refresh() else { return Vec::new() };
    let mut all = Vec::new();
    for engaged in ledger.engaged() {
        for (gateway, (phase, times, note)) in &engaged.steps {
            all.push(Recorded {
                engage_id: engaged.intent.engage_id,
                gateway: gateway.clone(),
                phase: *phase,
                times: *times,
                note: note.clone(),
            });
        }
    }
    all
}

/// Those in force, as a reset would name them.
fn foreign(home: &LatchHome, extra: &[PathBuf]) -> Vec<Foreign> {
    let mut reader = LedgerReader::new(&home.audit());
    let Ok(ledger) = reader.refresh() else { return Vec::new() };
    let ours = |id| ledger.engaged().any(|e| e.intent.engage_id == id);
    let all = strangers(home, extra, ledger, ours).all.into_iter();
    all.map(|stranger| Foreign {
        path: Text::new(&stranger.at.path.to_string_lossy()),
        inode: stranger.at.file.ino,
        reason: stranger.reason,
        removed: stranger.gone,
    })
    .collect()
}

fn show(report: &Report, ctx: &mut Context) {
    let out = &mut ctx.out;
    let seen = &report.latch;
    out.line(format!("Switch:  {}", seen.phase.word()));
    out.line(format!("Latch:   {}", report.document.switch_file));
    if !seen.reason.is_empty() {
        out.line(format!("Reason:  {}", seen.reason));
    }
    if seen.phase.is_engaged() {
        out.line(format!("Since:   {}", report.since));
        if !seen.by.is_empty() {
            out.line(format!("By:      {}", seen.by));
        }
        if let Some(id) = seen.engage_id {
            out.line(format!("Id:      {id}"));
        }
    }
    for f in &report.foreign {
        let how = if f.removed { ", removed without a reset" } else { "" };
        out.line(format!("Foreign: {} (inode {}{how}): {}", f.path, f.inode, f.reason));
    }
    for warning in report.gateways.iter().filter_map(Memory::warning) {
        out.line(format!("BUT      {warning}"));
    }
    for line in &report.live_lines {
        out.line(format!("LIVE:    {line}"));
    }
    for line in report.traders.lines() {
        out.line(format!("Trader:  {line}"));
    }
    match report.agent_pid {
        Some(pid) => out.line(format!("Agent:   pid {pid}")),
        None => out.line("Agent:   none running"),
    }
    for p in &report.kill {
        let polls = format!("{} of 3 reads", p.good_polls);
        out.line(format!("Gateway: {} {} ({polls}) {}", p.gateway, p.phase.word(), p.note));
        for s in &p.survivors {
            let side = s.side.word();
            out.line(format!(
                "  open:  {} {} {side} {} lots: {}",
                s.ticket, s.symbol, s.lots, s.doing
            ));
        }
    }
    for r in &report.recorded {
        out.line(format!(
            "Gateway: {} {} when last recorded: {}",
            r.gateway,
            r.phase.word(),
            r.note
        ));
    }
    if !report.kill.is_empty() || !report.recorded.is_empty() {
        out.line("Pending orders: not verifiable");
    }
    for line in &report.card_lines {
        out.line(line);
    }
}
