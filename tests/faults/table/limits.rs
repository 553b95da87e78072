//! Row 47: no descriptors, no memory, no threads, no processor.

use super::Came;
use super::tools::tool;
use crate::common::sandbox::{binary, end};
use crate::common::wait::until;
use crate::scene::{Random, Scene, shoot};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_mins(1);
const MB: u64 = 1_000_000;
/// With fewer descriptors the loader finds no library.
const FEWEST: u64 = 4;
/// In less the program can't be loaded.
const SMALLEST: u64 = 60 * MB;

/// Each of them once, at limits of this seed's choice.
pub fn files_and_memory(seed: u64) -> Came {
    if let Err(came) = tool("prlimit", "util-linux") {
        return came;
    }
    let mut random = Random::new(seed);
    let files = |n: u64| format!("--nofile={n}:{n}");
    let memory = |n: u64| format!("--as={n}:{n}");
    let mut worst = Duration::ZERO;
    let mut cases = 0;
    for alone in [true, false] {
        let n = FEWEST + random.below(40);
        let mut case = Case::new(alone);
        worst = worst.max(case.command(&["prlimit", &files(n)], true));
        let n = 20 * MB + random.below(300 * MB);
        let mut case = Case::new(alone);
        worst = worst.max(case.command(&["prlimit", &memory(n)], n >= SMALLEST));
        cases += 2;
    }
    // The agent: at what it has now, and a little above.
    for what in ["--nofile", "--as"] {
        let mut case = Case::new(false);
        let agent = case.agent.unwrap();
        case.limited = true;
        let now = if what == "--as" { size(agent) } else { open_files(agent) };
        let more = if what == "--as" { random.below(20 * MB) } else { random.below(16) };
        let (pid, limit) = (format!("--pid={agent}"), format!("{what}={0}:{0}", now + more));
        let set = Command::new("prlimit").args([pid, limit]).status().unwrap();
        assert!(set.success());
        worst = worst.max(case.command(&[], true));
        cases += 1;
    }
    if tool("strace", "strace").is_ok() {
        let mut case = Case::new(true);
        let none = ["strace", "-D", "-qq", "-o", "/dev/null", "-e", "inject=clone3:error=EAGAIN"];
        worst = worst.max(case.command(&none, true));
        cases += 1;
    }
    match SmallMemory::new((1 + random.below(8)) << 20, seed) {
        Ok(room) => {
            let mut case = Case::new(false);
            let script = format!("echo $$ >'{}' && exec \"$@\"", room.tasks.display());
            worst = worst.max(case.command(&["sh", "-c", &script, "sh"], false));
            cases += 1;
        }
        Err(why) => eprintln!("row 47: no out-of-memory killer of our own here: {why}"),
    }
    Came::Held { took: worst, cases }
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

    /// Runs `crs kill` behind these words; back with the time to its latch.
    fn command(&mut self, before: &[&str], must_latch: bool) -> Duration {
        let began = Instant::now();
        let mut child = start(&self.scene, before);
        let latch = self.scene.home.latch();
        let mut visible = None;
        let mut ended = None;
        while ended.is_none() && began.elapsed() < LIMIT {
            ended = child.try_wait().unwrap();
            if visible.is_none() && latch.exists() {
                visible = Some(began.elapsed());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        end(&mut child);
        let status = ended.unwrap_or_else(|| panic!("{before:?} hangs"));
        if status.success() {
            self.scene.flat();
        }
        assert!(visible.is_some() || !must_latch, "{before:?}: {status}, and no latch");
        self.settled(before, status);
        visible.unwrap_or_default()
    }

    /// Nothing at all, said by the exit status; or engaged, and proven once a
    /// process without limits has it.
    fn settled(&mut self, before: &[&str], status: ExitStatus) {
        if !self.scene.taken() {
            assert!(!status.success(), "{before:?}: it says VERIFIED and left nothing");
            return;
        }
        if self.agent.is_none() || self.limited {
            // Those that came with the command have its limits, and may be
            // deaf: they answer nobody and keep the next one out.
            self.agents().into_iter().for_each(shoot);
            let gone = || self.agents().is_empty().then_some(());
            assert!(until(LIMIT, gone).is_some(), "{before:?}: {:?}", self.agents());
            let now = self.scene.status();
            assert_eq!(now["is_safe"], false, "{before:?}: {now:#}");
            self.scene.agent();
        }
        // Dead between the file and its first word, before anybody else had
        // heard of it: then it is a latch like any that is touched.
        let touched = fs::metadata(self.scene.home.latch()).is_ok_and(|meta| meta.len() == 0);
        if touched && status.code().is_none() && !self.on_record() {
            let now = self.scene.status();
            assert_eq!((&now["is_engaged"], &now["is_safe"]), (&true.into(), &false.into()));
            return;
        }
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
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
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
pub fn processor(_: u64) -> Came {
    if let Err(came) = tool("nice", "coreutils") {
        return came;
    }
    let mut case = Case::new(true);
    // It has what the whole machine leaves.
    let patience = Duration::from_mins(4);
    let busy = 4 * std::thread::available_parallelism().map_or(2, usize::from);
    let mut hogs: Vec<Child> = (0..busy).map(|_| hog(&case.scene)).collect();
    let began = Instant::now();
    let mut child = start(&case.scene, &["nice", "-n", "19"]);
    let latch = case.scene.home.latch();
    let seen = until(patience, || latch.exists().then_some(began.elapsed()));
    let ended = until(patience, || child.try_wait().unwrap());
    hogs.iter_mut().for_each(end);
    end(&mut child);
    let took = seen.unwrap_or_else(|| panic!("no latch: {:#}", case.scene.status()));
    assert!(ended.is_some(), "it hangs");
    case.scene.verified();
    Came::held(took)
}

fn hog(scene: &Scene) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", "while :; do :; done"]).env_clear().envs(scene.home.env());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}
