//! What the agent and the hand have done by others, in a simulated world.

use super::mail::{Got, Mail};
use super::net::{self, Order};
use super::parts::{Agent, FromHand, Recorded, Stage, ToCore};
use super::time::MS;
use crate::audit::Act;
use crate::breaker::word::LatchWord;
use crate::control::kill::agent::crew as agent_crew;
use crate::control::kill::driver::DriverConfig;
use crate::control::kill::hand::Job;
use crate::control::kill::hand::crew as hand_crew;
use crate::control::kill::latch::VISIBLE_WAIT;
use crate::control::kill::protocol::{FromAgent, ToAgent};
use crate::domain::{EngageId, KillIntent, Text};
use crate::host::{Errand, clock, world};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub struct AgentCrew {
    pub stage: Stage,
    pub process: u32,
    pub mail: Mail<ToCore>,
    pub clients: BTreeMap<u64, Mail<FromHand>>,
    pub drivers: BTreeMap<String, Mail<Order>>,
    pub recorder: Mail<Recorded>,
    pub maker: Mail<(KillIntent, u64)>,
    pub visible: Mail<EngageId>,
    pub again: Errand<()>,
}

impl agent_crew::Crew for AgentCrew {
    fn tell(&mut self, client: u64, message: &FromAgent) {
        if let FromAgent::Accepted { engage_id, .. } = message {
            let now = self.stage.sim.now();
            self.stage.facts().accepted.push((*engage_id, now));
        }
        if let Some(mail) = self.clients.get(&client) {
            mail.send(FromHand::Agent(message.clone()), MS);
        }
    }

    fn tell_all(&mut self, message: &FromAgent) {
        match message {
            FromAgent::Alarm { text } => {
                self.stage.sim.note(format!("agent {} ALARM {text}", self.process));
                if text.as_str().contains("tampered") {
                    self.stage.facts().tampered += 1;
                }
                if text.as_str().contains("removed without a reset: still") {
                    self.stage.facts().gone += 1;
                }
                let appeared = |(_, gateway): &(_, _)| net::account(gateway).appeared > 0;
                if text.as_str().contains("appeared while")
                    && !self.stage.gateways.iter().any(appeared)
                {
                    self.stage.sim.fail("an alarm of a position that was there from the first");
                }
            }
            FromAgent::Progress(progress) => super::rules::progress(&self.stage, progress),
            _ => {}
        }
        for mail in self.clients.values() {
            mail.send(FromHand::Agent(message.clone()), MS);
        }
    }

    fn is_alone(&self) -> bool {
        self.clients.is_empty()
    }

    fn record(&mut self, act: Act) {
        self.recorder.send((act, None), 1);
    }

    fn record_now(&mut self, act: Act) -> Result<(), Text> {
        let done = Mail::new(&self.stage.sim);
        self.recorder.send((act, Some(done.clone())), 1);
        match done.take(clock::mono_ns() + 5_000 * MS) {
            Got::Letter(outcome) => outcome,
            Got::Nothing => Err(Text::new("the disk does not answer")),
        }
    }

    fn make(&mut self, intent: &KillIntent) {
        self.maker.send((intent.clone(), clock::mono_ns()), 1);
    }

    fn make_and_wait(&mut self, intent: &KillIntent) {
        while matches!(self.visible.take(0), Got::Letter(_)) {}
        self.make(intent);
        let until = clock::mono_ns() + VISIBLE_WAIT;
        while let Got::Letter(id) = self.visible.take(until) {
            if id == intent.engage_id {
                return;
            }
        }
    }

    fn make_again(&mut self, path: PathBuf, body: Vec<u8>) -> std::io::Result<()> {
        let _ = self.again.back();
        self.again.begin(Duration::ZERO, move || {
            crate::control::kill::agent::crew::make_again(&path, &body);
        })
    }

    fn note(&mut self, ids: Vec<EngageId>, word: LatchWord) -> bool {
        let (home, core) = (self.stage.home.clone(), self.mail.clone());
        self.stage.sim.spawn(self.process, move || {
            let stands = agent_crew::note(&home, &ids, word);
            core.send(ToCore::Noted(word, stands), MS);
        });
        true
    }

    fn hire(&mut self, config: DriverConfig) -> std::io::Result<()> {
        let key = config.gateway.cmd.to_string();
        if !self.drivers.contains_key(&key) {
            self.stage.sim.thread_to_be_had(self.process)?;
            let core = self.mail.clone();
            let told = move |told| core.send(ToCore::Told(told), MS);
            let driver = self.stage.driver(self.process, config, told);
            self.drivers.insert(key, driver);
        }
        Ok(())
    }

    fn hired(&self) -> usize {
        self.drivers.len()
    }

    fn begin(&mut self, gateway: &str, intent: KillIntent) -> bool {
        let driver = self.drivers.get(gateway);
        driver.inspect(|driver| driver.send(Order::Begin(intent), 1)).is_some()
    }

    fn look_on(&mut self, gateway: &str, intent: KillIntent) -> bool {
        let driver = self.drivers.get(gateway);
        driver.inspect(|driver| driver.send(Order::LookOn(intent), 1)).is_some()
    }

    fn end(&mut self) {
        self.drivers.values().for_each(|driver| driver.send(Order::End, 1));
    }

    fn stand_down(&mut self, why: &Text) {
        self.drivers.values().for_each(|driver| driver.send(Order::StandDown(why.clone()), 1));
    }

    fn probe_again(&mut self) {}
}

pub struct HandCrew {
    pub stage: Stage,
    pub process: u32,
    pub mail: Mail<FromHand>,
    pub agent: Option<Agent>,
    pub drivers: BTreeMap<u16, Mail<Order>>,
    pub meeting: Errand<Option<Agent>>,
    pub starting: Errand<Result<u32, Text>>,
    pub recorder: Mail<Recorded>,
    pub maker: Mail<(KillIntent, u64)>,
}

impl hand_crew::Crew for HandCrew {
    fn is_met(&self) -> bool {
        self.agent.is_some()
    }

    fn meet(&mut self) -> Option<bool> {
        let (home, stage) = (self.stage.home.dir.clone(), self.stage.clone());
        // The socket is a name in a directory that may hang.
        let met = self.meeting.back().or_else(|| {
            self.meeting.run(Duration::from_millis(20), move || {
                let there = world::here(|world| world.dir(&home)).is_some();
                stage.facts().agent.clone().filter(|_| there)
            })
        });
        self.agent = met?;
        if let Some(agent) = &self.agent {
            agent.mail.send(ToCore::Came(u64::from(self.process), self.mail.clone()), MS);
        }
        Some(self.agent.is_some())
    }

    fn part(&mut self) {
        self.agent = None;
    }

    fn say(&mut self, message: &ToAgent) -> Result<(), Text> {
        self.stage.sim.operation();
        let living = self.stage.facts().agent.as_ref().map(|agent| agent.process);
        match &self.agent {
            Some(agent) if living == Some(agent.process) => {
                agent.mail.send(ToCore::Said(u64::from(self.process), message.clone()), MS);
                Ok(())
            }
            _ => Err(Text::new("the agent does not listen")),
        }
    }

    fn start_agent(&mut self) -> Option<Result<u32, Text>> {
        if let Some(how) = self.starting.back() {
            return Some(how);
        }
        let stage = self.stage.clone();
        let begun = self.starting.begin(Duration::ZERO, move || {
            stage.home.prepare().map_err(|e| Text::new(&e.to_string()))?;
            Ok(stage.start_agent())
        });
        begun.err().map(|e| Err(Text::new(&e.to_string())))
    }

    fn make(&mut self, intent: &KillIntent) {
        self.maker.send((intent.clone(), clock::mono_ns()), 1);
    }

    fn record(&mut self, act: Act) {
        self.recorder.send((act, None), 1);
    }

    fn flush(&mut self, _wait: Duration) {}

    fn hire(&mut self, config: DriverConfig) -> std::io::Result<()> {
        let target = config.target;
        if !self.drivers.contains_key(&target) {
            self.stage.sim.thread_to_be_had(self.process)?;
            let jobs = self.mail.clone();
            let told = move |told| jobs.send(FromHand::Job(Job::Local(told)), MS);
            let driver = self.stage.driver(self.process, config, told);
            self.drivers.insert(target, driver);
        }
        Ok(())
    }

    fn begin(&mut self, intent: &KillIntent) {
        self.drivers.values().for_each(|driver| driver.send(Order::Begin(intent.clone()), 1));
    }

    fn end(&mut self) {
        self.drivers.values().for_each(|driver| driver.send(Order::End, 1));
    }

    fn stand_down(&mut self, why: &Text) {
        self.drivers.values().for_each(|driver| driver.send(Order::StandDown(why.clone()), 1));
    }

    fn probe_again(&mut self) {}
}
