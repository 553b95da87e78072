//! Ticks of a file with the columns `timestamp,symbol,bid,ask`, as
//! `crs gateway --ticks` reads it, at the pace of its times. A row that is no
//! quote is refused and named by its line.

use super::{Next, Source, sleep_until};
use crate::domain::{Price, Symbol, Text};
use crate::engine::Quote;
use crate::engine::step::Arrived;
use crate::host::clock;
use chrono::{DateTime, NaiveDateTime};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

const COLUMNS: [&str; 4] = ["timestamp", "symbol", "bid", "ask"];
/// A gap of the file is waited for no longer than this: a weekend is none that
/// anybody sits through, and a wrong time none at all.
const LONGEST_NS: u64 = 60_000_000_000;

/// Reads row by row.
pub struct CsvTicks {
    reader: csv::Reader<File>,
    record: csv::StringRecord,
    /// How many times faster than its times; 0 without any wait.
    speed: u64,
    last_us: Option<i64>,
    due: u64,
    next: Option<Quote>,
}

impl CsvTicks {
    /// Opens the file and looks at its header.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(path: &Path, speed: u64) -> Result<Self, String> {
        let named = |e: String| format!("{}: {e}", path.display());
        let file = File::open(path).map_err(|e| named(e.to_string()))?;
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let header = reader.headers().map_err(|e| named(e.to_string()))?;
        if header.iter().map(str::trim).ne(COLUMNS) {
            return Err(named("the first line must be \"timestamp,symbol,bid,ask\"".to_owned()));
        }
        let record = csv::StringRecord::new();
        let due = clock::mono_ns();
        Ok(Self { reader, record, speed, last_us: None, due, next: None })
    }

    /// Reads the next row and when it is due.
    fn read(&mut self) -> Result<Option<Quote>, String> {
        match self.reader.read_record(&mut self.record) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(e) => return Err(e.to_string()),
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        let (at, quote) = row(&self.record).map_err(|e| format!("line {line}: {e}"))?;
        if let Some(gap) = self.last_us.replace(at).and_then(|last| at.checked_sub(last)) {
            let gap = u64::try_from(gap).unwrap_or(0).saturating_mul(1_000);
            let gap = gap.checked_div(self.speed).unwrap_or(0).min(LONGEST_NS);
            self.due = self.due.saturating_add(gap);
        }
        Ok(Some(quote))
    }
}

impl Source for CsvTicks {
    fn next(&mut self) -> Next {
        if self.next.is_none() {
            match self.read() {
                Ok(Some(quote)) => self.next = Some(quote),
                Ok(None) => return Next::End,
                Err(why) => return Next::Refused(Text::limited(&why, 160)),
            }
        }
        let now = clock::mono_ns();
        if self.speed > 0 && now < self.due {
            return Next::Quiet;
        }
        match self.next.take() {
            Some(quote) => Next::Tick(Arrived { quote, at_ns: now, late: false }),
            None => Next::End,
        }
    }

    fn wait(&mut self, limit: Duration) {
        sleep_until(self.due, limit);
    }
}

fn row(record: &csv::StringRecord) -> Result<(i64, Quote), String> {
    let [Some(at), Some(symbol), Some(bid), Some(ask), None] =
        [0, 1, 2, 3, 4].map(|i| record.get(i).map(str::trim))
    else {
        return Err(format!("{} fields instead of {}", record.len(), COLUMNS.len()));
    };
    let price = |name: &str, text: &str| {
        let price = Price::parse(text).map_err(|e| format!("{name}: {e}"))?;
        if price > Price::ZERO { Ok(price) } else { Err(format!("{name} is not above 0")) }
    };
    let (bid, ask) = (price("bid", bid)?, price("ask", ask)?);
    if bid > ask {
        return Err("bid is above ask".to_owned());
    }
    let symbol = Symbol::new(symbol).map_err(|e| e.to_string())?;
    Ok((time(at).ok_or("its time is no ISO-8601 time")?, Quote { symbol, bid, ask }))
}

/// With a zone, or naive as UTC.
fn time(text: &str) -> Option<i64> {
    let zoned = DateTime::parse_from_rfc3339(text).map(|t| t.timestamp_micros()).ok();
    let naive = || {
        let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
        let read = |form: &&str| NaiveDateTime::parse_from_str(text, form).ok();
        forms.iter().find_map(read).map(|t| t.and_utc().timestamp_micros())
    };
    zoned.or_else(naive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn bad_rows_are_named_and_the_others_are_ticks() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let text = "timestamp,symbol,bid,ask\n\
            2020-01-01T22:00:00Z,EURUSD,1.1,1.2\n\
            2020-01-01T22:00:01Z,EURUSD,NaN,1.2\n\
            2020-01-01T22:00:02Z,EURUSD,1.3,1.2\n\
            2020-01-01T22:00:02Z,EURUSD,1e99,1e99\n\
            2020-01-01T22:00:02Z,,1.1,1.2\n\
            2020-01-01T22:00:02Z,EURUSD,1.1\n\
            now,EURUSD,1.1,1.2\n\
            2020-01-01 22:00:03,USDJPY,149.5,149.6\n";
        file.write_all(text.as_bytes()).unwrap();
        let mut ticks = CsvTicks::open(file.path(), 0).unwrap();
        let (mut taken, mut refused) = (0, Vec::new());
        loop {
            match ticks.next() {
                Next::Tick(_) => taken += 1,
                Next::Refused(why) => refused.push(why.to_string()),
                Next::Quiet => panic!("without any wait"),
                Next::End => break,
            }
        }
        assert_eq!((taken, refused.len()), (2, 6), "{refused:?}");
        assert!(refused[0].starts_with("line 3: bid: "), "{refused:?}");
        assert!(refused[1].contains("above ask") && refused[5].contains("ISO-8601"));
        assert!(CsvTicks::open(Path::new("/nonexistent.csv"), 1).is_err());
    }
}
