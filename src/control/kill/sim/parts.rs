//! Simulated processes: the real agent, hand, latch maker, watch and log, on
//! threads whose turns the seed decides.

use super::crews::{AgentCrew, HandCrew};
use super::mail::{Got, Mail};
use super::net::{self, Gateway, Order};
use super::time::{MS, Sim};
use crate::audit::{Act, Chain};
use crate::breaker::watch::{Check, overdue};
use crate::breaker::word::LatchWord;
use crate::breaker::{Gate, LatchHome, Verdict, WatchConfig};
use crate::control::kill::KillRules;
use crate::control::kill::agent::AgentConfig;
use crate::control::kill::agent::core::Core;
use crate::control::kill::client::AgentSpec;
use crate::control::kill::driver::{DriverConfig, Told};
use crate::control::kill::hand::work::Work;
use crate::control::kill::hand::{HandConfig, Job};
use crate::control::kill::latch::{Bench, LatchStep};
use crate::control::kill::protocol::{FromAgent, ToAgent};
use crate::control::kill::recorder::Desk;
use crate::domain::{EngageId, GatewayAddr, KillIntent, LatchPhase, Text};
use crate::event::{Event, Level, channel_pair};
use crate::host::{Errand, Identity, clock};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What all processes of a story share.
#[derive(Clone)]
pub struct Stage {
    pub sim: Arc<Sim>,
    pub home: LatchHome,
    /// A further latch, of somebody else's.
    pub further: PathBuf,
    pub gateways: Vec<(GatewayAddr, Gateway)>,
    /// The last fault is over.
    pub quiet: u64,
    /// Nothing happens after this moment.
    pub end: u64,
    pub facts: Arc<Mutex<Facts>>,
}

/// What is known of the story besides what is on its disk.
#[derive(Default)]
pub struct Facts {
    pub agent: Option<Agent>,
    pub processes: u32,
    /// Hands that live, by process.
    pub hands: BTreeMap<u32, Mail<FromHand>>,
    /// Accepted by an agent, or handed to a maker.
    pub accepted: Vec<(EngageId, u64)>,
    /// Alarms of tampering.
    pub tampered: u32,
    /// Alarms of a further latch that went.
    pub gone: u32,
    /// Last verdict of every watch that lives.
    pub verdicts: BTreeMap<u32, Verdict>,
    /// What each driver of the agent said last, by gateway.
    pub proven: BTreeMap<Text, (EngageId, bool)>,
    pub orders: u64,
}

/// To a hand.
pub enum FromHand {
    Job(Job),
    Agent(FromAgent),
    AgentGone,
}

/// To the agent.
pub enum ToCore {
    Came(u64, Mail<FromHand>),
    Said(u64, ToAgent),
    Gone(u64),
    Told(Told),
    Latch(Box<KillIntent>, LatchStep),
    Verdict(Box<Verdict>),
    AuditFault(Text),
    Noted(LatchWord, bool),
}

#[derive(Clone)]
pub struct Agent {
    pub process: u32,
    pub mail: Mail<ToCore>,
}

pub type Recorded = (Act, Option<Mail<Result<(), Text>>>);

impl Stage {
    pub fn facts(&self) -> std::sync::MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn process(&self) -> u32 {
        let mut facts = self.facts();
        facts.processes += 1;
        facts.processes
    }

    /// Every fault is over: looks may be rarer.
    fn is_quiet(&self) -> bool {
        self.sim.now() >= self.quiet
    }

    fn is_over(&self) -> bool {
        self.sim.now() >= self.end
    }

    fn spec(&self) -> AgentSpec {
        AgentSpec {
            exe: PathBuf::from("crs"),
            home: self.home.clone(),
            extra: vec![self.further.clone()],
            gateways: self.gateways.iter().map(|(addr, _)| addr.clone()).collect(),
            kill: RULES,
            state_dir: PathBuf::from("/state"),
            publish: None,
        }
    }

    /// kill -9 of one process; its connections end.
    pub fn shoot(&self, process: u32) {
        self.sim.note(format!("process {process} is shot"));
        self.sim.shoot(process);
        let mut facts = self.facts();
        facts.verdicts.remove(&process);
        facts.hands.remove(&process);
        let agent = facts.agent.take_if(|agent| agent.process == process);
        if agent.is_some() {
            facts.hands.values().for_each(|hand| hand.send(FromHand::AgentGone, MS));
        } else if let Some(agent) = &facts.agent {
            agent.mail.send(ToCore::Gone(u64::from(process)), MS);
        }
    }

    fn recorder(
        &self,
        process: u32,
        role: &'static str,
        alarm: impl Fn(Text) + Send + 'static,
    ) -> Mail<Recorded> {
        let (stage, inbox) = (self.clone(), Mail::<Recorded>::new(&self.sim));
        let mail = inbox.clone();
        self.sim.spawn(process, move || {
            let chain = Chain::new(&stage.home.audit(), who(process), role);
            let mut desk = Desk::new(chain, alarm);
            while !stage.is_over() {
                let patience = u64::try_from(desk.patience().as_nanos()).unwrap_or(u64::MAX);
                let until = stage.sim.now().saturating_add(patience).min(stage.end);
                match inbox.take(until) {
                    Got::Letter((act, None)) => desk.put(act),
                    Got::Letter((act, Some(done))) => done.send(desk.put_now(act, || true), 1),
                    Got::Nothing => desk.again(),
                }
            }
        });
        mail
    }

    fn maker(
        &self,
        process: u32,
        tell: impl Fn(&KillIntent, LatchStep) + Send + Sync + 'static,
    ) -> Mail<(KillIntent, u64)> {
        let (stage, inbox) = (self.clone(), Mail::<(KillIntent, u64)>::new(&self.sim));
        let mail = inbox.clone();
        self.sim.spawn(process, move || {
            let sim = Arc::clone(&stage.sim);
            let told = move |intent: &KillIntent, step: LatchStep| {
                sim.note(format!("maker {process} {}: {step:?}", short(intent.engage_id)));
                tell(intent, step);
            };
            let mut bench = Bench::alone(stage.home.clone(), Arc::new(told));
            while !stage.is_over() {
                let patience = u64::try_from(bench.patience().as_nanos()).unwrap_or(u64::MAX);
                let until = (stage.sim.now().saturating_add(patience)).min(stage.end);
                match inbox.take(until) {
                    Got::Letter((intent, at)) => bench.ask(&intent, at),
                    Got::Nothing => bench.again(),
                }
            }
        });
        mail
    }

    /// The watch of a process, and whoever notices that it hangs. An order is
    /// tried at every look of the second: none may pass the gate that the
    /// first could have stopped.
    fn watch(
        &self,
        process: u32,
        role: &'static str,
        gate: &Arc<Gate>,
        mut tell: impl FnMut(Verdict) + Send + 'static,
    ) {
        let looks = Arc::new((AtomicU64::new(clock::mono_ns()), AtomicU64::new(0)));
        let (stage, seen, own) = (self.clone(), Arc::clone(&looks), Arc::clone(gate));
        self.sim.spawn(process, move || {
            let (home, extra) = (stage.home.clone(), vec![stage.further.clone()]);
            let mut check = Check::new(WatchConfig { home, extra, role });
            let mut last = None;
            while !stage.is_over() {
                let began = clock::mono_ns();
                let verdict = check.once(&own);
                seen.1.store(began, Ordering::Relaxed);
                seen.0.store(clock::mono_ns(), Ordering::Relaxed);
                if !verdict.seen.phase.is_engaged() && verdict.seen.phase != LatchPhase::Blocked {
                    super::rules::look(&stage, process, began);
                }
                if last.as_ref() != Some(&verdict) {
                    let v = &verdict;
                    stage.sim.note(format!(
                        "{role} {process} sees {:?} missing {} foreign {} tampered {} further {:?}",
                        v.seen.phase,
                        v.missing,
                        v.foreign.is_some(),
                        v.seen.tampered,
                        v.further.iter().map(|s| (s.at.file.ino, s.gone)).collect::<Vec<_>>()
                    ));
                    stage.facts().verdicts.insert(process, verdict.clone());
                    last = Some(verdict.clone());
                    tell(verdict);
                }
                let pause = if stage.is_quiet() { 400 } else { stage.sim.roll(100) + 1 };
                clock::sleep(Duration::from_millis(pause));
            }
        });
        let (stage, gate) = (self.clone(), Arc::clone(gate));
        self.sim.spawn(process, move || {
            for turn in 0_u64.. {
                if stage.is_over() {
                    return;
                }
                // Who notices may be starved, too: an order asks by itself.
                if turn.is_multiple_of(2) {
                    overdue(&gate, looks.0.load(Ordering::Relaxed));
                }
                if gate.permit().is_ok() {
                    stage.facts().orders += 1;
                    super::rules::order(&stage, process, looks.1.load(Ordering::Relaxed));
                }
                clock::sleep(Duration::from_millis(if stage.is_quiet() { 800 } else { 20 }));
            }
        });
    }

    pub fn driver(
        &self,
        process: u32,
        config: DriverConfig,
        tell: impl FnMut(Told) + Send + 'static,
    ) -> Mail<Order> {
        let inbox = Mail::new(&self.sim);
        let (stage, mail) = (self.clone(), inbox.clone());
        let gateway = self.gateways.iter().find(|(addr, _)| *addr == config.gateway);
        if let Some((_, gateway)) = gateway.cloned() {
            self.sim.spawn(process, move || {
                net::drive(&stage.sim, &config, &inbox, &gateway, stage.end, tell);
            });
        }
        mail
    }

    /// An agent, unless one lives: then the election is lost.
    pub fn start_agent(&self) -> u32 {
        let process = self.process();
        let mail = Mail::new(&self.sim);
        {
            let mut facts = self.facts();
            if facts.agent.is_some() {
                return process;
            }
            facts.agent = Some(Agent { process, mail: mail.clone() });
        }
        self.sim.note(format!("agent {process} starts"));
        let watching = mail.clone();
        self.watch(process, "agent", &Arc::new(Gate::default()), move |verdict| {
            watching.send(ToCore::Verdict(Box::new(verdict)), MS);
        });
        let stage = self.clone();
        self.sim.spawn(process, move || stage.agent(process, &mail));
        process
    }

    fn agent(&self, process: u32, mail: &Mail<ToCore>) {
        let config = AgentConfig {
            home: self.home.clone(),
            extra: vec![self.further.clone()],
            gateways: self.gateways.iter().map(|(addr, _)| addr.clone()).collect(),
            kill: RULES,
            publish: None,
        };
        let alarming = mail.clone();
        let recorder = self.recorder(process, "agent", move |why| {
            alarming.send(ToCore::AuditFault(why), MS);
        });
        let (latching, seen) = (mail.clone(), Mail::new(&self.sim));
        let visible = seen.clone();
        let maker = self.maker(process, move |intent, step| {
            if matches!(step, LatchStep::Visible { .. } | LatchStep::Failed { .. }) {
                seen.send(intent.engage_id, 1);
            }
            latching.send(ToCore::Latch(Box::new(intent.clone()), step), MS);
        });
        let crew = AgentCrew {
            stage: self.clone(),
            process,
            mail: mail.clone(),
            clients: BTreeMap::new(),
            drivers: BTreeMap::new(),
            recorder,
            maker,
            visible,
            again: Errand::default(),
        };
        let mut core = Core::new(config, crew);
        core.begins();
        let mut beat_at = 0;
        while !self.is_over() {
            let now = clock::mono_ns();
            match mail.take(now + 250 * MS) {
                Got::Letter(ToCore::Came(id, hand)) => {
                    core.crew.clients.insert(id, hand);
                    core.welcome(id);
                }
                Got::Letter(ToCore::Gone(id)) => drop(core.crew.clients.remove(&id)),
                Got::Letter(ToCore::Said(id, said)) => core.said(id, said),
                Got::Letter(ToCore::Told(told)) => core.told(told),
                Got::Letter(ToCore::Latch(intent, step)) => core.latch_step(&intent, step),
                Got::Letter(ToCore::Verdict(verdict)) => core.saw(*verdict),
                Got::Letter(ToCore::Noted(word, stands)) => core.noted(word, stands),
                Got::Letter(ToCore::AuditFault(text)) => core.audit_fault(text),
                Got::Nothing => {}
            }
            let now = clock::mono_ns();
            if now.saturating_sub(beat_at) >= 250 * MS {
                beat_at = now;
                core.beat();
            }
        }
    }

    /// A console or a command; its jobs go to the mailbox.
    pub fn start_hand(&self, role: &'static str) -> (u32, Mail<FromHand>) {
        let process = self.process();
        let mail = Mail::new(&self.sim);
        self.facts().hands.insert(process, mail.clone());
        let (stage, inbox) = (self.clone(), mail.clone());
        let gate = Arc::new(Gate::default());
        self.watch(process, role, &gate, |_| {});
        self.sim.spawn(process, move || stage.hand(process, role, &gate, &inbox));
        (process, mail)
    }

    fn hand(&self, process: u32, role: &'static str, gate: &Arc<Gate>, inbox: &Mail<FromHand>) {
        let config = HandConfig {
            agent: self.spec(),
            who: who(process),
            role,
            reason: Text::new("story"),
            drill: false,
            warm: false,
        };
        let recorder = self.recorder(process, role, |_| {});
        let latching = inbox.clone();
        let maker = self.maker(process, move |intent, step| {
            latching.send(FromHand::Job(Job::Latch(intent.engage_id, step)), MS);
        });
        let (sender, receiver) = channel_pair();
        let crew = HandCrew {
            stage: self.clone(),
            process,
            mail: inbox.clone(),
            agent: None,
            drivers: BTreeMap::new(),
            meeting: Errand::default(),
            starting: Errand::default(),
            recorder,
            maker,
        };
        let mut work = Work::new(config, Arc::clone(gate), sender, crew);
        work.begins();
        while !self.is_over() {
            work.tend(clock::mono_ns());
            let patience = u64::try_from(work.patience().as_nanos()).unwrap_or(0);
            match inbox.take(clock::mono_ns() + patience) {
                Got::Letter(FromHand::Job(job)) => {
                    if let Job::Fire(intent) = &job {
                        // As `Hand::decide` does before the job is sent.
                        gate.close();
                        gate.name_kill(intent.engage_id);
                        self.sim.lock().truth.pressed.insert(process, intent.engage_id);
                    }
                    work.job(job);
                }
                Got::Letter(FromHand::Agent(said)) => work.agent_said(said),
                Got::Letter(FromHand::AgentGone) => work.agent_lost("the connection ended"),
                Got::Nothing => {}
            }
            for event in receiver.urgent.try_iter() {
                if let Event::Log(line) = event
                    && line.level == Level::Alarm
                {
                    self.sim.note(format!("{role} {process} ALARM {}", line.text));
                }
            }
        }
    }
}

/// Quick, so that a story is short.
pub const RULES: KillRules =
    KillRules { proof_interval_ms: 50, enforce_interval_ms: 250, flatten_on_external: false };

pub fn who(process: u32) -> Identity {
    Identity {
        user: Text::new("op"),
        uid: 1_000,
        ssh: Text::default(),
        host: Text::new("inf"),
        boot_id: Text::new("boot"),
        pid: process,
    }
}

pub fn short(id: EngageId) -> String {
    id.to_string().chars().rev().take(4).collect()
}
