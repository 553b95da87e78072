//! A story: what a seed has operators, strangers and fate do, and when.

use super::mail::Mail;
use super::net::{self, Account, account};
use super::parts::{Facts, FromHand, Stage, short};
use super::rules;
use super::time::{MS, Sim};
use crate::audit::{Act, Chain, LedgerReader};
use crate::breaker::{LatchHome, body, strangers};
use crate::control::kill::hand::Job;
use crate::control::kill::protocol::ResetRequest;
use crate::domain::{EngageId, GatewayAddr, Intent, KillIntent, Text};
use crate::host::clock;
use crossbeam_channel as channel;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// When the last fault is over, and how long it then takes to be quiet.
const BUSY: u64 = 3_000 * MS;
const QUIET: u64 = 22_000 * MS;

/// Tells one story; gives back how many orders passed a gate in it.
///
/// # Errors
/// What was broken, with all that had happened.
pub fn run(seed: u64) -> Result<u64, String> {
    let sim = Sim::new(seed);
    let begin = sim.now();
    let (stage, mut threads) = stage(&sim, BUSY, QUIET);
    for role in ["console", "cli"].into_iter().take(1 + usize::try_from(sim.roll(2)).unwrap()) {
        stage.start_hand(role);
    }
    let fate = stage.clone();
    threads.push(sim.spawn(0, move || tell(&fate, begin)));
    finish(&stage, threads)
}

/// Runs it to its end, and looks at what is left.
///
/// # Errors
/// What was broken, with all that had happened.
pub fn finish(stage: &Stage, threads: Vec<JoinHandle<()>>) -> Result<u64, String> {
    let mut outcome = stage.sim.run();
    for thread in threads {
        let _ = thread.join();
    }
    if outcome.is_ok() {
        outcome = rules::end(stage).map_err(|why| {
            let trace = stage.sim.lock().trace.join("\n");
            format!("{trace}\nat the end: {why}")
        });
    }
    crate::host::world::leave();
    let orders = stage.facts().orders;
    outcome.map(|()| orders)
}

/// A world with its gateways and nobody in it yet: faults for so long, and
/// then quiet; with the threads that are nobody's.
pub fn stage(sim: &Arc<Sim>, busy: u64, quiet: u64) -> (Stage, Vec<JoinHandle<()>>) {
    let begin = sim.now();
    let home = LatchHome::new(Path::new("/state"), Path::new("/run/latch"));
    super::disk::enter(sim);
    let further = PathBuf::from("/theirs/latch");
    for dir in [Path::new("/run"), Path::new("/theirs"), &home.dir, &home.audit()] {
        crate::host::world::here(|world| world.make_dir(dir)).unwrap();
    }
    let gateways = (0..=sim.roll(2)).map(|n| gateway(sim, n, begin)).collect();
    let facts = Arc::new(Mutex::new(Facts::default()));
    let (quiet, end) = (begin + busy, begin + busy + quiet);
    let stage = Stage { sim: Arc::clone(sim), home, further, gateways, quiet, end, facts };
    let mut threads = Vec::new();
    for (_, gateway) in stage.gateways.clone() {
        let stage = stage.clone();
        threads.push(sim.spawn(0, move || net::serve(&stage.sim, &gateway, stage.end)));
    }
    (stage, threads)
}

fn gateway(sim: &Arc<Sim>, n: u64, begin: u64) -> (GatewayAddr, net::Gateway) {
    let addr = GatewayAddr {
        name: Text::new(&format!("g{n}")),
        cmd: format!("127.0.0.1:{}", 5_555 + n).parse().unwrap(),
        data: format!("127.0.0.1:{}", 6_555 + n).parse().unwrap(),
    };
    let liar = sim.roll(3) == 0;
    let honest_from = if liar { begin + sim.roll(BUSY) } else { 0 };
    let open = (0..sim.roll(4)).map(|ticket| ticket + 1).collect();
    let account = Account { open, honest_from, ..Account::default() };
    (addr, (Mail::new(sim), Arc::new(Mutex::new(account))))
}

/// One thing after the other, at moments of the seed.
fn tell(stage: &Stage, begin: u64) {
    let sim = &stage.sim;
    // The first looks and the first agent come first.
    clock::sleep(Duration::from_nanos(sim.roll(600) * MS));
    press(stage);
    while sim.now() < begin + BUSY {
        let pause = match sim.roll(3) {
            0 => sim.roll(3) * MS,
            1 => sim.roll(60) * MS,
            _ => sim.roll(700) * MS,
        };
        clock::sleep(Duration::from_nanos(pause));
        match sim.roll(20) {
            0 | 1 => press(stage),
            2..=4 => reset(stage, false),
            5 => shoot_a_hand(stage),
            6 | 7 => shoot_the_agent(stage),
            8 => remove(stage),
            9 => touch(stage),
            10..=12 => fail_the_disk(stage),
            13 => drop(stage.start_hand("cli")),
            14 => appear(stage),
            15 => arm(stage),
            16 => refuse_threads(stage),
            17 => touch_further(stage),
            18 => remove_further(stage),
            _ => {}
        }
    }
    // Whoever comes next finds an agent, or starts one.
    stage.start_hand("console");
    if sim.roll(2) == 0 {
        clock::sleep(Duration::from_secs(12));
        reset(stage, sim.roll(2) == 0);
    }
}

fn some_hand(stage: &Stage) -> Option<(u32, Mail<FromHand>)> {
    let hands: Vec<_> = stage.facts().hands.iter().map(|(p, m)| (*p, m.clone())).collect();
    let n = stage.sim.roll(u64::try_from(hands.len()).unwrap().max(1));
    hands.into_iter().nth(usize::try_from(n).unwrap())
}

fn press(stage: &Stage) {
    if let Some((process, hand)) = some_hand(stage) {
        let word = if stage.sim.roll(5) == 0 { Intent::Block } else { Intent::Kill };
        let intent = decision(stage, process, word);
        hand.send(FromHand::Job(Job::Fire(Box::new(intent))), 1);
    }
}

/// A decision of that process, about to be taken.
pub fn decision(stage: &Stage, process: u32, word: Intent) -> KillIntent {
    let who = super::parts::who(process);
    let (now, salt) = (stage.sim.now() / MS, stage.sim.roll(u64::MAX));
    let intent = KillIntent {
        engage_id: EngageId::from_parts(now, u128::from(salt)),
        intent: word,
        operator: who.operator(),
        host: who.host,
        boot_id: who.boot_id,
        reason: Text::new("story"),
        pressed: clock::now(),
        latch: stage.home.latch.clone(),
        targets: stage.gateways.iter().map(|(addr, _)| addr.clone()).collect(),
        drill: false,
    };
    let id = intent.engage_id;
    stage.sim.note(format!("process {process} decides {} {:?}", short(id), intent.intent));
    stage.sim.lock().truth.intents.push((process, intent.clone()));
    intent
}

/// As `crs reset` does: what the latch shows, and what the log says.
fn reset(stage: &Stage, overrides: bool) {
    let Some((process, hand)) = some_hand(stage) else { return };
    let shown = stage.home.named();
    let mut reader = LedgerReader::new(&stage.home.audit());
    let Ok(ledger) = reader.refresh() else { return };
    let known: Vec<EngageId> = ledger.engaged().map(|e| e.intent.engage_id).collect();
    let foreign = strangers(&stage.home, std::slice::from_ref(&stage.further), ledger, |id| {
        known.contains(&id)
    })
    .all;
    let request = ResetRequest {
        engage_id: shown,
        known,
        known_foreign: foreign.into_iter().map(|stranger| stranger.at).collect(),
        reason: Text::new("story"),
        overrides: overrides || stage.sim.roll(3) == 0,
        operator: Text::new("op"),
        until: None,
    };
    let words = format!("process {process} asks for a reset of {:?}", shown.map(short));
    let (done, outcome) = channel::bounded(1);
    hand.send(FromHand::Job(Job::Reset(request, done)), MS);
    stage.sim.note(words);
    for _ in 0..20 {
        if let Ok(outcome) = outcome.try_recv() {
            stage.sim.note(format!("reset: {outcome:?}"));
            if stage.sim.roll(2) == 0 {
                arm(stage);
            }
            return;
        }
        clock::sleep(Duration::from_millis(5));
    }
}

/// As `crs arm` does: what is disarmed now, and nothing else.
fn arm(stage: &Stage) {
    let mut reader = LedgerReader::new(&stage.home.audit());
    let Ok(ledger) = reader.refresh() else { return };
    let tokens: Vec<EngageId> = ledger.disarmed().map(|(token, _)| token).collect();
    if !tokens.is_empty() && !ledger.is_engaged() {
        let act = Act::Arm { tokens, live: false, accounts: Vec::new() };
        let who = super::parts::who(stage.process());
        let _ = Chain::new(&stage.home.audit(), who, "arm").append(act);
    }
}

fn shoot_a_hand(stage: &Stage) {
    if let Some((process, _)) = some_hand(stage) {
        stage.shoot(process);
    }
}

fn shoot_the_agent(stage: &Stage) {
    let agent = stage.facts().agent.as_ref().map(|agent| agent.process);
    if let Some(process) = agent {
        stage.shoot(process);
    }
}

/// `rm`, once the decision is on record: before, nobody could know. Or of a
/// stranger's, by whoever made it, at any moment.
fn remove(stage: &Stage) {
    let mut sim = stage.sim.lock();
    let Some(node) = sim.disk.files.get(&stage.home.latch) else { return };
    let known = match body::parse(&node.bytes).engage_id {
        Some(id) => sim.truth.engaged.contains_key(&id),
        None => sim.truth.touched == Some(node.ino),
    };
    // Who removes both latch and log has removed the switch: one at a time.
    if known && !sim.truth.lost_log {
        sim.truth.removed = true;
        sim.note("somebody removes the latch");
        sim.disk.files.remove(&stage.home.latch);
    }
}

fn touch(stage: &Stage) {
    let made = {
        let mut sim = stage.sim.lock();
        let now = sim.now;
        let made = sim.disk.touch(&stage.home.latch, b"", now);
        let ino = sim.disk.files.get(&stage.home.latch).map(|node| node.ino);
        sim.truth.touched = if made { ino } else { sim.truth.touched };
        made
    };
    if made {
        stage.sim.lock().truth.foreign = true;
        stage.sim.note("somebody touches the latch");
    }
}

fn touch_further(stage: &Stage) {
    let mut sim = stage.sim.lock();
    let now = sim.now;
    if sim.disk.touch(&stage.further, b"", now) {
        sim.note("somebody touches the further latch");
    }
}

/// `rm`, by whoever made it; often before anybody looked.
fn remove_further(stage: &Stage) {
    let mut sim = stage.sim.lock();
    if !sim.truth.lost_log && sim.disk.files.remove(&stage.further).is_some() {
        sim.truth.further_removed += 1;
        sim.note("somebody removes the further latch");
    }
}

fn fail_the_disk(stage: &Stage) {
    let dir = match stage.sim.roll(5) {
        0 | 1 => "/run".into(),
        2 => "/theirs".into(),
        _ => stage.home.dir.clone(),
    };
    let kind = stage.sim.roll(5);
    if kind == 2 && dir == stage.home.dir {
        let mut sim = stage.sim.lock();
        if sim.truth.removed || sim.truth.further_removed > 0 {
            return;
        }
        sim.truth.lost_log = true;
    }
    let mut sim = stage.sim.lock();
    // One that hangs does so for longer than a look may take, too.
    let span = if kind == 3 { 300 + sim.roll(1_500) } else { sim.roll(800) };
    let until = sim.now + span * MS;
    sim.note(format!(
        "{} fails for {span} ms: {}",
        dir.display(),
        ["full", "sick", "gone", "hung", "unreadable"][usize::try_from(kind).unwrap()]
    ));
    let fault = Some((dir, until));
    match kind {
        0 => sim.disk.full = fault,
        1 => sim.disk.sick = fault,
        2 => sim.disk.gone = fault,
        3 => sim.disk.hung = fault,
        _ => sim.disk.unreadable = fault,
    }
}

/// Some process gets no more threads for a while.
fn refuse_threads(stage: &Stage) {
    let mut some: Vec<u32> = stage.facts().hands.keys().copied().collect();
    some.extend(stage.facts().agent.as_ref().map(|agent| agent.process));
    let mut sim = stage.sim.lock();
    let n = sim.roll(u64::try_from(some.len()).unwrap().max(1));
    let Some(process) = some.get(usize::try_from(n).unwrap()) else { return };
    let span = sim.roll(1_000);
    sim.threadless = Some((*process, sim.now + span * MS));
    sim.note(format!("process {process} gets no thread for {span} ms"));
}

/// A position of nobody's, such as a pending order that was filled.
fn appear(stage: &Stage) {
    let now = stage.sim.now();
    for (_, gateway) in &stage.gateways {
        let mut account = account(gateway);
        account.appeared = now;
        account.open.insert(90 + now % 9);
    }
    stage.sim.note("a position appears");
}
