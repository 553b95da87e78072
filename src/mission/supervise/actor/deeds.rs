//! What the machine wants done, and looks at what runs: whatever asks the
//! hands.

use super::{Actor, KILL, Msg, Running, WORDS, now};
use crate::domain::Text;
use crate::domain::mission::{Gravity, LineLevel, ProcessState};
use crate::mission::hands::{Hands, Ident, Seen, Undone};
use crate::mission::spec::Process;
use crate::mission::supervise::machine::{Effect, Input};
use crate::mission::supervise::probe::Probes;
use crate::mission::supervise::stamp::stamp;
use std::sync::Arc;

/// Somebody else's runs.
fn foreign(hands: &Arc<dyn Hands>, process: &Process) -> Result<bool, Text> {
    if process.check.is_empty() { Ok(false) } else { hands.external(process) }
}

impl Actor {
    pub(super) fn does(&mut self, effect: Effect) -> Option<Vec<Input>> {
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
                return Some(vec![hands.external(&self.process).map_or_else(
                    |why| {
                        self.asked = Some(Arc::clone(&self.process));
                        Input::Unsure(why)
                    },
                    Input::External,
                )]);
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

    fn took(
        &mut self,
        who: Ident,
        hands: Arc<dyn Hands>,
        process: Arc<Process>,
        stamp: Text,
        run: u64,
    ) {
        let send = self.cell.send.clone();
        hands.ends(&who, Box::new(move || drop(send.send(Msg::Ended(run)))));
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
        self.asked = Some(Arc::clone(&self.process));
        match foreign(&hands, &self.process) {
            Ok(false) => {}
            Ok(true) => {
                self.asked = None;
                return Input::External(true);
            }
            // Nothing is started beside what may run.
            Err(why) => return Input::Lost(why),
        }
        match hands.spawn(&self.process, run, &self.vars) {
            Ok(who) => {
                self.asked = None;
                let (process, stamp) =
                    (Arc::clone(&self.process), stamp(&self.process, &self.vars));
                self.took(who, hands, process, stamp, run);
                Input::Spawned
            }
            // It may have been started, and only the answer was lost: it is
            // looked for before anything else is decided.
            Err(Undone::Lost(why)) => Input::Lost(why),
            Err(Undone::No(why)) => {
                self.asked = None;
                let said = Text::new(&format!("not started: {why}"));
                self.shared.reads.note(&self.process.name, LineLevel::Error, &said);
                Input::Refused(why)
            }
        }
    }

    /// What became of a start, or what an earlier daemon left.
    pub(super) fn find(&mut self) -> Input {
        let process = Arc::clone(self.asked.as_ref().unwrap_or(&self.process));
        let hands = match self.shared.hands(process.host.as_ref()) {
            Ok(hands) => hands,
            Err(why) => return Input::Lost(why),
        };
        let input = match hands.found(&process) {
            Ok(Some(found)) => {
                self.took(found.who, hands, process, found.stamp, found.run);
                Input::Adopted { run: found.run, since: found.since }
            }
            Ok(None) => match foreign(&hands, &process) {
                Ok(true) => Input::External(true),
                Ok(false) => Input::Absent,
                Err(why) => Input::Lost(why),
            },
            Err(why) => Input::Lost(why),
        };
        if !matches!(input, Input::Lost(_)) {
            self.asked = None;
        }
        input
    }

    fn signal(&mut self, signal: i32) -> Option<Input> {
        let running = self.running.as_ref()?;
        let why = match running.hands.signal(&running.who, signal, true) {
            Ok(()) => return None,
            Err(Undone::Lost(why)) => return Some(Input::Lost(why)),
            Err(Undone::No(why)) => why,
        };
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

    pub(super) fn probe(&mut self, on: bool) {
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
    pub(super) fn look(&mut self) {
        let run = self.machine.run();
        let Some(running) = &self.running else {
            let process = self.asked.as_ref().unwrap_or(&self.process);
            if let Ok(hands) = self.shared.hands(process.host.as_ref())
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
