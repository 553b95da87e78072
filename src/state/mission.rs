//! Fold of mission control: what the daemon says of processes, machines,
//! launches and alerts, the last lines, and how old all of it is.
//!
//! An old record is shown as old, then as nothing: when the daemon is gone,
//! what it said last proves less with every second ([`State::mission_freshness`]).
//! Changes are told to the Log pane once; a first look is one line.

use super::log::push;
use super::{Aged, Freshness, State};
use crate::domain::mission::{
    ConsoleLine, Gravity, HostRecord, Launch, LaunchPhase, MissionAlert, ProcessRecord,
    ProcessState,
};
use crate::domain::{Stamp, Text};
use crate::event::{
    Level, MissionAnswer, MissionLines, MissionLink, MissionMode, MissionNews, MissionWhole,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Lines kept, of all processes together.
pub const LINES: usize = 2_000;
/// Processes kept, and machines.
pub const MAX_PROCESSES: usize = 512;
/// Alerts kept; what is acknowledged goes first, then the oldest.
pub const MAX_ALERTS: usize = 200;
/// Lines kept of one answer.
pub const MAX_ANSWER: usize = 400;
/// The daemon says something at least every five seconds.
const FRESH: Duration = Duration::from_secs(7);
/// What it said longer ago is not known any more.
const KNOWN: Duration = Duration::from_secs(15);

/// What is known of mission control.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mission {
    /// The link to the daemon; none: this session does not follow one.
    pub link: Option<Aged<MissionLink>>,
    /// It was there once in this session.
    pub was_present: bool,
    /// When the daemon was heard last.
    pub heard: Stamp,
    /// Round trip of the last ping, in microseconds.
    pub rtt_us: Option<u64>,
    /// The mode in force; empty: none was launched.
    pub mode: Text,
    /// It trades real money, by its own settings.
    pub live: bool,
    /// The modes there are, in the order of the configuration.
    pub modes: Vec<MissionMode>,
    /// The last launch.
    pub launch: Option<Launch>,
    /// Processes, in the order of the configuration.
    pub processes: Vec<Aged<ProcessRecord>>,
    /// Machines.
    pub hosts: Vec<HostRecord>,
    /// Alerts, the oldest first.
    pub alerts: Vec<MissionAlert>,
    /// Lines, newest last.
    pub lines: VecDeque<ConsoleLine>,
    /// Lines that were left out on the way here.
    pub missed: u64,
    /// What became of the operator's last order or question.
    pub answer: Option<Aged<MissionAnswer>>,
}

/// How many processes stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Wanted up.
    pub wanted: usize,
    /// Of these, running and ready.
    pub ready: usize,
    /// Of these, on their way: pending, starting, not ready, backing off.
    pub waiting: usize,
    /// Failed, unhealthy, skipped, or ended though wanted.
    pub bad: usize,
    /// On a machine that can't be asked.
    pub unknown: usize,
}

/// How a process stands, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Up and ready.
    Good,
    /// Down, and not wanted up.
    Idle,
    /// On its way up or down.
    Waiting,
    /// Nobody can tell.
    Unknown,
    /// Not as it should be.
    Bad,
}

/// How a record stands, taken as it is.
#[must_use]
pub const fn standing(record: &ProcessRecord) -> Standing {
    match &record.state {
        ProcessState::Running { ready: true } | ProcessState::External => Standing::Good,
        ProcessState::Exited { .. } | ProcessState::Stopped if record.wanted => Standing::Bad,
        ProcessState::Stopped | ProcessState::Exited { .. } => Standing::Idle,
        ProcessState::Pending { .. }
        | ProcessState::Starting
        | ProcessState::Running { ready: false }
        | ProcessState::Stopping => Standing::Waiting,
        ProcessState::Unknown { .. } => Standing::Unknown,
        ProcessState::Unhealthy { .. }
        | ProcessState::Backoff { .. }
        | ProcessState::Failed { .. }
        | ProcessState::Skipped { .. } => Standing::Bad,
    }
}

impl Mission {
    /// Whether this session follows a daemon.
    #[must_use]
    pub const fn is_followed(&self) -> bool {
        self.link.is_some()
    }

    /// Connected, and its status was heard.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.value.present)
    }

    /// The mode of that name.
    #[must_use]
    pub fn mode_named(&self, name: &str) -> Option<&MissionMode> {
        self.modes.iter().find(|mode| mode.name.as_str() == name)
    }

    /// The process of that name.
    #[must_use]
    pub fn process(&self, name: &str) -> Option<&ProcessRecord> {
        self.processes.iter().map(|p| &p.value).find(|p| p.name.as_str() == name)
    }

    /// How many processes stand how, as the records say.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for record in self.processes.iter().map(|p| &p.value) {
            let stands = standing(record);
            tally.wanted += usize::from(record.wanted);
            tally.ready += usize::from(record.wanted && stands == Standing::Good);
            tally.waiting += usize::from(stands == Standing::Waiting);
            tally.bad += usize::from(stands == Standing::Bad);
            tally.unknown += usize::from(stands == Standing::Unknown);
        }
        tally
    }

    /// Alerts that nobody acknowledged: the gravest and then the newest first.
    #[must_use]
    pub fn open_alerts(&self) -> Vec<&MissionAlert> {
        let mut open: Vec<_> = self.alerts.iter().filter(|a| a.acknowledged.is_empty()).collect();
        open.sort_by_key(|alert| std::cmp::Reverse((alert.severity, alert.last, alert.id)));
        open
    }

    fn put_alert(&mut self, alert: &MissionAlert) -> bool {
        if let Some(old) = self.alerts.iter_mut().find(|old| old.id == alert.id) {
            old.clone_from(alert);
            return false;
        }
        if self.alerts.len() >= MAX_ALERTS {
            let rank = |at: &usize| self.alerts.get(*at).map(|a| (a.acknowledged.is_empty(), a.id));
            if let Some(at) = (0..self.alerts.len()).min_by_key(rank) {
                self.alerts.remove(at);
            }
        }
        self.alerts.push(alert.clone());
        true
    }
}

impl State {
    /// Whether what the daemon said last may be believed.
    #[must_use]
    pub fn mission_freshness(&self) -> Freshness {
        let age = self.age(self.mission.heard);
        let never = self.mission.heard == Stamp::default();
        if never || age >= KNOWN {
            Freshness::Unknown
        } else if self.mission.is_present() && age < FRESH {
            Freshness::Fresh
        } else {
            Freshness::Stale
        }
    }

    pub(super) fn on_mission(&mut self, news: &MissionNews) {
        match news {
            MissionNews::Link(link) => return self.on_mission_link(link),
            MissionNews::Answer(answer) => return self.on_mission_answer(answer),
            MissionNews::Whole(whole) => self.on_mission_whole(whole),
            MissionNews::Process(record) => self.on_process(record),
            MissionNews::Host(host) => self.on_mission_host(host),
            MissionNews::Launch(launch) => self.on_launch(launch),
            MissionNews::Lines(lines) => self.on_mission_lines(lines),
            MissionNews::Alert(alert) => self.on_mission_alert(alert),
            MissionNews::Heard { rtt_us } => self.mission.rtt_us = Some(*rtt_us),
        }
        self.mission.heard = self.now;
    }

    fn on_mission_link(&mut self, link: &MissionLink) {
        let next = Some(self.aged(link.clone()));
        let before = std::mem::replace(&mut self.mission.link, next);
        let was = before.as_ref().is_some_and(|before| before.value.present);
        if link.present {
            self.mission.was_present = true;
            if !was {
                self.tell_mission(Level::Info, "mission control is there");
            }
        } else if was || before.is_none() {
            let word = if was { "is gone" } else { "can't be reached" };
            self.tell_mission(Level::Warn, &format!("mission control {word}: {}", link.why));
        }
    }

    fn on_mission_whole(&mut self, whole: &MissionWhole) {
        let status = &whole.status;
        let first = self.mission.heard == Stamp::default();
        let before = self.mission.processes.clone();
        let order = status.processes.iter().take(MAX_PROCESSES);
        self.mission.processes = order.map(|record| self.aged(record.clone())).collect();
        if first {
            let tally = self.mission.tally();
            let mode = if status.mode.is_empty() { "no mode" } else { status.mode.as_str() };
            let text = format!("{mode}: {} of {} ready", tally.ready, tally.wanted);
            self.tell_mission(Level::Info, &text);
        } else {
            for record in &status.processes {
                let old = before.iter().find(|old| old.value.name == record.name);
                self.tell_process(old.map(|old| &old.value), record);
            }
            for gone in before.iter().map(|p| &p.value.name) {
                if !status.processes.iter().any(|record| record.name == *gone) {
                    self.tell_mission(Level::Info, &format!("{gone}: no longer configured"));
                }
            }
            if self.mission.mode != status.mode {
                self.tell_mission(Level::Info, &format!("mode {}", or_none(&status.mode)));
            }
        }
        if let Some(launch) = &status.launch {
            if first {
                self.mission.launch = Some(launch.clone());
            } else {
                self.on_launch(launch);
            }
        }
        (self.mission.mode, self.mission.live) = (status.mode.clone(), status.live);
        for host in status.hosts.iter().take(MAX_PROCESSES) {
            self.on_mission_host(host);
        }
        self.mission.hosts.retain(|old| status.hosts.iter().any(|host| host.name == old.name));
        self.mission.alerts.retain(|old| whole.alerts.iter().any(|alert| alert.id == old.id));
        for alert in &whole.alerts {
            self.on_mission_alert(alert);
        }
        if !whole.modes.is_empty() {
            self.mission.modes.clone_from(&whole.modes);
        }
    }

    fn on_process(&mut self, record: &ProcessRecord) {
        let next = self.aged(record.clone());
        let count = self.mission.processes.len();
        let mut all = self.mission.processes.iter_mut();
        let before = match all.find(|old| old.value.name == record.name) {
            Some(old) => Some(std::mem::replace(old, next).value),
            None if count >= MAX_PROCESSES => return,
            None => {
                self.mission.processes.push(next);
                None
            }
        };
        self.tell_process(before.as_ref(), record);
    }

    /// A line where the state moved; what it waits for may change quietly.
    fn tell_process(&mut self, before: Option<&ProcessRecord>, record: &ProcessRecord) {
        let moved = |old: &ProcessRecord| {
            old.state.word() != record.state.word()
                || old.state.ready() != record.state.ready()
                || old.restart_count != record.restart_count
        };
        if before.is_some_and(|old| !moved(old)) {
            return;
        }
        let level = match standing(record) {
            Standing::Bad | Standing::Unknown => Level::Warn,
            _ => Level::Info,
        };
        let pid = record.pid.map_or_else(String::new, |pid| format!(" (pid {pid})"));
        self.tell_mission(level, &format!("{} {}{pid}", record.name, record.state));
    }

    fn on_mission_host(&mut self, host: &HostRecord) {
        let count = self.mission.hosts.len();
        let mut all = self.mission.hosts.iter_mut();
        let before = match all.find(|old| old.name == host.name) {
            Some(old) => std::mem::replace(old, host.clone()).reachable,
            None if count >= MAX_PROCESSES => return,
            None => {
                self.mission.hosts.push(host.clone());
                None
            }
        };
        match (before, host.reachable) {
            (Some(true) | None, Some(false)) => {
                self.tell_mission(
                    Level::Warn,
                    &format!("{} can't be asked: {}", host.name, host.why),
                );
            }
            (Some(false), Some(true)) => {
                self.tell_mission(Level::Info, &format!("{} answers again", host.name));
            }
            _ => {}
        }
    }

    fn on_launch(&mut self, launch: &Launch) {
        let before = self.mission.launch.replace(launch.clone());
        if before.is_some_and(|old| (old.id, old.phase) == (launch.id, launch.phase)) {
            return;
        }
        let level = match launch.phase {
            LaunchPhase::Running | LaunchPhase::Complete | LaunchPhase::Superseded => Level::Info,
            LaunchPhase::Partial | LaunchPhase::Failed | LaunchPhase::Refused => Level::Warn,
        };
        let mut text =
            format!("launch {} into {}: {}", launch.id, launch.mode, launch.phase.word());
        if launch.phase == LaunchPhase::Running && !launch.by.is_empty() {
            text.push_str(", asked by ");
            text.push_str(launch.by.as_str());
        } else if let Some(note) = launch.notes.last() {
            text.push_str(": ");
            text.push_str(note.as_str());
        }
        self.tell_mission(level, &text);
    }

    fn on_mission_lines(&mut self, heard: &MissionLines) {
        self.mission.missed = self.mission.missed.saturating_add(heard.missed);
        for line in &heard.lines {
            push(&mut self.mission.lines, LINES, line.clone());
        }
    }

    fn on_mission_alert(&mut self, alert: &MissionAlert) {
        if !self.mission.put_alert(alert) || !alert.acknowledged.is_empty() {
            return;
        }
        let level = if alert.severity >= Gravity::Medium { Level::Warn } else { Level::Info };
        let who = if alert.process.is_empty() { "mission" } else { alert.process.as_str() };
        self.tell_mission(level, &format!("alert {}, {who}: {}", alert.id, alert.title));
    }

    fn on_mission_answer(&mut self, answer: &MissionAnswer) {
        let mut kept = answer.clone();
        kept.lines.truncate(MAX_ANSWER);
        self.mission.answer = Some(self.aged(kept));
        let first = answer.lines.first().map_or("", Text::as_str);
        if !answer.ok {
            self.tell_mission(Level::Warn, &format!("{} refused: {first}", answer.ask));
        } else if answer.lines.is_empty() {
            self.tell_mission(Level::Info, &format!("{} accepted", answer.ask));
        }
    }

    fn tell_mission(&mut self, level: Level, text: &str) {
        self.say(level, "mission", text);
    }
}

fn or_none(mode: &Text) -> &str {
    if mode.is_empty() { "none" } else { mode.as_str() }
}

#[cfg(test)]
mod tests;
