//! A file of bars: `timestamp,open,high,low,close,volume`.
//!
//! An operator's own file, so nothing is dropped or mended: the first line
//! that can't be used is named.

use super::{Bar, iso};
use crate::domain::Text;
use ::csv::{ReaderBuilder, StringRecord};
use chrono::{DateTime, NaiveDateTime};
use thiserror::Error;

/// The columns, in the order of [`Bar`]'s fields.
const COLUMNS: [&str; 6] = ["timestamp", "open", "high", "low", "close", "volume"];

/// The first line that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{line}: {cause}")]
pub struct CsvFault {
    /// From 1, the line of the column names.
    pub line: u64,
    /// What is wrong, and the next step.
    pub cause: Text,
}

impl CsvFault {
    fn new(line: u64, cause: impl AsRef<str>) -> Self {
        Self { line, cause: Text::new(cause.as_ref()) }
    }
}

/// Reads all bars; columns in any order, further ones are passed over.
///
/// # Errors
/// [`CsvFault`] with the line.
pub fn read(bytes: &[u8]) -> Result<Vec<Bar>, CsvFault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = StringRecord::new();
    let mut next = |record: &mut StringRecord| {
        let found = lines.read_record(record).map_err(|e| {
            let line = e.position().map_or(1, ::csv::Position::line);
            CsvFault::new(line, "is no line of text in UTF-8; save the file as UTF-8")
        })?;
        Ok::<_, CsvFault>(found.then(|| record.position().map_or(1, ::csv::Position::line)))
    };
    let Some(_) = next(&mut record)? else {
        let cause = format!("the file is empty; its first line names {}", COLUMNS.join(","));
        return Err(CsvFault::new(1, cause));
    };
    let places = places(&record)?;
    let mut bars: Vec<Bar> = Vec::new();
    while let Some(line) = next(&mut record)? {
        let bar = bar(&record, places).map_err(|cause| CsvFault::new(line, cause))?;
        if let Some(before) = bars.last().filter(|before| before.at >= bar.at) {
            let (this, that) = (iso(bar.at), iso(before.at));
            let cause = format!("{this} does not come after {that}; sort the file, each time once");
            return Err(CsvFault::new(line, cause));
        }
        bars.push(bar);
    }
    Ok(bars)
}

fn places(names: &StringRecord) -> Result<[usize; 6], CsvFault> {
    let place = |name: &str| names.iter().position(|n| n.trim().eq_ignore_ascii_case(name));
    let mut places = [0; 6];
    for (slot, name) in places.iter_mut().zip(COLUMNS) {
        *slot = place(name).ok_or_else(|| {
            let all = COLUMNS.join(",");
            CsvFault::new(1, format!("there is no column {name}; the first line names {all}"))
        })?;
    }
    Ok(places)
}

fn bar(record: &StringRecord, places: [usize; 6]) -> Result<Bar, String> {
    let field = |place: usize| record.get(place).unwrap_or_default().trim();
    let [time, rest @ ..] = places;
    let at = time_of(field(time)).ok_or_else(|| {
        let shown = Text::limited(field(time), 40);
        format!("\"{shown}\" is no time; write it as 2026-11-27 14:00:00, in UTC")
    })?;
    let mut numbers = [0.0; 5];
    for ((slot, place), name) in numbers.iter_mut().zip(rest).zip(COLUMNS.iter().skip(1)) {
        let text = field(place);
        *slot = text.parse::<f64>().ok().filter(|n| n.is_finite()).ok_or_else(|| {
            let shown = Text::limited(text, 40);
            format!("{name} \"{shown}\" is no number; correct it, or remove the line")
        })?;
    }
    let [open, high, low, close, volume] = numbers;
    let bar = Bar { at, open, high, low, close, volume };
    bar.flaw().map_or(Ok(bar), |flaw| Err(format!("{flaw}; correct it, or remove the line")))
}

/// ISO-8601 with or without a zone (UTC then), or seconds since 1970.
fn time_of(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        // Beyond any bar's year a number is something else, as milliseconds.
        return (0..=253_402_300_799).contains(&seconds).then_some(seconds);
    }
    let naive = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let naive = naive.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let at = naive.map(|at| at.and_utc().timestamp());
    at.or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp()))
        .filter(|at| (0..=253_402_300_799).contains(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "timestamp,open,high,low,close,volume\n";

    #[test]
    fn every_form_of_a_file() {
        let bar =
            Bar { at: 1_606_467_600, open: 1.1, high: 1.2, low: 1.0, close: 1.15, volume: 7.0 };
        for text in [
            format!("{HEAD}2020-11-27 09:00:00,1.1,1.2,1.0,1.15,7\n"),
            format!("\u{feff}{HEAD}2020-11-27T09:00:00Z,1.1,1.2,1.0,1.15,7"),
            format!("{HEAD}\r\n1606467600,1.1,1.2,1.0,1.15,7\r\n\r\n"),
            "Close,Open,extra,High,Low,Volume,Timestamp\n\
             1.15,1.1,x,1.2,1.0,7,2020-11-27T10:00:00+01:00\n"
                .to_owned(),
        ] {
            assert_eq!(read(text.as_bytes()), Ok(vec![bar]), "{text}");
        }
        assert_eq!(read(HEAD.as_bytes()), Ok(Vec::new()));
    }

    #[test]
    fn the_line_is_named() {
        let good = "2020-11-27 09:00:00,1.1,1.2,1.0,1.15,7\n";
        for (text, line, cause) in [
            (String::new(), 1, "empty"),
            ("time,open\n".to_owned(), 1, "no column timestamp"),
            (format!("{HEAD}{good}{good}"), 3, "does not come after 2020-11-27 09:00:00"),
            (format!("{HEAD}{good}2020-11-27 10:00:00,1.1,1.2,1.0,1.15\n"), 3, "volume \"\""),
            (format!("{HEAD}{good}2020-11-27 10:00:00,NaN,1.2,1.0,1.15,7\n"), 3, "open \"NaN\""),
            (format!("{HEAD}{good}2020-11-27 10:00:00,1.1,1.0,1.2,1.15,7\n"), 3, "high is below"),
            (format!("{HEAD}{good}2020-11-27 10:00:00,-1,1.2,1.0,1.15,7\n"), 3, "not above 0"),
            (format!("{HEAD}{good}2020-11-27 10:00:00,1.1,1.2,1,1.15,-7\n"), 3, "volume is no"),
            (format!("{HEAD}{good}\x1b[31m,1.1,1.2,1.0,1.15,7\n"), 3, "\"·[31m\" is no time"),
            (format!("{HEAD}1606467600000,1.1,1.2,1.0,1.15,7\n"), 2, "is no time"),
        ] {
            let fault = read(text.as_bytes()).unwrap_err();
            assert_eq!(fault.line, line, "{fault}");
            assert!(fault.cause.as_str().contains(cause), "{fault}");
        }
        let latin = [HEAD.as_bytes(), b"2020-11-27 09:00:00,1.1,1.2,1.0,1.15,\xff\n"].concat();
        assert_eq!(read(&latin).unwrap_err().line, 2);
    }
}
