//! EODHD's list of intraday bars.
//!
//! `[{"timestamp":1606467600,"gmtoffset":0,"datetime":"2020-11-27 09:00:00",
//! "open":1.19,"high":1.192,"low":1.189,"close":1.191,"volume":null}, …]`.
//! Only `timestamp` (UTC) tells the time; any value may be null.

use super::{Bar, BarsFault};
use crate::domain::Text;
use crate::sentinel::nan;
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

/// What is shown of a document that is something else.
const SAID: usize = 60;

/// One entry as it was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// Its time and prices can be read; whether they make sense is not judged.
    Bar {
        /// The prices; a volume that is not told is 0.
        bar: Bar,
        /// Whether the volume was told.
        volume: bool,
    },
    /// An hour without prices: how the source writes one without trading.
    Quiet {
        /// The hour.
        at: i64,
    },
    /// Something else.
    Broken {
        /// Its hour, where that can be read.
        at: Option<i64>,
    },
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    open: Option<&'a RawValue>,
    #[serde(borrow, default)]
    high: Option<&'a RawValue>,
    #[serde(borrow, default)]
    low: Option<&'a RawValue>,
    #[serde(borrow, default)]
    close: Option<&'a RawValue>,
    #[serde(borrow, default)]
    volume: Option<&'a RawValue>,
}

/// Reads the list; an entry that can't be read costs only itself.
///
/// # Errors
/// [`BarsFault`] where the bytes are no JSON list.
pub fn read(bytes: &[u8]) -> Result<Vec<Row>, BarsFault> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') {
        return Err(BarsFault::Html { said: Text::limited(text, SAID) });
    }
    let text = nan::as_null(text);
    let entries: Vec<&RawValue> = serde_json::from_str(&text).map_err(|e| fault(&e, &text))?;
    Ok(entries.into_iter().map(|entry| row(entry.get())).collect())
}

fn fault(error: &serde_json::Error, text: &str) -> BarsFault {
    // The parser's own words may repeat what was in the document.
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof => BarsFault::CutOff { line, column },
        Category::Data => BarsFault::NotAList { said: Text::limited(text, SAID) },
        Category::Syntax | Category::Io => BarsFault::NotJson { line, column },
    }
}

fn row(entry: &str) -> Row {
    // A list would be taken for the fields in their order.
    let fields = entry.starts_with('{').then(|| serde_json::from_str::<Fields<'_>>(entry));
    let Some(Ok(fields)) = fields else {
        return Row::Broken { at: None };
    };
    let Some(at) = fields.timestamp.and_then(|raw| raw.get().parse::<i64>().ok()) else {
        return Row::Broken { at: None };
    };
    let prices = [fields.open, fields.high, fields.low, fields.close];
    if prices.iter().all(Option::is_none) {
        return Row::Quiet { at };
    }
    let number = |raw: Option<&RawValue>| raw.and_then(|raw| raw.get().parse::<f64>().ok());
    let [Some(open), Some(high), Some(low), Some(close)] = prices.map(number) else {
        return Row::Broken { at: Some(at) };
    };
    let Some(volume) = fields.volume else {
        let bar = Bar { at, open, high, low, close, volume: 0.0 };
        return Row::Bar { bar, volume: false };
    };
    match number(Some(volume)) {
        Some(volume) => Row::Bar { bar: Bar { at, open, high, low, close, volume }, volume: true },
        None => Row::Broken { at: Some(at) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_costs_only_itself() {
        let text = r#"[
            {"timestamp":3600,"gmtoffset":0,"datetime":"1970-01-01 01:00:00",
             "open":1.1,"high":1.2,"low":1.0,"close":1.15,"volume":7},
            {"timestamp":7200,"open":1.1,"high":1.2,"low":1.0,"close":1.15,"volume":null},
            {"timestamp":10800,"open":null,"high":null,"low":null,"close":null,"volume":null},
            {"timestamp":14400,"open":NaN,"high":1.2,"low":1.0,"close":1.15,"volume":1},
            {"timestamp":18000,"open":"1.1","high":1.2,"low":1.0,"close":1.15,"volume":1},
            {"timestamp":"soon","open":1.1,"high":1.2,"low":1.0,"close":1.15},
            null, 7, [21600,1.1,1.2,1.0,1.15,7]]"#;
        let bar = Bar { at: 3_600, open: 1.1, high: 1.2, low: 1.0, close: 1.15, volume: 7.0 };
        let silent = Bar { at: 7_200, volume: 0.0, ..bar };
        let none = Row::Broken { at: None };
        assert_eq!(
            read(text.as_bytes()).unwrap(),
            [
                Row::Bar { bar, volume: true },
                Row::Bar { bar: silent, volume: false },
                Row::Quiet { at: 10_800 },
                Row::Broken { at: Some(14_400) },
                Row::Broken { at: Some(18_000) },
                none.clone(),
                none.clone(),
                none.clone(),
                none,
            ]
        );
    }

    #[test]
    fn what_is_no_list_is_told_apart() {
        let code = |text: &str| read(text.as_bytes()).unwrap_err().code();
        assert_eq!(code("<!DOCTYPE html>"), "html");
        assert_eq!(code("[{\"timestamp\":1,"), "json_cut_off");
        assert_eq!(code(""), "json_cut_off");
        assert_eq!(code("Ticker Not Found."), "not_json");
        assert_eq!(code(r#"{"code":404}"#), "not_a_list");
        assert_eq!(read(b"[]"), Ok(Vec::new()));
    }
}
