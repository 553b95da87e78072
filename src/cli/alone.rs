//! A stop where the system gives no thread: latch and record, made by the one
//! thread there is. A kill is then carried out by the next agent that reads
//! the record; one is started, if the system lets it.

use super::wiring;
use crate::audit::Act;
use crate::breaker::{CreateError, LatchHome, body, file};
use crate::config::Settings;
use crate::domain::{EngageId, Intent, KillIntent, LatchPhase, Stamp, StepTimes, Text};
use crate::host::{Identity, clock};
use std::path::Path;
use std::sync::Arc;

/// What one thread could do.
pub(super) struct Alone {
    pub engage_id: EngageId,
    /// `BLOCKED` when there is no file.
    pub latch: LatchPhase,
    /// An agent that was started; it may end again.
    pub agent: Option<u32>,
    /// Since the key; this process has no gate that could be open.
    pub times: StepTimes,
    /// What went wrong.
    pub log: Vec<Text>,
}

/// Latches, records, starts an agent: each whatever became of the other.
pub(super) fn engage(intent: Intent, reason: &str, pressed: Stamp, settings: &Settings) -> Alone {
    let who = Identity::here();
    let home = wiring::latch_home(settings);
    let (reason, targets) = (Text::new(reason), &settings.gateways);
    let intent = who.decide(intent, reason, Some(pressed), &home.latch, targets);
    let mut alone = Alone {
        engage_id: intent.engage_id,
        latch: LatchPhase::Blocked,
        agent: None,
        times: StepTimes::default(),
        log: vec![],
    };
    alone.latch = latch(&intent, &home.audit(), &mut alone.times, &mut alone.log);
    if let Err(e) = record(intent, &home) {
        alone.log.push(Text::new(&format!("not on record: {e}")));
    }
    match wiring::agent_spec(settings).and_then(|spec| spec.spawn(Arc::default())) {
        Ok(pid) => alone.agent = Some(pid),
        Err(e) => alone.log.push(Text::new(&format!("no agent can be started: {e}"))),
    }
    alone
}

fn latch(
    intent: &KillIntent,
    audit: &Path,
    times: &mut StepTimes,
    log: &mut Vec<Text>,
) -> LatchPhase {
    let since = || Some(clock::mono_ns().saturating_sub(intent.pressed.mono_ns) / 1_000);
    let created = file::create(&intent.latch);
    if matches!(created, Ok(_) | Err(CreateError::Exists)) {
        times.visible = since();
    }
    let made = match created {
        Ok(created) => created.make_durable(&body::compose(intent, audit)),
        Err(CreateError::Exists) => file::sync(&intent.latch),
        Err(e @ CreateError::Io { .. }) => {
            log.push(Text::new(&format!("latch NOT MADE: {e}")));
            return LatchPhase::Blocked;
        }
    };
    match made {
        Ok(()) => {
            times.durable = since();
            LatchPhase::Durable
        }
        Err(e) => {
            log.push(Text::new(&format!("latch not durable: {e}")));
            LatchPhase::NotDurable
        }
    }
}

fn record(intent: KillIntent, home: &LatchHome) -> Result<(), Text> {
    let words = |e: &dyn std::fmt::Display| Text::new(&e.to_string());
    home.prepare().map_err(|e| words(&e))?;
    home.chain("cli").append(Act::Engage { intent }).map_err(|e| words(&e))
}
