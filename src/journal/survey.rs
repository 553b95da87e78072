//! What a recording holds: everything in it is read, and folded.
//!
//! Where a chunk begins with a whole State, that must be what the records
//! before it make; a file that says otherwise is not sound.

use super::head::Head;
use super::walk::{Walker, walk};
use super::{Gap, Recording, RecordingError};
use crate::domain::{MarkKind, Symbol, Text, UtcMicros};
use crate::event::{Event, Stamped};
use crate::state::State;
use serde::Serialize;
use std::collections::BTreeMap;

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Survey {
    /// Files.
    pub files: usize,
    /// Bytes of them.
    pub bytes: u64,
    /// Files that were sealed.
    pub sealed: usize,
    /// Bytes behind the last whole chunk of those that were not.
    pub torn: u64,
    /// Number of the first record.
    pub first: u64,
    /// Number of the last one.
    pub last: u64,
    /// Time of the first record, UTC.
    pub from: Option<UtcMicros>,
    /// Time of the last one.
    pub to: Option<UtcMicros>,
    /// Records by kind.
    pub records: BTreeMap<&'static str, u64>,
    /// Quotes.
    pub ticks: u64,
    /// Quotes of each symbol.
    pub symbols: BTreeMap<Symbol, u64>,
    /// Records that are missing.
    pub gaps: Vec<Gap>,
    /// Places worth going to, by kind.
    pub marks: BTreeMap<&'static str, u64>,
    /// The `crs` of the session.
    pub version: Text,
    /// Where the session's settings came from.
    pub config: Text,
    /// State after the last record, as one line.
    pub digest: String,
    /// What can't be read, in the order of the files.
    pub damage: Vec<String>,
}

/// Reads all of `recording`.
#[must_use]
pub fn survey(recording: &Recording) -> Survey {
    let survey = Survey { files: recording.files().len(), ..Survey::default() };
    let mut reading = Reading { survey, state: None };
    for file in recording.files() {
        reading.survey.bytes += file.size().unwrap_or(0);
        reading.survey.sealed += usize::from(file.sealed);
        reading.survey.torn += file.torn().unwrap_or(0);
        // It answers nothing with an error.
        let _ = walk(file, &mut reading);
        if let Some(e) = &file.damage {
            reading.damaged(e.clone());
        }
    }
    let Reading { mut survey, state } = reading;
    if !survey.gaps.is_empty() {
        let gaps = u64::try_from(survey.gaps.len()).unwrap_or(u64::MAX);
        survey.marks.insert(MarkKind::Gap.word(), gaps);
    }
    if let Some(state) = state {
        (survey.version, survey.config) =
            (state.session.version.clone(), state.session.config.clone());
        survey.digest = state.digest();
    }
    survey
}

/// What was found, and the fold of it.
struct Reading {
    survey: Survey,
    state: Option<State>,
}

impl Walker for Reading {
    fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    fn begin(&mut self, gap: Gap, state: State) -> Result<(), RecordingError> {
        // Nothing is missing before the first one: a file may begin amid a
        // session.
        if self.state.is_some() && gap.until > gap.after {
            self.survey.gaps.push(gap);
        }
        self.state = Some(state);
        Ok(())
    }

    fn differs(&mut self, error: RecordingError, _: State) -> Result<(), RecordingError> {
        self.damaged(error);
        Ok(())
    }

    fn chunk(&mut self, head: &Head) {
        for mark in &head.marks {
            *self.survey.marks.entry(mark.kind.word()).or_default() += 1;
        }
    }

    fn record(&mut self, record: Stamped) -> Result<(), RecordingError> {
        self.survey.take(&record);
        if let Some(state) = &mut self.state {
            // A chunk's records follow each other, and it follows State.
            let _ = state.apply(&record);
        }
        Ok(())
    }

    fn damaged(&mut self, error: RecordingError) {
        self.survey.damage.push(error.to_string());
    }
}

impl Survey {
    fn take(&mut self, record: &Stamped) {
        if self.from.is_none() {
            (self.first, self.from) = (record.seq, Some(record.at.utc));
        }
        (self.last, self.to) = (record.seq, Some(record.at.utc));
        *self.records.entry(kind(&record.event)).or_default() += 1;
        if let Event::Ticks(batch) = &record.event {
            for heard in &batch.ticks {
                self.ticks += 1;
                *self.symbols.entry(heard.tick.symbol).or_default() += 1;
            }
        }
    }
}

/// The kind of a record, as its JSON has it.
const fn kind(event: &Event) -> &'static str {
    match event {
        Event::Beat => "beat",
        Event::Session(_) => "session",
        Event::Ticks(_) => "ticks",
        Event::Feed(_) => "feed",
        Event::Gateway(_) => "gateway",
        Event::Positions(_) => "positions",
        Event::Account(_) => "account",
        Event::Decision(_) => "decision",
        Event::Latch(_) => "latch",
        Event::Guard(_) => "guard",
        Event::Kill(_) => "kill",
        Event::Agent(_) => "agent",
        Event::Command(_) => "command",
        Event::Log(_) => "log",
        Event::Drill(_) => "drill",
        Event::Evidence(_) => "evidence",
        Event::GatewayStatus(_) => "gateway_status",
        Event::Events(_) => "events",
        Event::Order(_) => "order",
        Event::OrderSource(_) => "order_source",
        Event::Alarm(_) => "alarm",
        Event::Recording(_) => "recording",
        Event::Bookmark(_) => "bookmark",
        Event::Raw(_) => "raw",
        Event::Trader(_) => "trader",
        Event::Check(_) => "check",
        Event::Armed(_) => "armed",
        Event::Mission(_) => "mission",
    }
}
