//! What must hold at every moment of every story, and at its end.

use super::net::account;
use super::parts::{Stage, short};
use super::time::MS;
use crate::audit::{Act, ForeignLatch, LedgerReader, Record};
use crate::breaker::{Probe, body, probe};
use crate::domain::{EngageId, GatewayPhase, Intent, KillIntent, KillProgress};
use std::collections::{BTreeMap, BTreeSet};

/// What is true, whatever anybody saw of it.
#[derive(Default)]
pub struct Truth {
    /// Decisions on record, and since when at the latest.
    pub engaged: BTreeMap<EngageId, u64>,
    /// Decisions whose reset was about to be written.
    pub reset: BTreeSet<EngageId>,
    pub last_reset: u64,
    /// Those whose line is written, by process: only a line behind it counts.
    pub resetting: BTreeMap<u32, (Vec<EngageId>, Vec<ForeignLatch>)>,
    /// Foreign latches on record, and since when at the latest.
    pub external: BTreeMap<ForeignLatch, u64>,
    /// Those whose reset was about to be written.
    pub external_reset: BTreeSet<ForeignLatch>,
    /// The decision of a process, from its key on.
    pub pressed: BTreeMap<u32, EngageId>,
    /// All that were taken.
    pub intents: Vec<(u32, KillIntent)>,
    /// The directory of the log went away for a while.
    pub lost_log: bool,
    /// Somebody removed the file.
    pub removed: bool,
    /// So often somebody removed the further latch.
    pub further_removed: u32,
    /// Somebody else made one.
    pub foreign: bool,
    /// The last of those, by its inode.
    pub touched: Option<u64>,
}

/// Something is written to a file: once it is there, a record counts.
pub fn wrote(truth: &mut Truth, bytes: &[u8], now: u64) -> Option<String> {
    let record: Record = serde_json::from_slice(bytes).ok()?;
    let words = format!("{} {} records ", record.role, record.who.pid);
    match record.act {
        Act::Engage { intent } => {
            truth.engaged.entry(intent.engage_id).or_insert(now);
            Some(format!("{words}ENGAGE {}", short(intent.engage_id)))
        }
        Act::Synced => {
            let (ids, foreign) = truth.resetting.remove(&record.who.pid)?;
            truth.reset.extend(&ids);
            truth.external_reset.extend(foreign);
            truth.last_reset = now;
            Some(format!("{words}SYNCED"))
        }
        Act::Arm { tokens, .. } => Some(format!("{words}ARM of {}", tokens.len())),
        Act::External { file, path, .. } => {
            truth.external.entry(file).or_insert(now);
            let further = if path.is_some() { "further " } else { "" };
            Some(format!("{words}EXTERNAL {further}{}", file.ino))
        }
        Act::Reset { ids, foreign, .. } => {
            let files: Vec<String> = foreign.iter().map(|file| file.ino.to_string()).collect();
            truth.resetting.insert(record.who.pid, (ids.clone(), foreign));
            let ids: Vec<String> = ids.iter().map(|id| short(*id)).collect();
            Some(format!("{words}RESET {} and {}", ids.join(" "), files.join(" ")))
        }
        Act::Step { engage_id, phase, .. } => {
            Some(format!("{words}{} {}", short(engage_id), phase.word()))
        }
        _ => None,
    }
}

/// An order passed the gate of a process whose last finished look began at
/// `looked`: not long ago, and nothing that it must have seen is in force.
pub fn order(stage: &Stage, process: u32, looked: u64) {
    let sim = stage.sim.lock();
    let truth = &sim.truth;
    let pressed = truth.pressed.get(&process).filter(|id| !truth.reset.contains(id));
    let age = sim.now.saturating_sub(looked) / MS;
    let why = match pressed {
        Some(id) => Some(format!("an order passed after the key of {}", short(*id))),
        None => (age > 500).then(|| format!("an order passed on a look of {age} ms ago")),
    };
    drop(sim);
    if let Some(why) = why {
        stage.sim.fail(&why);
    }
    look(stage, process, looked);
}

/// A look that began at `looked` said that nothing is in force.
pub fn look(stage: &Stage, process: u32, looked: u64) {
    let sim = stage.sim.lock();
    let truth = &sim.truth;
    let mut why = None;
    let in_force = |(id, since): &(&EngageId, &u64)| **since < looked && !truth.reset.contains(id);
    if let Some((id, _)) = truth.engaged.iter().find(in_force) {
        why = Some(format!("FALSE in process {process}: {} is on record", short(*id)));
    }
    let foreign = |(file, since): &(&ForeignLatch, &u64)| {
        **since < looked && !truth.external_reset.contains(file)
    };
    if let Some((file, _)) = truth.external.iter().find(foreign) {
        why = Some(format!("FALSE in process {process}: foreign {} is on record", file.ino));
    }
    if sim.disk.files.get(&stage.further).is_some_and(|node| node.born < looked) {
        why = Some(format!("FALSE in process {process}: the further latch lies there"));
    }
    let latch = sim.disk.files.get(&stage.home.latch).filter(|node| node.born < looked);
    let latch = latch.map(|node| body::parse(&node.bytes).engage_id);
    if let Some(named) = latch
        && named.is_none_or(|id| !truth.reset.contains(&id))
    {
        why = Some(format!("FALSE in process {process}: the latch lies there"));
    }
    drop(sim);
    if let Some(why) = why {
        stage.sim.fail(&why);
    }
}

/// A gateway is said to have got so far.
pub fn progress(stage: &Stage, progress: &KillProgress) {
    let verified = progress.phase == GatewayPhase::Verified;
    let said = (progress.engage_id, verified);
    stage.facts().proven.insert(progress.gateway.clone(), said);
    if !verified {
        return;
    }
    let now = stage.sim.now();
    for (address, gateway) in &stage.gateways {
        if address.name == progress.gateway {
            let (open, appeared) = {
                let account = account(gateway);
                (account.open.len(), account.appeared)
            };
            if open > 0 && now.saturating_sub(appeared) > 1_500 * MS {
                stage.sim.fail(&format!("VERIFIED, and {open} positions are open"));
            }
        }
    }
}

/// The end: everything is quiet, every fault is over, an agent lives.
///
/// # Errors
/// What does not hold.
pub fn end(stage: &Stage) -> Result<(), String> {
    let mut reader = LedgerReader::new(&stage.home.audit());
    let ledger = reader.refresh().map_err(|e| e.to_string())?;
    let facts = stage.facts();
    let truth = std::mem::take(&mut stage.sim.lock().truth);
    let latch = probe(&stage.home.latch);
    let stands = matches!(latch, Probe::Present { .. });
    let agent = facts.agent.as_ref().ok_or("nobody started an agent")?.process;
    let seen = facts.verdicts.get(&agent).ok_or("the agent never looked")?.seen.phase;

    // A process that lives does not forget what its operator decided.
    for (process, intent) in &truth.intents {
        let id = intent.engage_id;
        let on_record = ledger.was_reset(id) || ledger.engaged().any(|e| e.intent.engage_id == id);
        if facts.verdicts.contains_key(process) && !on_record {
            return Err(format!("LOST: {} of living process {process}", short(id)));
        }
    }
    // Its agent may have been shot before its record, and the record's disk
    // may have been sick: the latch, or another decision, stays until a reset.
    for (id, at) in &facts.accepted {
        let over = truth.last_reset > *at || ledger.was_reset(*id);
        if !over && !seen.is_engaged() {
            return Err(format!("LOST: the agent had accepted {}", short(*id)));
        }
    }
    let in_force: Vec<&KillIntent> = ledger.engaged().map(|e| &e.intent).collect();
    for intent in &in_force {
        if truth.reset.contains(&intent.engage_id) && !stands && !seen.is_engaged() {
            return Err(format!("{} is in force, and the latch is not", short(intent.engage_id)));
        }
    }
    if !in_force.is_empty() || ledger.foreign().next().is_some() {
        if !stands && ledger.needs_the_latch() {
            return Err(format!("engaged, and no latch: {latch:?}"));
        }
        for (process, verdict) in &facts.verdicts {
            if !verdict.seen.phase.is_engaged() {
                return Err(format!("process {process} sees {:?}", verdict.seen.phase));
            }
        }
    } else if !matches!(probe(&stage.home.fallback()), Probe::Present { .. }) {
        // One that was reset and could not be moved holds while it lies there.
        let left = matches!(&latch, Probe::Present { file, .. } if ledger.foreign_was_reset(file));
        if stands && !truth.foreign && !left {
            return Err(format!("nothing is in force, and a latch lies there: {latch:?}"));
        }
        let further = matches!(probe(&stage.further), Probe::Present { .. });
        for (process, verdict) in facts.verdicts.iter().filter(|_| !stands && !further) {
            if verdict.seen.phase.is_engaged() {
                return Err(format!("nothing is in force, and process {process} is engaged"));
            }
        }
    }
    let kills: Vec<&&KillIntent> = in_force.iter().filter(|i| i.intent == Intent::Kill).collect();
    if !kills.is_empty() {
        for (address, gateway) in &stage.gateways {
            let open = account(gateway).open.len();
            if open > 0 {
                return Err(format!("a kill is in force, and {open} positions are open"));
            }
            let proven = facts.proven.get(&address.name);
            if !proven.is_some_and(|(id, ok)| *ok && kills.iter().any(|k| k.engage_id == *id)) {
                return Err(format!("never proven: {proven:?}"));
            }
        }
    }
    if facts.gone > 0 && truth.further_removed == 0 {
        return Err(String::from("an alarm of a further latch that nobody removed"));
    }
    // Where the log was gone, a reset that had just taken the latch can't be told
    // from a removal: it is made anew and said, on the safe side.
    if facts.tampered > 0 && !truth.removed && !truth.lost_log {
        return Err(String::from("an alarm of tampering, and nobody removed anything"));
    }
    Ok(())
}
