//! A directory, hands of this host, a crew, and doubles for who reads output
//! and who is told.

use crs::domain::Text;
use crs::domain::mission::{LineLevel, ProcessRecord, ProcessState};
use crs::mission::crew::Crew;
use crs::mission::hands::{Hands, Vars};
use crs::mission::lines::{Output, Raise, Raises, Reads, Source};
use crs::mission::local::{LocalHands, Setup};
use crs::mission::spec::{
    Condition, Limits, Mission, OnDeath, Probe, Process, Restart, RestartOn, Stop,
};
use crs::mission::supervise::{HandsOf, OWN, Supervisor};
use crs::mission::told::{Hears, Told};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Long enough for a machine that has other things to do.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Reads pipes and keeps what was said and noted.
#[derive(Default)]
pub struct Lines {
    pub said: Arc<Mutex<Vec<(String, u64, String)>>>,
    pub noted: Mutex<Vec<String>>,
    pub files: Mutex<Vec<(String, bool, u64)>>,
    /// What it says of its position in a followed file.
    pub read_to: Mutex<Option<u64>>,
}

impl Reads for Lines {
    fn attach(&self, source: Source) {
        match source.output {
            Output::Pipe(end) => {
                let said = Arc::clone(&self.said);
                std::thread::spawn(move || {
                    for line in BufReader::new(std::fs::File::from(end)).lines() {
                        let Ok(line) = line else { return };
                        let mut said = said.lock().unwrap();
                        // A flood is drained, not kept.
                        if said.len() < 10_000 {
                            said.push((source.process.clone(), source.run, line));
                        }
                    }
                });
            }
            Output::File { from, .. } => {
                self.files.lock().unwrap().push((source.process, source.stderr, from));
            }
        }
    }

    fn ended(&self, _: &str, _: u64) {}

    fn has_said(&self, process: &str, run: u64, text: &str) -> bool {
        let said = self.said.lock().unwrap();
        said.iter().any(|(name, n, line)| name == process && *n == run && line.contains(text))
    }

    fn position(&self, _: &str, _: u64, stderr: bool) -> Option<u64> {
        self.read_to.lock().unwrap().filter(|_| !stderr)
    }

    fn note(&self, process: &str, _: LineLevel, text: &Text) {
        self.noted.lock().unwrap().push(format!("{process}: {text}"));
    }
}

#[derive(Default)]
pub struct Ears {
    pub raised: Mutex<Vec<Raise>>,
    pub told: Mutex<Vec<(Instant, ProcessRecord)>>,
}

impl Raises for Ears {
    fn raise(&self, raise: Raise) {
        self.raised.lock().unwrap().push(raise);
    }
}

impl Hears for Ears {
    fn hear(&self, told: Told) {
        if let Told::Process(record) = told {
            self.told.lock().unwrap().push((Instant::now(), (*record).clone()));
        }
    }
}

/// A process that runs this script.
pub fn process(name: &str, script: &str) -> Process {
    let cmd = ["/bin/sh", "-c", script].map(String::from).to_vec();
    Process {
        name: name.to_owned(),
        display_name: Text::new(name),
        host: None,
        cmd,
        check: Vec::new(),
        cwd: None,
        env: BTreeMap::new(),
        secrets: BTreeMap::new(),
        depends: Vec::new(),
        ready: Vec::new(),
        live: Vec::new(),
        restart: Restart { first: Duration::from_millis(20), ..Restart::default() },
        stop: Stop { signal: 15, timeout: Duration::from_millis(400) },
        on_daemon_death: OnDeath::Kill,
        limits: Limits::default(),
        ports: Vec::new(),
        shm: Vec::new(),
        files: Vec::new(),
        locks: Vec::new(),
        growth: None,
        at: crs::config::Origin::Default,
    }
}

pub fn needs(mut process: Process, on: &str, condition: Condition) -> Process {
    process.depends.push((on.to_owned(), condition));
    process
}

pub fn never(mut process: Process) -> Process {
    process.restart.on = RestartOn::Never;
    process
}

pub fn probe(look: crs::mission::spec::Look) -> Probe {
    let ms = Duration::from_millis;
    Probe { look, delay: ms(0), period: ms(20), timeout: ms(2_000), success: 1, failure: 2 }
}

pub fn mission(processes: Vec<Process>) -> Arc<Mission> {
    Arc::new(Mission { processes, ..Mission::default() })
}

pub struct Stage {
    pub dir: tempfile::TempDir,
    pub hands: Arc<LocalHands>,
    pub crew: Supervisor,
    pub lines: Arc<Lines>,
    pub ears: Arc<Ears>,
}

pub fn setup(dir: &Path, mission: &Mission) -> Setup {
    Setup {
        dir: dir.to_path_buf(),
        crs: PathBuf::from(env!("CARGO_BIN_EXE_crs")),
        names: mission.processes.iter().map(|p| p.name.clone()).collect(),
        latches: Vec::new(),
        kept_bytes: 1 << 20,
    }
}

pub fn crew(
    hands: &Arc<LocalHands>,
    mission: &Arc<Mission>,
    lines: &Arc<Lines>,
    ears: &Arc<Ears>,
) -> Supervisor {
    let own: Arc<dyn Hands> = Arc::clone(hands) as Arc<dyn Hands>;
    let all = HandsOf::from([(String::from(OWN), own)]);
    let (reads, raises) =
        (Arc::clone(lines) as Arc<dyn Reads>, Arc::clone(ears) as Arc<dyn Raises>);
    let hears = Arc::clone(ears) as Arc<dyn Hears>;
    Supervisor::new(mission, all, reads, raises, hears).unwrap()
}

impl Stage {
    pub fn new(processes: Vec<Process>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mission = mission(processes);
        let (lines, ears) = (Arc::new(Lines::default()), Arc::new(Ears::default()));
        let reads = Arc::clone(&lines) as Arc<dyn Reads>;
        let hands = Arc::new(LocalHands::new(setup(dir.path(), &mission), reads).unwrap());
        let crew = crew(&hands, &mission, &lines, &ears);
        Self { dir, hands, crew, lines, ears }
    }

    pub fn want_all(&self) {
        let names: Vec<String> =
            self.crew.records().iter().map(|r| r.name.as_str().to_owned()).collect();
        self.crew.want(&names, &Vars::default(), &BTreeMap::new());
    }

    pub fn record(&self, name: &str) -> ProcessRecord {
        self.crew.records().into_iter().find(|r| r.name.as_str() == name).unwrap()
    }

    /// Waits until one stands so.
    pub fn until(&self, name: &str, what: impl Fn(&ProcessRecord) -> bool) -> ProcessRecord {
        let begun = Instant::now();
        loop {
            let record = self.record(name);
            if what(&record) {
                return record;
            }
            let noted = self.lines.noted.lock().unwrap().clone();
            assert!(begun.elapsed() < PATIENCE, "{name} stands so: {record:?}\n{noted:#?}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn running(&self, name: &str) -> ProcessRecord {
        self.until(name, |r| r.state == ProcessState::Running { ready: true })
    }

    pub fn word(&self, name: &str, word: &str) -> ProcessRecord {
        self.until(name, |r| r.state.word() == word)
    }

    /// What it wrote into a file of the directory.
    pub fn wrote(&self, file: &str) -> String {
        let path = self.dir.path().join(file);
        let begun = Instant::now();
        loop {
            if let Ok(text) = std::fs::read_to_string(&path)
                && text.ends_with('\n')
            {
                return text.trim().to_owned();
            }
            assert!(begun.elapsed() < PATIENCE, "{file} was not written");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.crew.shutdown();
    }
}

/// It lives, and is no zombie.
pub fn lives(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, t)| !t.starts_with(" Z")))
}

pub fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

impl Lines {
    pub fn has(&self, text: &str) -> bool {
        self.said.lock().unwrap().iter().any(|(_, _, line)| line.contains(text))
    }
}
