//! A log that was cut, or changed by a bit: found, and never read as freedom.

use super::chains::{Lane, Life, Log, each, share};
use super::under::{Said, Under};
use super::{Came, Row};
use serde_json::Value;
use std::fs;
use std::sync::Mutex;
use std::time::{Duration, Instant};

pub const ROWS: &[Row] = &[
    Row {
        number: 34,
        fault: "audit log, latch, stand-in and gateway's memory cut at every byte",
        outcome: "every cut found (exit 1); ENGAGED until a whole reset, not SAFE until a whole \
                  arm; an agent stays engaged; no gateway on half a memory",
        timed: "`crs status` on a cut log",
        bound: None,
        alone: false,
        run: cut,
    },
    Row {
        number: 35,
        fault: "a flipped bit in every byte of the audit log",
        outcome: "\"chain broken at n\" (exit 1), n the line or the next; still ENGAGED",
        timed: "`crs audit verify` on it",
        bound: None,
        alone: false,
        run: flipped,
    },
];

/// One chain, and where it is spoiled.
type At = (usize, usize);

/// Every byte of these chains.
fn places(log: &Log, chains: impl Iterator<Item = usize>) -> Vec<At> {
    chains.flat_map(|n| (0..log[n].1.len()).map(move |at| (n, at))).collect()
}

/// The worst time of several lanes.
#[derive(Default)]
struct Worst(Mutex<Duration>);

impl Worst {
    fn time(&self, run: impl FnOnce() -> Said) -> Said {
        let began = Instant::now();
        let said = run();
        let mut worst = self.0.lock().unwrap();
        *worst = worst.max(began.elapsed());
        said
    }
}

fn cut(seed: u64) -> Came {
    let life = Life::new();
    let worst = Worst::default();
    let killed = share(places(&life.killed, 0..life.killed.len()), seed, 120);
    each(&life.under, "killed", &killed, |lane, at| {
        cut_log(lane, &life.killed, *at)?;
        is(&worst.time(|| lane.run(&["status", "--json"])), 1, "ENGAGED", at)
    });
    let freed = share(freeing(&life.freed), seed, 60);
    each(&life.under, "freed", &freed, |lane, at| {
        cut_log(lane, &life.freed, *at)?;
        let (code, state) = freedom(&life.freed, *at);
        is(&worst.time(|| lane.run(&["status", "--json"])), code, state, at)
    });
    let latches: Vec<(bool, usize)> =
        [false, true].iter().flat_map(|f| (0..life.latch.len()).map(|at| (*f, at))).collect();
    let latches = share(latches, seed, 30);
    each(&life.under, "latch", &latches, |lane, (fallback, at)| {
        // Nothing on record: the file alone must do it.
        let path = if *fallback { lane.private.join("latch.fallback") } else { lane.latch.clone() };
        fs::write(&path, &life.latch[..*at]).unwrap();
        let said = is(&lane.run(&["status", "--json"]), 1, "ENGAGED", &(*fallback, *at));
        fs::remove_file(path).unwrap();
        said
    });
    let agents: Vec<&At> = killed.iter().step_by(killed.len().div_ceil(4)).collect();
    for at in &agents {
        agent_stays(&life, **at);
    }
    let cases = killed.len() + freed.len() + latches.len() + agents.len() + memory(seed);
    Came::Held { took: worst.0.into_inner().unwrap(), cases: u64::try_from(cases).unwrap() }
}

/// Puts the log there, one of its chains cut; `crs audit verify` must see it.
fn cut_log(lane: &Lane<'_>, log: &Log, (n, at): At) -> Result<(), String> {
    let (name, bytes) = &log[n];
    lane.put(log);
    lane.spoil(name, &bytes[..at]);
    let said = lane.run(&["audit", "verify", "--json"]);
    // Whole lines are missed where a younger chain remembers one of them.
    let lines = bytes[..at].split(|b| *b == b'\n').count() - 1;
    let torn = at == 0 || bytes[at - 1] != b'\n';
    let want = i32::from(torn || remembered(log, name) > lines);
    if said.code == Some(want) { Ok(()) } else { Err(format!("cut {name} at {at}: {said:#?}")) }
}

/// How many lines of a chain the others know of: those that it had when the
/// last of them was opened. What came later nothing but its own chain holds.
fn remembered(log: &Log, name: &str) -> usize {
    let known = log.iter().filter_map(|(_, bytes)| {
        let first = bytes.split(|b| *b == b'\n').next()?;
        let open: Value = serde_json::from_slice(first).ok()?;
        usize::try_from(open["heads"][name]["n"].as_u64()?).ok()
    });
    known.max().map_or(0, |n| n + 1)
}

fn is(said: &Said, code: i32, state: &str, at: &impl std::fmt::Debug) -> Result<(), String> {
    let good = said.code == Some(code)
        && said.out["state"] == state
        && said.out["is_safe"] == (state == "SAFE");
    if good { Ok(()) } else { Err(format!("{at:?}: not {state}: {said:#?}")) }
}

/// Every byte from the reset on, in each chain that frees.
fn freeing(log: &Log) -> Vec<At> {
    let frees = |bytes: &[u8]| {
        let lines = || bytes.split_inclusive(|b| *b == b'\n');
        let first = lines().position(|line| matches!(act(line).as_str(), "RESET" | "ARM"))?;
        Some(lines().take(first).map(<[u8]>::len).sum::<usize>())
    };
    let chains = log.iter().enumerate();
    chains
        .filter_map(|(n, (_, bytes))| frees(bytes).map(|from| (n, from, bytes.len())))
        .flat_map(|(n, from, to)| (from..to).map(move |at| (n, at)))
        .collect()
}

/// What a line says was done; empty for half a line.
fn act(line: &[u8]) -> String {
    let record: Value = serde_json::from_slice(line).unwrap_or_default();
    record["act"].as_str().unwrap_or_default().to_owned()
}

/// How free a log with this cut may say that the switch is.
fn freedom(log: &Log, (n, at): At) -> (i32, &'static str) {
    let bytes = |k: usize| if k == n { &log[k].1[..at] } else { &log[k].1[..] };
    let has = |word: &str| {
        let whole = |line: &[u8], word: &str| line.ends_with(b"\n") && act(line) == word;
        // What was never known to be on disk has not happened.
        (0..log.len()).any(|k| {
            let lines: Vec<&[u8]> = bytes(k).split_inclusive(|b| *b == b'\n').collect();
            lines.windows(2).any(|pair| whole(pair[0], word) && whole(pair[1], "SYNCED"))
        })
    };
    match (has("RESET"), has("ARM")) {
        (false, _) => (1, "ENGAGED"),
        (true, false) => (2, "DISARMED"),
        (true, true) => (0, "SAFE"),
    }
}

/// The first agent after the damage, with no latch left to go by.
fn agent_stays(life: &Life, (n, at): At) {
    let mut under = Under::new("");
    let _peer = under.peer(&["honest"]);
    // Its own private directory, made by a look of its own.
    let first = under.agent();
    under.end(first);
    let audit = Under::private_in(&under.state()).unwrap().join("audit");
    fs::create_dir_all(&audit).unwrap();
    let mine = under.home.latch().display().to_string();
    let theirs = life.under.home.latch().display().to_string();
    let port = [&life.under, &under].map(|u| format!(":{}", u.ports[0]));
    for (k, (name, bytes)) in life.killed.iter().enumerate() {
        let bytes = if k == n { &bytes[..at] } else { &bytes[..] };
        let text = String::from_utf8_lossy(bytes).replace(&theirs, &mine);
        fs::write(audit.join(name), text.replace(&port[0], &port[1])).unwrap();
    }
    let agent = under.agent();
    let eye = under.hear_agent();
    eye.first("engaged", None, super::eyes::engaged);
    under.until("ENGAGED", |s| s["state"] == "ENGAGED" && s["latch"]["phase"] == "DURABLE");
    under.denied();
    let safe = |said: &Value| said["say"] == "latch" && !super::eyes::engaged(said);
    let heard = eye.since(Instant::now().checked_sub(super::under::LIMIT).unwrap());
    assert!(!heard.iter().any(safe), "cut {n} at {at}: {heard:#?}");
    under.end(agent);
}

/// A paper gateway that was killed must not forget it on half a memory.
fn memory(seed: u64) -> usize {
    let mut under = Under::new("");
    under.gateway();
    let kill = under.kill();
    assert_eq!(kill.code, Some(0), "{kill:#?}");
    under.end_all();
    let path = under.state().join("paper/gateway.json");
    let whole = fs::read(&path).unwrap();
    let cuts = share((0..whole.len()).collect(), seed, 10);
    for at in &cuts {
        fs::write(&path, &whole[..*at]).unwrap();
        let said = under.run(&["gateway", "--free-ports", "--json"]);
        assert_eq!(said.code, Some(1), "memory cut at {at}: {said:#?}");
        assert!(said.err.contains("gateway.json"), "{said:#?}");
    }
    cuts.len()
}

fn flipped(seed: u64) -> Came {
    let life = Life::new();
    let worst = Worst::default();
    let flips = share(places(&life.freed, 0..life.freed.len()), seed, 400);
    // A last line that no other chain remembers may be anything.
    let known = |(n, at): &At| {
        let (name, bytes) = &life.freed[*n];
        let (n, followed) = line_of(bytes, *at);
        followed || u64::try_from(remembered(&life.freed, name)).unwrap() >= n
    };
    let flips: Vec<At> = flips.into_iter().filter(known).collect();
    each(&life.under, "flipped", &flips, |lane, at| {
        let bytes = flip(&life.freed, *at, seed);
        lane.put(&life.freed);
        lane.spoil(&life.freed[at.0].0, &bytes);
        found(&worst.time(|| lane.run(&["audit", "verify", "--json"])), &life.freed, *at)
    });
    let engaged = share(places(&life.killed, 0..life.killed.len()), seed, 60);
    let engaged: Vec<At> = engaged.into_iter().step_by(7).collect();
    each(&life.under, "still", &engaged, |lane, at| {
        lane.put(&life.killed);
        lane.spoil(&life.killed[at.0].0, &flip(&life.killed, *at, seed));
        is(&lane.run(&["status", "--json"]), 1, "ENGAGED", at)
    });
    let cases = u64::try_from(flips.len() + engaged.len()).unwrap();
    Came::Held { took: worst.0.into_inner().unwrap(), cases }
}

/// The chain with one bit changed; which one depends on place and run.
fn flip(log: &Log, (n, at): At, seed: u64) -> Vec<u8> {
    let mut bytes = log[n].1.clone();
    bytes[at] ^= 1 << ((u64::try_from(at).unwrap() + seed) % 8);
    bytes
}

/// The line of a byte, counted from 1, and whether another follows.
fn line_of(bytes: &[u8], at: usize) -> (u64, bool) {
    let lines = |part: &[u8]| part.split(|b| *b == b'\n').count() - 1;
    let line = lines(&bytes[..at]) + 1;
    (u64::try_from(line).unwrap(), line < lines(bytes))
}

/// The report names the chain, and the line or the one that does not follow.
fn found(said: &Said, log: &Log, (n, at): At) -> Result<(), String> {
    let (line, followed) = line_of(&log[n].1, at);
    let reports = said.out.as_array().cloned().unwrap_or_default();
    let named = |finding: &Value| {
        let what = finding["what"].as_str().unwrap_or_default();
        let here = finding["line"].as_u64().is_some_and(|n| n == line || n == line + 1);
        let broken = what.starts_with(&format!("chain broken at {}", finding["line"]));
        let last = what.starts_with("lost or changed line") || what.starts_with("torn tail");
        // The version's digit itself, say.
        let broken = broken || what.starts_with("written by a newer crs");
        here && (broken || (!followed && last))
    };
    let good = said.code == Some(1)
        && reports
            .iter()
            .filter(|report| report["file"] == log[n].0.as_str())
            .any(|report| report["findings"].as_array().unwrap().iter().any(named));
    let what = || format!("flip in {} at {at}, line {line}: {said:#?}", log[n].0);
    if good { Ok(()) } else { Err(what()) }
}
