//! The hub: what holds now, and everybody who wants to hear of it.
//!
//! It keeps the current truth (records, machines, the last launch, alerts) and
//! hands every change to its listeners. A listener has a bounded queue: newer
//! records of one name replace older ones there, of lines the oldest go, and
//! how many went is told. Nobody who tells waits for somebody who listens.
//!
//! The form on the wire is made once, by the first listener that needs it, and
//! shared by all others; what nobody takes is never put into words.

mod queue;
mod shared;

pub use queue::{Listener, News, Picked, Wants};
pub use shared::{LineBatch, Shared, Wire};

use super::spec::{Mission, Name};
use super::told::{Hears, Told};
use crate::domain::Text;
use crate::domain::mission::{
    HostRecord, Launch, LaunchPhase, MissionAlert, MissionStatus, ProcessRecord,
};
use crate::host::clock;
use queue::Queue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Alerts kept: of more the oldest that somebody acknowledged goes, else the oldest.
pub const MAX_ALERTS: usize = 1_000;

/// The hub. Cheap to share; every method may be called from any thread.
#[derive(Debug, Default)]
pub struct Hub {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    mode: Text,
    /// Whom to expect; none: nobody has said.
    expected: Option<BTreeSet<Name>>,
    live: bool,
    launch: Option<Arc<Launch>>,
    processes: Vec<Arc<Shared<ProcessRecord>>>,
    hosts: Vec<Arc<Shared<HostRecord>>>,
    alerts: BTreeMap<u64, Arc<Shared<MissionAlert>>>,
    /// Made when somebody asks, gone when something moves.
    whole: Option<Arc<Shared<Whole>>>,
    listeners: Vec<Weak<Queue>>,
    lines: u64,
    dropped: u64,
}

/// Everything that holds now.
#[derive(Debug)]
pub struct Whole {
    /// Mode, launch, processes, machines.
    pub status: MissionStatus,
    /// Alerts that nobody acknowledged, the oldest first.
    pub open: Vec<Arc<MissionAlert>>,
}

/// What went through the hub, for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Who listens now.
    pub listeners: usize,
    /// Lines told since the start.
    pub lines: u64,
    /// Lines that some listener was too slow for, counted for each.
    pub dropped: u64,
}

impl Hub {
    /// Whom to expect, in which order: who is not in this mission any more is
    /// forgotten, once nothing of it lives. Records of the others stay.
    pub fn expect(&self, mission: &Mission) {
        let mut inner = self.lock();
        inner.expected = Some(mission.processes.iter().map(|p| p.name.clone()).collect());
        let place = |name: &str| mission.processes.iter().position(|p| p.name == name);
        let stays = |p: &ProcessRecord| place(p.name.as_str()).is_some() || lives(p);
        inner.processes.retain(|p| stays(&p.told));
        for process in &mission.processes {
            if !inner.processes.iter().any(|p| p.told.name.as_str() == process.name) {
                let record = ProcessRecord {
                    name: Text::new(&process.name),
                    display_name: process.display_name.clone(),
                    host: process.host.as_deref().map(Text::new).unwrap_or_default(),
                    ..ProcessRecord::default()
                };
                inner.processes.push(Arc::new(Shared::new(Arc::new(record))));
            }
        }
        inner.processes.sort_by_key(|p| place(p.told.name.as_str()).unwrap_or(usize::MAX));
        inner.hosts.retain(|h| mission.host(h.told.name.as_str()).is_some());
        inner.moved();
    }

    /// Everything that holds now.
    #[must_use]
    pub fn status(&self) -> Arc<Shared<Whole>> {
        self.lock().whole()
    }

    /// Alerts at hand, oldest first.
    #[must_use]
    pub fn alerts(&self) -> Vec<Arc<Shared<MissionAlert>>> {
        self.lock().alerts.values().cloned().collect()
    }

    /// How many listen, about: who left a moment ago may be among them.
    #[must_use]
    pub fn audience(&self) -> usize {
        self.lock().listeners.len()
    }

    /// What went through so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let inner = self.lock();
        let listeners = inner.listeners.iter().filter(|l| l.strong_count() > 0).count();
        Counts { listeners, lines: inner.lines, dropped: inner.dropped }
    }

    /// Somebody new who listens, until the listener is dropped. The truth as of
    /// this moment is the first thing it hears.
    #[must_use]
    pub fn listen(self: &Arc<Self>, wants: Wants) -> Listener {
        let queue = Arc::new(Queue::new(wants));
        let mut inner = self.lock();
        inner.listeners.retain(|l| l.strong_count() > 0);
        inner.listeners.push(Arc::downgrade(&queue));
        Listener::new(Arc::clone(self), queue)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // What is in there is whole after every single step.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn whole(&mut self) -> Arc<Shared<Whole>> {
        if let Some(whole) = &self.whole {
            return Arc::clone(whole);
        }
        let open = self.alerts.values().map(|a| &a.told).filter(|a| a.acknowledged.is_empty());
        let open: Vec<_> = open.cloned().collect();
        let status = MissionStatus {
            mode: self.mode.clone(),
            live: self.live,
            launch: self.launch.as_deref().cloned(),
            processes: self.processes.iter().map(|p| (*p.told).clone()).collect(),
            hosts: self.hosts.iter().map(|h| (*h.told).clone()).collect(),
            alerts_open: u32::try_from(open.len()).unwrap_or(u32::MAX),
            said: clock::utc(),
        };
        let whole = Arc::new(Shared::new(Arc::new(Whole { status, open })));
        self.whole = Some(Arc::clone(&whole));
        whole
    }

    /// The whole has changed.
    fn moved(&mut self) {
        self.whole = None;
        self.tell(Queue::moved);
    }

    fn tell(&mut self, mut each: impl FnMut(&Queue)) {
        self.listeners.retain(|listener| {
            let Some(queue) = listener.upgrade() else { return false };
            each(&queue);
            true
        });
    }

    fn process(&mut self, record: Arc<ProcessRecord>) {
        let stranger = |names: &BTreeSet<Name>| !names.contains(record.name.as_str());
        if self.expected.as_ref().is_some_and(stranger) && !lives(&record) {
            // It left the configuration, and has ended by now.
            self.processes.retain(|p| p.told.name != record.name);
            self.moved();
            return;
        }
        let shared = Arc::new(Shared::new(record));
        let known = self.processes.iter_mut().find(|p| p.told.name == shared.told.name);
        let moved = if let Some(known) = known {
            let moved = !same_stand(&known.told, &shared.told);
            *known = Arc::clone(&shared);
            moved
        } else {
            self.processes.push(Arc::clone(&shared));
            true
        };
        self.whole = None;
        self.tell(|queue| queue.process(&shared, moved));
    }

    fn host(&mut self, record: Arc<HostRecord>) {
        let shared = Arc::new(Shared::new(record));
        match self.hosts.iter_mut().find(|h| h.told.name == shared.told.name) {
            Some(known) => *known = Arc::clone(&shared),
            None => self.hosts.push(Arc::clone(&shared)),
        }
        self.whole = None;
        self.tell(|queue| queue.host(&shared));
    }

    fn launch(&mut self, launch: Arc<Launch>) {
        let shared = Arc::new(Shared::new(Arc::clone(&launch)));
        // One that was refused is told, and changed nothing: the launch that
        // runs is still the last one.
        let refused = launch.phase == LaunchPhase::Refused;
        if !refused && self.launch.as_ref().is_none_or(|known| known.id <= launch.id) {
            self.launch = Some(launch);
        }
        self.tell(|queue| queue.launch(&shared));
        self.moved();
    }

    fn alert(&mut self, alert: Arc<MissionAlert>) {
        let shared = Arc::new(Shared::new(alert));
        self.alerts.insert(shared.told.id, Arc::clone(&shared));
        if self.alerts.len() > MAX_ALERTS {
            let settled = self.alerts.values().find(|a| !a.told.acknowledged.is_empty());
            let oldest = settled.or_else(|| self.alerts.values().next()).map(|a| a.told.id);
            if let Some(id) = oldest {
                self.alerts.remove(&id);
            }
        }
        self.tell(|queue| queue.alert(&shared));
        self.moved();
    }
}

impl Hears for Hub {
    fn hear(&self, told: Told) {
        let mut inner = self.lock();
        match told {
            Told::Process(record) => inner.process(record),
            Told::Host(record) => inner.host(record),
            Told::Mode { name, live } => {
                (inner.mode, inner.live) = (name, live);
                inner.moved();
            }
            Told::Launch(launch) => inner.launch(launch),
            Told::Alert(alert) => inner.alert(alert),
            Told::Lines(lines) => {
                let count = u64::try_from(lines.len()).unwrap_or(u64::MAX);
                inner.lines = inner.lines.saturating_add(count);
                let batch = Arc::new(LineBatch::new(lines));
                let mut dropped = inner.dropped;
                inner.tell(|queue| dropped = dropped.saturating_add(queue.lines(&batch)));
                inner.dropped = dropped;
            }
            // The audit has it.
            Told::Ordered(_) => {}
        }
    }
}

/// Whether something of ours may live.
const fn lives(record: &ProcessRecord) -> bool {
    record.state.may_live() && !record.external
}

/// Whether only what is measured differs.
fn same_stand(a: &ProcessRecord, b: &ProcessRecord) -> bool {
    a.state == b.state
        && a.pid == b.pid
        && a.wanted == b.wanted
        && a.restart_count == b.restart_count
        && a.last_error == b.last_error
        && a.exit_code == b.exit_code
        && a.start_time == b.start_time
        && a.external == b.external
        && a.host == b.host
        && a.display_name == b.display_name
        && a.kept == b.kept
}

#[cfg(test)]
mod tests;
