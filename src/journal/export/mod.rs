//! A recording as tables (CSV after RFC 4180) or as JSON, a record a line.
//!
//! What belongs here: which records, which columns. What does not: where it
//! is written to. Prices, lots and money are written as they are held, exact
//! decimals; times are ISO-8601 UTC with microseconds, and `mono_ns` is the
//! session's monotonic clock.

mod rows;
#[cfg(test)]
mod tests;

use super::{Piece, RecordingError, Source};
use crate::domain::{Heard, Symbol, TickBatch, UtcMicros};
use crate::event::{Event, Read, Stamped};
use crate::state::State;
use serde_json::json;
use std::io::{self, Write};
use std::mem;
use thiserror::Error;

/// Records that are older than the end by more than this can't hold anything
/// before it, whatever the wall clock did.
const SLACK: i64 = 60_000_000;

/// Which records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Quotes, one row each.
    Ticks,
    /// What automatic traders decided.
    Decisions,
    /// Reads of the positions, one row for each that was open.
    Positions,
    /// Reads of the account.
    Account,
    /// What was ordered.
    Orders,
    /// Alarms, as they were raised.
    Alarms,
    /// Looks at the latch.
    Latch,
    /// The steps of kills and blocks.
    Kills,
    /// The operator's commands.
    Commands,
    /// Heartbeats.
    Heartbeats,
    /// Every record, as JSON in one column.
    All,
}

impl What {
    /// All of them, with their words.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Ticks, "ticks"),
        (Self::Decisions, "decisions"),
        (Self::Positions, "positions"),
        (Self::Account, "account"),
        (Self::Orders, "orders"),
        (Self::Alarms, "alarms"),
        (Self::Latch, "latch"),
        (Self::Kills, "kills"),
        (Self::Commands, "commands"),
        (Self::Heartbeats, "heartbeats"),
        (Self::All, "all"),
    ];

    const fn takes(self, event: &Event) -> bool {
        match self {
            Self::Ticks => matches!(event, Event::Ticks(_)),
            Self::Decisions => matches!(event, Event::Decision(_)),
            Self::Positions => matches!(event, Event::Positions(_)),
            Self::Account => matches!(event, Event::Account(_)),
            Self::Orders => matches!(event, Event::Order(_)),
            Self::Alarms => false,
            Self::Latch => matches!(event, Event::Latch(_)),
            Self::Kills => matches!(event, Event::Kill(_)),
            Self::Commands => matches!(event, Event::Command(_)),
            Self::Heartbeats => matches!(event, Event::Gateway(_)),
            Self::All => true,
        }
    }
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A header and rows.
    Csv,
    /// A JSON object a line: the record as it was kept.
    Jsonl,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Which records.
    pub what: What,
    /// In which shape.
    pub shape: Shape,
    /// Nothing before it, UTC.
    pub from: Option<UtcMicros>,
    /// Nothing after it, UTC.
    pub to: Option<UtcMicros>,
    /// Only this instrument, in records that have one.
    pub symbol: Option<Symbol>,
}

/// Why it ended.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The recording can't be read any further.
    #[error("{0}")]
    Recording(#[from] RecordingError),
    /// What was written can't be kept.
    #[error("{0}")]
    Out(#[from] io::Error),
}

impl From<csv::Error> for ExportError {
    fn from(e: csv::Error) -> Self {
        Self::Out(match e.into_kind() {
            csv::ErrorKind::Io(e) => e,
            other => io::Error::other(format!("{other:?}")),
        })
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows, or lines of JSON.
    pub rows: u64,
    /// Records that the recording lacks within the time that was wanted.
    pub missing: u64,
}

/// Writes what is wanted of `source` to `out`.
///
/// # Errors
/// [`ExportError`]; what came before is written.
pub fn export(
    source: &mut dyn Source,
    wanted: &Wanted,
    out: &mut dyn Write,
) -> Result<Written, ExportError> {
    let mut writer = Writer::new(wanted, out)?;
    let span = source.span();
    let mut seq = match wanted.from {
        Some(from) if from > span.first.1 => source.seq_at(from.min(span.last.1))?,
        _ => span.first.0,
    }
    .saturating_sub(1);
    let mut state = match wanted.what {
        What::Alarms if seq >= span.first.0 => Some(source.state_at(seq)?),
        // Whole States are behind the first record: one that begins amid a
        // session tells what it knows with its first piece.
        What::Alarms => Some(State::default()),
        _ => None,
    };
    let mut pieces = Vec::new();
    loop {
        pieces.clear();
        let read = source.read_after(seq, &mut pieces);
        if pieces.is_empty() {
            read?;
            return writer.end();
        }
        for piece in pieces.drain(..) {
            match piece {
                Piece::Whole(gap, whole) => {
                    writer.written.missing += gap.until.saturating_sub(gap.after);
                    seq = gap.until;
                    if let Some(state) = state.as_mut() {
                        *state = *whole;
                    }
                }
                Piece::Record(record) => {
                    seq = record.seq;
                    if wanted.to.is_some_and(|to| record.at.utc.0.saturating_sub(to.0) > SLACK) {
                        return writer.end();
                    }
                    if let Some(state) = state.as_mut() {
                        writer.alarms(source, state, &record)?;
                    } else {
                        writer.record(record)?;
                    }
                }
            }
        }
        read?;
    }
}

enum Out<'a> {
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
    Jsonl(&'a mut dyn Write),
}

struct Writer<'a> {
    wanted: Wanted,
    out: Out<'a>,
    written: Written,
}

impl<'a> Writer<'a> {
    fn new(wanted: &Wanted, out: &'a mut dyn Write) -> Result<Self, ExportError> {
        let out = match wanted.shape {
            Shape::Jsonl => Out::Jsonl(out),
            Shape::Csv => {
                let mut builder = csv::WriterBuilder::new();
                let mut csv = builder.terminator(csv::Terminator::CRLF).from_writer(out);
                csv.write_record(rows::header(wanted.what).split(','))?;
                Out::Csv(Box::new(csv))
            }
        };
        Ok(Self { wanted: *wanted, out, written: Written::default() })
    }

    fn end(mut self) -> Result<Written, ExportError> {
        match &mut self.out {
            Out::Csv(csv) => csv.flush()?,
            Out::Jsonl(out) => out.flush()?,
        }
        Ok(self.written)
    }

    fn within(&self, at: UtcMicros) -> bool {
        self.wanted.from.is_none_or(|from| at >= from) && self.wanted.to.is_none_or(|to| at <= to)
    }

    fn of_symbol(&self, name: &str) -> bool {
        self.wanted.symbol.is_none_or(|symbol| symbol.as_str() == name)
    }

    /// What of a record is wanted; none where nothing is.
    fn narrowed(&self, mut record: Stamped) -> Option<Stamped> {
        if !self.wanted.what.takes(&record.event) {
            return None;
        }
        let mine = match &mut record.event {
            // One without a tick is a record like any other.
            Event::Ticks(batch) if !batch.ticks.is_empty() => {
                let base = batch.base;
                let wanted = |heard: &Heard| {
                    self.within(rows::heard(base, heard.after_us).utc)
                        && self.of_symbol(heard.tick.symbol.as_str())
                };
                narrow(batch, wanted);
                return (!batch.ticks.is_empty()).then_some(record);
            }
            Event::Decision(decision) => self.of_symbol(decision.symbol.as_str()),
            Event::Order(news) => self.of_symbol(news.symbol.as_str()),
            Event::Positions(read) => {
                if let (Read::Good(list), Some(symbol)) = (&mut read.read, self.wanted.symbol) {
                    list.retain(|position| position.symbol.as_str() == symbol.as_str());
                }
                true
            }
            _ => true,
        };
        (mine && self.within(record.at.utc)).then_some(record)
    }

    fn record(&mut self, record: Stamped) -> Result<(), ExportError> {
        let Some(record) = self.narrowed(record) else { return Ok(()) };
        let written = &mut self.written;
        match &mut self.out {
            Out::Jsonl(out) => line(out, written, &record),
            Out::Csv(csv) => {
                rows::rows(self.wanted.what, &record, &mut |row| {
                    written.rows += 1;
                    csv.write_record(row)
                })?;
                Ok(())
            }
        }
    }

    /// Alarms are what State makes of records: it hears this one, and what it
    /// has raised since is written.
    fn alarms(
        &mut self,
        source: &mut dyn Source,
        state: &mut State,
        record: &Stamped,
    ) -> Result<(), ExportError> {
        let before = state.alarms.raised;
        if state.apply(record).is_err() {
            // It begins amid a session.
            *state = source.state_at(record.seq)?;
            return Ok(());
        }
        if state.alarms.raised == before || !self.within(record.at.utc) {
            return Ok(());
        }
        for alarm in state.alarms.list.iter().filter(|alarm| alarm.number > before) {
            match &mut self.out {
                Out::Csv(csv) => {
                    self.written.rows += 1;
                    csv.write_record(rows::alarm(record, alarm))?;
                }
                Out::Jsonl(out) => {
                    let told = json!({ "seq": record.seq, "at": record.at, "alarm": alarm });
                    line(out, &mut self.written, &told)?;
                }
            }
        }
        Ok(())
    }
}

/// Keeps the ticks that are wanted, and the messages behind them.
fn narrow(batch: &mut TickBatch, wanted: impl Fn(&Heard) -> bool) {
    let (all, raw) = (mem::take(&mut batch.ticks), mem::take(&mut batch.raw));
    for (place, heard) in all.into_iter().enumerate().filter(|(_, heard)| wanted(heard)) {
        batch.ticks.push(heard);
        if place < raw.len() {
            batch.raw.push(raw.get(place));
        }
    }
}

fn line(
    out: &mut dyn Write,
    written: &mut Written,
    value: &impl serde::Serialize,
) -> Result<(), ExportError> {
    let mut line = serde_json::to_vec(value).map_err(io::Error::other)?;
    line.push(b'\n');
    out.write_all(&line)?;
    written.rows += 1;
    Ok(())
}
