//! Everybody who runs.

use super::actor::{Actor, Msg};
use super::change::{changed, join_until, same};
use super::hosts::Hosts;
use super::machine::Standing;
use super::probe::Eyes;
use super::shared::{Cell, HandsOf, Shared, lock};
use super::wants::{Wants, closure, dependants, gate};
use super::why;
use crate::domain::mission::{HostRecord, ProcessRecord, ProcessState};
use crate::domain::{Calendar, Text};
use crate::host::clock;
use crate::mesh::Means;
use crate::mission::crew::{Crew, Refused, unknown};
use crate::mission::hands::Vars;
use crate::mission::lines::{Raises, Reads};
use crate::mission::order::Refusal;
use crate::mission::spec::{Mission, Name, OnDeath, Process, Restart};
use crate::mission::told::Hears;
use crossbeam_channel::{bounded, unbounded};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Enough for a start; only what is touched costs memory.
const STACK: usize = 512 << 10;
/// Longest wait for a thread's word in an answer.
const WORD: Duration = Duration::from_millis(20);
/// Longest wait until everybody has taken an order. One whose machine is slow
/// is not waited for: until it has, it is among those that wait.
const SETTLE: Duration = Duration::from_secs(1);
/// Longest wait for what runs already, at the beginning.
const BEGIN: Duration = Duration::from_secs(2);
/// Longest wait for everybody's end at the end, beside their own timeouts.
const END: Duration = Duration::from_secs(10);
/// Longest wait for who left the configuration and comes back.
const LEAVES: Duration = Duration::from_secs(15);
/// What follows from a change while real money is traded.
const LATER: &str = "changed, and is taken up with the next launch";

/// The supervision of a mission.
pub struct Supervisor {
    shared: Arc<Shared>,
    mission: Mutex<Arc<Mission>>,
    wants: Mutex<Wants>,
    hosts: Hosts,
    /// Gone from the configuration, and perhaps still ending.
    leaving: Mutex<BTreeMap<Name, Arc<Cell>>>,
}

impl Supervisor {
    /// Takes up what runs of `mission`; nothing is wanted yet. `hands` are by
    /// the name of their machine, [`super::OWN`] is the daemon's own.
    ///
    /// # Errors
    /// The system has no threads to give.
    pub fn new(
        mission: &Arc<Mission>,
        hands: HandsOf,
        reads: Arc<dyn Reads>,
        raises: Arc<dyn Raises>,
        hears: Arc<dyn Hears>,
    ) -> Result<Self, Text> {
        let means = Means::new(Calendar::default(), PathBuf::new()).ok();
        let eyes = Eyes { means, reads: Arc::clone(&reads) };
        let cells = Mutex::default();
        let moved = Default::default();
        let shared = Arc::new(Shared { cells, hands, reads, raises, hears, eyes, moved });
        let crew = Self {
            shared,
            mission: Mutex::new(Arc::clone(mission)),
            wants: Mutex::default(),
            hosts: Hosts::default(),
            leaving: Mutex::default(),
        };
        for process in &mission.processes {
            crew.add(process)?;
        }
        crew.acquaint(mission);
        crew.hosts.watch(mission, &crew.shared)?;
        crew.heard(BEGIN);
        Ok(crew)
    }

    fn add(&self, process: &Process) -> Result<(), Text> {
        let (send, messages) = unbounded();
        // Over there something may run that nobody here has seen yet.
        let unasked = || ProcessState::Unknown {
            since: clock::utc(),
            why: Text::new("its machine was not asked yet"),
        };
        let record = ProcessRecord {
            state: process.host.as_ref().map_or(ProcessState::Stopped, |_| unasked()),
            name: Text::new(&process.name),
            display_name: process.display_name.clone(),
            host: Text::new(process.host.as_deref().unwrap_or_default()),
            ..ProcessRecord::default()
        };
        self.shared.reads.forget(&process.name);
        let cell = Arc::new(Cell {
            send,
            record: Mutex::new(record),
            standing: Mutex::new(Standing::default()),
            peers: Mutex::default(),
            thread: Mutex::default(),
            given: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        });
        lock(&self.shared.cells).insert(process.name.clone(), Arc::clone(&cell));
        let actor =
            Actor::new(Arc::clone(&self.shared), Arc::clone(&cell), Arc::new(process.clone()));
        let thread = std::thread::Builder::new().name(format!("m-{}", process.name));
        let thread = thread.stack_size(STACK).spawn(move || actor.run(&messages));
        *lock(&cell.thread) = Some(thread.map_err(|e| {
            Text::new(&format!("{}: no thread: {e}; `crs doctor` shows the limits", process.name))
        })?);
        Ok(())
    }

    /// Whether nobody of this name is left from an earlier configuration;
    /// waits for it as long as a stop may take.
    fn has_left(&self, name: &str) -> bool {
        let Some(cell) = lock(&self.leaving).get(name).cloned() else { return true };
        let until = Instant::now() + LEAVES;
        let thread = || lock(&cell.thread).as_ref().is_some_and(|t| !t.is_finished());
        while thread() {
            if Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        lock(&self.leaving).remove(name);
        true
    }

    /// Whether everybody has ended who left the configuration.
    fn all_left(&self, until: Instant) -> bool {
        let leaving: Vec<Arc<Cell>> = lock(&self.leaving).values().cloned().collect();
        leaving.iter().all(|cell| join_until(&cell.thread, until))
    }

    /// Who has to do with whom.
    fn acquaint(&self, mission: &Mission) {
        for process in &mission.processes {
            let mut peers: Vec<Name> =
                process.depends.iter().map(|(name, _)| name.clone()).collect();
            peers.extend(dependants(mission, &process.name));
            if let Some(cell) = self.shared.cell(&process.name) {
                *lock(&cell.peers) = peers;
            }
        }
    }

    fn mission(&self) -> Arc<Mission> {
        Arc::clone(&lock(&self.mission))
    }

    /// Everybody has heard what was said until now; whether that came true.
    fn heard(&self, longest: Duration) -> bool {
        let (answer, answers) = unbounded();
        let all = self.shared.all();
        let asked = all.iter().filter(|c| c.send.send(Msg::Heard(answer.clone())).is_ok()).count();
        drop(answer);
        let until = Instant::now() + longest;
        (0..asked).all(|_| answers.recv_deadline(until).is_ok())
    }

    /// Waits until every record knows of the orders that were given.
    fn taken(&self, longest: Duration) {
        let until = Instant::now() + longest;
        while self.shared.all().iter().any(|cell| cell.waits()) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            self.shared.pause(left.min(Duration::from_millis(20)));
        }
    }

    /// How one stands after what it was told.
    fn stands(cell: &Cell) -> ProcessRecord {
        let (answer, answered) = bounded(1);
        let _ = cell.send.send(Msg::Heard(answer));
        answered.recv_timeout(WORD).unwrap_or_else(|_| lock(&cell.record).clone())
    }

    fn unknown(&self, name: &str) -> Refused {
        unknown(name, self.mission().processes.iter().map(|process| process.name.as_str()))
    }

    /// One that may be given orders.
    fn ours(&self, name: &str) -> Result<Arc<Cell>, Refused> {
        let cell = self.shared.cell(name).ok_or_else(|| self.unknown(name))?;
        if lock(&cell.record).state == ProcessState::External {
            let why =
                format!("{name} was started by somebody else; end it there, then start it here");
            return Err((Refusal::Conflict, Text::new(&why)));
        }
        Ok(cell)
    }

    /// Tells one that it is wanted; it waits for those of its dependencies
    /// that are wanted, too.
    fn tell(&self, mission: &Mission, wants: &Wants, name: &str) {
        let (Some(process), Some(cell)) = (mission.process(name), self.shared.cell(name)) else {
            return;
        };
        if wants.closed {
            return;
        }
        let restart = wants.restart.get(name).cloned();
        let gate = gate(process, &wants.names);
        cell.order(Msg::Want { gate, vars: Arc::clone(&wants.vars), restart });
    }

    fn untell(&self, mission: &Mission, name: &str, leaving: &BTreeSet<Name>) {
        if let Some(cell) = self.shared.cell(name) {
            let after = dependants(mission, name).filter(|one| leaving.contains(one)).collect();
            cell.order(Msg::Unwant(after));
        }
    }

    /// Stops and starts one; `asked`: though nobody wanted it until now.
    fn again(&self, process: &str, asked: bool) -> Result<ProcessRecord, Refused> {
        let cell = self.ours(process)?;
        let mission = self.mission();
        let mut wants = lock(&self.wants);
        wants.open()?;
        if !asked && !wants.names.contains(process) {
            let why = format!("{process} was stopped, and is started by an operator only");
            return Err((Refusal::Conflict, Text::new(&why)));
        }
        wants.names.insert(process.to_owned());
        let gate = mission.process(process).map(|p| gate(p, &wants.names)).unwrap_or_default();
        let vars = Arc::clone(&wants.vars);
        // Under the lock: sent later, it would come behind a stop that was
        // ordered later, and undo it.
        cell.order(Msg::Restart { gate, vars });
        drop(wants);
        Ok(Self::stands(&cell))
    }

    /// Nothing lives that should not, as far as the records say.
    fn is_down(&self, but: &BTreeSet<Name>) -> bool {
        self.shared.all().iter().all(|cell| {
            let waits = cell.waits();
            let record = lock(&cell.record);
            let down = record.wanted || record.external || !record.state.may_live();
            down && !waits || but.contains(record.name.as_str())
        })
    }

    fn down(&self, longest: Duration, but: &BTreeSet<Name>) -> bool {
        let until = Instant::now() + longest;
        if !self.heard(longest) {
            return false;
        }
        loop {
            if self.is_down(but) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            // Bounded, as something may move between the look and the wait.
            self.shared.pause(left.min(Duration::from_millis(20)));
        }
    }
}

impl Crew for Supervisor {
    fn want(&self, wanted: &[Name], vars: &Vars, restart: &BTreeMap<Name, Restart>) {
        let mission = self.mission();
        let mut wants = lock(&self.wants);
        let later = std::mem::take(&mut wants.later);
        *wants = Wants {
            names: wanted.iter().cloned().collect(),
            vars: Arc::new(vars.clone()),
            restart: restart.clone(),
            later: BTreeMap::new(),
            closed: wants.closed,
        };
        // What is told below starts it anew where that must be.
        for (name, process) in later {
            if let Some(cell) = self.shared.cell(&name) {
                cell.order(Msg::Process { process, anew: false });
            }
        }
        let names = || mission.processes.iter().map(|p| p.name.clone());
        let leaving: BTreeSet<Name> = names().filter(|n| !wants.names.contains(n)).collect();
        for name in &leaving {
            self.untell(&mission, name, &leaving);
        }
        for name in names().filter(|name| wants.names.contains(name)) {
            self.tell(&mission, &wants, &name);
        }
        drop(wants);
        self.taken(SETTLE);
    }

    fn start(&self, process: &str) -> Result<ProcessRecord, Refused> {
        let cell = self.ours(process)?;
        let mission = self.mission();
        let needs = closure(process, |name| {
            let depends = mission.process(name).map(|p| p.depends.iter());
            depends.into_iter().flatten().map(|(name, _)| name.clone()).collect()
        });
        let mut wants = lock(&self.wants);
        wants.open()?;
        wants.names.extend(needs.iter().cloned());
        for name in &needs {
            self.tell(&mission, &wants, name);
        }
        drop(wants);
        Ok(Self::stands(&cell))
    }

    fn stop(&self, process: &str, with: bool) -> Result<ProcessRecord, Refused> {
        let cell = self.ours(process)?;
        let mission = self.mission();
        let leaving = if with {
            closure(process, |name| dependants(&mission, name).collect())
        } else {
            BTreeSet::from([process.to_owned()])
        };
        let mut wants = lock(&self.wants);
        wants.names.retain(|name| !leaving.contains(name));
        for name in &leaving {
            self.untell(&mission, name, &leaving);
        }
        drop(wants);
        Ok(Self::stands(&cell))
    }

    fn restart(&self, process: &str) -> Result<ProcessRecord, Refused> {
        self.again(process, true)
    }

    fn restart_if_wanted(&self, process: &str) -> Result<ProcessRecord, Refused> {
        self.again(process, false)
    }

    fn records(&self) -> Vec<ProcessRecord> {
        let mission = self.mission();
        let cells = mission.processes.iter().filter_map(|p| self.shared.cell(&p.name));
        let mut all: Vec<_> = cells.map(|cell| lock(&cell.record).clone()).collect();
        // What left the file is nobody's, and still there until it has ended.
        let leaving = lock(&self.leaving);
        let left = leaving.values().map(|cell| lock(&cell.record).clone());
        all.extend(left.filter(|record| record.state.may_live() && !record.external));
        all
    }

    fn waiting(&self) -> Vec<Name> {
        let all = lock(&self.shared.cells);
        all.iter().filter(|(_, cell)| cell.waits()).map(|(name, _)| name.clone()).collect()
    }

    fn hosts(&self) -> Vec<HostRecord> {
        self.hosts.records(&self.mission())
    }

    fn fresh_hosts(&self, names: &[Name]) -> Vec<HostRecord> {
        self.hosts.fresh(&self.mission(), names, &self.shared)
    }

    fn why(&self, process: &str) -> Result<Vec<Text>, Refused> {
        let cell = self.shared.cell(process).ok_or_else(|| self.unknown(process))?;
        let mission = self.mission();
        let spec = mission.process(process).ok_or_else(|| self.unknown(process))?;
        let record = lock(&cell.record).clone();
        Ok(why::why(&self.shared, spec, &record))
    }

    fn reload(&self, mission: Arc<Mission>, anew: bool) -> Vec<Text> {
        let old = std::mem::replace(&mut *lock(&self.mission), Arc::clone(&mission));
        let mut said = Vec::new();
        for process in &mission.processes {
            // One that could not be taken up then is new now.
            let known = self.shared.cell(&process.name).is_some();
            match old.process(&process.name).filter(|_| known) {
                // Who left under this name may still be ending: a second one
                // beside it would be a copy.
                None if !self.has_left(&process.name) => {
                    let cause = "still ends, and is not taken up; reload once it is gone";
                    said.push(Text::new(&format!("{}: {cause}", process.name)));
                }
                None => match self.add(process) {
                    Ok(()) => said.push(Text::new(&format!("{}: new", process.name))),
                    Err(why) => said.push(why),
                },
                Some(was) if !same(was, process) => {
                    let how = if anew { changed(was, process) } else { LATER };
                    said.push(Text::new(&format!("{}: {how}", process.name)));
                }
                Some(_) => {}
            }
        }
        self.acquaint(&mission);
        let mut wants = lock(&self.wants);
        for process in &mission.processes {
            let Some(was) = old.process(&process.name).filter(|was| !same(was, process)) else {
                continue;
            };
            let Some(cell) = self.shared.cell(&process.name) else { continue };
            let now = Arc::new(process.clone());
            if !anew {
                wants.later.insert(process.name.clone(), now);
                continue;
            }
            wants.later.remove(&process.name);
            cell.order(Msg::Process { process: now, anew });
            if was.depends != process.depends && wants.names.contains(&process.name) {
                self.tell(&mission, &wants, &process.name);
            }
        }
        for gone in old.processes.iter().filter(|p| mission.process(&p.name).is_none()) {
            wants.names.remove(&gone.name);
            wants.later.remove(&gone.name);
            if let Some(cell) = lock(&self.shared.cells).remove(&gone.name) {
                cell.order(Msg::Leave);
                lock(&self.leaving).insert(gone.name.clone(), cell);
            }
            said.push(Text::new(&format!("{}: gone from the file, it is stopped", gone.name)));
        }
        said
    }

    fn wait_down(&self, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        self.down(longest, &BTreeSet::new()) && self.all_left(until)
    }

    fn shutdown(&self) {
        let mission = self.mission();
        let kept = |p: &&Process| p.on_daemon_death == OnDeath::Keep;
        let keep: BTreeSet<Name> =
            mission.processes.iter().filter(kept).map(|p| p.name.clone()).collect();
        let names = mission.processes.iter().map(|p| p.name.clone());
        let leaving: BTreeSet<Name> = names.filter(|name| !keep.contains(name)).collect();
        {
            // An order that comes later must not start what was just told to end.
            let mut wants = lock(&self.wants);
            wants.closed = true;
            for name in &leaving {
                self.untell(&mission, name, &leaving);
            }
        }
        let longest: Duration = mission.processes.iter().map(|p| p.stop.timeout).sum();
        self.down(longest + END, &keep);
        let cells = std::mem::take(&mut *lock(&self.shared.cells));
        for cell in cells.values() {
            let _ = cell.send.send(Msg::Quit);
        }
        // One that hangs in a disk or a far machine is left behind.
        let until = Instant::now() + END;
        for cell in cells.values() {
            join_until(&cell.thread, until);
        }
        self.all_left(until);
    }
}

impl Drop for Supervisor {
    /// Ends the threads; what runs is left to its policy.
    fn drop(&mut self) {
        for cell in self.shared.all() {
            let _ = cell.send.send(Msg::Quit);
        }
    }
}
