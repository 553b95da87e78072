//! Row 47: no descriptors, no memory, no threads, no processor.

use super::tools::tool;
use super::{Came, Row};
use crate::common::sandbox::{binary, end};
use crate::common::wait::until;
use crate::scene::{Random, Scene, phases};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);
const MB: u64 = 1_000_000;
/// With fewer descriptors the loader finds no library.
const FEWEST: u64 = 4;
/// In less the program can't be loaded.
const SMALLEST: u64 = 60 * MB;

/// What one kind of want cost, over its cases.
#[derive(Clone)]
enum Cost {
    /// From the key: the worst time to the gate closed and to the file visible,
    /// as the commands tell; one that was shot tells none.
    Kept { gate: Duration, visible: Duration, cases: u64 },
    /// Not to be injected here, and why.
    Not(String),
}

/// Kinds of want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Want {
    Descriptors,
    Memory,
    Threads,
    Killer,
    Processor,
}

type Memo = Mutex<BTreeMap<(Want, u64), Arc<OnceLock<Cost>>>>;

/// Every kind once for each seed, whichever of its rows asks first.
fn cost(want: Want, seed: u64) -> Cost {
    static MEMO: Memo = Mutex::new(BTreeMap::new());
    let slot = Arc::clone(MEMO.lock().unwrap().entry((want, seed)).or_default());
    let work = || match want {
        Want::Descriptors => descriptors(seed),
        Want::Memory => memory(seed),
        Want::Threads => threads(),
        Want::Killer => killer(seed),
        Want::Processor => processor(),
    };
    slot.get_or_init(|| work().unwrap_or_else(Cost::Not)).clone()
}

fn row(want: Want, seed: u64, gate: bool) -> Came {
    match cost(want, seed) {
        Cost::Kept { gate: took, cases, .. } if gate => Came::Held { took, cases },
        Cost::Kept { visible: took, cases, .. } => Came::Held { took, cases },
        Cost::Not(why) => Came::NotHere(why),
    }
}

const fn part(want: &'static str, gate: bool, alone: bool, run: fn(u64) -> Came) -> Row {
    Row {
        number: 47,
        fault: want,
        outcome: "latch made; proven, or engaged and proven by the next process, with no help but \
                  its start; a command that could not be loaded says no",
        timed: if gate { "key to gate closed" } else { "key to latch visible" },
        bound: Some(Duration::from_millis(if gate { 1 } else { 5 })),
        alone,
        run,
    }
}

const FILES: &str = "no descriptors: command, agent, or both";
const MEMORY: &str = "no memory: address space of command, agent, or both";
const THREADS: &str = "no threads (every clone3 refused)";
const KILLER: &str = "no memory: the kernel's killer, in a control group of 1 to 8 MiB";
const BUSY: &str = "no processor: four busy processes for each, command and agent at nice 19";

pub const ROWS: &[Row] = &[
    part(FILES, true, false, |seed| row(Want::Descriptors, seed, true)),
    part(FILES, false, false, |seed| row(Want::Descriptors, seed, false)),
    part(MEMORY, true, false, |seed| row(Want::Memory, seed, true)),
    part(MEMORY, false, false, |seed| row(Want::Memory, seed, false)),
    // One thread makes the latch there, and no gate is ever opened.
    part(THREADS, false, false, |seed| row(Want::Threads, seed, false)),
    part(KILLER, false, false, |seed| row(Want::Killer, seed, false)),
    part(BUSY, true, true, |seed| row(Want::Processor, seed, true)),
    part(BUSY, false, true, |seed| row(Want::Processor, seed, false)),
];

fn needs(name: &str, package: &str) -> Result<(), String> {
    tool(name, package).map(drop).map_err(|came| match came {
        Came::NotHere(why) => why,
        Came::Held { .. } | Came::At { .. } => unreachable!(),
    })
}

/// The worst of some cases; a time that nobody told is none.
fn worst(all: &[Steps]) -> Cost {
    let most =
        |of: fn(&Steps) -> Option<Duration>| all.iter().filter_map(of).max().unwrap_or_default();
    let (gate, visible) = (most(|steps| steps.gate), most(|steps| steps.visible));
    Cost::Kept { gate, visible, cases: u64::try_from(all.len()).unwrap() }
}

/// Commands from the fewest descriptors with which they can be loaded to those
/// that have enough, alone and beside an agent; an agent at what it has now and
/// a little above.
fn descriptors(seed: u64) -> Result<Cost, String> {
    needs("prlimit", "util-linux")?;
    let mut random = Random::new(seed);
    let mut all = Vec::new();
    for alone in [true, false] {
        // Where the command has most to lose: libzmq's own descriptors.
        for n in [FEWEST + random.below(6), 10 + random.below(7), 17 + random.below(24)] {
            let limit = format!("--nofile={n}:{n}");
            all.push(Case::new(alone).command(&["prlimit", &limit], true));
        }
    }
    all.push(Case::new(false).with_agent_at("--nofile", random.below(16)));
    Ok(worst(&all))
}

fn memory(seed: u64) -> Result<Cost, String> {
    needs("prlimit", "util-linux")?;
    let mut random = Random::new(seed);
    let mut all = Vec::new();
    for alone in [true, false] {
        let n = 20 * MB + random.below(300 * MB);
        let limit = format!("--as={n}:{n}");
        all.push(Case::new(alone).command(&["prlimit", &limit], n >= SMALLEST));
    }
    all.push(Case::new(false).with_agent_at("--as", random.below(20 * MB)));
    Ok(worst(&all))
}

fn threads() -> Result<Cost, String> {
    needs("strace", "strace")?;
    let none = ["strace", "-D", "-qq", "-o", "/dev/null", "-e", "inject=clone3:error=EAGAIN"];
    let steps = Case::new(true).command(&none, true);
    Ok(worst(&[steps]))
}

fn killer(seed: u64) -> Result<Cost, String> {
    let mut random = Random::new(seed);
    let room = SmallMemory::new((1 + random.below(8)) << 20, seed)
        .map_err(|why| format!("no control group with a limit of its own: {why}"))?;
    let script = format!("echo $$ >'{}' && exec \"$@\"", room.tasks.display());
    let steps = Case::new(false).command(&["sh", "-c", &script, "sh"], false);
    Ok(worst(&[steps]))
}

/// When the steps were taken, as the command tells.
#[derive(Debug, Default)]
struct Steps {
    gate: Option<Duration>,
    visible: Option<Duration>,
}

impl Steps {
    fn of(report: &Value) -> Self {
        let of = |name: &str| report["times"][name].as_u64().map(Duration::from_micros);
        Self { gate: of("gate"), visible: of("visible") }
    }
}

/// One home, one kill under a limit.
struct Case {
    scene: Scene,
    /// One that was there before the command.
    agent: Option<u32>,
    /// It has limits itself.
    limited: bool,
}

impl Case {
    fn new(alone: bool) -> Self {
        let mut scene = Scene::with(&["honest"]);
        let agent = (!alone).then(|| scene.agent());
        Self { scene, agent, limited: false }
    }

    /// The agent gets a limit: what it has now, and so much more.
    fn with_agent_at(mut self, what: &str, more: u64) -> Steps {
        let agent = self.agent.unwrap();
        self.limited = true;
        let now = if what == "--as" { size(agent) } else { open_files(agent) };
        let (pid, limit) = (format!("--pid={agent}"), format!("{what}={0}:{0}", now + more));
        let set = Command::new("prlimit").args([pid, limit]).status().unwrap();
        assert!(set.success());
        self.command(&[], true)
    }

    /// Runs `crs kill` behind these words; back with the times of its steps.
    fn command(&mut self, before: &[&str], must_latch: bool) -> Steps {
        let mut child = start(&self.scene, before);
        let status = until(LIMIT, || child.try_wait().unwrap());
        end(&mut child);
        let status = status.unwrap_or_else(|| panic!("{before:?} hangs"));
        let text = fs::read_to_string(said(&self.scene)).unwrap();
        let latch = self.scene.home.latch().exists();
        assert!(latch || !must_latch, "{before:?}: {status}, and no latch: {text}");
        if must_latch {
            // It ends by itself and says how: it is never ended by a library.
            assert!(matches!(status.code(), Some(0 | 3 | 4)), "{before:?}: {status}: {text}");
        }
        let steps = Steps::of(&serde_json::from_str(&text).unwrap_or_default());
        assert!(steps.visible.is_some() || !must_latch, "{before:?}: {text}");
        if status.success() {
            self.scene.flat();
        }
        self.settled(before, status);
        steps
    }

    /// Nothing at all, said by the exit status; or engaged, and proven once a
    /// process without limits has it.
    fn settled(&mut self, before: &[&str], status: ExitStatus) {
        if !self.scene.taken() {
            assert!(!status.success(), "{before:?}: it says VERIFIED and left nothing");
            return;
        }
        // Agents that came with the command have its limits, and one may be
        // deaf: then it gives up the election by itself, and the next one is
        // elected.
        let now = self.scene.status();
        assert_eq!(now["is_safe"], false, "{before:?}: {now:#}");
        // Dead between the file and its first word, before anybody else had
        // heard of it: then it is a latch like any that is touched.
        let touched = fs::metadata(self.scene.home.latch()).is_ok_and(|meta| meta.len() == 0);
        if touched && status.code().is_none() && !self.on_record() {
            let now = self.scene.status();
            assert_eq!((&now["is_engaged"], &now["is_safe"]), (&true.into(), &false.into()));
            return;
        }
        let proven = until(2 * LIMIT, || {
            let now = self.scene.status();
            assert_eq!(now["is_safe"], false, "{before:?}: {now:#}");
            if phases(&now).any(|phase| phase == "VERIFIED") {
                return Some(());
            }
            if self.agents().is_empty() {
                self.scene.agent();
            }
            None
        });
        assert!(proven.is_some(), "{before:?}: who keeps the election? {:?}", self.agents());
        self.scene.verified();
    }

    fn on_record(&self) -> bool {
        let log = self.scene.home.run(&["audit", "show", "--json"], LIMIT).json();
        log.as_array().unwrap().iter().any(|record| record["act"] == "ENGAGE")
    }

    /// Every agent of this home, elected or not; not what is dead already.
    fn agents(&self) -> Vec<u32> {
        let is_agent = |pid: &u32| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            words.split(|b| *b == 0).any(|word| word == b"__agent")
        };
        self.scene.home.processes().into_iter().filter(is_agent).collect()
    }
}

fn start(scene: &Scene, before: &[&str]) -> Child {
    let mut words = before.to_vec();
    let crs = binary().display().to_string();
    words.push(&crs);
    words.extend(["kill", "--reason", "limits", "--yes", "--json", "--timeout", "3"]);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env_clear().envs(scene.home.env()).current_dir(scene.home.path());
    let (out, err) = (said(scene), scene.home.path().join("tmp/limits-err"));
    command.stdin(Stdio::null()).stdout(File::create(out).unwrap());
    command.stderr(File::create(err).unwrap()).spawn().unwrap()
}

/// Where the command's report goes.
fn said(scene: &Scene) -> PathBuf {
    scene.home.path().join("tmp/limits-out")
}

/// Bytes of address space.
fn size(pid: u32) -> u64 {
    let pages = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    pages.split(' ').next().unwrap().parse::<u64>().unwrap() * 4_096
}

fn open_files(pid: u32) -> u64 {
    u64::try_from(fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()).unwrap()
}

/// A control group whose processes the kernel shoots when they need more.
struct SmallMemory {
    dir: PathBuf,
    tasks: PathBuf,
}

impl SmallMemory {
    fn new(bytes: u64, seed: u64) -> Result<Self, String> {
        let kinds =
            [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        let (above, limit) = kinds
            .into_iter()
            .find(|(above, _)| Path::new(above).join("cgroup.procs").exists())
            .ok_or("no memory control group")?;
        let dir = Path::new(above).join(format!("crs-test-{}-{seed}", std::process::id()));
        fs::create_dir(&dir).map_err(|e| e.to_string())?;
        let made = Self { tasks: dir.join("cgroup.procs"), dir };
        fs::write(made.dir.join(limit), bytes.to_string()).map_err(|e| e.to_string())?;
        Ok(made)
    }
}

impl Drop for SmallMemory {
    fn drop(&mut self) {
        // Whoever was shot may not be gone yet.
        let _ = until(Duration::from_secs(5), || fs::remove_dir(&self.dir).ok());
    }
}

/// Several busy processes for each processor; the kill has what they leave.
fn processor() -> Result<Cost, String> {
    needs("nice", "coreutils")?;
    let mut case = Case::new(true);
    // It has what the whole machine leaves.
    let patience = Duration::from_mins(4);
    let busy = 4 * std::thread::available_parallelism().map_or(2, usize::from);
    let mut hogs: Vec<Child> = (0..busy).map(|_| hog(&case.scene)).collect();
    let mut child = start(&case.scene, &["nice", "-n", "19"]);
    let ended = until(patience, || child.try_wait().unwrap());
    hogs.iter_mut().for_each(end);
    end(&mut child);
    assert!(ended.is_some(), "it hangs");
    let text = fs::read_to_string(said(&case.scene)).unwrap();
    let steps = Steps::of(&serde_json::from_str(&text).unwrap_or_default());
    assert!(steps.gate.is_some() && steps.visible.is_some(), "{text}");
    case.scene.verified();
    Ok(worst(&[steps]))
}

fn hog(scene: &Scene) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", "while :; do :; done"]).env_clear().envs(scene.home.env());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}
