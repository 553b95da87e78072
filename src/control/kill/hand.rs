//! The hand: the kill thread of a console or a command.
//!
//! It closes the gate, has the latch made, hands the decision to the agent
//! and shows what the agent reports. If the agent is absent, silent or dies,
//! the hand carries the kill out itself, with the same identities, until an
//! agent has it again. A kill waits for none of this.

use super::client::{AgentSpec, Client};
use super::driver::{Driver, DriverConfig, Told};
use super::latch::{LatchMaker, LatchStep};
use super::machine::Timing;
use super::protocol::{FromAgent, ResetRequest, ToAgent};
use super::recorder::Recorder;
use crate::audit::Act;
use crate::breaker::Gate;
use crate::control::port::Trigger;
use crate::domain::{
    EngageId, GatewayPhase, Intent, KillIntent, KillProgress, LatchPhase, Stamp, StepTimes, Text,
};
use crate::event::{AgentReport, Event, Level, Sender};
use crate::host::{Identity, clock, ids};
use crossbeam_channel as channel;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// The file must be visible within this time, or the gateway is told first.
const VISIBLE_WAIT: u64 = 50_000_000;
/// The agent must take the decision within this time.
const ACCEPT_WAIT: u64 = 100_000_000;
/// An agent silent for so long, while a kill runs, is stopped or hung.
const SILENCE: u64 = 1_500_000_000;
/// Between two tries to find or start an agent.
const RETRY: u64 = 1_000_000_000;
/// The loop's longest sleep.
const TURN: Duration = Duration::from_millis(100);

/// What a hand needs.
#[derive(Clone, Debug)]
pub struct HandConfig {
    /// How to find and start the agent; it carries latch, gateways, settings.
    pub agent: AgentSpec,
    /// Who decides here.
    pub who: Identity,
    /// `console` or `cli`, in the audit log.
    pub role: &'static str,
    /// Why, when the keys decide.
    pub reason: Text,
    /// A rehearsal.
    pub drill: bool,
    /// Keep warm lines of its own.
    pub warm: bool,
}

enum Job {
    Fire(Box<KillIntent>),
    Latch(EngageId, LatchStep),
    Local(Told),
    StandDown(Text),
    ProbeAgain,
    Reset(ResetRequest, channel::Sender<Result<Text, Text>>),
    Quit,
}

/// The handle that the guard fires.
#[derive(Debug)]
pub struct Hand {
    config: HandConfig,
    gate: Arc<Gate>,
    jobs: channel::Sender<Job>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

impl Hand {
    /// Starts the thread, and an agent where there is none.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn start(config: HandConfig, gate: Arc<Gate>, sender: Sender) -> std::io::Result<Self> {
        let (jobs, inbox) = channel::unbounded();
        let latching = jobs.clone();
        let maker = LatchMaker::start(move |intent, step| {
            let _ = latching.send(Job::Latch(intent.engage_id, step));
        })?;
        let complain = sender.clone();
        let recorder = Recorder::start(&config.agent.home.audit(), config.role, move |text| {
            complain.log(Level::Warn, "audit", text);
        })?;
        let (agent_says, from_agent) = channel::unbounded();
        let mut work = Work {
            config: config.clone(),
            gate: Arc::clone(&gate),
            sender,
            jobs: jobs.clone(),
            maker,
            recorder,
            client: None,
            agent_says,
            agent_pid: None,
            heard_at: 0,
            retry_at: 0,
            kill: None,
            drivers: BTreeMap::new(),
            waiting_reset: None,
        };
        let thread = std::thread::Builder::new().name("kill-hand".to_owned()).spawn(move || {
            work.run(&inbox, &from_agent);
        })?;
        Ok(Self { config, gate, jobs, thread: Some(thread) })
    }

    /// Takes a decision with its own words; gives back its identity, which
    /// the screen may not need: the kill runs either way.
    #[expect(clippy::must_use_candidate, reason = "the effect is the point")]
    pub fn decide(&self, intent: Intent, reason: Text, pressed: Stamp) -> EngageId {
        self.gate.close();
        let closed = clock::mono_ns();
        let intent = KillIntent {
            engage_id: ids::engage_id(),
            intent,
            operator: self.config.who.operator(),
            host: self.config.who.host.clone(),
            boot_id: self.config.who.boot_id.clone(),
            reason,
            pressed,
            latch: self.config.agent.home.latch.clone(),
            targets: self.config.agent.gateways.clone(),
            drill: self.config.drill,
        };
        let id = intent.engage_id;
        let _ = self.jobs.send(Job::Fire(Box::new(intent)));
        self.gate.name_kill(id);
        // Only the measuring remains: how long the gate took.
        let _ = self.jobs.send(Job::Latch(id, LatchStep::Gate { at: closed }));
        id
    }

    /// Ends the attempts, for the record; the latch stays.
    pub fn stand_down(&self, reason: Text) {
        let _ = self.jobs.send(Job::StandDown(reason));
    }

    /// One more HEARTBEAT to a refused peer.
    pub fn probe_again(&self) {
        let _ = self.jobs.send(Job::ProbeAgain);
    }

    /// Asks the agent for the way back and waits for its word.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn reset(&self, request: ResetRequest, wait: Duration) -> Result<Text, Text> {
        let (done, outcome) = channel::bounded(1);
        let _ = self.jobs.send(Job::Reset(request, done));
        outcome.recv_timeout(wait).unwrap_or_else(|_| {
            Err(Text::new("the agent did not answer; `crs doctor` looks at its directory"))
        })
    }
}

impl Trigger for Hand {
    fn fire(&self, intent: Intent, pressed: Stamp) {
        self.decide(intent, self.config.reason.clone(), pressed);
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        let _ = self.jobs.send(Job::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The decision this hand is working for.
struct Kill {
    intent: KillIntent,
    began: u64,
    times: StepTimes,
    latch: LatchPhase,
    /// The agent took it.
    accepted: bool,
    /// It was said to the agent at this moment.
    said_at: Option<u64>,
    /// We carry it out ourselves.
    standing_in: bool,
    last: BTreeMap<u16, KillProgress>,
}

struct Work {
    config: HandConfig,
    gate: Arc<Gate>,
    sender: Sender,
    jobs: channel::Sender<Job>,
    maker: LatchMaker,
    recorder: Recorder,
    client: Option<Client>,
    agent_says: channel::Sender<Option<FromAgent>>,
    agent_pid: Option<u32>,
    heard_at: u64,
    retry_at: u64,
    kill: Option<Kill>,
    drivers: BTreeMap<u16, Driver>,
    waiting_reset: Option<channel::Sender<Result<Text, Text>>>,
}

impl Work {
    fn run(
        &mut self,
        inbox: &channel::Receiver<Job>,
        from_agent: &channel::Receiver<Option<FromAgent>>,
    ) {
        if self.config.warm {
            self.start_drivers();
        }
        loop {
            self.tend(clock::mono_ns());
            channel::select_biased! {
                recv(inbox) -> job => match job {
                    Ok(Job::Quit) | Err(_) => return,
                    Ok(job) => self.job(job),
                },
                recv(from_agent) -> said => match said {
                    Ok(Some(said)) => self.agent_said(said),
                    Ok(None) | Err(_) => self.agent_lost("the connection ended"),
                },
                default(self.patience()) => {}
            }
        }
    }

    /// Short while a decision is on its way to the agent.
    fn patience(&self) -> Duration {
        let urgent = self.kill.as_ref().is_some_and(|k| !k.accepted && !k.standing_in);
        if urgent { Duration::from_millis(2) } else { TURN }
    }

    fn job(&mut self, job: Job) {
        match job {
            Job::Fire(intent) => self.fire(*intent),
            Job::Latch(id, step) => self.latch_step(id, step),
            Job::Local(told) => self.local(told),
            Job::StandDown(reason) => {
                if let Some(kill) = &self.kill {
                    let engage_id = kill.intent.engage_id;
                    self.recorder.record(Act::StandDown { engage_id, reason: reason.clone() });
                }
                for driver in self.drivers.values() {
                    driver.stand_down(Text::new(&format!("stood down: {reason}")));
                }
                self.say(&ToAgent::StandDown { reason });
            }
            Job::ProbeAgain => {
                for driver in self.drivers.values() {
                    driver.probe_again();
                }
                self.say(&ToAgent::ProbeAgain);
            }
            Job::Reset(request, done) => {
                self.waiting_reset = Some(done);
                let said = ToAgent::Reset(request);
                if !self.say(&said)
                    && let Some(done) = self.waiting_reset.take()
                {
                    let _ = done.send(Err(Text::new("no agent: try again in a moment")));
                }
            }
            Job::Quit => {}
        }
    }

    fn fire(&mut self, intent: KillIntent) {
        self.maker.make(&intent);
        self.kill = Some(Kill {
            began: clock::mono_ns(),
            times: StepTimes::default(),
            latch: LatchPhase::Blocked,
            accepted: false,
            said_at: None,
            standing_in: false,
            last: BTreeMap::new(),
            intent,
        });
    }

    /// What is due: the decision on its way, an agent to be found.
    fn tend(&mut self, now: u64) {
        let Some(kill) = &self.kill else {
            self.find_agent(now);
            return;
        };
        let visible = kill.times.visible.is_some();
        let waited = now.saturating_sub(kill.began);
        if kill.said_at.is_none() && (visible || waited > VISIBLE_WAIT) {
            self.hand_over(now);
        }
        let Some(kill) = &self.kill else { return };
        let late = kill.said_at.is_some_and(|at| now.saturating_sub(at) > ACCEPT_WAIT);
        let silent = kill.accepted && now.saturating_sub(self.heard_at) > SILENCE;
        if !kill.standing_in && ((late && !kill.accepted) || silent) {
            let why = if silent { "the agent fell silent" } else { "the agent did not take it" };
            self.stand_in(why);
        }
        self.find_agent(now);
    }

    fn hand_over(&mut self, now: u64) {
        let Some(kill) = &mut self.kill else { return };
        kill.said_at = Some(now);
        let intent = kill.intent.clone();
        let said = self.say(&ToAgent::Engage { intent: Box::new(intent.clone()) });
        if !said {
            self.stand_in("there is no agent");
        }
        // On our own record too: the agent's disk may fail where ours works.
        self.recorder.record(Act::Engage { intent });
        self.report_steps();
    }

    fn say(&mut self, message: &ToAgent) -> bool {
        let Some(client) = &mut self.client else { return false };
        match client.say(message) {
            Ok(()) => true,
            Err(why) => {
                self.agent_lost(why.as_str());
                false
            }
        }
    }

    fn start_drivers(&mut self) {
        let ms = 1_000_000;
        let settings = self.config.agent.kill;
        let timing = Timing {
            proof: settings.proof_interval_ms * ms,
            enforce: settings.enforce_interval_ms * ms,
        };
        for (target, gateway) in (0_u16..).zip(self.config.agent.gateways.clone()) {
            if self.drivers.contains_key(&target) {
                continue;
            }
            let jobs = self.jobs.clone();
            let config = DriverConfig {
                target,
                gateway,
                timing,
                role: self.config.role,
                warm: self.config.warm,
            };
            let told = move |told| {
                let _ = jobs.send(Job::Local(told));
            };
            match Driver::start(config, told) {
                Ok(driver) => {
                    self.drivers.insert(target, driver);
                }
                Err(e) => self.sender.log(Level::Alarm, "kill", format!("no kill thread: {e}")),
            }
        }
    }

    fn stand_in(&mut self, why: &str) {
        self.start_drivers();
        let Some(kill) = &mut self.kill else { return };
        kill.standing_in = true;
        if kill.intent.intent == Intent::Kill {
            for driver in self.drivers.values() {
                driver.begin(kill.intent.clone());
            }
        }
        self.sender.log(Level::Warn, "kill", format!("{why}: this process carries the kill out"));
    }

    fn find_agent(&mut self, now: u64) {
        if self.client.is_some() || now < self.retry_at {
            return;
        }
        // An agent needs a moment between its start and its socket.
        self.retry_at = now + RETRY / 10;
        match Client::connect(&self.config.agent.home, self.agent_says.clone()) {
            Ok(client) => {
                self.client = Some(client);
                self.heard_at = now;
                // A decision that an earlier agent had is handed over anew.
                if let Some(kill) = &mut self.kill {
                    kill.accepted = false;
                    kill.said_at = None;
                }
            }
            Err(_) => self.start_agent(now),
        }
    }

    fn start_agent(&mut self, now: u64) {
        let fault = match self.config.agent.home.prepare() {
            Err(e) => Some(format!("no place for an agent: {e}")),
            Ok(()) if self.agent_pid.is_some() => None,
            Ok(()) => match self.config.agent.spawn() {
                Ok(pid) => {
                    self.agent_pid = Some(pid);
                    None
                }
                Err(e) => Some(format!("agent can't be started: {e}")),
            },
        };
        // The one we started may have lost the election or died: once the
        // socket stays away for a while, start another.
        if self.heard_at == 0 {
            self.heard_at = now;
        }
        if now.saturating_sub(self.heard_at) > RETRY {
            self.agent_pid = None;
            self.heard_at = now;
        }
        if let Some(fault) = fault {
            self.retry_at = now + RETRY;
            let fault = Text::new(&fault);
            self.sender.send(Event::Agent(AgentReport { present: false, pid: None, fault }));
        }
    }

    fn agent_lost(&mut self, why: &str) {
        if self.client.take().is_none() {
            return;
        }
        self.agent_pid = None;
        self.retry_at = 0;
        let fault = Text::new(why);
        self.sender.send(Event::Agent(AgentReport { present: false, pid: None, fault }));
        if let Some(done) = self.waiting_reset.take() {
            let _ = done.send(Err(Text::new("the agent went away before it answered")));
        }
        if self.kill.as_ref().is_some_and(|k| !k.standing_in && k.said_at.is_some()) {
            self.stand_in("the agent is gone");
        }
    }

    fn agent_said(&mut self, said: FromAgent) {
        if self.client.is_none() {
            return;
        }
        self.heard_at = clock::mono_ns();
        match said {
            FromAgent::Hello { pid, .. } => {
                self.agent_pid = Some(pid);
                let report = AgentReport { present: true, pid: Some(pid), fault: Text::default() };
                self.sender.send(Event::Agent(report));
            }
            FromAgent::Accepted { engage_id, .. } => self.accepted(engage_id),
            FromAgent::Progress(progress) => {
                let standing_in = self.kill.as_ref().is_some_and(|k| k.standing_in);
                if !standing_in || progress.phase == GatewayPhase::Verified {
                    self.progress(*progress);
                }
            }
            FromAgent::Alarm { text } => self.sender.log(Level::Alarm, "agent", text),
            FromAgent::Latch(_) | FromAgent::Beat { .. } => {}
            FromAgent::Reset { outcome } => {
                if outcome.is_ok() {
                    self.kill = None;
                    for driver in self.drivers.values() {
                        driver.end();
                    }
                }
                if let Some(done) = self.waiting_reset.take() {
                    let _ = done.send(outcome);
                }
            }
        }
    }

    fn accepted(&mut self, id: EngageId) {
        let Some(kill) = &mut self.kill else { return };
        if kill.intent.engage_id != id {
            return;
        }
        kill.accepted = true;
        kill.times.handed.get_or_insert(since(&kill.intent, clock::mono_ns()));
        if std::mem::take(&mut kill.standing_in) {
            for driver in self.drivers.values() {
                driver.end();
            }
            self.sender.log(Level::Info, "kill", "the agent has the kill again");
        }
        self.report_steps();
    }

    fn latch_step(&mut self, id: EngageId, step: LatchStep) {
        let Some(kill) = &mut self.kill else { return };
        if kill.intent.engage_id != id {
            return;
        }
        match step {
            LatchStep::Gate { at } => {
                kill.times.gate.get_or_insert(since(&kill.intent, at));
            }
            LatchStep::Visible { at, .. } => {
                kill.times.visible.get_or_insert(since(&kill.intent, at));
                kill.latch = LatchPhase::Latched;
            }
            LatchStep::Durable { at } => {
                kill.times.durable.get_or_insert(since(&kill.intent, at));
                kill.latch = LatchPhase::Durable;
            }
            LatchStep::Failed { why, visible } => {
                kill.latch = LatchPhase::NotDurable;
                let what = if visible { "not durable" } else { "NOT MADE" };
                self.sender.log(Level::Alarm, "latch", format!("latch {what}: {why}"));
            }
        }
        let now = clock::mono_ns();
        if self.kill.as_ref().is_some_and(|k| k.said_at.is_none() && k.times.visible.is_some()) {
            self.hand_over(now);
        } else {
            self.report_steps();
        }
    }

    fn local(&mut self, told: Told) {
        match told {
            Told::Alarm(text) => self.sender.log(Level::Alarm, "kill", text),
            Told::Found(target, open) => {
                if let Some(kill) = &self.kill
                    && let Some(last) = kill.last.get(&target)
                {
                    self.recorder.record(Act::Positions {
                        engage_id: kill.intent.engage_id,
                        gateway: last.gateway.clone(),
                        open,
                    });
                }
            }
            Told::Progress(progress) => {
                if self.kill.as_ref().is_none_or(|k| !k.standing_in) {
                    return;
                }
                self.recorder.record(Act::Step {
                    engage_id: progress.engage_id,
                    gateway: progress.gateway.clone(),
                    phase: progress.phase,
                    times: progress.times,
                    note: progress.note.clone(),
                    raw: None,
                });
                self.progress(*progress);
            }
        }
    }

    /// On to the screen, with the steps that only this process knows.
    fn progress(&mut self, mut progress: KillProgress) {
        if let Some(kill) = &mut self.kill
            && kill.intent.engage_id == progress.engage_id
        {
            overlay(&mut progress, kill);
            kill.last.insert(progress.target, progress.clone());
        }
        self.sender.send(Event::Kill(Box::new(progress)));
    }

    /// Steps of this process changed: shown even before any gateway moved.
    fn report_steps(&mut self) {
        let Some(kill) = &mut self.kill else { return };
        for (target, gateway) in (0_u16..).zip(kill.intent.targets.clone()) {
            let mut progress = kill.last.get(&target).cloned().unwrap_or_else(|| KillProgress {
                engage_id: kill.intent.engage_id,
                intent: kill.intent.intent,
                target,
                gateway: gateway.name.clone(),
                phase: GatewayPhase::Idle,
                latch: kill.latch,
                attempts: 0,
                claimed: None,
                good_polls: 0,
                last_poll: None,
                survivors: Vec::new(),
                times: kill.times,
                driver: Text::new(self.config.role),
                note: Text::default(),
            });
            overlay(&mut progress, kill);
            self.sender.send(Event::Kill(Box::new(progress)));
        }
        // The gate learns whose kill it is even when the guard's thread was
        // stopped in the middle.
        self.gate.name_kill(kill.intent.engage_id);
    }
}

fn overlay(progress: &mut KillProgress, kill: &Kill) {
    let own = kill.times;
    progress.latch = kill.latch;
    progress.times.gate = own.gate.or(progress.times.gate);
    progress.times.visible = own.visible.or(progress.times.visible);
    progress.times.durable = own.durable.or(progress.times.durable);
    progress.times.handed = own.handed.or(progress.times.handed);
}

const fn since(intent: &KillIntent, at: u64) -> u64 {
    at.saturating_sub(intent.pressed.mono_ns) / 1_000
}
