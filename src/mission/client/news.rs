//! From the daemon's messages to events, within a budget: a process that
//! floods must not flood the console and its recording.

use crate::domain::mission::{ConsoleLine, MissionStatus, ProcessRecord};
use crate::domain::{Text, UtcMicros};
use crate::event::{MissionLines, MissionMode, MissionNews, MissionWhole};
use crate::mission::api::message::{Initial, Message, Output, ProcessShape, Status};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Between two batches of lines.
const ROUND: Duration = Duration::from_millis(100);
/// Lines in one batch: 2,000 a second.
const BATCH: usize = 200;
/// Lines that wait at most: as many as State keeps.
const WAITING: usize = 2_000;
/// A process that did not move is told so often.
const MEASURED: Duration = Duration::from_secs(1);
/// Processes whose last word is remembered.
const PROCESSES: usize = 1_024;

/// What was told last, and what waits.
#[derive(Debug, Default)]
pub(super) struct News {
    waiting: VecDeque<ConsoleLine>,
    missed: u64,
    flushed: Option<Instant>,
    /// The last line that was taken: its number and time.
    last: (u64, UtcMicros),
    /// After a new connection lines may come that were taken before.
    again: Option<(u64, UtcMicros)>,
    told: BTreeMap<Text, (ProcessRecord, Instant)>,
    /// Measures that wait for their time.
    measured: BTreeMap<Text, ProcessRecord>,
}

impl News {
    /// A new connection begins.
    pub fn connected(&mut self) {
        self.again = (self.last.0 > 0).then_some(self.last);
    }

    /// What a message means; lines and measures may wait for [`News::due`].
    pub fn take(&mut self, message: Message, now: Instant) -> Vec<MissionNews> {
        match message {
            Message::InitialStatus { data } => {
                let Initial { status, modes } = *data;
                let modes = modes.into_iter().map(|mode| MissionMode {
                    name: mode.name,
                    description: mode.description,
                    confirm: mode.confirm,
                    live: mode.live,
                });
                vec![self.whole(status, modes.collect(), now)]
            }
            Message::StatusUpdate { data } => vec![self.whole(*data, Vec::new(), now)],
            Message::ProcessUpdate { record, .. } => self.process(record.record, now),
            Message::HostUpdate { data } => vec![MissionNews::Host(data)],
            Message::LaunchUpdate { data } => vec![MissionNews::Launch(Box::new(data))],
            Message::Alert { data } => vec![MissionNews::Alert(Box::new(data))],
            Message::ConsoleOutput { data } => {
                self.line(data);
                Vec::new()
            }
            Message::ConsoleLines { data } => {
                for line in data {
                    self.line(line);
                }
                Vec::new()
            }
            Message::Lagged { data } => {
                self.missed = self.missed.saturating_add(data.lines);
                Vec::new()
            }
            // The thread's own.
            Message::Answer { .. } => Vec::new(),
        }
    }

    fn whole(&mut self, status: Status, modes: Vec<MissionMode>, now: Instant) -> MissionNews {
        let processes: Vec<ProcessRecord> =
            status.processes.into_iter().map(|ProcessShape { record, .. }| record).collect();
        self.told = processes
            .iter()
            .take(PROCESSES)
            .map(|record| (record.name.clone(), (record.clone(), now)))
            .collect();
        self.measured.clear();
        let alerts_open = u32::try_from(status.alerts.len()).unwrap_or(u32::MAX);
        let told = MissionStatus {
            mode: status.mode,
            live: status.live,
            launch: status.launch,
            processes,
            hosts: status.hosts,
            alerts_open,
            said: status.said,
        };
        MissionNews::Whole(Box::new(MissionWhole { status: told, alerts: status.alerts, modes }))
    }

    /// What moved is told at once, a mere measure once a second.
    fn process(&mut self, record: ProcessRecord, now: Instant) -> Vec<MissionNews> {
        let quiet = self.told.get(&record.name).is_some_and(|(old, at)| {
            same_but_measures(old, &record) && now.saturating_duration_since(*at) < MEASURED
        });
        if quiet {
            self.measured.insert(record.name.clone(), record);
            return Vec::new();
        }
        vec![self.tell(record, now)]
    }

    fn tell(&mut self, record: ProcessRecord, now: Instant) -> MissionNews {
        self.measured.remove(&record.name);
        if self.told.len() < PROCESSES || self.told.contains_key(&record.name) {
            self.told.insert(record.name.clone(), (record.clone(), now));
        }
        MissionNews::Process(Box::new(record))
    }

    fn line(&mut self, line: Output) {
        let line = ConsoleLine::from(line);
        if let Some((seq, at)) = self.again {
            if (line.at, line.seq) <= (at, seq) {
                return;
            }
            self.again = None;
        }
        self.last = (line.seq, line.at);
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
            self.missed = self.missed.saturating_add(1);
        }
        self.waiting.push_back(line);
    }

    /// What is due now; `all` of it where the link ends.
    pub fn due(&mut self, now: Instant, all: bool) -> Vec<MissionNews> {
        let early = |at: Instant| now.saturating_duration_since(at) < ROUND;
        if !all && self.flushed.is_some_and(early) {
            return Vec::new();
        }
        let mut news = Vec::new();
        let aged = |at: &Instant| now.saturating_duration_since(*at) >= MEASURED;
        let ripe: Vec<ProcessRecord> = self
            .measured
            .values()
            .filter(|record| self.told.get(&record.name).is_none_or(|(_, at)| aged(at)))
            .cloned()
            .collect();
        for record in ripe {
            news.push(self.tell(record, now));
        }
        if self.waiting.is_empty() && self.missed == 0 {
            return news;
        }
        self.flushed = Some(now);
        let count = if all { self.waiting.len() } else { self.waiting.len().min(BATCH) };
        let lines = self.waiting.drain(..count).collect();
        let missed = std::mem::take(&mut self.missed);
        news.push(MissionNews::Lines(MissionLines { lines, missed }));
        news
    }
}

fn same_but_measures(old: &ProcessRecord, new: &ProcessRecord) -> bool {
    let bare = |record: &ProcessRecord| ProcessRecord {
        cpu_centi: None,
        memory: None,
        files: None,
        ..record.clone()
    };
    bare(old) == bare(new)
}
