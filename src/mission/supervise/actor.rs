//! The thread of one process: it feeds the machine and does what it says.

mod deeds;
mod report;

use super::growth::Memory;
use super::machine::{Effect, Input, Machine, Now, Rules, Standing};
use super::probe::{Eyes, Found, Probes};
use super::shared::{Cell, Shared, lock};
use super::stamp::stamp;
use crate::domain::Text;
use crate::domain::mission::{LineLevel, ProcessRecord};
use crate::host::clock;
use crate::mission::hands::{Hands, Ident, Usage, Vars};
use crate::mission::spec::{Condition, Name, Process, Restart};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Between two samples, in ms.
const SAMPLE_MS: u64 = 1_000;
/// Longest wait for the last lines of one that stays down.
const WORDS: Duration = Duration::from_millis(200);
/// SIGKILL.
const KILL: i32 = 9;

/// What the thread hears.
pub enum Msg {
    /// It is wanted.
    Want {
        /// What it waits for.
        gate: Vec<(Name, Condition)>,
        /// With what it is started.
        vars: Arc<Vars>,
        /// Another restart rule than its own.
        restart: Option<Restart>,
    },
    /// It is not, and ends after these.
    Unwant(Vec<Name>),
    /// Stop and start.
    Restart {
        /// What it waits for, where it was not wanted.
        gate: Vec<(Name, Condition)>,
        /// With what it is started.
        vars: Arc<Vars>,
    },
    /// It is no longer in the file: it ends, and then its thread.
    Leave,
    /// Its part of the file changed.
    Process {
        /// It, as it is now.
        process: Arc<Process>,
        /// It is started anew where that needs it; else whoever wants it next
        /// does that.
        anew: bool,
    },
    /// Another one moved.
    Other(Name, Standing),
    /// This run ended.
    Ended(u64),
    /// A probe found something.
    Found(Found),
    /// Answered when everything before this was heard.
    Heard(Sender<ProcessRecord>),
    /// The thread ends; what runs is left as it is.
    Quit,
}

/// One that runs.
struct Running {
    who: Ident,
    hands: Arc<dyn Hands>,
    process: Arc<Process>,
    stamp: Text,
}

/// The thread's own.
pub struct Actor {
    cell: Arc<Cell>,
    shared: Arc<Shared>,
    eyes: Eyes,
    process: Arc<Process>,
    vars: Arc<Vars>,
    restart: Option<Restart>,
    machine: Machine,
    running: Option<Running>,
    /// A start, or a question for one, that has no answer yet: it is asked
    /// for where it was sent, whatever the configuration says by now.
    asked: Option<Arc<Process>>,
    /// Orders that the machine has heard.
    taken: u64,
    probes: Option<Probes>,
    ready: Vec<bool>,
    bad: Vec<Option<Text>>,
    used: Option<(u64, Usage)>,
    cpu_centi: Option<u32>,
    memory: Memory,
    sample: u64,
    leaves: bool,
}

fn now() -> Now {
    let stamp = clock::now();
    Now { ms: stamp.mono_ns / 1_000_000, utc: stamp.utc }
}

fn rules(process: &Process, restart: Option<&Restart>) -> Rules {
    Rules {
        restart: restart.unwrap_or(&process.restart).clone(),
        stop: process.stop.clone(),
        probed: !process.ready.is_empty(),
    }
}

impl Actor {
    /// For one process.
    pub fn new(shared: Arc<Shared>, cell: Arc<Cell>, process: Arc<Process>) -> Self {
        Self {
            machine: Machine::new(rules(&process, None)),
            eyes: shared.eyes.clone(),
            cell,
            shared,
            process,
            vars: Arc::default(),
            restart: None,
            running: None,
            asked: None,
            taken: 0,
            probes: None,
            ready: Vec::new(),
            bad: Vec::new(),
            used: None,
            cpu_centi: None,
            memory: Memory::default(),
            sample: 0,
            leaves: false,
        }
    }

    /// Until it is told to quit.
    pub fn run(mut self, messages: &Receiver<Msg>) {
        self.take_up();
        self.publish();
        loop {
            let at = now().ms;
            let watched = self.running.is_some() || self.machine.is_lost();
            let due = self.machine.due().into_iter().chain(watched.then_some(self.sample)).min();
            let wait = due.map_or(Duration::from_hours(1), |due| {
                Duration::from_millis(due.saturating_sub(at))
            });
            match messages.recv_timeout(wait) {
                Ok(Msg::Quit) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(msg) => self.hear(msg),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let at = now().ms;
            if self.machine.due().is_some_and(|due| due <= at) {
                self.feed(Input::Tick);
            }
            if self.leaves && !self.machine.may_live() {
                return;
            }
            if (self.running.is_some() || self.machine.is_lost()) && at >= self.sample {
                self.sample = at.saturating_add(SAMPLE_MS);
                self.look();
            }
        }
    }

    /// What an earlier daemon left running, or somebody else started.
    fn take_up(&mut self) {
        match self.find() {
            Input::Absent => {}
            Input::Lost(why) => {
                self.asked = Some(Arc::clone(&self.process));
                self.feed(Input::Unsure(why));
            }
            input => self.feed(input),
        }
    }

    fn hear(&mut self, msg: Msg) {
        match msg {
            Msg::Want { gate, vars, restart } => {
                self.vars = vars;
                self.restart = restart;
                self.feed(Input::Rules(rules(&self.process, self.restart.as_ref())));
                self.others();
                let runs = self.running.is_some();
                if !runs {
                    self.takes();
                }
                self.feed(Input::Want(gate));
                if runs {
                    // It has taken it once it knows whether it goes on.
                    self.takes();
                }
                self.renew();
            }
            Msg::Unwant(after) => {
                self.others();
                self.takes();
                self.feed(Input::Unwant(after));
            }
            Msg::Restart { gate, vars } => {
                self.vars = vars;
                self.others();
                self.takes();
                if self.machine.wanted() || self.machine.may_live() {
                    self.feed(Input::Restart);
                } else {
                    self.feed(Input::Want(gate));
                }
            }
            Msg::Leave => {
                self.leaves = true;
                self.takes();
                self.feed(Input::Unwant(Vec::new()));
            }
            Msg::Process { process, anew } => {
                self.takes();
                self.reload(process, anew);
            }
            Msg::Other(name, standing) => self.feed(Input::Other(name, standing)),
            Msg::Ended(run) if run == self.machine.run() => self.look(),
            Msg::Found(found) if found.run == self.machine.run() => self.found(found),
            Msg::Heard(answer) => drop(answer.send(lock(&self.cell.record).clone())),
            Msg::Ended(_) | Msg::Found(_) | Msg::Quit => {}
        }
        self.cell.took(self.taken);
    }

    /// How those stand that it has to do with.
    fn others(&mut self) {
        let peers = lock(&self.cell.peers).clone();
        for name in peers {
            if let Some(cell) = self.shared.cell(&name) {
                let standing = lock(&cell.standing).clone();
                self.feed(Input::Other(name, standing));
            }
        }
    }

    /// What runs and is started otherwise now is started anew.
    fn renew(&mut self) {
        let wanted = stamp(&self.process, &self.vars);
        let Some(running) = &mut self.running else { return };
        if running.stamp.is_empty() {
            // Nobody wrote down with what it was started.
            running.stamp = wanted;
        } else if running.stamp != wanted {
            self.feed(Input::Renew);
        }
    }

    fn reload(&mut self, process: Arc<Process>, anew: bool) {
        let probes = (&self.process.ready, &self.process.live) != (&process.ready, &process.live);
        let start = stamp(&self.process, &self.vars) != stamp(&process, &self.vars);
        self.process = process;
        self.feed(Input::Rules(rules(&self.process, self.restart.as_ref())));
        if start && anew && self.running.is_none() {
            // What was in the way may be corrected.
            self.feed(Input::Renew);
        } else if anew {
            self.renew();
        }
        if let Some(running) = &mut self.running {
            if !start {
                running.process = Arc::clone(&self.process);
            }
            if probes && self.machine.is_up() {
                self.probe(true);
            }
        }
        self.publish();
    }

    fn found(&mut self, found: Found) {
        let run = found.run;
        if found.live {
            if let Some(bad) = self.bad.get_mut(found.index) {
                *bad = found.holds.err();
            }
            let bad = self.bad.iter().flatten().next().cloned();
            self.feed(Input::Live { run, bad });
        } else {
            if let Some(ready) = self.ready.get_mut(found.index) {
                *ready = found.holds.is_ok();
            }
            if let Err(why) = &found.holds {
                let said = Text::new(&format!("not ready: {why}"));
                self.shared.reads.note(&self.process.name, LineLevel::Warn, &said);
            }
            let ok = self.ready.iter().all(|ready| *ready);
            self.feed(Input::Ready { run, ok });
        }
    }

    /// Hears inputs until the machine has nothing more to be done.
    fn feed(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let adopted = matches!(input, Input::Adopted { .. });
            let effects = self.machine.step(now(), input);
            let mut tells = effects.contains(&Effect::Tell);
            for effect in effects {
                if tells && effect.asks() {
                    // It may take as long as another machine does.
                    self.publish();
                    tells = false;
                }
                if effect == Effect::Tell && !tells {
                    continue;
                }
                if let Some(input) = self.does(effect) {
                    inputs.extend(input);
                }
            }
            // What was wanted meanwhile may be started with other words.
            if adopted && self.machine.wanted() && self.is_outdated() {
                inputs.push_back(Input::Renew);
            }
        }
    }

    fn is_outdated(&self) -> bool {
        let wanted = || stamp(&self.process, &self.vars);
        self.running.as_ref().is_some_and(|one| !one.stamp.is_empty() && one.stamp != wanted())
    }
}
