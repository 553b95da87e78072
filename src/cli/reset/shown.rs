//! What is about to be reset, in words: nobody should have to remember an id.

use crate::audit::{Engaged, Ledger};
use crate::breaker::{LatchHome, Probe, Stranger, probe_soon, strangers};
use crate::cli::status;
use crate::cli::when::since;
use crate::domain::{EngageId, Intent, KillIntent, KillProgress, Text};
use crate::host::{Identity, clock};
use std::path::PathBuf;

/// Everything that a reset would end, as far as its operator can know of it.
#[derive(Debug, Default)]
pub struct Shown {
    /// Decisions taken before this command was given.
    pub decisions: Vec<EngageId>,
    /// One of them is a kill.
    pub kill: bool,
    /// Files of another's making that there were by then.
    pub foreign: Vec<Stranger>,
    /// The same for a human, before the question.
    pub lines: Vec<String>,
}

impl Shown {
    /// From the log and the latches. A later decision or file is news, and
    /// ends the reset.
    pub fn of(home: &LatchHome, extra: &[PathBuf], ledger: &Ledger) -> Self {
        let given = clock::started_ns().unwrap_or_else(clock::mono_ns);
        let boot = Identity::here().boot_id;
        let known = |i: &KillIntent| i.boot_id != boot || i.pressed.mono_ns < given;
        let all: Vec<&Engaged> = ledger.engaged().filter(|e| known(&e.intent)).collect();
        let decisions: Vec<EngageId> = all.iter().map(|e| e.intent.engage_id).collect();
        let foreign = strangers(home, extra, ledger, |id| decisions.contains(&id)).all;
        let (_, running) = status::ask_agent(home);
        let mut lines: Vec<String> = all.iter().flat_map(|e| decision(e, &running)).collect();
        for stranger in &foreign {
            lines.push(format!("  foreign: {}", stranger.words()));
            lines.push(format!("    since  {}", since_of(stranger)));
            lines.push("    proof  flat is read from every gateway before it is reset".to_owned());
        }
        let kill = all.iter().any(|e| e.intent.intent == Intent::Kill);
        Self { decisions, kill, foreign, lines }
    }
}

/// As written in it, while it lies there, else by its own time.
fn since_of(stranger: &Stranger) -> String {
    let written = match probe_soon(&stranger.at.path) {
        Probe::Present { file, body, .. } if file == stranger.at.file => body.timestamp,
        _ => Text::default(),
    };
    since(written.as_str(), stranger.at.file.ctime_ns)
}

fn decision(engaged: &Engaged, running: &[KillProgress]) -> Vec<String> {
    let intent = &engaged.intent;
    let mut lines = vec![
        format!("  {} {}", intent.intent.word(), intent.engage_id),
        format!("    reason {}", intent.reason),
        format!("    since  {}", since(&intent.pressed.utc.naive_iso(), 0)),
        format!("    by     {}", intent.operator),
    ];
    if intent.intent == Intent::Block {
        lines.push("    proof  none is asked for: a block closes no position".to_owned());
        return lines;
    }
    let now: Vec<&KillProgress> =
        running.iter().filter(|p| p.engage_id == intent.engage_id).collect();
    for p in &now {
        let (reads, word) = (p.good_polls, p.phase.word());
        lines.push(format!("    proof  {} {word} ({reads} of 3 reads): {}", p.gateway, p.note));
    }
    // What an earlier agent recorded is the best that is known without one.
    let old = engaged.steps.iter().filter(|(name, _)| now.iter().all(|p| p.gateway != **name));
    for (gateway, (phase, _, note)) in old {
        lines.push(format!("    proof  {gateway} {} when last recorded: {note}", phase.word()));
    }
    if now.is_empty() && engaged.steps.is_empty() {
        lines.push("    proof  nothing is known of its effect".to_owned());
    }
    lines
}
