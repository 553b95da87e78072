//! ASCII ticks of histdata.com: `20200101 170000065,1.121200,1.121720,0`, in
//! New York's winter time the whole year.

use super::{Cause, Clock, Reader, Row, clock, price, sides};
use crate::domain::Symbol;
use std::path::Path;

/// Five hours behind UTC, without summer time.
pub const CLOCK: Clock = Clock::fixed(-300);

/// Whether a line is of this form.
pub fn fits(line: &[u8]) -> bool {
    let time = line.split(|byte| *byte == b',').next().unwrap_or_default();
    clock::packed(time, CLOCK).is_ok() && line.contains(&b',')
}

/// The instrument of `DAT_ASCII_EURUSD_T_202001.csv`.
pub fn symbol(name: &str) -> Option<Symbol> {
    let stem = Path::new(name).file_stem()?.to_str()?;
    let mut parts = stem.split('_');
    let (dat, ascii) = (parts.next()?, parts.next()?);
    let (symbol, ticks) = (parts.next()?, parts.next()?);
    (dat == "DAT" && ascii == "ASCII" && ticks == "T").then(|| Symbol::new(symbol).ok())?
}

/// Reads such a file.
pub struct Histdata {
    clock: Clock,
    symbol: Symbol,
}

impl Histdata {
    /// Times are those of `clock`.
    pub const fn new(clock: Clock, symbol: Symbol) -> Self {
        Self { clock, symbol }
    }
}

impl Reader for Histdata {
    fn read(&mut self, line: &[u8]) -> Result<Option<Row>, Cause> {
        let mut fields = line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        let mut next = || fields.next();
        // A comma within a price makes one more, and two prices that are none.
        let (Some(time), Some(bid), Some(ask), Some(_volume), None) =
            (next(), next(), next(), next(), next())
        else {
            return Err("not the columns time, bid, ask and volume");
        };
        let at = clock::packed(time, self.clock)?;
        let (bid, ask) = sides(price(bid)?, price(ask)?)?;
        Ok(Some(Row { at, symbol: self.symbol, bid, ask }))
    }
}
