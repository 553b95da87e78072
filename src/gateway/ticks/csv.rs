//! Recorded quotes: a file whose first columns are `timestamp,symbol,bid,ask`
//! (what follows them is not read, so an export of a recording plays), the time in ISO-8601 (UTC where no zone is given) and never going back.
//!
//! The pace is that of the file's times, divided by the speed. What is
//! published carries the wall clock of its publication, so that lag means
//! something, and the file's own time beside it.

use super::{Due, Source, SourceError};
use crate::domain::{Price, Symbol, Text, UtcMicros};
use crate::gateway::market::Quote;
use crate::gateway::options::CsvOptions;
use chrono::{DateTime, NaiveDateTime};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

const COLUMNS: [&str; 4] = ["timestamp", "symbol", "bid", "ask"];
/// Between the last row and the first one of the next round, in file time.
const ROUND_GAP_US: u64 = 1_000_000;

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    at: UtcMicros,
    symbol: Symbol,
    quote: Quote,
}

/// A file's rows, checked one by one.
struct Rows {
    path: PathBuf,
    reader: csv::Reader<File>,
    record: csv::StringRecord,
    /// Fields of each row.
    columns: usize,
    last: Option<UtcMicros>,
}

impl Rows {
    fn open(path: &Path) -> Result<Self, SourceError> {
        let file = File::open(path).map_err(|e| SourceError::File {
            path: path.to_owned(),
            cause: Text::new(&e.to_string()),
        })?;
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let header = reader.headers().ok().filter(|h| h.iter().take(COLUMNS.len()).eq(COLUMNS));
        let Some(columns) = header.map(csv::StringRecord::len) else {
            let cause = Text::new("the first line must begin with \"timestamp,symbol,bid,ask\"");
            return Err(SourceError::Row { path: path.to_owned(), line: 1, cause });
        };
        let record = csv::StringRecord::new();
        Ok(Self { path: path.to_owned(), reader, record, columns, last: None })
    }

    fn next(&mut self) -> Result<Option<Row>, SourceError> {
        let line = self.reader.position().line();
        match self.reader.read_record(&mut self.record) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(e) => return Err(self.bad(line, &e.to_string())),
        }
        let line = self.record.position().map_or(line, csv::Position::line);
        let row = read(&self.record, self.columns).map_err(|cause| self.bad(line, &cause))?;
        if self.last.is_some_and(|last| row.at < last) {
            return Err(self.bad(line, "its time is before that of the row above"));
        }
        self.last = Some(row.at);
        Ok(Some(row))
    }

    fn bad(&self, line: u64, cause: &str) -> SourceError {
        SourceError::Row { path: self.path.clone(), line, cause: Text::limited(cause, 200) }
    }
}

fn read(record: &csv::StringRecord, columns: usize) -> Result<Row, String> {
    let [Some(at), Some(symbol), Some(bid), Some(ask)] = [0, 1, 2, 3].map(|i| record.get(i)) else {
        return Err(format!("{} fields instead of {columns}", record.len()));
    };
    if record.len() != columns {
        return Err(format!("{} fields instead of {columns}", record.len()));
    }
    let price = |name: &str, text: &str| {
        Price::parse(text).map_err(|e| format!("{name} \"{}\": {e}", Text::limited(text, 40)))
    };
    let quote = Quote::new(price("bid", bid)?, price("ask", ask)?)?;
    let symbol = Symbol::new(symbol).map_err(|e| e.to_string())?;
    Ok(Row { at: time(at)?, symbol, quote })
}

fn time(text: &str) -> Result<UtcMicros, String> {
    let zoned = DateTime::parse_from_rfc3339(text).map(|t| t.timestamp_micros());
    let naive = || {
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|t| t.and_utc().timestamp_micros())
    };
    zoned
        .ok()
        .or_else(naive)
        .map(UtcMicros)
        .ok_or_else(|| format!("timestamp \"{}\" is no ISO-8601 time", Text::limited(text, 40)))
}

/// Reads the whole file: every row is checked, and the instruments come out
/// with the decimals that their prices have.
///
/// # Errors
/// The first row that is no quote, by file and line.
pub fn survey(path: &Path) -> Result<Vec<(Symbol, u32)>, SourceError> {
    let mut rows = Rows::open(path)?;
    let mut digits: BTreeMap<Symbol, u32> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let needed = row.quote.bid.decimals().max(row.quote.ask.decimals());
        let known = digits.entry(row.symbol).or_default();
        *known = needed.max(*known);
    }
    if digits.is_empty() {
        return Err(rows.bad(1, "no row follows the header"));
    }
    Ok(digits.into_iter().collect())
}

/// The rows as a source.
pub struct CsvTicks {
    rows: Rows,
    speed: u64,
    repeat: bool,
    first: Option<UtcMicros>,
    /// File time of all earlier rounds, in microseconds.
    earlier_us: u64,
    /// File time of this round so far.
    round_us: u64,
}

impl CsvTicks {
    /// Opens the file at its first row.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn open(options: &CsvOptions) -> Result<Self, SourceError> {
        Ok(Self {
            rows: Rows::open(&options.path)?,
            speed: u64::from(options.speed.max(1)),
            repeat: options.repeat,
            first: None,
            earlier_us: 0,
            round_us: 0,
        })
    }
}

impl Source for CsvTicks {
    fn next(&mut self) -> Result<Option<Due>, SourceError> {
        let mut row = self.rows.next()?;
        if row.is_none() && self.repeat {
            self.rows = Rows::open(&self.rows.path)?;
            self.first = None;
            self.earlier_us += self.round_us + ROUND_GAP_US;
            row = self.rows.next()?;
        }
        let Some(Row { at, symbol, quote }) = row else { return Ok(None) };
        let first = *self.first.get_or_insert(at);
        self.round_us = u64::try_from(at.0.saturating_sub(first.0)).unwrap_or(0);
        let nanos = self.earlier_us.saturating_add(self.round_us).saturating_mul(1_000);
        let after = Duration::from_nanos(nanos / self.speed);
        Ok(Some(Due { after, symbol, quote, source_time: Some(at) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    const GOOD: &str = "timestamp,symbol,bid,ask\n\
        2020-01-01T22:00:00.065Z,EURUSD,1.12120,1.12172\n\
        2020-01-01 22:00:10.065,EURUSD,1.1213,1.1218\n\
        2020-01-01T23:00:20.065+01:00,USDJPY,108.61,108.634\n";

    #[test]
    fn rows_keep_their_pace_divided_by_the_speed() {
        let file = file(GOOD);
        assert_eq!(
            survey(file.path()).unwrap(),
            vec![(Symbol::new("EURUSD").unwrap(), 5), (Symbol::new("USDJPY").unwrap(), 3)]
        );
        let options = CsvOptions { path: file.path().to_owned(), speed: 4, repeat: true };
        let mut ticks = CsvTicks::open(&options).unwrap();
        let due: Vec<Due> = (0..4).map(|_| ticks.next().unwrap().unwrap()).collect();
        let millis: Vec<u128> = due.iter().map(|d| d.after.as_millis()).collect();
        assert_eq!(millis, [0, 2_500, 5_000, 5_250]);
        assert_eq!(due[3].source_time, due[0].source_time);
        let once = CsvOptions { repeat: false, ..options };
        let mut ticks = CsvTicks::open(&once).unwrap();
        assert_eq!((0..4).filter(|_| ticks.next().unwrap().is_some()).count(), 3);
    }

    #[test]
    fn a_bad_row_is_named_by_file_line_and_cause() {
        for (bad, cause) in [
            ("2020-01-01T22:00:00Z,EURUSD,1.1", "3 fields instead of 4"),
            ("2020-01-01T22:00:00Z,EURUSD,1.1,1.2,9", "5 fields instead of 4"),
            ("yesterday,EURUSD,1.1,1.2", "timestamp \"yesterday\" is no ISO-8601 time"),
            ("2020-01-02T22:00:00Z,EURUSD,x,1.2", "bid \"x\": not a number"),
            ("2020-01-02T22:00:00Z,EURUSD,1.3,1.2", "bid is above ask"),
            ("2020-01-02T22:00:00Z,EURUSD,0,1.2", "above 0"),
            ("2020-01-02T22:00:00Z,EUR\u{1b}USD,1.1,1.2", "not printable ASCII"),
            ("2020-01-01T21:00:00Z,EURUSD,1.1,1.2", "before that of the row above"),
        ] {
            let file = file(&format!("{GOOD}{bad}\n"));
            let text = survey(file.path()).unwrap_err().to_string();
            assert!(text.contains(&format!("{}:5: ", file.path().display())), "{text}");
            assert!(text.contains(cause), "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
        }
    }

    #[test]
    fn what_follows_the_four_columns_is_not_read() {
        let text = "timestamp,symbol,bid,ask,seq\n2020-01-01T22:00:00Z,EURUSD,1.1,1.2,7\n";
        let all = vec![(Symbol::new("EURUSD").unwrap(), 1)];
        assert_eq!(survey(file(text).path()).unwrap(), all);
        let short = file(&text.replace(",7", ""));
        assert!(survey(short.path()).unwrap_err().to_string().contains("4 fields instead of 5"));
        let other = file(&text.replace("bid,ask", "ask,bid"));
        assert!(survey(other.path()).unwrap_err().to_string().contains(":1: the first line"));
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let other = file("time,open,high\n1,2,3\n");
        assert!(survey(other.path()).unwrap_err().to_string().contains(":1: the first line"));
        let empty = file("timestamp,symbol,bid,ask\n");
        assert!(survey(empty.path()).unwrap_err().to_string().contains("no row"));
        assert!(survey(Path::new("absent.csv")).unwrap_err().to_string().contains("absent.csv: "));
    }
}
