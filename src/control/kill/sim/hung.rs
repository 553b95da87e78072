//! A disk that hangs from before the key on: what a kill must do without it.

use super::net::account;
use super::parts::{FromHand, Stage, ToCore};
use super::story::{decision, finish, stage};
use super::time::{MS, Sim};
use crate::audit::{Act, Chain};
use crate::control::kill::hand::Job;
use crate::control::kill::protocol::ToAgent;
use crate::domain::{Intent, KillIntent, LatchPhase, Text};
use crate::host::{clock, ids};
use std::path::PathBuf;
use std::time::Duration;

/// Seeds in which no operation takes long but for the disk that hangs.
fn seeds() -> impl Iterator<Item = u64> {
    (1..=15).map(|n| n * 4)
}

/// Nothing that is asked about `dir` comes back for so long.
fn hang(stage: &Stage, dir: &str, span: u64) {
    let mut sim = stage.sim.lock();
    let until = sim.now + span * MS;
    sim.note(format!("{dir} hangs for {span} ms"));
    sim.disk.hung = Some((PathBuf::from(dir), until));
}

fn kills(stage: &Stage) -> u32 {
    stage.gateways.iter().map(|(_, gateway)| account(gateway).kills).min().unwrap()
}

/// Every gateway has a kill within `limit` (ms) of now.
fn obeyed_within(stage: &Stage, limit: u64) {
    let until = stage.sim.now() + limit * MS;
    while kills(stage) == 0 {
        if stage.sim.now() > until {
            return stage.sim.fail(&format!("no kill reached a gateway within {limit} ms"));
        }
        clock::sleep(Duration::from_millis(1));
    }
}

fn fire(stage: &Stage, process: u32, hand: &super::mail::Mail<FromHand>) -> KillIntent {
    let intent = decision(stage, process, Intent::Kill);
    hand.send(FromHand::Job(Job::Fire(Box::new(intent.clone()))), 1);
    intent
}

/// With an agent that is met, and with one that can't even be started; with
/// the latch on another disk, and with everything on the one that hangs.
#[test]
fn a_kill_reaches_every_gateway_although_the_disk_hangs() {
    for seed in seeds() {
        for (dir, met) in [("/state", true), ("/state", false), ("/", true), ("/", false)] {
            let sim = Sim::new(seed);
            let (stage, mut threads) = stage(&sim, 4_000 * MS, 22_000 * MS);
            let there = stage.clone();
            threads.push(sim.spawn(0, move || {
                let stage = there;
                if !met {
                    hang(&stage, dir, 4_000);
                }
                let (process, hand) = stage.start_hand("console");
                clock::sleep(Duration::from_millis(700));
                if met {
                    hang(&stage, dir, 3_000);
                    clock::sleep(Duration::from_millis(stage.sim.roll(400)));
                }
                fire(&stage, process, &hand);
                // 50 ms for a latch, 100 for an agent, 20 for its socket.
                obeyed_within(&stage, 250);
                let latch = stage.sim.lock().disk.files.contains_key(&stage.home.latch);
                if dir == "/state" && !latch {
                    stage.sim.fail("the latch was not made on its own, sound disk");
                }
            }));
            if let Err(why) = finish(&stage, threads) {
                panic!("seed {seed}, {dir}, agent {met}:\n{why}");
            }
        }
    }
}

/// Handed over while no log says whether it is over, it is carried out; and
/// let go, latch and all, once the log says that it had been reset.
#[test]
fn a_decision_that_was_over_is_let_go_once_the_log_answers() {
    for seed in seeds() {
        let sim = Sim::new(seed);
        let (stage, mut threads) = stage(&sim, 4_000 * MS, 22_000 * MS);
        let there = stage.clone();
        threads.push(sim.spawn(0, move || {
            let stage = there;
            let (process, _hand) = stage.start_hand("console");
            clock::sleep(Duration::from_millis(700));
            let intent = over_already(&stage, process);
            hang(&stage, "/state", 2_000);
            let agent = stage.facts().agent.clone().unwrap();
            let said = ToAgent::Engage { intent: Box::new(intent.clone()), again: true };
            agent.mail.send(ToCore::Said(0, said), MS);
            obeyed_within(&stage, 1_000);
            if !stage.facts().accepted.iter().any(|(id, _)| *id == intent.engage_id) {
                stage.sim.fail("the agent did not take it");
            }
            clock::sleep(Duration::from_secs(8));
            if stage.sim.lock().disk.files.contains_key(&stage.home.latch) {
                stage.sim.fail("the latch of a decision that was reset lies there");
            }
            let phase = stage.facts().verdicts[&agent.process].seen.phase;
            if phase != LatchPhase::Disarmed {
                stage.sim.fail(&format!("the agent sees {phase:?}"));
            }
        }));
        if let Err(why) = finish(&stage, threads) {
            panic!("seed {seed}:\n{why}");
        }
    }
}

/// A decision that is on record, and so is its reset.
fn over_already(stage: &Stage, process: u32) -> KillIntent {
    let intent = decision(stage, process, Intent::Kill);
    let mut chain = Chain::new(&stage.home.audit(), super::parts::who(stage.process()), "agent");
    let reset = Act::Reset {
        ids: vec![intent.engage_id],
        foreign: Vec::new(),
        token: ids::engage_id(),
        reason: Text::new("over"),
        overridden: true,
    };
    chain.append(Act::Engage { intent: intent.clone() }).unwrap();
    chain.append(reset).unwrap();
    intent
}
