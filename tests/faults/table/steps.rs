//! Row 31: a process is shot before each system call on the path from the key
//! to the proof.
//!
//! strace counts first, then shoots: `when=N` counts for each thread. A
//! command is followed from its first call; of a console and an agent, which
//! live before the key, one thread is held, chosen by its name.

use super::Came;
use super::tools::{share, threads, tool};
use super::victim::{Stage, Who, attach, detach};
use crate::scene::{Random, exit};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What can be seen from outside the process, and what its peers wait for.
const CALLS: &str = "write,sendto,sendmsg,openat,fsync,fdatasync,rename,renameat,renameat2,\
                     linkat,unlink,unlinkat,mkdir,connect,fchmod";

/// Before its `n`th such call.
#[derive(Clone, Debug)]
struct Step {
    who: Who,
    /// Of these threads; of any, where the process is followed from its start.
    thread: String,
    call: String,
    n: u64,
}

pub fn shot(seed: u64) -> Came {
    if let Err(came) = tool("strace", "strace") {
        return came;
    }
    let steps = all_steps();
    let (share, times) = share(seed);
    let chosen = if times < 10 { dozen(steps, seed) } else { slice(steps, share, times) };
    let mut worst = Duration::ZERO;
    let mut hit = 0;
    for step in &chosen {
        let (took, was_shot) = one(step);
        worst = worst.max(took);
        hit += u64::from(was_shot);
    }
    let tried = u64::try_from(chosen.len()).unwrap();
    assert!(3 * hit >= tried, "only {hit} of {tried} steps were reached: {chosen:?}");
    Came::Held { took: worst, cases: hit }
}

/// Three of each, anywhere on the path.
fn dozen(steps: &[Step], seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed);
    let whose = |who| steps.iter().filter(move |step| step.who == who).collect::<Vec<_>>();
    let mut chosen = Vec::new();
    for who in [Who::Command, Who::Alone, Who::Console, Who::Agent] {
        let of = whose(who);
        let end = u64::try_from(of.len()).unwrap();
        let any = (0..3).map(|_| of[usize::try_from(random.below(end)).unwrap()].clone());
        chosen.extend(any);
    }
    chosen
}

/// This run's part of all steps.
fn slice(steps: &[Step], share: u64, times: u64) -> Vec<Step> {
    let mine = steps.iter().zip(0_u64..).filter(|(_, n)| n % times == share);
    mine.map(|(step, _)| step.clone()).collect()
}

/// Every step there is, counted once.
fn all_steps() -> &'static [Step] {
    static STEPS: OnceLock<Vec<Step>> = OnceLock::new();
    STEPS.get_or_init(|| {
        let all = [Who::Command, Who::Alone, Who::Console, Who::Agent].map(count);
        let steps: Vec<Step> = all.into_iter().flatten().collect();
        let of = |who| steps.iter().filter(|step| step.who == who).count();
        let [command, alone, console, agent] =
            [of(Who::Command), of(Who::Alone), of(Who::Console), of(Who::Agent)];
        eprintln!("steps: command {command}, alone {alone}, console {console}, agent {agent}");
        steps
    })
}

/// Runs a kill to its proof under strace, and reads how often each thread
/// made each call.
fn count(who: Who) -> Vec<Step> {
    let mut stage = Stage::new(who);
    let log = stage.scene().home.path().join("trace");
    let all = ["-f", "-e", &format!("trace={CALLS}"), "-o", log.to_str().unwrap()];
    let mut names = BTreeMap::new();
    let mut tracer = None;
    match stage.victim() {
        None => assert_eq!(exit(&mut stage.traced(&all)), Some(0)),
        Some(pid) => {
            names = threads(pid).into_iter().collect();
            tracer = Some(attach(&all, pid, &[pid], &stage.scene().home));
            stage.key();
        }
    }
    stage.scene().verified();
    if let Some(mut tracer) = tracer {
        detach(&mut tracer);
    }
    let mut counts: BTreeMap<(String, String), BTreeMap<u32, u64>> = BTreeMap::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        let Some((tid, rest)) = line.split_once(' ') else { continue };
        let (Ok(tid), Some((call, _))) = (tid.parse::<u32>(), rest.trim().split_once('(')) else {
            continue;
        };
        // A thread that was born meanwhile can't be held before it lives.
        let thread = match (stage.victim(), names.get(&tid)) {
            (None, _) => String::new(),
            (Some(_), Some(name)) => name.clone(),
            (Some(_), None) => continue,
        };
        *counts.entry((thread, call.to_owned())).or_default().entry(tid).or_default() += 1;
    }
    let mut steps = Vec::new();
    for ((thread, call), by) in counts {
        let most = by.values().max().copied().unwrap_or_default();
        let step = |n| Step { who, thread: thread.clone(), call: call.clone(), n };
        steps.extend((1..=most).map(step));
    }
    assert!(steps.len() > 10, "{who:?}: {steps:?}");
    steps
}

/// Back with the time to the proof, and whether the shot fell.
fn one(step: &Step) -> (Duration, bool) {
    let mut stage = Stage::new(step.who);
    let Step { call, n, .. } = step;
    let inject = format!("inject={call}:signal=SIGKILL:when={n}");
    let args = ["-e", &format!("trace={call}"), "-e", &inject, "-o", "/dev/null"];
    let (mut tracer, began, was_shot);
    match stage.victim() {
        None => {
            tracer = None;
            began = Instant::now();
            let code = exit(&mut stage.traced(&[&["-f"], &args[..]].concat()));
            was_shot = code.is_none();
            assert!(was_shot || code == Some(0), "{step:?}: {code:?}");
        }
        Some(pid) => {
            let held = threads(pid).into_iter().filter(|(_, name)| *name == step.thread);
            let tids: Vec<u32> = held.map(|(tid, _)| tid).collect();
            tracer = Some(attach(&args, pid, &tids, &stage.scene().home));
            began = Instant::now();
            stage.key();
            was_shot = !Path::new(&format!("/proc/{pid}/status")).exists() || stage.ended();
        }
    }
    stage.settled(step.who, step, was_shot);
    let took = began.elapsed();
    if let Some(tracer) = &mut tracer {
        detach(tracer);
    }
    (took, was_shot)
}
