//! A crew whose processes are made of words. It keeps to what the trait says:
//! an order is taken up a moment later, in the order of dependencies.

use crate::domain::mission::{HostRecord, ProcessRecord, ProcessState};
use crate::domain::{Text, UtcMicros};
use crate::mission::crew::{Crew, Refused};
use crate::mission::hands::Vars;
use crate::mission::plan::phases;
use crate::mission::spec::{Mission, Name, Restart};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone, Debug)]
enum Fate {
    Fails(String),
    Hangs,
    Ends(i32),
    Lost,
}

#[derive(Default)]
struct Inside {
    wanted: Vec<Name>,
    records: BTreeMap<Name, ProcessRecord>,
    fates: BTreeMap<Name, Fate>,
    /// Records are asked so often before they move.
    lag: u32,
    late: u32,
    /// What was wanted, one line for each order.
    told: Vec<(Vec<Name>, Vars)>,
    down: bool,
    /// Who has not taken the last order.
    busy: Vec<Name>,
}

pub struct FakeCrew {
    mission: Arc<Mission>,
    inside: Mutex<Inside>,
}

impl FakeCrew {
    pub fn new(mission: &Arc<Mission>) -> Self {
        let record =
            |name: &Name| ProcessRecord { name: Text::new(name), ..ProcessRecord::default() };
        let records = mission.processes.iter().map(|p| (p.name.clone(), record(&p.name)));
        let inside = Inside { records: records.collect(), down: true, ..Inside::default() };
        Self { mission: Arc::clone(mission), inside: Mutex::new(inside) }
    }

    pub fn fails(&self, name: &str, why: &str) {
        self.fate(name, Fate::Fails(why.to_owned()));
    }

    pub fn hangs(&self, name: &str) {
        self.fate(name, Fate::Hangs);
    }

    pub fn ends(&self, name: &str, code: i32) {
        self.fate(name, Fate::Ends(code));
    }

    /// Its machine can't be asked any more.
    pub fn lost(&self, name: &str) {
        self.fate(name, Fate::Lost);
    }

    fn fate(&self, name: &str, fate: Fate) {
        self.inside.lock().unwrap().fates.insert(name.to_owned(), fate);
    }

    /// Records move only after so many looks.
    pub fn lags(&self, looks: u32) {
        self.inside.lock().unwrap().lag = looks;
    }

    /// These are busy with something else; their records are of before.
    pub fn are_busy(&self, names: &[&str]) {
        self.inside.lock().unwrap().busy = names.iter().map(|name| (*name).to_owned()).collect();
    }

    pub fn never_down(&self) {
        self.inside.lock().unwrap().down = false;
    }

    /// Everything dies with its daemon.
    pub fn dies(&self) {
        let mut inside = self.inside.lock().unwrap();
        for record in inside.records.values_mut() {
            record.state = ProcessState::Stopped;
        }
        inside.wanted.clear();
    }

    pub fn wanted(&self) -> Vec<(Vec<Name>, Vars)> {
        self.inside.lock().unwrap().told.clone()
    }

    /// What lives, in the order of the file.
    pub fn living(&self) -> Vec<Name> {
        let records = self.records();
        records.into_iter().filter(|r| r.state.may_live()).map(|r| r.name.to_string()).collect()
    }

    fn move_on(&self, inside: &mut Inside) {
        if inside.late > 0 {
            inside.late -= 1;
            return;
        }
        let wanted = inside.wanted.clone();
        let all: Vec<Name> = self.mission.processes.iter().map(|p| p.name.clone()).collect();
        for name in phases(&self.mission, &all).into_iter().flatten() {
            let fate = inside.fates.get(&name).cloned();
            let state = inside.records[&name].state.clone();
            let next = match (wanted.contains(&name), fate) {
                (_, Some(Fate::Lost)) => {
                    ProcessState::Unknown { since: UtcMicros(1), why: Text::new("no answer") }
                }
                (false, _) if state.may_live() => ProcessState::Stopped,
                (false, _) => state,
                (true, Some(Fate::Fails(why))) => ProcessState::Failed { why: Text::new(&why) },
                (true, Some(Fate::Ends(code))) => {
                    ProcessState::Exited { code: Some(code), signal: Text::default() }
                }
                (true, fate) => {
                    let process = self.mission.process(&name).unwrap();
                    let missing =
                        process.depends.iter().map(|(dep, _)| dep).find(|dep| {
                            wanted.contains(dep) && !inside.records[*dep].state.ready()
                        });
                    match missing.map(|dep| (dep, &inside.records[dep].state)) {
                        Some((dep, ProcessState::Failed { .. })) => {
                            ProcessState::Skipped { dep: Text::new(&format!("{dep} failed")) }
                        }
                        Some((dep, _)) => ProcessState::Pending { waiting_on: Text::new(dep) },
                        None if matches!(fate, Some(Fate::Hangs)) => ProcessState::Starting,
                        None => ProcessState::Running { ready: true },
                    }
                }
            };
            inside.records.get_mut(&name).unwrap().state = next;
        }
    }
}

impl Crew for FakeCrew {
    fn want(&self, wanted: &[Name], vars: &Vars, _: &BTreeMap<Name, Restart>) {
        let mut inside = self.inside.lock().unwrap();
        inside.wanted = wanted.to_vec();
        inside.late = inside.lag;
        inside.told.push((wanted.to_vec(), vars.clone()));
    }

    fn start(&self, _: &str) -> Result<ProcessRecord, Refused> {
        unreachable!("no order of the launcher starts one")
    }

    fn stop(&self, _: &str, _: bool) -> Result<ProcessRecord, Refused> {
        unreachable!("no order of the launcher stops one")
    }

    fn restart(&self, _: &str) -> Result<ProcessRecord, Refused> {
        unreachable!("no order of the launcher restarts one")
    }

    fn restart_if_wanted(&self, _: &str) -> Result<ProcessRecord, Refused> {
        unreachable!("no order of the launcher restarts one")
    }

    fn records(&self) -> Vec<ProcessRecord> {
        let mut inside = self.inside.lock().unwrap();
        self.move_on(&mut inside);
        self.mission.processes.iter().map(|p| inside.records[&p.name].clone()).collect()
    }

    fn waiting(&self) -> Vec<Name> {
        self.inside.lock().unwrap().busy.clone()
    }

    fn hosts(&self) -> Vec<HostRecord> {
        Vec::new()
    }

    fn why(&self, _: &str) -> Result<Vec<Text>, Refused> {
        Ok(Vec::new())
    }

    fn reload(&self, _: Arc<Mission>, _: bool) -> Vec<Text> {
        Vec::new()
    }

    fn wait_down(&self, _: Duration) -> bool {
        self.inside.lock().unwrap().down
    }

    fn shutdown(&self) {}
}
