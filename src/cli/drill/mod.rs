//! `crs drill`: the whole kill, rehearsed. A paper gateway of its own with
//! positions in it, a scratch latch, an agent, the same keys; then the time
//! of every step, and a line in the real audit log.
//!
//! Nothing real is touched: no configured address, no configured latch.

mod book;
mod report;

use super::exit::exits;
use super::session::{Plan, Session};
use super::stage::Stage;
use super::{Context, Exit, Failure, Outcome, back, wiring};
use crate::audit::Act;
use crate::breaker::Gate;
use crate::control::kill::Hand;
use crate::domain::{EngageId, GatewayPhase, Intent, KillProgress, LatchPhase, Mode, Stamp, Text};
use crate::event::{Event, Receiver, channel_pair};
use crate::gateway::SimOptions;
use crate::host::clock;
use crate::tui::looks::Memory;
use crate::tui::terminal;
use report::Report;
use std::sync::Arc;
use std::time::Duration;

/// Not proven in the end.
const UNPROVEN: Exit = Exit(3);
/// The stage's agent must be there within this time.
const AGENT_WAIT: Duration = Duration::from_secs(10);
/// Its lines are warm after so long.
const WARM: Duration = Duration::from_millis(500);
/// The proof takes 2 s on a healthy machine.
const PROOF_WAIT: Duration = Duration::from_secs(30);

/// By keys or without.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "VERIFIED: the rehearsal ended in proof, and is on record",
    1 "it could not be set up, or not be recorded",
    3 "it did not end in proof, or was left before: look at the report",
))]
pub struct Args {
    /// Without a console and keys, for cron
    #[arg(long)]
    unattended: bool,
    /// One JSON document on standard output; needs --unattended
    #[arg(long, requires = "unattended")]
    json: bool,
}

impl Args {
    /// Whether the console is opened.
    #[must_use]
    pub const fn has_screen(&self) -> bool {
        !self.unattended
    }
}

/// Sets the stage, lets the kill happen, reports, records.
///
/// # Errors
/// Status 1 when there is no terminal, no stage, or no place for the record.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    // Only looks and the place of the log are taken from the configuration.
    let loaded = ctx.loaded();
    for problem in &loaded.problems {
        ctx.out.note(format!("crs: {problem}"));
    }
    if args.has_screen() {
        terminal::present().map_err(Failure::failed)?;
    }
    let home = wiring::latch_home(&loaded.settings);
    let stage = Stage::set(wiring::DRILL, SimOptions::default(), loaded.settings)?;
    let played = if args.unattended { unattended(&stage) } else { by_keys(&stage) };
    let report = played.map(|(pressed, kill)| Report::new(&stage.gateway, pressed, kill));
    stage.strike();
    let report = report?;
    let act = Act::Drill { phase: report.phase, times: report.times, keys: !args.unattended };
    let recorded = home.chain(wiring::DRILL).append(act);
    if args.json {
        ctx.out.json(&report);
    } else {
        report.print(ctx);
    }
    recorded.map_err(|e| Failure::failed(format!("the drill is not on record: {e}")))?;
    Ok(if report.phase == GatewayPhase::Verified { Exit::OK } else { UNPROVEN })
}

/// The key, and how far the kill came; none when there was no kill.
type Played = Result<(Stamp, Option<KillProgress>), Failure>;

/// The operator's own fingers, on the console.
fn by_keys(stage: &Stage) -> Played {
    let plan = Plan {
        settings: stage.settings.clone(),
        forced_mode: Some(Mode::Drill),
        config: Text::new("crs drill: nothing here is real; kill, watch the proof, leave"),
        notes: Vec::new(),
        memory: Memory::default(),
        way_back: back::of_stage(&stage.settings),
    };
    let session = Session::open(plan)?;
    book::fill(stage, &session.gate())?;
    let (_, seen) = session.watched()?;
    let pressed = seen.engagement.as_ref().map_or(seen.now, |e| e.since);
    Ok((pressed, seen.kills.into_values().next().map(|k| k.value)))
}

/// The same path behind the keys.
fn unattended(stage: &Stage) -> Played {
    let gate = Arc::new(Gate::default());
    let watcher = wiring::watch(&stage.settings, wiring::DRILL, Arc::clone(&gate), |_| {});
    let (sender, receiver) = channel_pair();
    let hand = wiring::hand(&stage.settings, wiring::DRILL, true, Arc::clone(&gate), sender)?;
    let played = book::fill(stage, &gate).and_then(|()| {
        await_agent(&receiver)?;
        Ok(rehearse(&hand, &receiver))
    });
    watcher.stop();
    played
}

fn await_agent(receiver: &Receiver) -> Result<(), Failure> {
    let until = clock::now().plus(AGENT_WAIT).mono_ns;
    while clock::mono_ns() < until {
        if let Ok(Event::Agent(report)) = receiver.urgent.recv_timeout(WARM)
            && report.present
        {
            std::thread::sleep(WARM);
            return Ok(());
        }
    }
    let why = "no agent came up within 10 s: `crs doctor` looks at what it needs";
    Err(Failure::failed(why))
}

fn rehearse(hand: &Hand, receiver: &Receiver) -> (Stamp, Option<KillProgress>) {
    let pressed = clock::now();
    let id = hand.decide(Intent::Kill, Text::new("drill"), pressed);
    let until = pressed.plus(PROOF_WAIT).mono_ns;
    let mut last = None;
    while clock::mono_ns() < until && !last.as_ref().is_some_and(is_done) {
        if let Some(progress) = next(receiver, id) {
            last = Some(progress);
        }
    }
    (pressed, last)
}

fn next(receiver: &Receiver, id: EngageId) -> Option<KillProgress> {
    match receiver.urgent.recv_timeout(Duration::from_millis(100)) {
        Ok(Event::Kill(progress)) if progress.engage_id == id => Some(*progress),
        _ => None,
    }
}

/// Proven, and the disk has said its word about the latch.
fn is_done(progress: &KillProgress) -> bool {
    let settled = progress.times.durable.is_some() || progress.latch == LatchPhase::NotDurable;
    progress.phase == GatewayPhase::Verified && settled
}
