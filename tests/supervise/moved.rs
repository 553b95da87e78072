//! One whose start was lost on a machine, and that the file then gives to
//! another one.

use crate::stage::{Ears, Lines, lives, mission, process, setup, until};
use crs::domain::Text;
use crs::mission::crew::Crew;
use crs::mission::hands::{Found, Hands, Ident, Seen, Undone, Vars};
use crs::mission::lines::{Raises, Reads};
use crs::mission::local::LocalHands;
use crs::mission::spec::{Host, Mission, Platform, Process};
use crs::mission::supervise::{HandsOf, Supervisor};
use crs::mission::told::Hears;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

const LATE: &str = "ssh: the connection timed out";

/// A machine: the real hands of this host, in a directory of its own.
struct Far {
    near: LocalHands,
    cut: AtomicBool,
    /// The line breaks at the next start, whether that comes about or not.
    loses: Mutex<Option<bool>>,
    lost: Mutex<Option<(u64, Ident)>>,
    /// How often somebody asked while the line was cut.
    asked: AtomicU32,
    /// At each start, how many copies lived on the other machine.
    spawns: Mutex<Vec<usize>>,
    other: PathBuf,
}

impl Far {
    fn line(&self) -> Result<(), Text> {
        if !self.cut.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.asked.fetch_add(1, Ordering::SeqCst);
        Err(Text::new(LATE))
    }
}

/// Every copy that said so in this directory.
fn copies(dir: &Path) -> Vec<u32> {
    let text = std::fs::read_to_string(dir.join("copies")).unwrap_or_default();
    text.lines().map(|pid| pid.parse().unwrap()).collect()
}

impl Hands for Far {
    fn spawn(&self, process: &Process, run: u64, vars: &Vars) -> Result<Ident, Undone> {
        let living = copies(&self.other).into_iter().filter(|pid| lives(*pid)).count();
        self.spawns.lock().unwrap().push(living);
        self.line().map_err(Undone::Lost)?;
        let loses = self.loses.lock().unwrap().take();
        if let Some(comes) = loses {
            self.cut.store(true, Ordering::SeqCst);
            if comes {
                *self.lost.lock().unwrap() = Some((run, self.near.spawn(process, run, vars)?));
            }
            return Err(Undone::Lost(Text::new(LATE)));
        }
        self.near.spawn(process, run, vars)
    }

    fn look(&self, who: &Ident) -> Seen {
        self.line().map_or_else(Seen::Unknown, |()| self.near.look(who))
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
        let lost = self.lost.lock().unwrap().take();
        Ok(lost.map(|(run, who)| Found { run, who, ..Found::default() }))
    }

    fn reach(&self) -> Result<(), Text> {
        self.line()
    }
}

/// On this machine.
fn on(host: &str) -> Arc<Mission> {
    let mut one = process("one", "echo $$ >>copies; exec sleep 600");
    one.host = Some(host.to_owned());
    let hosts = ["A", "B"].map(|name| Host {
        name: name.to_owned(),
        ssh: name.to_lowercase(),
        ssh_config: None,
        platform: Platform::Linux,
        dir: None,
        at: crs::config::Origin::Default,
    });
    Arc::new(Mission { hosts: hosts.to_vec(), ..(*mission(vec![one])).clone() })
}

fn moves(comes: bool) {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mission = on("A");
    let (lines, ears) = (Arc::new(Lines::default()), Arc::new(Ears::default()));
    let reads = Arc::clone(&lines) as Arc<dyn Reads>;
    let far = |dir: &Path, other: &Path| {
        Arc::new(Far {
            near: LocalHands::new(setup(dir, &mission), Arc::clone(&reads)).unwrap(),
            cut: AtomicBool::default(),
            loses: Mutex::default(),
            lost: Mutex::default(),
            asked: AtomicU32::new(0),
            spawns: Mutex::default(),
            other: other.to_path_buf(),
        })
    };
    let (a, b) = (far(here.path(), there.path()), far(there.path(), here.path()));
    let hands = HandsOf::from([
        (String::from("A"), Arc::clone(&a) as Arc<dyn Hands>),
        (String::from("B"), Arc::clone(&b) as Arc<dyn Hands>),
    ]);
    let (raises, hears) =
        (Arc::clone(&ears) as Arc<dyn Raises>, Arc::clone(&ears) as Arc<dyn Hears>);
    let crew = Supervisor::new(&mission, hands, reads, raises, hears).unwrap();
    *a.loses.lock().unwrap() = Some(comes);
    crew.want(&[String::from("one")], &Vars::default(), &BTreeMap::new());
    let word = |word: &str| until(word, || crew.records()[0].state.word() == word);
    word("unknown");
    until("it runs on A", || !comes || copies(here.path()).len() == 1);
    crew.reload(on("B"), true);
    let before = a.asked.load(Ordering::SeqCst);
    let started = || b.spawns.lock().unwrap().len();
    // The machine's own watch asks too; two questions more are of its thread.
    until("A is asked again and again", || {
        started() > 0 || a.asked.load(Ordering::SeqCst) > before + 5
    });
    assert_eq!(started(), 0, "nobody knows what became of it on A");
    assert_eq!(crew.records()[0].state.word(), "unknown");
    a.cut.store(false, Ordering::SeqCst);
    until("it runs on B", || started() == 1 && crew.records()[0].state.ready());
    assert_eq!(*b.spawns.lock().unwrap(), [0], "never two at once");
    assert!(copies(here.path()).iter().all(|pid| !lives(*pid)));
    crew.shutdown();
}

#[test]
fn a_lost_start_that_came_about_ends_before_it_runs_elsewhere() {
    moves(true);
}

#[test]
fn a_lost_start_is_looked_for_where_it_was_sent() {
    moves(false);
}
