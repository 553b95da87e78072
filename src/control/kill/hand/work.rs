//! The hand's thread: one decision on its way, and who carries it out.

use super::crew::{Crew, Threads};
use super::show::since;
use super::{HandConfig, Job};
use crate::audit::Act;
use crate::breaker::Gate;
use crate::control::kill::driver::Told;
use crate::control::kill::latch::{LatchStep, TAMPERED, VISIBLE_WAIT, stand_in_words};
use crate::control::kill::log::Log;
use crate::control::kill::protocol::{FromAgent, ToAgent};
use crate::domain::{
    EngageId, GatewayPhase, Intent, KillIntent, KillProgress, LatchPhase, StepTimes, Text,
};
use crate::event::{Level, PositionsRead, Sender};
use crate::host::clock;
use crossbeam_channel as channel;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The agent must take the decision within this time.
const ACCEPT_WAIT: u64 = 100_000_000;
/// An agent silent for so long, while a kill runs, is stopped or hung.
const SILENCE: u64 = 1_500_000_000;
/// Between two questions to a log that did not answer.
const UNSURE: u64 = 1_000_000_000;
/// A disk that does not answer holds up the end no longer than this.
const LEAVING: Duration = Duration::from_millis(300);
/// The loop's longest sleep.
const TURN: Duration = Duration::from_millis(100);

/// The decision this hand is working for.
pub(super) struct Kill {
    pub intent: KillIntent,
    pub began: u64,
    pub times: StepTimes,
    pub latch: LatchPhase,
    /// The agent took it.
    pub accepted: bool,
    /// It was said to the agent at this moment.
    pub said_at: Option<u64>,
    /// The decision whose kill is running in our stead, as the agent says.
    pub under: Option<EngageId>,
    /// The same for each target.
    pub each: Vec<EngageId>,
    /// It is on our own record.
    pub recorded: bool,
    /// We carry it out ourselves.
    pub standing_in: bool,
    /// So we do although no log said whether it is over: asked again then.
    pub unsure_since: Option<u64>,
    pub last: BTreeMap<u16, KillProgress>,
}

/// The decision, and who works on it.
pub struct Work<C> {
    pub(super) config: HandConfig,
    pub(super) gate: Arc<Gate>,
    pub(super) sender: Sender,
    pub(in crate::control::kill) crew: C,
    pub(super) agent_pid: Option<u32>,
    pub(super) heard_at: u64,
    pub(super) retry_at: u64,
    /// The agent's directory does not answer since, or was last said not to.
    pub(super) unmet_since: Option<u64>,
    pub(super) kill: Option<Kill>,
    /// A gateway has no kill thread yet: one is to be had from this moment on.
    pub(super) hire_at: Option<u64>,
    pub(super) waiting_reset: Option<channel::Sender<Result<Text, Text>>>,
    /// The last read of the positions that the console's polls made, by gateway.
    pub(super) known: BTreeMap<u16, Arc<PositionsRead>>,
    log: Log,
}

impl Work<Threads> {
    pub(super) fn run(
        &mut self,
        inbox: &channel::Receiver<Job>,
        from_agent: &channel::Receiver<Option<FromAgent>>,
    ) {
        self.begins();
        loop {
            self.tend(clock::mono_ns());
            channel::select_biased! {
                recv(inbox) -> job => match job {
                    Ok(Job::Quit) | Err(_) => return self.leave(),
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
}

impl<C: Crew> Work<C> {
    /// Nothing decided yet.
    pub fn new(config: HandConfig, gate: Arc<Gate>, sender: Sender, crew: C) -> Self {
        let log = Log::new(&config.agent.home.audit());
        Self {
            config,
            gate,
            sender,
            crew,
            agent_pid: None,
            heard_at: 0,
            retry_at: 0,
            unmet_since: None,
            kill: None,
            hire_at: None,
            waiting_reset: None,
            known: BTreeMap::new(),
            log,
        }
    }

    /// Warm lines of its own, where they are wished for.
    pub fn begins(&mut self) {
        if self.config.warm {
            self.start_drivers();
        }
    }

    /// The proof is on our own record too: the agent may have died between its
    /// word and its disk.
    pub fn leave(&mut self) {
        let proven = |p: &&KillProgress| p.phase == GatewayPhase::Verified;
        for p in self.kill.iter().flat_map(|kill| kill.last.values()).filter(proven) {
            self.crew.record(Act::Step {
                engage_id: p.engage_id,
                gateway: p.gateway.clone(),
                phase: p.phase,
                times: p.times,
                note: p.note.clone(),
            });
        }
        self.crew.flush(LEAVING);
    }

    /// Short while a decision is on its way to the agent.
    pub fn patience(&self) -> Duration {
        let urgent = self.kill.as_ref().is_some_and(|k| !k.accepted && !k.standing_in);
        if urgent { Duration::from_millis(2) } else { TURN }
    }

    /// Does what is asked.
    pub(in crate::control::kill) fn job(&mut self, job: Job) {
        match job {
            Job::Fire(intent) => self.fire(*intent),
            Job::Latch(id, step) => self.latch_step(id, step),
            Job::Local(told) => self.local(told),
            Job::Known(read) => {
                self.known.insert(read.gateway, read);
            }
            Job::StandDown(reason) => {
                if let Some(kill) = &self.kill {
                    let engage_id = kill.intent.engage_id;
                    self.crew.record(Act::StandDown { engage_id, reason: reason.clone() });
                }
                self.crew.stand_down(&Text::new(&format!("stood down: {reason}")));
                // Who is hired now would begin what was ended.
                self.hire_at = None;
                self.say(&ToAgent::StandDown { reason });
            }
            Job::ProbeAgain => {
                self.crew.probe_again();
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

    pub(super) fn fire(&mut self, intent: KillIntent) {
        // The agent first: should this process die between two lines, there
        // is no latch without somebody who flattens under it. The agent waits
        // for the latch before it tells the gateway, and makes it if need be.
        self.say(&ToAgent::Engage { intent: Box::new(intent.clone()), again: false });
        self.crew.make(&intent);
        let (word, id) = (intent.intent.word(), intent.engage_id);
        if self.keeps_the_kill_before(&intent) {
            return;
        }
        self.kill = Some(Kill {
            began: clock::mono_ns(),
            times: StepTimes::default(),
            latch: LatchPhase::Blocked,
            accepted: false,
            said_at: None,
            under: None,
            each: Vec::new(),
            recorded: false,
            standing_in: false,
            unsure_since: None,
            last: BTreeMap::new(),
            intent,
        });
        tracing::warn!("{word} {id}: on its way to latch and agent");
    }

    /// A second decision while the first is on its way: neither is lost, and a
    /// block does not take the place of a kill.
    fn keeps_the_kill_before(&mut self, intent: &KillIntent) -> bool {
        let Some(kill) = &mut self.kill else { return false };
        if !std::mem::replace(&mut kill.recorded, true) {
            let intent = kill.intent.clone();
            self.crew.record(Act::Engage { intent });
        }
        let keeps = kill.intent.intent == Intent::Kill && intent.intent == Intent::Block;
        if keeps {
            self.crew.record(Act::Engage { intent: intent.clone() });
        }
        keeps
    }

    /// What is due: the decision on its way, an agent to be found.
    pub fn tend(&mut self, now: u64) {
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
        self.make_sure(now);
        self.hire_again(now);
        self.find_agent(now);
    }

    /// Whether the decision that we stand in for is over after all.
    fn make_sure(&mut self, now: u64) {
        let unsure = |kill: &&mut Kill| {
            kill.standing_in && kill.unsure_since.is_some_and(|at| now.saturating_sub(at) > UNSURE)
        };
        let Some(kill) = self.kill.as_mut().filter(unsure) else { return };
        let id = kill.intent.engage_id;
        let reset = self.log.was_reset(id);
        kill.unsure_since = reset.is_none().then_some(now);
        if reset == Some(true) {
            self.over(id);
        }
    }

    pub(super) fn hand_over(&mut self, now: u64) {
        let Some(kill) = &mut self.kill else { return };
        kill.said_at = Some(now);
        let intent = kill.intent.clone();
        let first = !std::mem::replace(&mut kill.recorded, true);
        // Whoever takes it now may find it reset meanwhile.
        let again = !first || kill.under.is_some();
        let said =
            kill.accepted || self.say(&ToAgent::Engage { intent: Box::new(intent.clone()), again });
        if !said {
            self.stand_in("there is no agent");
        }
        // On our own record too: the agent's disk may fail where ours works.
        if first {
            self.crew.record(Act::Engage { intent });
            self.record_before();
        }
        self.report_steps();
    }

    pub(super) fn say(&mut self, message: &ToAgent) -> bool {
        if !self.crew.is_met() {
            return false;
        }
        match self.crew.say(message) {
            Ok(()) => true,
            Err(why) => {
                self.agent_lost(why.as_str());
                false
            }
        }
    }

    pub(super) fn stand_in(&mut self, why: &str) {
        // Long after the key the decision may be over without our knowing. A
        // log that does not answer never says so.
        let now = clock::mono_ns();
        let old = |k: &&Kill| now.saturating_sub(k.began) > SILENCE;
        let old = self.kill.as_ref().filter(old).map(|kill| kill.intent.engage_id);
        let reset = old.and_then(|id| self.log.was_reset(id));
        if let (Some(id), Some(true)) = (old, reset) {
            return self.over(id);
        }
        self.start_drivers();
        let Some(kill) = &mut self.kill else { return };
        kill.standing_in = true;
        kill.unsure_since = (old.is_some() && reset.is_none()).then_some(now);
        if kill.intent.intent == Intent::Kill {
            self.crew.begin(&kill.intent);
        }
        self.sender.log(Level::Warn, "kill", format!("{why}: this process carries the kill out"));
        tracing::warn!("{why}: this process stands in for the agent");
    }

    pub(super) fn accepted(&mut self, id: EngageId, under: EngageId, each: Vec<EngageId>) {
        let Some(kill) = &mut self.kill else { return };
        if kill.intent.engage_id != id {
            return;
        }
        let first = !std::mem::replace(&mut kill.accepted, true);
        (kill.under, kill.each) = (Some(under), each);
        kill.times.handed.get_or_insert(since(&kill.intent, clock::mono_ns()));
        if std::mem::take(&mut kill.standing_in) {
            self.crew.end();
            self.sender.log(Level::Info, "kill", "the agent has the kill again");
        }
        self.report_steps();
        if first {
            tracing::info!("agent: has {id} under {under}");
        }
    }

    /// The decision was reset: whoever stands in for the agent stops.
    pub(super) fn over(&mut self, id: EngageId) {
        if self.kill.as_ref().is_some_and(|k| k.intent.engage_id == id) {
            self.kill = None;
            self.crew.end();
        }
    }

    pub(super) fn latch_step(&mut self, id: EngageId, step: LatchStep) {
        let Some(kill) = &mut self.kill else { return };
        if kill.intent.engage_id != id {
            return;
        }
        match step {
            LatchStep::Gate { at } => {
                kill.times.gate.get_or_insert(since(&kill.intent, at));
            }
            LatchStep::Visible { at, .. } => {
                if kill.latch == LatchPhase::NotDurable && kill.times.visible.is_none() {
                    self.sender.log(Level::Warn, "latch", "the latch could be made after all");
                }
                kill.times.visible.get_or_insert(since(&kill.intent, at));
                kill.latch = LatchPhase::Latched;
            }
            LatchStep::Again => {
                self.sender.log(Level::Alarm, "latch", TAMPERED);
                self.crew.record(Act::Tampered { ids: vec![id] });
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
            LatchStep::Fallback { path, visible, fault } => {
                if kill.times.visible.is_none() {
                    kill.latch = LatchPhase::NotDurable;
                }
                let main = Text::new(&kill.intent.latch.to_string_lossy());
                let why = stand_in_words(&main, &path, visible, fault.as_ref());
                self.sender.log(Level::Alarm, "latch", &why);
                // On our own record too: the agent's may be the one that fails.
                let phase = LatchPhase::NotDurable;
                self.crew.record(Act::Latch { engage_id: id, phase, path, why });
            }
        }
        let now = clock::mono_ns();
        if self.kill.as_ref().is_some_and(|k| k.said_at.is_none() && k.times.visible.is_some()) {
            self.hand_over(now);
        } else {
            self.report_steps();
        }
    }

    pub(super) fn local(&mut self, told: Told) {
        match told {
            Told::Alarm(text) => self.sender.log(Level::Alarm, "kill", text),
            Told::Record(act) => self.crew.record(*act),
            // Who stands in for a block reads nothing that would matter here.
            Told::Seen(..) => {}
            Told::Progress(progress) => {
                let Some(kill) = self.kill.as_ref().filter(|k| k.standing_in) else { return };
                let word = std::mem::discriminant(&progress.phase);
                let before =
                    kill.last.get(&progress.target).map(|p| std::mem::discriminant(&p.phase));
                if before != Some(word) {
                    self.crew.record(Act::Step {
                        engage_id: progress.engage_id,
                        gateway: progress.gateway.clone(),
                        phase: progress.phase,
                        times: progress.times,
                        note: progress.note.clone(),
                    });
                }
                self.progress(*progress);
            }
        }
    }
}
