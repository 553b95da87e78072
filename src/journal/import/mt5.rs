//! Ticks as MT5 exports them: columns between tabs, named in the
//! header; an empty bid or ask is that of the line before. Times are those of
//! the broker's server, which the file does not name.

use super::{Cause, Clock, Reader, Row, clock, price, sides};
use crate::domain::{Price, Symbol};
use std::path::Path;

/// The columns that are read; `<LAST>`, `<VOLUME>` and `<FLAGS>` follow.
const HEADER: &[u8] = b"<DATE>\t<TIME>\t<BID>\t<ASK>";

/// Whether a file of ticks begins so.
pub fn is_header(line: &[u8]) -> bool {
    line.strip_prefix(HEADER).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"\t"))
}

/// The instrument of `EURUSD_202001012200_202001020401.csv`.
pub fn symbol(name: &str) -> Option<Symbol> {
    let stem = Path::new(name).file_stem()?.to_str()?;
    let (rest, to) = stem.rsplit_once('_')?;
    let (symbol, from) = rest.rsplit_once('_')?;
    let moment = |text: &str| text.len() >= 8 && text.bytes().all(|b| b.is_ascii_digit());
    (moment(from) && moment(to)).then(|| Symbol::new(symbol).ok())?
}

/// Reads such a file.
pub struct Mt5 {
    clock: Clock,
    symbol: Symbol,
    bid: Option<Price>,
    ask: Option<Price>,
}

impl Mt5 {
    /// Times are those of `clock`.
    pub const fn new(clock: Clock, symbol: Symbol) -> Self {
        Self { clock, symbol, bid: None, ask: None }
    }
}

impl Reader for Mt5 {
    fn read(&mut self, line: &[u8]) -> Result<Option<Row>, Cause> {
        if is_header(line) {
            // Another file begins: nothing is unchanged since this one.
            (self.bid, self.ask) = (None, None);
            return Ok(None);
        }
        let mut fields = line.split(|byte| *byte == b'\t').map(<[u8]>::trim_ascii);
        let (Some(date), Some(time), Some(bid), Some(ask)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err("fewer columns than the header");
        };
        let at = clock::dotted(date, time, self.clock)?;
        let side = |text: &[u8]| (!text.is_empty()).then(|| price(text)).transpose();
        let (new_bid, new_ask) = (side(bid)?, side(ask)?);
        (self.bid, self.ask) = (new_bid.or(self.bid), new_ask.or(self.ask));
        if new_bid.is_none() && new_ask.is_none() {
            // A deal: it tells the last price and changes no quote.
            return Ok(None);
        }
        let (Some(bid), Some(ask)) = (self.bid, self.ask) else {
            return Err("one side only, and none before it");
        };
        let (bid, ask) = sides(bid, ask)?;
        Ok(Some(Row { at, symbol: self.symbol, bid, ask }))
    }
}
