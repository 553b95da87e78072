//! Control records under kill -9: what was acknowledged is in the log.
//!
//! Writers are processes of their own: this very test program, started again
//! as `writer`, and `crs arm`. Each says when a record is on disk, and is
//! shot at a moment of chance.

use crate::common::sandbox::{Sandbox, end};
use crate::lanes;
use crate::number;
use crate::scene::Random;
use crs::audit::{Act, Chain};
use crs::breaker::LatchHome;
use crs::domain::Text;
use crs::host::Identity;
use serde_json::Value;
use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);
const DIR: &str = "CRS_TEST_AUDIT";
/// Records to a log, before a fresh one is begun.
const LOG: u64 = 500;

#[test]
#[ignore = "the writer that the other test shoots"]
fn writer() {
    let Some(dir) = env::var_os(DIR).map(PathBuf::from) else { return };
    let mut chain = Chain::new(&dir, Identity::here(), "test");
    for n in 0_u64.. {
        let name = format!("{}-{n}", std::process::id());
        let req_id = Text::new(&name);
        let (what, outcome) = (Text::new("CLOSE_POSITION 7"), Text::new("done"));
        chain
            .append(Act::Command {
                req_id,
                what,
                outcome,
                ticket: None,
                gateway: None,
                why: Text::default(),
            })
            .unwrap();
        // Nobody listens any more: the end.
        // In one piece: half a name, cut by the shot, is no acknowledgement.
        if std::io::stderr().write_all(format!("kept {name}\n").as_bytes()).is_err() {
            return;
        }
    }
}

/// What came of one log.
#[derive(Debug, Default)]
struct Tally {
    kept: u64,
    armed: u64,
    shot: u64,
    lost: u64,
    torn: u64,
}

/// One writer's life; back with the names of what it acknowledged.
fn life(home: &Sandbox, dir: &str, random: &Mutex<Random>) -> Vec<String> {
    let program = env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["ledger::writer", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env_clear().envs(home.env()).env(DIR, dir).current_dir(home.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap());
    let (after, pause) = {
        let mut random = random.lock().unwrap();
        (random.below(40), Duration::from_micros(random.below(3_000)))
    };
    let mut kept = Vec::new();
    let mut shot = false;
    for line in said.lines().map_while(Result::ok) {
        kept.extend(line.strip_prefix("kept ").map(str::to_owned));
        if !shot && u64::try_from(kept.len()).unwrap() > after {
            std::thread::sleep(pause);
            child.kill().unwrap();
            shot = true;
        }
    }
    end(&mut child);
    assert!(shot, "it ended by itself after {kept:?}");
    kept
}

/// `crs arm`, shot while it works; its process id when it said that it armed.
fn arm(home: &Sandbox, pause: Duration) -> Option<u32> {
    let mut child: Child = home.crs(&["arm"]).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    std::thread::sleep(pause);
    child.kill().unwrap();
    let mut said = String::new();
    stdout.read_line(&mut said).unwrap();
    end(&mut child);
    said.starts_with("ARMED").then(|| child.id())
}

fn log(seed: u64, records: u64) -> Tally {
    let home = Sandbox::new();
    let state = home.path().join("home/.local/state/crs");
    let place = LatchHome::new(&state, &home.latch());
    place.prepare().unwrap();
    let dir = place.audit().display().to_string();
    let random = Mutex::new(Random::new(seed));
    let (kept, shot, armed) = (Mutex::new(BTreeSet::new()), Mutex::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        // Two at once: each writes a chain, and remembers the other's head.
        for _ in 0..2 {
            scope.spawn(|| {
                while u64::try_from(kept.lock().unwrap().len()).unwrap() < records {
                    let names = life(&home, &dir, &random);
                    kept.lock().unwrap().extend(names);
                    *shot.lock().unwrap() += 1;
                    let pause = Duration::from_micros(random.lock().unwrap().below(250_000));
                    armed.lock().unwrap().extend(arm(&home, pause));
                    *shot.lock().unwrap() += 1;
                }
            });
        }
    });
    let (kept, armed) = (kept.into_inner().unwrap(), armed.into_inner().unwrap());
    let shown = home.run(&["audit", "show", "--json"], LIMIT).json();
    let shown = shown.as_array().unwrap();
    let named: BTreeSet<&str> = shown.iter().filter_map(|r| r["req_id"].as_str()).collect();
    let lost = kept.iter().filter(|name| !named.contains(name.as_str()));
    let arms: Vec<&Value> = shown.iter().filter(|r| r["act"] == "ARM").collect();
    let unarmed = armed.iter().filter(|pid| !arms.iter().any(|r| r["who"]["pid"] == **pid));
    let lost = u64::try_from(lost.count() + unarmed.count()).unwrap();
    Tally {
        kept: u64::try_from(kept.len() + armed.len()).unwrap(),
        armed: u64::try_from(armed.len()).unwrap(),
        shot: shot.into_inner().unwrap(),
        lost,
        torn: torn(&home),
    }
}

/// How many chains end in what nobody acknowledged; anything else that
/// `crs audit verify` finds fails the test.
fn torn(home: &Sandbox) -> u64 {
    let verified = home.run(&["audit", "verify", "--json"], LIMIT).json();
    let reports = verified.as_array().unwrap().iter();
    let findings: Vec<&str> = reports
        .flat_map(|report| report["findings"].as_array().unwrap())
        .map(|finding| finding["what"].as_str().unwrap())
        .collect();
    let tail = |what: &&&str| what.starts_with("torn tail") || **what == "empty chain";
    assert_eq!(findings.iter().filter(tail).count(), findings.len(), "{findings:#?}");
    u64::try_from(findings.len()).unwrap()
}

#[test]
fn what_was_acknowledged_is_in_the_log_after_a_kill() {
    let (all, first) = (number("CRS_AUDIT_RECORDS", 300), number("CRS_FAULT_SEED", 1));
    let mut sum = Tally::default();
    while sum.kept < all {
        let one = log(first + sum.shot, (all - sum.kept).min(LOG));
        sum.kept += one.kept;
        sum.armed += one.armed;
        sum.shot += one.shot;
        sum.lost += one.lost;
        sum.torn += one.torn;
    }
    let text = format!(
        "Control records acknowledged to another process, their writers shot (`crs arm` and a \
         writer with the same code), then read by `crs audit`:\n\n\
         | acknowledged | of them by `crs arm` | processes shot | lost | torn or empty tails \
         |\n|--:|--:|--:|--:|--:|\n| {} | {} | {} | {} | {} |\n",
        sum.kept, sum.armed, sum.shot, sum.lost, sum.torn
    );
    eprintln!("{text}");
    lanes::keep("audit.md", &text);
    assert_eq!(sum.lost, 0, "{sum:?}");
}
