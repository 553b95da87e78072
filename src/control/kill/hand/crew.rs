//! What the hand has done by others: threads, sockets and processes here; a
//! simulation's in the crate's tests.

use super::Job;
use crate::audit::Act;
use crate::control::kill::client::{AgentSpec, Client};
use crate::control::kill::driver::{Driver, DriverConfig};
use crate::control::kill::latch::LatchMaker;
use crate::control::kill::protocol::{FromAgent, ToAgent};
use crate::control::kill::recorder::Recorder;
use crate::domain::{KillIntent, Text};
use crate::host::Errand;
use crossbeam_channel as channel;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A socket on this host answers within this time, or later, or never.
const MEETING: Duration = Duration::from_millis(20);
/// Agents of ours that live and can't be met: then no more are started.
const LIVING: usize = 3;

/// The hand's own hands. Nothing here decides.
pub trait Crew {
    /// Whether an agent is connected.
    fn is_met(&self) -> bool;
    /// Connects to the agent, if one listens. `None` while its directory does
    /// not answer: it is not waited for.
    fn meet(&mut self) -> Option<bool>;
    /// Lets the connection go.
    fn part(&mut self);
    /// Says something to the agent.
    ///
    /// # Errors
    /// In words; the connection is of no further use then.
    fn say(&mut self, message: &ToAgent) -> Result<(), Text>;
    /// Has an agent started, and asked again says how that went: its process
    /// id, or the fault in words. `None` while it is not known.
    fn start_agent(&mut self) -> Option<Result<u32, Text>>;
    /// Has the latch of a decision made.
    fn make(&mut self, intent: &KillIntent);
    /// Puts on record, some time soon.
    fn record(&mut self, act: Act);
    /// Waits until everything is on record, at most so long.
    fn flush(&mut self, wait: Duration);
    /// A driver for a target; nothing happens when there is one.
    ///
    /// # Errors
    /// The system's, when it has no more descriptors or threads.
    fn hire(&mut self, config: DriverConfig) -> std::io::Result<()>;
    /// Every driver begins.
    fn begin(&mut self, intent: &KillIntent);
    /// Every driver is free again.
    fn end(&mut self);
    /// Every driver ends its attempts.
    fn stand_down(&mut self, why: &Text);
    /// Every refused peer is asked once more.
    fn probe_again(&mut self);
}

/// Threads, sockets, a process.
pub(super) struct Threads {
    pub agent: AgentSpec,
    pub jobs: channel::Sender<Job>,
    pub maker: LatchMaker,
    pub recorder: Recorder,
    pub client: Option<Client>,
    pub agent_says: channel::Sender<Option<FromAgent>>,
    pub drivers: BTreeMap<u16, Driver>,
    pub meeting: Errand<Option<Client>>,
    pub starting: Errand<Result<u32, Text>>,
    /// Held by every agent of ours that lives.
    pub living: Arc<()>,
}

impl Crew for Threads {
    fn is_met(&self) -> bool {
        self.client.is_some()
    }

    fn meet(&mut self) -> Option<bool> {
        let (home, says) = (self.agent.home.clone(), self.agent_says.clone());
        let met = self
            .meeting
            .back()
            .or_else(|| self.meeting.run(MEETING, move || Client::connect(&home, says).ok()));
        self.client = met?;
        // However the last start went, it is of no more interest.
        drop(self.client.as_ref().and_then(|_| self.starting.back()));
        Some(self.client.is_some())
    }

    fn part(&mut self) {
        self.client = None;
    }

    fn say(&mut self, message: &ToAgent) -> Result<(), Text> {
        match &mut self.client {
            Some(client) => client.say(message),
            None => Err(Text::new("there is no agent")),
        }
    }

    fn start_agent(&mut self) -> Option<Result<u32, Text>> {
        if let Some(how) = self.starting.back() {
            return Some(how);
        }
        if Arc::strong_count(&self.living) > LIVING {
            return Some(Err(Text::new("agents were started, live, and can't be met")));
        }
        let words = |what: &str, e: io::Error| Text::new(&format!("{what}: {e}"));
        let (agent, alive) = (self.agent.clone(), Arc::clone(&self.living));
        let begun = self.starting.begin(Duration::ZERO, move || {
            agent.home.prepare().map_err(|e| words("no place for an agent", e))?;
            agent.spawn(alive).map_err(|e| words("agent can't be started", e))
        });
        begun.err().map(|e| Err(words("no thread to start an agent", e)))
    }

    fn make(&mut self, intent: &KillIntent) {
        self.maker.make(intent);
    }

    fn record(&mut self, act: Act) {
        self.recorder.record(act);
    }

    fn flush(&mut self, wait: Duration) {
        self.recorder.flush(wait);
    }

    fn hire(&mut self, config: DriverConfig) -> std::io::Result<()> {
        let target = config.target;
        if !self.drivers.contains_key(&target) {
            let jobs = self.jobs.clone();
            let told = move |told| {
                let _ = jobs.send(Job::Local(told));
            };
            self.drivers.insert(target, Driver::start(config, told)?);
        }
        Ok(())
    }

    fn begin(&mut self, intent: &KillIntent) {
        self.drivers.values().for_each(|driver| driver.begin(intent.clone()));
    }

    fn end(&mut self) {
        self.drivers.values().for_each(Driver::end);
    }

    fn stand_down(&mut self, why: &Text) {
        self.drivers.values().for_each(|driver| driver.stand_down(why.clone()));
    }

    fn probe_again(&mut self) {
        self.drivers.values().for_each(Driver::probe_again);
    }
}
