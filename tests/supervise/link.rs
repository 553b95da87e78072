//! A machine whose line breaks: the real hands of this host, behind a line
//! that the test cuts.

use crate::stage::{Ears, Lines, PATIENCE, lives, mission, process, setup, until};
use crs::domain::Text;
use crs::domain::mission::ProcessRecord;
use crs::mission::crew::Crew;
use crs::mission::hands::{Found, Hands, Ident, Seen, Undone, Vars};
use crs::mission::lines::{Raises, Reads};
use crs::mission::local::LocalHands;
use crs::mission::spec::{Host, Mission, Platform, Process};
use crs::mission::supervise::{HandsOf, Supervisor};
use crs::mission::told::Hears;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LATE: &str = "ssh: the connection timed out";

struct Far {
    near: LocalHands,
    cut: AtomicBool,
    /// The line breaks after the next start, before its answer.
    lose: AtomicBool,
    lost: Mutex<Option<(u64, Ident)>>,
    /// So many answers about a start are lost on a line that holds.
    mute: AtomicU32,
    /// A start that is cut comes about all the same.
    starts: AtomicBool,
    /// How often it was asked to start.
    spawns: AtomicU32,
    /// Somebody looks at it.
    looks: AtomicBool,
    /// Held: the machine takes its time for every answer.
    slow: Mutex<()>,
}

impl Far {
    fn mute(&self) -> bool {
        let order = Ordering::SeqCst;
        self.mute.fetch_update(order, order, |left| left.checked_sub(1)).is_ok()
    }

    fn line(&self) -> Result<(), Text> {
        drop(self.slow.lock().unwrap());
        if self.cut.load(Ordering::SeqCst) { Err(Text::new(LATE)) } else { Ok(()) }
    }
}

impl Hands for Far {
    fn spawn(&self, process: &Process, run: u64, vars: &Vars) -> Result<Ident, Undone> {
        self.spawns.fetch_add(1, Ordering::SeqCst);
        self.line().map_err(Undone::Lost)?;
        if self.mute() {
            if self.starts.load(Ordering::SeqCst) {
                let who = self.near.spawn(process, run, vars)?;
                *self.lost.lock().unwrap() = Some((run, who));
            }
            return Err(Undone::Lost(Text::new(LATE)));
        }
        let who = self.near.spawn(process, run, vars)?;
        if self.lose.swap(false, Ordering::SeqCst) {
            *self.lost.lock().unwrap() = Some((run, who));
            self.cut.store(true, Ordering::SeqCst);
            return Err(Undone::Lost(Text::new(LATE)));
        }
        Ok(who)
    }

    fn look(&self, who: &Ident) -> Seen {
        self.looks.store(true, Ordering::SeqCst);
        let line = self.line();
        self.looks.store(false, Ordering::SeqCst);
        line.map_or_else(Seen::Unknown, |()| self.near.look(who))
    }

    fn signal(&self, who: &Ident, signal: i32, all: bool) -> Result<(), Undone> {
        self.line().map_err(Undone::Lost)?;
        self.near.signal(who, signal, all)
    }

    fn rest(&self, who: &Ident) -> Result<Vec<Ident>, Text> {
        self.line().and_then(|()| self.near.rest(who))
    }

    fn tidy(&self, process: &Process) -> Vec<Text> {
        self.near.tidy(process)
    }

    fn external(&self, _: &Process) -> Result<bool, Text> {
        Ok(false)
    }

    fn found(&self, _: &Process) -> Result<Option<Found>, Text> {
        self.line()?;
        if self.mute() {
            return Err(Text::new(LATE));
        }
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
    ears: Arc<Ears>,
    mission: Arc<Mission>,
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
            mute: AtomicU32::new(0),
            starts: AtomicBool::new(true),
            spawns: AtomicU32::new(0),
            looks: AtomicBool::new(false),
            slow: Mutex::default(),
        });
        let hands = HandsOf::from([(String::from("BEAST"), Arc::clone(&far) as Arc<dyn Hands>)]);
        let raises = Arc::clone(&ears) as Arc<dyn Raises>;
        let hears = Arc::clone(&ears) as Arc<dyn Hears>;
        let crew = Supervisor::new(&mission, hands, reads, raises, hears).unwrap();
        Self { dir, far, crew, ears, mission }
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

    /// Every state that was told, in words.
    fn told(&self) -> Vec<&'static str> {
        self.ears.told.lock().unwrap().iter().map(|(_, record)| record.state.word()).collect()
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

/// The line holds; the answer to the start is lost, and then the one to the
/// question what became of it.
#[test]
fn two_lost_answers_are_neither_an_end_nor_a_second_copy() {
    let stage = Stage::new();
    stage.ears.told.lock().unwrap().clear();
    stage.far.mute.store(2, Ordering::SeqCst);
    stage.crew.start("one").unwrap();
    let who = stage.word("running").pid.unwrap();
    until("one copy says so", || !stage.copies().is_empty());
    assert_eq!(stage.copies(), [who]);
    assert_eq!(stage.far.spawns.load(Ordering::SeqCst), 1, "it was asked for once");
    let told = stage.told();
    assert!(told.contains(&"unknown"), "{told:?}");
    for word in ["stopped", "exited", "failed", "backoff"] {
        assert!(!told.contains(&word), "{word} was told while it may live: {told:?}");
    }
    stage.crew.shutdown();
    assert!(!lives(who));
}

#[test]
fn a_start_that_was_lost_before_it_came_about_is_made_again() {
    let stage = Stage::new();
    stage.far.starts.store(false, Ordering::SeqCst);
    stage.far.mute.store(1, Ordering::SeqCst);
    stage.crew.start("one").unwrap();
    let who = stage.word("running").pid.unwrap();
    until("one copy says so", || !stage.copies().is_empty());
    assert_eq!(stage.copies(), [who]);
    assert_eq!(stage.far.spawns.load(Ordering::SeqCst), 2);
    stage.crew.shutdown();
}

/// What was wanted while the start could not be found is what runs in the end.
#[test]
fn a_lost_start_with_other_words_is_started_anew() {
    let stage = Stage::new();
    stage.far.lose.store(true, Ordering::SeqCst);
    stage.crew.start("one").unwrap();
    stage.word("unknown");
    until("it runs over there", || stage.copies().len() == 1);
    let mut mission = (*stage.mission).clone();
    mission.processes[0].env.insert(String::from("A"), String::from("b"));
    stage.crew.reload(Arc::new(mission), true);
    stage.cut(false);
    until("the second copy says so", || stage.copies().len() == 2);
    let copies = stage.copies();
    assert!(!lives(copies[0]), "never two at once");
    stage.word("running");
    stage.crew.shutdown();
}

/// An order to one whose machine takes its time is among those that wait,
/// until its record knows of it.
#[test]
fn an_order_waits_for_a_slow_machine_and_says_so() {
    let stage = Stage::new();
    let one = [String::from("one")];
    stage.crew.want(&one, &Vars::default(), &BTreeMap::new());
    stage.word("running");
    assert!(stage.crew.waiting().is_empty());
    let slow = stage.far.slow.lock().unwrap();
    until("its thread is in the middle of a look", || stage.far.looks.load(Ordering::SeqCst));
    stage.crew.want(&[], &Vars::default(), &BTreeMap::new());
    assert_eq!(stage.crew.waiting(), one);
    let record = stage.record();
    assert!(record.wanted && record.state.ready(), "it is of before the order: {record:?}");
    assert!(!stage.crew.wait_down(Duration::from_millis(50)), "it lives");
    drop(slow);
    until("the order is taken", || stage.crew.waiting().is_empty());
    stage.word("exited");
    stage.crew.shutdown();
}

#[test]
fn a_requirement_asks_the_machine_anew() {
    let stage = Stage::new();
    until("the machine answers", || stage.crew.hosts()[0].reachable == Some(true));
    // Older than what a decision may rest on.
    std::thread::sleep(Duration::from_millis(2_100));
    stage.cut(true);
    let fresh = stage.crew.fresh_hosts(&[String::from("BEAST")]);
    assert_eq!(fresh[0].reachable, Some(false), "{:?}", fresh[0]);
    stage.cut(false);
    std::thread::sleep(Duration::from_millis(2_100));
    let slow = stage.far.slow.lock().unwrap();
    let fresh = stage.crew.fresh_hosts(&[String::from("BEAST")]);
    assert_eq!(fresh[0].reachable, None, "nobody knows: {:?}", fresh[0]);
    assert!(fresh[0].why.as_str().contains("asked anew"), "{}", fresh[0].why);
    drop(slow);
    stage.crew.shutdown();
}
