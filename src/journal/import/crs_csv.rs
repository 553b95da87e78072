//! `timestamp,symbol,bid,ask`: comma-separated, the columns found by their
//! names in the header, further ones ignored. Times are RFC 3339.

use super::{Cause, Clock, Reader, Row, clock, price, sides};
use crate::domain::Symbol;
use std::borrow::Cow;

/// Columns that are read.
const NAMES: [&[u8]; 4] = [b"timestamp", b"symbol", b"bid", b"ask"];

/// Where the columns are, counted from 0, and how many a line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns([usize; 4], usize);

impl Columns {
    /// As a header names them; none for a line that is no header.
    pub fn of(line: &[u8]) -> Option<Self> {
        let names = split(line);
        let place = |name: &[u8]| {
            names.iter().position(|field| field.trim_ascii().eq_ignore_ascii_case(name))
        };
        let [timestamp, symbol, bid, ask] = NAMES;
        let places = [place(timestamp)?, place(symbol)?, place(bid)?, place(ask)?];
        Some(Self(places, names.len()))
    }
}

/// The fields of a line; a quoted one may hold commas, and quotes twice.
fn split(line: &[u8]) -> Vec<Cow<'_, [u8]>> {
    if !line.contains(&b'"') {
        return line.split(|byte| *byte == b',').map(Cow::Borrowed).collect();
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line);
    let mut record = csv::ByteRecord::new();
    match reader.read_byte_record(&mut record) {
        Ok(true) => record.iter().map(|field| Cow::Owned(field.to_vec())).collect(),
        _ => Vec::new(),
    }
}

/// Reads such a file.
pub struct CrsCsv {
    clock: Clock,
    only: Option<Symbol>,
    columns: Columns,
}

impl CrsCsv {
    /// Times without a zone are those of `clock`; `only` this instrument.
    pub const fn new(clock: Clock, only: Option<Symbol>) -> Self {
        Self { clock, only, columns: Columns([0, 1, 2, 3], 4) }
    }
}

impl Reader for CrsCsv {
    fn read(&mut self, line: &[u8]) -> Result<Option<Row>, Cause> {
        let fields = split(line);
        // Files that were put together have their headers within.
        let is_time = fields.iter().any(|field| field.first().is_some_and(u8::is_ascii_digit));
        if !is_time && let Some(columns) = Columns::of(line) {
            self.columns = columns;
            return Ok(None);
        }
        let Columns([timestamp, symbol, bid, ask], count) = self.columns;
        let field = |place: usize| fields.get(place).map(|field| field.trim_ascii());
        // A comma within a price makes one more, and two prices that are none.
        let (Some(timestamp), Some(symbol), Some(bid), Some(ask), true) =
            (field(timestamp), field(symbol), field(bid), field(ask), fields.len() == count)
        else {
            return Err("not as many columns as the header");
        };
        let symbol = Symbol::from_bytes(symbol).map_err(|_| "no symbol where one belongs")?;
        if self.only.is_some_and(|only| only != symbol) {
            return Ok(None);
        }
        let at = clock::iso(timestamp, self.clock)?;
        let (bid, ask) = sides(price(bid)?, price(ask)?)?;
        Ok(Some(Row { at, symbol, bid, ask }))
    }
}
