//! A machine whose line breaks: the real hands of this host, behind a line
//! that the test cuts.

use crate::stage::{Ears, Lines, PATIENCE, lives, mission, process, setup, until};
use crs::domain::Text;
use crs::domain::mission::ProcessRecord;
use crs::mission::crew::Crew;
use crs::mission::hands::{Found, Hands, Ident, Seen, Vars};
use crs::mission::lines::{Raises, Reads};
use crs::mission::local::LocalHands;
use crs::mission::spec::{Host, Mission, Platform, Process};
use crs::mission::supervise::{HandsOf, Supervisor};
use crs::mission::told::Hears;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

const LATE: &str = "ssh: the connection timed out";

struct Far {
    near: LocalHands,
    cut: AtomicBool,
    /// The line breaks after the next start, before its answer.
    lose: AtomicBool,
    lost: Mutex<Option<(u64, Ident)>>,
}

impl Far {
    fn line(&self) -> Result<(), Text> {
        if self.cut.load(Ordering::SeqCst) { Err(Text::new(LATE)) } else { Ok(()) }
    }
}

impl Hands for Far {
    fn spawn(&self, process: &Process, run: u64, vars: &Vars) -> Result<Ident, Text> {
        self.line()?;
        let who = self.near.spawn(process, run, vars)?;
        if self.lose.swap(false, Ordering::SeqCst) {
            *self.lost.lock().unwrap() = Some((run, who));
            self.cut.store(true, Ordering::SeqCst);
            return Err(Text::new(LATE));
        }
        Ok(who)
    }

    fn look(&self, who: &Ident) -> Seen {
        self.line().map_or_else(Seen::Unknown, |()| self.near.look(who))
    }

    fn signal(&self, who: &Ident, signal: i32, all: bool) -> Result<(), Text> {
        self.line().and_then(|()| self.near.signal(who, signal, all))
    }

    fn rest(&self, who: &Ident) -> Result<Vec<Ident>, Text> {
        self.line().and_then(|()| self.near.rest(who))
    }

    fn tidy(&self, process: &Process) -> Vec<Text> {
        self.near.tidy(process)
    }

    fn external(&self, _: &Process) -> bool {
        false
    }

    fn found(&self, _: &Process) -> Result<Option<Found>, Text> {
        self.line()?;
        let lost = self.lost.lock().unwrap().take();
        Ok(lost.map(|(run, who)| Found { run, who, ..Found::default() }))
    }

    fn reach(&self) -> Result<(), Text> {
        self.line()
    }
}

struct Stage {
    dir: tempfile::TempDir,
    far: Arc<Far>,
    crew: Supervisor,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut one = process("one", "echo $$ >>copies; exec sleep 600");
        one.host = Some(String::from("BEAST"));
        let host = Host {
            name: String::from("BEAST"),
            ssh: String::from("beast"),
            ssh_config: None,
            platform: Platform::Linux,
            dir: None,
            at: crs::config::Origin::Default,
        };
        let mission = Arc::new(Mission { hosts: vec![host], ..(*mission(vec![one])).clone() });
        let (lines, ears) = (Arc::new(Lines::default()), Arc::new(Ears::default()));
        let reads = Arc::clone(&lines) as Arc<dyn Reads>;
        let near = LocalHands::new(setup(dir.path(), &mission), Arc::clone(&reads)).unwrap();
        let far = Arc::new(Far {
            near,
            cut: AtomicBool::default(),
            lose: AtomicBool::default(),
            lost: Mutex::default(),
        });
        let hands = HandsOf::from([(String::from("BEAST"), Arc::clone(&far) as Arc<dyn Hands>)]);
        let raises = Arc::clone(&ears) as Arc<dyn Raises>;
        let crew = Supervisor::new(&mission, hands, reads, raises, ears as Arc<dyn Hears>).unwrap();
        Self { dir, far, crew }
    }

    fn record(&self) -> ProcessRecord {
        self.crew.records().remove(0)
    }

    fn word(&self, word: &str) -> ProcessRecord {
        until(word, || self.record().state.word() == word);
        self.record()
    }

    fn copies(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(self.dir.path().join("copies")).unwrap_or_default();
        text.lines().map(|pid| pid.parse().unwrap()).collect()
    }

    fn cut(&self, cut: bool) {
        self.far.cut.store(cut, Ordering::SeqCst);
    }
}

#[test]
fn a_lost_line_is_unknown_and_what_was_asked_meanwhile_comes_after() {
    let stage = Stage::new();
    stage.crew.want(&[String::from("one")], &Vars::default(), &BTreeMap::new());
    let first = stage.word("running").pid;
    until("the first copy says so", || stage.copies().len() == 1);
    until("the machine answers", || stage.crew.hosts()[0].reachable == Some(true));
    stage.cut(true);
    assert!(stage.word("unknown").state.to_string().contains(LATE));
    until("so does the machine's record", || stage.crew.hosts()[0].reachable == Some(false));
    assert!(stage.crew.hosts()[0].why.as_str().contains("timed out"));
    stage.crew.restart("one").unwrap();
    stage.crew.restart("one").unwrap();
    assert_eq!((stage.record().state.word(), stage.copies().len()), ("unknown", 1));
    assert!(!stage.crew.wait_down(std::time::Duration::from_millis(50)) || stage.record().wanted);
    stage.cut(false);
    until("it is started anew", || stage.record().state.ready() && stage.record().pid != first);
    until("the second copy says so", || stage.copies().len() == 2);
    let copies = stage.copies();
    assert!(!lives(copies[0]) && lives(copies[1]));
    // Not wanted while it can't be asked.
    stage.cut(true);
    stage.word("unknown");
    stage.crew.stop("one", false).unwrap();
    stage.cut(false);
    stage.word("exited");
    assert!(!lives(copies[1]));
    stage.crew.shutdown();
}

#[test]
fn a_start_whose_answer_was_lost_is_not_repeated() {
    let stage = Stage::new();
    stage.far.lose.store(true, Ordering::SeqCst);
    stage.crew.start("one").unwrap();
    stage.word("unknown");
    until("it runs over there", || stage.copies().len() == 1);
    stage.cut(false);
    let who = stage.word("running").pid;
    until("one copy says so", || !stage.copies().is_empty());
    assert_eq!(stage.copies(), [who.unwrap()]);
    stage.crew.want(&[], &Vars::default(), &BTreeMap::new());
    assert!(stage.crew.wait_down(PATIENCE));
    assert!(!lives(who.unwrap()));
    stage.crew.shutdown();
}
