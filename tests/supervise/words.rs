//! Log probes over the lines as the daemon reads them: what was said in one
//! run counts for that run, in the next daemon too, and for no other.

use crate::stage::{Ears, PATIENCE, mission, probe, process, setup, until};
use crs::domain::mission::{LineLevel, ProcessRecord};
use crs::mission::crew::Crew as _;
use crs::mission::hands::{Hands, Vars};
use crs::mission::lines::{Raises, Reads};
use crs::mission::local::LocalHands;
use crs::mission::output::Output;
use crs::mission::spec::{Look, Mission, OnDeath};
use crs::mission::supervise::{HandsOf, OWN, Supervisor};
use crs::mission::told::Hears;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const UP: &str = "I am up";

/// One daemon.
struct Life {
    output: Arc<Output>,
    crew: Supervisor,
}

impl Life {
    fn begin(dir: &Path, mission: &Arc<Mission>) -> Self {
        let ears = Arc::new(Ears::default());
        let hears = Arc::clone(&ears) as Arc<dyn Hears>;
        let output = Output::start(mission, dir, Arc::clone(&hears), None).unwrap();
        let reads = Arc::clone(&output) as Arc<dyn Reads>;
        let begun = Instant::now();
        // The one before it still lets go of the directory.
        let hands = loop {
            match LocalHands::new(setup(dir, mission), Arc::clone(&reads)) {
                Ok(hands) => break hands,
                Err(why) => assert!(begun.elapsed() < PATIENCE, "{why}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let all = HandsOf::from([(String::from(OWN), Arc::new(hands) as Arc<dyn Hands>)]);
        let raises = ears as Arc<dyn Raises>;
        let crew = Supervisor::new(mission, all, reads, raises, hears).unwrap();
        Self { output, crew }
    }

    fn want(&self) {
        let all: Vec<String> =
            self.crew.records().iter().map(|r| r.name.as_str().to_owned()).collect();
        self.crew.want(&all, &Vars::default(), &BTreeMap::new());
    }

    fn record(&self) -> ProcessRecord {
        self.crew.records().remove(0)
    }

    fn end(self) {
        self.crew.want(&[], &Vars::default(), &BTreeMap::new());
        assert!(self.crew.wait_down(PATIENCE));
        self.crew.shutdown();
    }
}

#[test]
fn what_a_kept_one_has_said_counts_for_the_next_daemon() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    std::fs::write(at.join("here"), "").unwrap();
    let script = format!("echo {UP}; while [ -e here ]; do sleep 0.1; done");
    let mut one = process("kept", &script);
    one.on_daemon_death = OnDeath::Keep;
    one.ready = vec![probe(Look::Log(String::from(UP)))];
    // Time enough to say it in the first life.
    let mut live = probe(Look::Log(String::from(UP)));
    (live.period, live.failure) = (Duration::from_millis(100), 20);
    one.live = vec![live];
    let mission = mission(vec![one]);
    let first = Life::begin(at, &mission);
    first.want();
    until("it is ready", || first.record().state.ready());
    let who = first.record().pid;
    until("what was read is written down", || {
        let text = std::fs::read(at.join("ledger/kept.json")).unwrap_or_default();
        let entry: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        entry["read"][0].as_u64() > Some(0)
    });
    first.crew.shutdown();
    drop(first);
    // Each daemon learns it from the one before.
    for life in 2..4 {
        let next = Life::begin(at, &mission);
        next.want();
        until("it is ready, or another one", || {
            next.record().state.ready() || next.record().pid != who
        });
        // Longer than its liveness probe takes to find it dead.
        std::thread::sleep(Duration::from_millis(2_500));
        let record = next.record();
        assert!(record.pid == who && record.state.ready(), "life {life}: {record:?}");
        if life == 3 {
            next.end();
        } else {
            next.crew.shutdown();
        }
    }
}

#[test]
fn the_words_of_an_earlier_one_of_the_name_make_nobody_ready() {
    let dir = tempfile::tempdir().unwrap();
    let quiet = dir.path().join("quiet");
    let script = format!("while [ -e quiet ]; do sleep 0.02; done; echo {UP}; exec sleep 600");
    let mut one = process("one", &script);
    one.ready = vec![probe(Look::Log(String::from(UP)))];
    let with = mission(vec![one]);
    let life = Life::begin(dir.path(), &with);
    life.want();
    until("it is ready", || life.record().state.ready());
    let reload = |mission: &Arc<Mission>| {
        life.output.reload(mission).unwrap();
        life.crew.reload(Arc::clone(mission), true)
    };
    reload(&mission(Vec::new()));
    assert!(life.crew.wait_down(PATIENCE), "who left has ended");
    std::fs::write(&quiet, "").unwrap();
    let before = life.output.last();
    reload(&with);
    life.want();
    let noted = || {
        let lines = life.output.lines(Some("one"), LineLevel::Warn, "not ready", before, 1);
        !lines.is_empty()
    };
    until("its probe has found something", || life.record().state.ready() || noted());
    let record = life.record();
    assert!(!record.state.ready(), "it has said nothing: {record:?}");
    std::fs::remove_file(&quiet).unwrap();
    until("it has said it itself", || life.record().state.ready());
    life.end();
}
