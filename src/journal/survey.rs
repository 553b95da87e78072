//! What a recording holds: everything in it is read, and folded.
//!
//! Where a chunk begins with a whole State, that must be what the records
//! before it make; a file that says otherwise is not sound.

use super::{Gap, Recording, RecordingError, file};
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
    let mut survey = Survey { files: recording.files().len(), ..Survey::default() };
    let mut state: Option<State> = None;
    for file in recording.files() {
        survey.bytes += file.size().unwrap_or(0);
        survey.sealed += usize::from(file.sealed);
        survey.torn += file.torn().unwrap_or(0);
        for (index, place) in file.places.iter().enumerate() {
            let at = |cause: &str| file::error(file.path(), place.offset, cause, file::REPAIR);
            let chunk = match file.chunk(index) {
                Ok(chunk) => chunk,
                Err(e) => {
                    survey.damaged(&e);
                    continue;
                }
            };
            let whole = chunk.state();
            let first = place.head.first.0;
            let follows =
                state.as_ref().is_some_and(|state| state.seq.checked_add(1) == Some(first));
            match (whole, follows) {
                (Some(Ok(whole)), true) => {
                    if state.as_ref().is_some_and(|state| state.digest() != whole.digest()) {
                        survey
                            .damaged(&at("the whole State is not what the records before it make"));
                    }
                }
                (Some(Ok(whole)), false) => {
                    if let Some(state) = &state {
                        survey.gaps.push(Gap { after: state.seq, until: whole.seq });
                    }
                    state = Some(whole);
                }
                (Some(Err(e)), _) => survey.damaged(&at(&e)),
                (None, true) => {}
                (None, false) => {
                    survey.damaged(&at("no State to go on from: the chunk before it is missing"));
                    continue;
                }
            }
            for record in &chunk.records {
                survey.take(record);
                if let Some(Err(e)) = state.as_mut().map(|state| state.apply(record)) {
                    survey.damaged(&at(&e.to_string()));
                    break;
                }
            }
            for mark in &place.head.marks {
                *survey.marks.entry(mark.kind.word()).or_default() += 1;
            }
        }
        if let Some(e) = &file.damage {
            survey.damaged(e);
        }
    }
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

impl Survey {
    fn damaged(&mut self, e: &RecordingError) {
        self.damage.push(e.to_string());
    }

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
        Event::Armed(_) => "armed",
    }
}
