//! From the call that makes the latch to the closed gate of another process.
//!
//! `cargo bench --bench latch` makes 200 latches (`CRS_KILLS`), each seen by
//! four other processes (`CRS_EYES`), with inotify and without (strace refuses
//! it to them; nothing else of theirs is slowed). Both ends read
//! `CLOCK_BOOTTIME`: before the call, and in the other process after its gate
//! was closed. A report, no judgement.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench reports to whoever runs it"
)]

use crs::audit::Act;
use crs::breaker::{Gate, LatchHome, Verdict, WatchConfig, Watcher, body, file};
use crs::domain::{Intent, KillIntent, LatchPhase, Text};
use crs::host::{Identity, clock, ids};
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const DIR: &str = "CRS_BENCH_DIR";

fn main() {
    // `cargo test --benches` and `cargo bench --no-run` only want to know
    // that it builds.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    if let Some(dir) = std::env::var_os(DIR) {
        look(Path::new(&dir));
    }
    let number =
        |key: &str, or: u32| std::env::var(key).ok().and_then(|v| v.parse().ok()).unwrap_or(or);
    let (kills, eyes) = (number("CRS_KILLS", 200), number("CRS_EYES", 4));
    println!(
        "{kills} latches, each seen by {eyes} other processes; ms from the call that makes it"
    );
    println!("{:<26}{:>8}{:>10}{:>10}{:>10}", "", "times", "p50", "p99", "max");
    run("with inotify", &[], kills, eyes);
    let refused = ["-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=inotify_init1"];
    let refused =
        [&["strace"], &refused[..], &["-e", "inject=inotify_init1:error=EMFILE"]].concat();
    if Command::new("strace").arg("-V").output().is_ok() {
        run("without (polls)", &refused, kills, eyes);
    } else {
        println!("without inotify: not measured, strace is not installed");
    }
}

fn home(dir: &Path) -> LatchHome {
    LatchHome::new(&dir.join("state"), &dir.join("run/latch.lock"))
}

/// The other process: says when its gate was closed, and when it was open.
fn look(dir: &Path) -> ! {
    let gate = Arc::new(Gate::default());
    let (own, mut open) = (Arc::clone(&gate), None);
    let tell = move |verdict: Verdict| {
        let (at, safe) = (clock::mono_ns(), own.is_safe());
        if open != Some(safe) && safe == (verdict.seen.phase == LatchPhase::Safe) {
            open = Some(safe);
            println!("{} {at}", if safe { "open" } else { "closed" });
        }
    };
    let config = WatchConfig { home: home(dir), extra: Vec::new(), role: "bench" };
    let _watcher = Watcher::start(config, gate, tell);
    loop {
        std::thread::park();
    }
}

struct Eye {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Eye {
    fn start(dir: &Path, under: &[&str]) -> Self {
        let me = std::env::current_exe().unwrap();
        let mut command = match under {
            [] => Command::new(me),
            [tracer, args @ ..] => {
                let mut command = Command::new(tracer);
                command.args(args).arg(me);
                command
            }
        };
        command.env(DIR, dir).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, said }
    }

    /// When it said so.
    fn next(&mut self, word: &str) -> u64 {
        loop {
            let line = self.said.next().expect("it looks on").unwrap();
            if let Some(at) = line.strip_prefix(word) {
                return at.trim().parse().unwrap();
            }
        }
    }
}

impl Drop for Eye {
    fn drop(&mut self) {
        // A tracer that is asked politely ends what it traces.
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let _ = rustix::process::kill_process(pid.unwrap(), rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

fn run(name: &str, under: &[&str], kills: u32, eyes: u32) {
    let dir = tempfile::tempdir().unwrap();
    let home = home(dir.path());
    std::fs::create_dir(dir.path().join("run")).unwrap();
    home.prepare().unwrap();
    let mut eyes: Vec<Eye> = (0..eyes).map(|_| Eye::start(dir.path(), under)).collect();
    let mut times = Vec::new();
    let mut chain = home.chain("bench");
    for n in 0..kills {
        for eye in &mut eyes {
            eye.next("open");
        }
        // Not in step with anybody's polls.
        std::thread::sleep(Duration::from_micros(5_000 + u64::from(n) * 7_919 % 100_000));
        let intent = intent(&home);
        let called = clock::mono_ns();
        let made = file::create(&home.latch).unwrap();
        times.extend(eyes.iter_mut().map(|eye| eye.next("closed").saturating_sub(called) / 1_000));
        chain.append(Act::Engage { intent: intent.clone() }).unwrap();
        made.make_durable(&body::compose(&intent, &home.audit())).unwrap();
        let token = ids::engage_id();
        let reset = Act::Reset {
            ids: vec![intent.engage_id],
            foreign: Vec::new(),
            token,
            reason: Text::new("bench"),
            overridden: false,
        };
        // Everybody has read whose file it is.
        std::thread::sleep(Duration::from_millis(250));
        chain.append(reset).unwrap();
        file::archive(&home.latch, "bench").unwrap();
        let arm = Act::Arm { tokens: vec![token], live: false, accounts: Vec::new() };
        chain.append(arm).unwrap();
    }
    times.sort_unstable();
    let at = |p: usize| times.get((times.len() - 1) * p / 100).copied().unwrap_or(0);
    let ms = |us: u64| format!("{}.{:03}", us / 1_000, us % 1_000);
    let [p50, p99, max] = [50, 99, 100].map(|p| ms(at(p)));
    println!("{name:<26}{:>8}{p50:>10}{p99:>10}{max:>10}", times.len());
}

fn intent(home: &LatchHome) -> KillIntent {
    let who = Identity::here();
    KillIntent {
        engage_id: ids::engage_id(),
        intent: Intent::Block,
        operator: who.operator(),
        host: who.host,
        boot_id: who.boot_id,
        reason: Text::new("bench"),
        pressed: clock::now(),
        latch: home.latch.clone(),
        targets: Vec::new(),
        drill: false,
    }
}
