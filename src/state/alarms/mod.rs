//! Fold of alarms: one list of what needs an operator, from what State knows
//! and from what edges cried out.
//!
//! What belongs here: raising, clearing, acknowledging, silencing, telling a
//! flood from single news. What does not: the kill and its banner, which stand
//! outside the list and can't be silenced; bells and calls, which the console
//! makes from [`Alarms::since`].
//!
//! The life of an alarm is that of ANSI/ISA-18.2: raised, standing or
//! returned to normal, acknowledged or not; it leaves once it is both over
//! and acknowledged. More than ten in ten minutes is that standard's flood.

mod act;
mod causes;
mod checks;
mod margin;
mod mission;
mod quotes;
#[cfg(test)]
mod tests;
mod traders;

pub use act::LONGEST_SILENCE;

use super::State;
use crate::domain::{Severity, Stamp, Text};
use crate::event::{Level, LogLine};
use causes::Cause;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Alarms kept; what is over goes first.
pub const MAX_ALARMS: usize = 200;
/// New alarms within [`FLOOD_TIME`] beyond which they are a flood.
pub const FLOOD: usize = 10;
/// See [`FLOOD`].
pub const FLOOD_TIME: Duration = Duration::from_mins(10);
/// A cause must be gone for so long before its alarm is over.
const CALM: Duration = Duration::from_secs(5);
/// One that comes back within this time after its end is no news.
const CHATTER: Duration = Duration::from_mins(1);
/// An acknowledged alarm that is over stays to be read for so long.
const KEPT: Duration = Duration::from_hours(1);

/// The list, and what it remembers of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarms {
    /// Oldest first.
    pub list: Vec<Alarm>,
    /// Raised so far in this session; the newest alarm has this number.
    pub raised: u64,
    /// Since when a flood is under way.
    pub flood: Option<Stamp>,
    /// When the last ones were raised, as far as a flood is told by it.
    recent: VecDeque<Stamp>,
    /// Causes that hold, but not long enough yet.
    waiting: BTreeMap<Text, Stamp>,
    /// When causes were last looked for.
    looked: Stamp,
}

/// How the list stands at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Wrong now, acknowledged or not.
    pub standing: usize,
    /// Of these, acknowledged.
    pub acknowledged: usize,
    /// Of those that stand, silenced.
    pub silenced: usize,
    /// When the last of these silences ends.
    pub until: Option<Stamp>,
    /// Wrong no longer, still listed.
    pub over: usize,
    /// What happened once, with no end that could be seen from here.
    pub events: usize,
    /// The gravest that stands.
    pub gravest: Option<Severity>,
}

/// One alarm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// The order of raising in this session, from 1.
    pub number: u64,
    /// What makes two alarms the same one: `feed main`.
    pub key: Text,
    /// How grave.
    pub severity: Severity,
    /// Within its severity: how many it is about, how far it went.
    #[serde(default)]
    pub grade: u32,
    /// What is wrong.
    pub text: Text,
    /// What to do.
    pub advice: Text,
    /// When it was first raised.
    pub first: Stamp,
    /// When it was last raised.
    pub last: Stamp,
    /// How often it was raised.
    pub count: u32,
    /// Its cause holds; false for what was only cried out.
    pub standing: bool,
    /// Since when the cause is gone.
    pub gone: Option<Stamp>,
    /// When an operator acknowledged it.
    pub acknowledged: Option<Stamp>,
    /// No bell and no call until then.
    pub silent_until: Option<Stamp>,
    /// It came in a flood: one of many.
    pub flood: bool,
}

impl Alarm {
    /// Whether it is nobody's yet.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.acknowledged.is_none()
    }

    /// Whether it was only cried out: it happened, and nothing here can see
    /// whether it is over.
    #[must_use]
    pub const fn is_event(&self) -> bool {
        !self.standing && self.gone.is_none()
    }

    /// Whether it is silenced at `now`.
    #[must_use]
    pub fn is_silent(&self, now: Stamp) -> bool {
        self.silent_until.is_some_and(|until| until.mono_ns > now.mono_ns)
    }

    /// Whether an operator shall be called for it at `now`: it is no part of a
    /// flood, or the one that began it, and not silenced.
    #[must_use]
    pub fn calls(&self, now: Stamp) -> bool {
        !self.flood && !self.is_silent(now)
    }
}

impl Alarms {
    /// Those raised after the one of this number, oldest first.
    pub fn since(&self, number: u64) -> impl Iterator<Item = &Alarm> {
        self.list.iter().filter(move |alarm| alarm.number > number)
    }

    /// Not acknowledged: the gravest, and how many.
    #[must_use]
    pub fn open(&self) -> (Option<Severity>, usize) {
        let open = || self.list.iter().filter(|alarm| alarm.is_open());
        (open().map(|alarm| alarm.severity).max(), open().count())
    }

    /// How many of these stand, or are events whose end can't be seen.
    #[must_use]
    pub fn open_now(&self) -> usize {
        let now = |alarm: &&Alarm| alarm.is_open() && (alarm.standing || alarm.is_event());
        self.list.iter().filter(now).count()
    }

    /// How the list stands at `now`.
    #[must_use]
    pub fn tally(&self, now: Stamp) -> Tally {
        let mut tally = Tally::default();
        for alarm in &self.list {
            if alarm.is_event() {
                tally.events += 1;
            } else if !alarm.standing {
                tally.over += 1;
            } else {
                tally.standing += 1;
                tally.gravest = tally.gravest.max(Some(alarm.severity));
                tally.acknowledged += usize::from(!alarm.is_open());
                if let Some(until) = alarm.silent_until.filter(|_| alarm.is_silent(now)) {
                    tally.silenced += 1;
                    tally.until = Some(tally.until.map_or(until, |at| at.not_before(until)));
                }
            }
        }
        tally
    }

    /// For the screen: what is open before what is not, the gravest and then
    /// the newest first; rows of a flood only where `all` are asked for. And
    /// how many rows were left out.
    #[must_use]
    pub fn rows(&self, all: bool) -> (Vec<&Alarm>, usize) {
        let shown = |alarm: &&Alarm| all || !alarm.flood || !alarm.is_open();
        let mut rows: Vec<&Alarm> = self.list.iter().filter(shown).collect();
        rows.sort_by(|a, b| {
            let rank = |a: &Alarm| (a.is_open(), a.severity, a.standing, a.number);
            rank(b).cmp(&rank(a))
        });
        let left_out = self.list.len() - rows.len();
        (rows, left_out)
    }

    fn raise(&mut self, now: Stamp, cause: &Cause, standing: bool) {
        if let Some(old) = self.list.iter_mut().find(|alarm| alarm.key == cause.key) {
            // Who acknowledged or silenced the lesser one has not seen this one.
            let graver = (cause.severity, cause.grade) > (old.severity, old.grade);
            old.text.clone_from(&cause.text);
            old.advice.clone_from(&cause.advice);
            (old.severity, old.grade) = (cause.severity, cause.grade);
            if standing && old.standing && !graver {
                old.gone = None;
                return;
            }
            let chatter = now.since(old.gone.unwrap_or(old.last)) < CHATTER;
            (old.last, old.standing, old.gone) = (now, standing, None);
            old.count = old.count.saturating_add(1);
            if graver {
                old.silent_until = None;
            } else if chatter {
                return;
            }
            (old.acknowledged, old.flood) = (None, false);
        } else {
            if self.list.len() >= MAX_ALARMS {
                self.make_room();
            }
            self.list.push(Alarm {
                key: cause.key.clone(),
                severity: cause.severity,
                grade: cause.grade,
                text: cause.text.clone(),
                advice: cause.advice.clone(),
                first: now,
                last: now,
                count: 1,
                standing,
                ..Alarm::default()
            });
        }
        let flood = self.counts_as_flood(now, cause.severity);
        self.raised += 1;
        if let Some(alarm) = self.list.iter_mut().find(|alarm| alarm.key == cause.key) {
            (alarm.number, alarm.flood) = (self.raised, flood);
        }
    }

    /// What is over goes first, then what is acknowledged, then the oldest.
    fn make_room(&mut self) {
        let rank = |a: &Alarm| (a.standing, a.is_open(), a.severity, a.number);
        if let Some(at) = (0..self.list.len()).min_by_key(|at| self.list.get(*at).map(rank)) {
            self.list.remove(at);
        }
    }

    /// Whether a new alarm is one of too many. What is critical never is.
    fn counts_as_flood(&mut self, now: Stamp, severity: Severity) -> bool {
        self.recent.retain(|at| now.since(*at) < FLOOD_TIME);
        if self.recent.len() > FLOOD {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        let flood = self.recent.len() > FLOOD;
        let begins = flood && self.flood.is_none();
        if begins {
            self.flood = Some(now);
        }
        // The one that begins it still calls: from here on there is silence.
        flood && !begins && severity < Severity::Critical
    }

    fn pass(&mut self, now: Stamp) {
        for alarm in self.list.iter_mut().filter(|alarm| alarm.standing) {
            if alarm.gone.is_some_and(|gone| now.since(gone) >= CALM) {
                alarm.standing = false;
            }
        }
        let over = |a: &Alarm| {
            !a.standing && a.acknowledged.is_some_and(|at| now.since(at.not_before(a.last)) >= KEPT)
        };
        self.list.retain(|alarm| !over(alarm));
        self.recent.retain(|at| now.since(*at) < FLOOD_TIME);
        if self.recent.len() <= FLOOD {
            self.flood = None;
        }
    }
}

impl State {
    /// Looks for causes, once a second.
    pub(super) fn watch_alarms(&mut self) {
        let now = self.now;
        if self.alarms.looked.mono_ns != 0 && now.since(self.alarms.looked) < Duration::from_secs(1)
        {
            return;
        }
        self.alarms.looked = now;
        let causes = self.causes();
        let alarms = &mut self.alarms;
        alarms.waiting.retain(|key, _| causes.found.iter().any(|cause| cause.key == *key));
        for alarm in alarms.list.iter_mut().filter(|alarm| alarm.standing) {
            let holds = causes.found.iter().any(|cause| cause.key == alarm.key);
            if !holds && !causes.open.contains(&alarm.key) {
                alarm.gone.get_or_insert(now);
            }
        }
        for cause in &causes.found {
            let since = *alarms.waiting.entry(cause.key.clone()).or_insert(now);
            if now.since(since) >= cause.after {
                alarms.raise(now, cause, true);
            }
        }
        alarms.pass(now);
    }

    /// A line of an edge that says "look now".
    pub(super) fn on_log(&mut self, line: &LogLine) {
        if line.level == Level::Alarm
            && let Some(cause) = causes::cried(line)
        {
            self.alarms.raise(self.now, &cause, false);
        }
        self.push_log(line.clone());
    }

    /// Something that happened once and must be seen.
    pub(super) fn cry(&mut self, key: &str, text: &str, advice: &'static str) {
        let cause = Cause {
            grade: 0,
            key: Text::limited(key, 64),
            severity: Severity::Critical,
            text: Text::new(text),
            advice: Text::new(advice),
            after: Duration::ZERO,
        };
        self.alarms.raise(self.now, &cause, false);
    }
}
