//! Meeting the agent: finding it, starting it, hearing it, losing it.

use super::crew::Crew;
use super::work::Work;
use crate::control::kill::protocol::FromAgent;
use crate::domain::{GatewayPhase, Text};
use crate::event::{AgentReport, Event, Level};
use crate::host::clock;

/// Between two tries to find or start an agent.
const RETRY: u64 = 1_000_000_000;

impl<C: Crew> Work<C> {
    pub(super) fn find_agent(&mut self, now: u64) {
        if self.crew.is_met() || now < self.retry_at {
            return;
        }
        // An agent needs a moment between its start and its socket.
        self.retry_at = now + RETRY / 10;
        let Some(met) = self.crew.meet() else { return self.unmet(now) };
        self.unmet_since = None;
        if !met {
            return self.start_agent(now);
        }
        self.heard_at = now;
        tracing::debug!("agent: connected");
        // A decision that an earlier agent had is handed over anew.
        if let Some(kill) = &mut self.kill {
            kill.accepted = false;
            kill.said_at = None;
        }
    }

    pub(super) fn start_agent(&mut self, now: u64) {
        if self.agent_pid.is_none() {
            match self.crew.start_agent() {
                None => {}
                Some(Ok(pid)) => {
                    self.agent_pid = Some(pid);
                    tracing::info!("agent: none answers, process {pid} started");
                }
                Some(Err(fault)) => self.no_agent(now, fault),
            }
        }
        // The one we started may have lost the election or died: once the
        // socket stays away for a while, start another.
        if self.heard_at == 0 {
            self.heard_at = now;
        }
        if now.saturating_sub(self.heard_at) > RETRY {
            self.agent_pid = None;
            self.heard_at = now;
        }
    }

    /// Its directory does not answer: whoever needs an agent stands in.
    fn unmet(&mut self, now: u64) {
        let since = *self.unmet_since.get_or_insert(now);
        if now.saturating_sub(since) > RETRY {
            self.unmet_since = Some(now);
            let home = self.config.agent.home.dir.display();
            let fault = Text::new(&format!("no answer from {home}: no agent can be met"));
            self.no_agent(now, fault);
        }
    }

    fn no_agent(&mut self, now: u64, fault: Text) {
        self.retry_at = now + RETRY;
        tracing::error!("agent: {fault}");
        self.sender.send(Event::Agent(AgentReport { present: false, pid: None, fault }));
    }

    /// The connection is no more.
    pub fn agent_lost(&mut self, why: &str) {
        if !self.crew.is_met() {
            return;
        }
        self.crew.part();
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
        tracing::warn!("agent: lost: {why}");
    }

    /// Hears the agent.
    pub fn agent_said(&mut self, said: FromAgent) {
        if !self.crew.is_met() {
            return;
        }
        self.heard_at = clock::mono_ns();
        match said {
            FromAgent::Hello { pid, .. } => {
                self.agent_pid = Some(pid);
                let report = AgentReport { present: true, pid: Some(pid), fault: Text::default() };
                self.sender.send(Event::Agent(report));
                tracing::info!("agent: met, process {pid}");
            }
            FromAgent::Accepted { engage_id, under, each } => self.accepted(engage_id, under, each),
            FromAgent::Over { engage_id } => self.over(engage_id),
            FromAgent::Progress(progress) => {
                let standing_in = self.kill.as_ref().is_some_and(|k| k.standing_in);
                if !standing_in || progress.phase == GatewayPhase::Verified {
                    self.progress(*progress);
                }
            }
            FromAgent::Alarm { text } => self.sender.log(Level::Alarm, "agent", text),
            FromAgent::Latch(_) | FromAgent::Beat { .. } => {}
            FromAgent::Reset { outcome } => {
                if outcome.is_ok()
                    && let Some(id) = self.kill.as_ref().map(|k| k.intent.engage_id)
                {
                    self.over(id);
                }
                if let Some(done) = self.waiting_reset.take() {
                    let _ = done.send(outcome);
                }
            }
        }
    }
}
