//! The thread of one process: it feeds the machine and does what it says.

mod report;

use super::growth::Memory;
use super::machine::{Effect, Input, Machine, Now, Rules, Standing};
use super::probe::{Eyes, Found, Probes};
use super::shared::{Cell, Shared, lock};
use super::stamp::stamp;
use crate::domain::Text;
use crate::domain::mission::{Gravity, LineLevel, ProcessRecord, ProcessState};
use crate::host::clock;
use crate::mission::hands::{Hands, Ident, Seen, Usage, Vars};
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
        let Ok(hands) = self.shared.hands(self.process.host.as_ref()) else { return };
        match hands.found(&self.process) {
            Ok(Some(found)) => {
                self.took(found.who, hands, found.stamp, found.run);
                self.feed(Input::Adopted { run: found.run, since: found.since });
            }
            Ok(None) if !self.process.check.is_empty() && hands.external(&self.process) => {
                self.feed(Input::External(true));
            }
            Ok(None) => {}
            Err(why) => self.feed(Input::Unsure(why)),
        }
    }

    fn hear(&mut self, msg: Msg) {
        match msg {
            Msg::Want { gate, vars, restart } => {
                self.vars = vars;
                self.restart = restart;
                self.feed(Input::Rules(rules(&self.process, self.restart.as_ref())));
                self.others();
                self.feed(Input::Want(gate));
                self.renew();
            }
            Msg::Unwant(after) => {
                self.others();
                self.feed(Input::Unwant(after));
            }
            Msg::Restart { gate, vars } => {
                self.vars = vars;
                self.others();
                if self.machine.wanted() || self.machine.may_live() {
                    self.feed(Input::Restart);
                } else {
                    self.feed(Input::Want(gate));
                }
            }
            Msg::Leave => {
                self.leaves = true;
                self.feed(Input::Unwant(Vec::new()));
            }
            Msg::Process { process, anew } => self.reload(process, anew),
            Msg::Other(name, standing) => self.feed(Input::Other(name, standing)),
            Msg::Ended(run) if run == self.machine.run() => self.look(),
            Msg::Found(found) if found.run == self.machine.run() => self.found(found),
            Msg::Heard(answer) => drop(answer.send(lock(&self.cell.record).clone())),
            Msg::Ended(_) | Msg::Found(_) | Msg::Quit => {}
        }
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
            for effect in self.machine.step(now(), input) {
                if let Some(input) = self.does(effect) {
                    inputs.extend(input);
                }
            }
        }
    }

    fn does(&mut self, effect: Effect) -> Option<Vec<Input>> {
        let run = self.machine.run();
        match effect {
            Effect::Spawn => {
                // A secret or a far machine takes its time, and until then the
                // record would be that of its last end.
                self.publish();
                return Some(vec![self.spawn(run)]);
            }
            Effect::Find => return Some(vec![self.find()]),
            Effect::AskExternal => {
                let hands = self.shared.hands(self.process.host.as_ref()).ok()?;
                return Some(vec![Input::External(hands.external(&self.process))]);
            }
            Effect::Signal(signal) => return self.signal(signal).map(|i| vec![i]),
            Effect::Kill => return self.signal(KILL).map(|i| vec![i]),
            Effect::Count => return Some(self.count(run)),
            Effect::Probe(on) => self.probe(on),
            Effect::Gone => {
                self.gone(run);
                self.last_words(run);
            }
            Effect::CrashLoop(why) => self.raise(
                "crash-loop",
                Gravity::High,
                "It fails again and again and is left down",
                &why,
                "read its last lines, mend the cause, then start it",
            ),
            Effect::Misconfigured => self.raise(
                "wrong-configuration",
                Gravity::High,
                "Its configuration is wrong, and it is left down",
                &Text::new(&self.machine.state().to_string()),
                "mend what it names, then start it",
            ),
            Effect::Tell => self.publish(),
        }
        None
    }

    fn took(&mut self, who: Ident, hands: Arc<dyn Hands>, stamp: Text, run: u64) {
        let send = self.cell.send.clone();
        hands.ends(&who, Box::new(move || drop(send.send(Msg::Ended(run)))));
        let process = Arc::clone(&self.process);
        self.running = Some(Running { who, hands, process, stamp });
        self.used = None;
        self.memory.forget();
        self.sample = now().ms;
    }

    fn spawn(&mut self, run: u64) -> Input {
        let hands = match self.shared.hands(self.process.host.as_ref()) {
            Ok(hands) => hands,
            Err(why) => return Input::Refused(why),
        };
        if !self.process.check.is_empty() && hands.external(&self.process) {
            return Input::External(true);
        }
        match hands.spawn(&self.process, run, &self.vars) {
            Ok(who) => {
                let stamp = stamp(&self.process, &self.vars);
                self.took(who, hands, stamp, run);
                Input::Spawned
            }
            // It may have been started, and only the answer was lost.
            Err(why) if hands.reach().is_err() => Input::Lost(why),
            Err(why) => {
                let said = Text::new(&format!("not started: {why}"));
                self.shared.reads.note(&self.process.name, LineLevel::Error, &said);
                Input::Refused(why)
            }
        }
    }

    fn find(&mut self) -> Input {
        let hands = match self.shared.hands(self.process.host.as_ref()) {
            Ok(hands) => hands,
            Err(why) => return Input::Lost(why),
        };
        match hands.found(&self.process) {
            Ok(Some(found)) => {
                self.took(found.who, hands, found.stamp, found.run);
                Input::Adopted { run: found.run, since: found.since }
            }
            Ok(None) => Input::Absent,
            Err(why) => Input::Lost(why),
        }
    }

    fn signal(&mut self, signal: i32) -> Option<Input> {
        let running = self.running.as_ref()?;
        let why = running.hands.signal(&running.who, signal, true).err()?;
        if running.hands.reach().is_err() {
            return Some(Input::Lost(why));
        }
        let said = Text::new(&format!("signal {signal} not sent: {why}"));
        self.shared.reads.note(&self.process.name, LineLevel::Warn, &said);
        None
    }

    fn count(&mut self, run: u64) -> Vec<Input> {
        let Some(running) = &self.running else {
            return vec![Input::Left { run, count: 0 }];
        };
        let mut inputs = Vec::new();
        if let Seen::Ended(end) = running.hands.look(&running.who) {
            inputs.push(Input::Ended { run, end });
        }
        match running.hands.rest(&running.who) {
            Ok(rest) => inputs.push(Input::Left { run, count: rest.len() }),
            Err(why) => inputs.push(Input::Lost(why)),
        }
        inputs
    }

    fn probe(&mut self, on: bool) {
        self.probes = None;
        self.ready = vec![false; self.process.ready.len()];
        self.bad = vec![None; self.process.live.len()];
        let none = self.process.ready.is_empty() && self.process.live.is_empty();
        if on && !none {
            let send = self.cell.send.clone();
            let tell = move |found| drop(send.send(Msg::Found(found)));
            let run = self.machine.run();
            self.probes = Some(Probes::new(&self.process, run, &self.eyes, tell));
        }
    }

    fn gone(&mut self, run: u64) {
        self.shared.reads.ended(&self.process.name, run);
        if let Some(running) = self.running.take() {
            for said in running.hands.tidy(&running.process) {
                self.shared.reads.note(&self.process.name, LineLevel::Info, &said);
            }
        }
        (self.used, self.cpu_centi) = (None, None);
    }

    /// Of one that stays down, what it said itself is the cause. Heard here, as
    /// what follows tells of it.
    fn last_words(&mut self, run: u64) {
        if matches!(self.machine.state(), ProcessState::Failed { .. }) {
            let said = self.shared.reads.last_words(&self.process.name, run, WORDS);
            if let Some(said) = said {
                let _ = self.machine.step(now(), Input::LastWords { run, said });
            }
        }
    }

    /// Looks at what runs.
    fn look(&mut self) {
        let run = self.machine.run();
        let Some(running) = &self.running else {
            if let Ok(hands) = self.shared.hands(self.process.host.as_ref())
                && self.machine.is_lost()
                && hands.reach().is_ok()
            {
                self.feed(Input::Back);
            }
            return;
        };
        match running.hands.look(&running.who) {
            Seen::Alive(usage) => {
                if self.machine.is_lost() {
                    self.feed(Input::Back);
                }
                self.measure(usage);
            }
            Seen::Ended(end) => self.feed(Input::Ended { run, end }),
            Seen::Unknown(why) => self.feed(Input::Lost(why)),
        }
    }
}
