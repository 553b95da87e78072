//! One listener's queue: bounded, and never in anybody's way.

use super::{Hub, LineBatch, MAX_ALERTS, Shared, Whole};
use crate::domain::Text;
use crate::domain::mission::{
    ConsoleLine, HostRecord, Launch, LineLevel, MissionAlert, ProcessRecord,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Lines that wait for one listener; beyond, the oldest go.
pub const MAX_LINES: usize = 8_192;

/// What a listener wants to hear beside records, machines, launches, alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Lines at all.
    pub lines: bool,
    /// Only of these; none: of everybody.
    pub processes: Option<BTreeSet<Text>>,
    /// Only so loud, or louder.
    pub level: LineLevel,
}

impl Wants {
    /// All lines of everybody.
    #[must_use]
    pub const fn everything() -> Self {
        Self { lines: true, processes: None, level: LineLevel::Trace }
    }

    /// Whether it wants this line.
    #[must_use]
    pub fn line(&self, line: &ConsoleLine) -> bool {
        self.lines
            && line.level >= self.level
            && self.processes.as_ref().is_none_or(|set| set.contains(&line.process))
    }

    fn picky(&self) -> bool {
        self.processes.is_some() || self.level > LineLevel::Trace
    }
}

/// Lines of one batch that a listener wanted.
#[derive(Clone, Debug)]
pub struct Picked {
    /// Where they are.
    pub batch: Arc<LineBatch>,
    which: Which,
}

#[derive(Clone, Debug)]
enum Which {
    All(Range<usize>),
    Some(Box<[usize]>),
}

impl Picked {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.which {
            Which::All(range) => range.len(),
            Which::Some(places) => places.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their places in the batch.
    #[must_use]
    pub fn places(&self) -> Vec<usize> {
        match &self.which {
            Which::All(range) => range.clone().collect(),
            Which::Some(places) => places.to_vec(),
        }
    }

    /// Gives up the first `n`.
    fn skip(&mut self, n: usize) {
        self.which = match &self.which {
            Which::All(range) => Which::All(range.start.saturating_add(n)..range.end),
            Which::Some(places) => Which::Some(places.iter().skip(n).copied().collect()),
        };
    }
}

/// What a listener hears.
#[derive(Clone, Debug)]
pub enum News {
    /// Everything that holds now: something of it moved.
    Status(Arc<Shared<Whole>>),
    /// A process moved or was measured.
    Process(Arc<Shared<ProcessRecord>>),
    /// A machine answered, or stopped answering.
    Host(Arc<Shared<HostRecord>>),
    /// A launch moved.
    Launch(Arc<Shared<Launch>>),
    /// An alert is new or changed.
    Alert(Arc<Shared<MissionAlert>>),
    /// Lines.
    Lines(Picked),
    /// So much went since the last time, as the listener is too slow.
    Lagged {
        /// Lines.
        lines: u64,
        /// Alerts.
        others: u64,
    },
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    wants: Wants,
    moved: bool,
    processes: BTreeMap<Text, Arc<Shared<ProcessRecord>>>,
    launches: BTreeMap<u64, Arc<Shared<Launch>>>,
    alerts: BTreeMap<u64, Arc<Shared<MissionAlert>>>,
    lines: VecDeque<Picked>,
    held: usize,
    lost_lines: u64,
    lost_others: u64,
    hosts: BTreeMap<Text, Arc<Shared<HostRecord>>>,
}

impl Queue {
    pub fn new(wants: Wants) -> Self {
        let waiting = Waiting { wants, moved: true, ..Waiting::default() };
        let queue = Self { waiting: Mutex::new(waiting), bell: Notify::new() };
        queue.bell.notify_one();
        queue
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts something in; so much had to go for it.
    fn put(&self, put: impl FnOnce(&mut Waiting) -> u64) {
        let mut waiting = self.lock();
        let lost = put(&mut waiting);
        waiting.lost_others = waiting.lost_others.saturating_add(lost);
        drop(waiting);
        self.bell.notify_one();
    }

    pub fn moved(&self) {
        self.put(|w| {
            w.moved = true;
            0
        });
    }

    pub fn process(&self, record: &Arc<Shared<ProcessRecord>>, moved: bool) {
        self.put(|w| {
            w.moved |= moved;
            w.processes.insert(record.told.name.clone(), Arc::clone(record));
            0
        });
    }

    pub fn host(&self, host: &Arc<Shared<HostRecord>>) {
        self.put(|w| {
            w.moved = true;
            w.hosts.insert(host.told.name.clone(), Arc::clone(host));
            0
        });
    }

    pub fn launch(&self, launch: &Arc<Shared<Launch>>) {
        self.put(|w| {
            w.launches.insert(launch.told.id, Arc::clone(launch));
            // One that ended long ago is of no use to somebody so slow.
            if w.launches.len() > 16 {
                w.launches.pop_first();
            }
            0
        });
    }

    pub fn alert(&self, alert: &Arc<Shared<MissionAlert>>) {
        self.put(|w| {
            w.alerts.insert(alert.told.id, Arc::clone(alert));
            u64::from(w.alerts.len() > MAX_ALERTS && w.alerts.pop_first().is_some())
        });
    }

    /// Puts lines in; how many of its own had to go.
    pub fn lines(&self, batch: &Arc<LineBatch>) -> u64 {
        let mut waiting = self.lock();
        let Some(picked) = pick(&waiting.wants, batch) else { return 0 };
        waiting.held = waiting.held.saturating_add(picked.len());
        waiting.lines.push_back(picked);
        let lost = waiting.shorten();
        waiting.lost_lines = waiting.lost_lines.saturating_add(lost);
        drop(waiting);
        self.bell.notify_one();
        lost
    }
}

/// What of a batch is wanted; none: nothing.
fn pick(wants: &Wants, batch: &Arc<LineBatch>) -> Option<Picked> {
    if !wants.lines {
        return None;
    }
    let which = if wants.picky() {
        let lines = batch.lines.iter().enumerate();
        Which::Some(lines.filter(|(_, line)| wants.line(line)).map(|(at, _)| at).collect())
    } else {
        Which::All(0..batch.lines.len())
    };
    let picked = Picked { batch: Arc::clone(batch), which };
    (!picked.is_empty()).then_some(picked)
}

impl Waiting {
    /// Lets the oldest lines go until the rest fits; how many went.
    fn shorten(&mut self) -> u64 {
        let mut lost = 0_usize;
        while self.held > MAX_LINES {
            let over = self.held - MAX_LINES;
            let Some(first) = self.lines.front_mut() else { break };
            let gone = first.len().min(over);
            if gone == first.len() {
                self.lines.pop_front();
            } else {
                first.skip(gone);
            }
            self.held -= gone;
            lost += gone;
        }
        u64::try_from(lost).unwrap_or(u64::MAX)
    }
}

/// Somebody who listens; dropping it ends that.
#[derive(Debug)]
pub struct Listener {
    hub: Arc<Hub>,
    queue: Arc<Queue>,
}

impl Listener {
    pub(super) const fn new(hub: Arc<Hub>, queue: Arc<Queue>) -> Self {
        Self { hub, queue }
    }

    /// Wants something else from now on. Lines that wait stay.
    pub fn want(&self, wants: Wants) {
        self.queue.lock().wants = wants;
    }

    /// Returns when there may be news.
    pub async fn rung(&self) {
        self.queue.bell.notified().await;
    }

    /// Everything that waits, the whole first, lines last.
    #[must_use]
    pub fn take(&self) -> Vec<News> {
        let waiting = {
            let mut waiting = self.queue.lock();
            let wants = waiting.wants.clone();
            std::mem::replace(&mut *waiting, Waiting { wants, ..Waiting::default() })
        };
        let mut news = Vec::new();
        if waiting.moved {
            news.push(News::Status(self.hub.status()));
        }
        news.extend(waiting.hosts.into_values().map(News::Host));
        news.extend(waiting.launches.into_values().map(News::Launch));
        news.extend(waiting.processes.into_values().map(News::Process));
        news.extend(waiting.alerts.into_values().map(News::Alert));
        let (lines, others) = (waiting.lost_lines, waiting.lost_others);
        if lines > 0 || others > 0 {
            news.push(News::Lagged { lines, others });
        }
        news.extend(waiting.lines.into_iter().map(News::Lines));
        news
    }
}
