//! Quotes with their times become records, as a session would have had them.
//!
//! | record | when |
//! |---|---|
//! | session | first, at the first quote's time |
//! | ticks | a batch ends 100 ms after the record before it, or with 4,096 ticks |
//! | beat | after a quote each 100 ms for 1 s, each second to 1 min, each minute to 1 h, each hour to 30 days |
//! | log | last: how many ticks, and how many lines were not taken |
//!
//! The monotonic clock of the records is the time of the file in nanoseconds
//! since 1970, so that ages are right. A time that goes back is lifted to that
//! of the quote before it: the order of the file is kept, and no stamp falls.

use super::{Faults, Sink};
use crate::domain::{
    Heard, Mode, Price, Stamp, Symbol, Text, Tick, TickBatch, TickShape, UtcMicros,
};
use crate::event::{Event, Level, LogLine, SessionInfo, Stamped};
use crate::journal::RecordingError;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::mem;

/// Longest time between two records while quotes come, in microseconds.
const BEAT: i64 = 100_000;
/// Beats come each 100 ms for so long after a quote.
const LIVELY: i64 = 1_000_000;
/// Then each second for so long.
const MINUTE: i64 = 60_000_000;
/// Then each minute for so long.
const HOUR: i64 = 60 * MINUTE;
/// Then each hour for so long, and no more: a file may jump by centuries.
const MONTH: i64 = 30 * 24 * HOUR;
/// Ticks in one record at most.
const BATCH: usize = 4_096;
/// Symbols that are counted one by one.
const SYMBOLS: usize = 1_024;

/// What was woven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Woven {
    /// Records of all kinds.
    pub records: u64,
    /// Beats among them.
    pub beats: u64,
    /// Quotes.
    pub ticks: u64,
    /// Quotes of each symbol; of the first 1,024 symbols.
    pub symbols: BTreeMap<Symbol, u64>,
    /// Time of the first quote.
    pub first: UtcMicros,
    /// Time of the last one.
    pub last: UtcMicros,
    /// Quotes whose time was before that of the quote before them.
    pub back: u64,
    /// The line of the first of them.
    pub first_back: Option<u64>,
}

/// Makes records of quotes.
pub struct Weaver<'a, 'b> {
    name: Text,
    sink: &'a mut Sink<'b>,
    woven: Woven,
    /// Stamp of the last record, in UTC.
    now: i64,
    /// Time of the last quote.
    last: Option<i64>,
    batch: TickBatch,
}

impl<'a, 'b> Weaver<'a, 'b> {
    /// For a file called `name`.
    pub fn new(name: &Text, sink: &'a mut Sink<'b>) -> Self {
        let (woven, batch) = (Woven::default(), TickBatch::default());
        Self { name: name.clone(), sink, woven, now: 0, last: None, batch }
    }

    /// Time of the last quote, none before the first.
    #[must_use]
    pub fn last(&self) -> Option<UtcMicros> {
        self.last.map(UtcMicros)
    }

    /// Takes the quote of a line.
    ///
    /// # Errors
    /// The sink's.
    pub fn tick(
        &mut self,
        line: u64,
        at: UtcMicros,
        symbol: Symbol,
        bid: Price,
        ask: Price,
    ) -> Result<(), RecordingError> {
        let last = if let Some(last) = self.last {
            last
        } else {
            self.begin(at)?;
            at.0
        };
        if at.0 < last {
            self.woven.back += 1;
            self.woven.first_back.get_or_insert(line);
        }
        let at = at.0.max(last);
        let full = self.batch.ticks.len() >= BATCH || at.saturating_sub(self.now) > BEAT;
        if full && !self.batch.ticks.is_empty() {
            self.flush()?;
        }
        if self.batch.ticks.is_empty() {
            self.pause(last, at)?;
            self.batch.base = stamp(at);
        }
        let after_us = u32::try_from(at.saturating_sub(self.batch.base.utc.0)).unwrap_or(u32::MAX);
        let (shape, time, seq) = (TickShape::T2, None, None);
        self.batch
            .ticks
            .push(Heard { after_us, tick: Tick { symbol, bid, ask, time, seq, shape } });
        self.last = Some(at);
        self.woven.last = UtcMicros(at);
        self.woven.ticks += 1;
        if let Some(count) = self.woven.symbols.get_mut(&symbol) {
            *count += 1;
        } else if self.woven.symbols.len() < SYMBOLS {
            self.woven.symbols.insert(symbol, 1);
        }
        Ok(())
    }

    /// Hands over what is left, and says what was not taken.
    ///
    /// # Errors
    /// The sink's.
    pub fn end(mut self, faults: &Faults) -> Result<Woven, RecordingError> {
        self.flush()?;
        let Woven { ticks, back, .. } = self.woven;
        let mut text = format!("{ticks} ticks from {}", self.name);
        if back > 0 {
            let _ = write!(text, ", {back} with a time that goes back");
        }
        let lost = faults.count();
        if lost > 0 {
            let _ = write!(text, ", {lost} lines were not taken");
        }
        let level = if lost > 0 || back > 0 { Level::Warn } else { Level::Info };
        let (source, text) = (Text::new("import"), Text::new(&text));
        self.put(self.now, Event::Log(LogLine { level, source, text, when: None }))?;
        Ok(self.woven)
    }

    fn begin(&mut self, at: UtcMicros) -> Result<(), RecordingError> {
        self.woven.first = at;
        let info = SessionInfo {
            version: Text::new(env!("CARGO_PKG_VERSION")),
            forced_mode: Some(Mode::Replay),
            config: Text::new(&format!("imported from {}", self.name)),
            ..SessionInfo::default()
        };
        self.put(at.0, Event::Session(Box::new(info)))
    }

    fn flush(&mut self) -> Result<(), RecordingError> {
        let batch = mem::take(&mut self.batch);
        let at = self.last.unwrap_or(self.now);
        if batch.ticks.is_empty() { Ok(()) } else { self.put(at, Event::Ticks(batch)) }
    }

    /// The beats between a quote at `from` and the next at `until`.
    fn pause(&mut self, from: i64, until: i64) -> Result<(), RecordingError> {
        loop {
            let step = match self.now.saturating_sub(from) {
                ..LIVELY => BEAT,
                LIVELY..MINUTE => LIVELY,
                MINUTE..HOUR => MINUTE,
                HOUR..MONTH => HOUR,
                _ => return Ok(()),
            };
            let next = self.now.saturating_add(step);
            if next >= until {
                return Ok(());
            }
            self.woven.beats += 1;
            self.put(next, Event::Beat)?;
        }
    }

    fn put(&mut self, at: i64, event: Event) -> Result<(), RecordingError> {
        self.woven.records += 1;
        self.now = at;
        (self.sink)(Stamped { seq: self.woven.records, at: stamp(at), event })
    }
}

fn stamp(us: i64) -> Stamp {
    let mono_ns = u64::try_from(us).unwrap_or(0).saturating_mul(1_000);
    Stamp { mono_ns, utc: UtcMicros(us) }
}
