//! The hand: the kill thread of a console or a command.
//!
//! It closes the gate, has the latch made, hands the decision to the agent
//! and shows what the agent reports. If the agent is absent, silent or dies,
//! the hand carries the kill out itself, with the same identities, until an
//! agent has it again. A kill waits for none of this.

mod before;
pub mod crew;
mod hiring;
mod meet;
mod show;
pub mod work;

use super::client::AgentSpec;
use super::driver::Told;
use super::latch::{LatchMaker, LatchStep};
use super::protocol::ResetRequest;
use super::recorder::Recorder;
use crate::breaker::Gate;
use crate::control::port::Trigger;
use crate::domain::{EngageId, Intent, KillIntent, Stamp, Text};
use crate::event::{Event, Level, PositionsRead, Sender, Tap};
use crate::host::{Errand, Identity, clock};
use crossbeam_channel as channel;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

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

/// What the thread is asked to do.
pub(in crate::control::kill) enum Job {
    Fire(Box<KillIntent>),
    Latch(EngageId, LatchStep),
    Local(Told),
    Known(Arc<PositionsRead>),
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
        let maker = LatchMaker::start(&config.agent.home, move |intent, step| {
            let _ = latching.send(Job::Latch(intent.engage_id, step));
        })?;
        let complain = sender.clone();
        let recorder = Recorder::start(&config.agent.home, config.role, move |text| {
            complain.log(Level::Warn, "audit", text);
        })?;
        let (agent_says, from_agent) = channel::unbounded();
        let crew = crew::Threads {
            agent: config.agent.clone(),
            jobs: jobs.clone(),
            maker,
            recorder,
            client: None,
            agent_says,
            drivers: BTreeMap::new(),
            meeting: Errand::default(),
            starting: Errand::default(),
            living: Arc::default(),
        };
        let mut work = work::Work::new(config.clone(), Arc::clone(&gate), sender, crew);
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
        let HandConfig { agent, who, drill, .. } = &self.config;
        let (latch, targets) = (&agent.home.latch, &agent.gateways);
        let intent = who.decide(intent, reason, Some(pressed), latch, targets);
        let intent = KillIntent { drill: *drill, ..intent };
        let id = intent.engage_id;
        let _ = self.jobs.send(Job::Fire(Box::new(intent)));
        self.gate.name_kill(id);
        // Only the measuring remains: how long the gate took.
        let _ = self.jobs.send(Job::Latch(id, LatchStep::Gate { at: closed }));
        id
    }

    /// For the polls: their reads of the positions, which a later kill puts
    /// on record as what was open before it.
    #[must_use]
    pub fn overhears(&self) -> Tap {
        let jobs = self.jobs.clone();
        Arc::new(move |event| {
            if let Event::Positions(read) = event {
                let _ = jobs.send(Job::Known(Arc::new((**read).clone())));
            }
        })
    }

    /// Ends the attempts, for the record; the latch stays.
    pub fn stand_down(&self, reason: Text) {
        let _ = self.jobs.send(Job::StandDown(reason));
    }

    /// One more HEARTBEAT to a refused peer.
    pub fn probe_again(&self) {
        let _ = self.jobs.send(Job::ProbeAgain);
    }

    /// Ends the thread although others hold this hand too, such as an input
    /// thread that hangs in a read: from then on no agent is met or started.
    /// Waits for it at most `wait`; what it has handed over goes on.
    pub fn quit(&self, wait: Duration) {
        let _ = self.jobs.send(Job::Quit);
        let until = clock::now().plus(wait).mono_ns;
        let works = || self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        while works() && clock::mono_ns() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Asks the agent for the way back and waits for its word.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn reset(&self, mut request: ResetRequest, wait: Duration) -> Result<Text, Text> {
        // Its record may take the agent another 5 s: what is said to have
        // failed must not be done afterwards.
        let begin = wait.saturating_sub(Duration::from_secs(7)).max(wait / 4);
        request.until = Some(clock::now().plus(begin).mono_ns);
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
