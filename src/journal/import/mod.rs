//! Ticks from other programs' files, as records of a session.
//!
//! What belongs here: one file for each format, and [`Weaver`], which makes
//! records of quotes. What does not: where the file lies and where the records
//! go. Read line by line, in bounded memory, whatever the file is.
//!
//! A quote of a file has one time, which becomes the moment at which it was
//! heard. When the peer sent it is not known, so it has no peer's time and its
//! lag is unknown.

mod clock;
mod crs_csv;
mod histdata;
mod lines;
mod mt5;
mod report;
#[cfg(test)]
mod tests;
mod weave;

pub use clock::Clock;
pub use report::{Faults, Report};
pub use weave::Weaver;

use super::RecordingError;
use crate::domain::{Price, Symbol, Text, UtcMicros, fixed};
use crate::event::Stamped;
use lines::{Line, Lines};
use std::io::{self, BufRead};
use thiserror::Error;

/// A time this far ahead must be borne out by the line after it.
const FAR: i64 = 24 * 3_600 * 1_000_000;
/// Lines within which a format must show itself.
const HEAD: u64 = 20;

/// What is known of a file that was written elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `timestamp,symbol,bid,ask` in any order, with a header; what
    /// `crs record export` writes for ticks.
    CrsCsv,
    /// The ticks that MT5 exports, in the broker's time.
    Mt5,
    /// The ASCII ticks of histdata.com, in New York's winter time all year.
    Histdata,
}

impl Format {
    /// As it is called on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::CrsCsv => "crs-csv",
            Self::Mt5 => "mt5",
            Self::Histdata => "histdata",
        }
    }

    /// The clock of its times, where nobody says which.
    #[must_use]
    pub const fn clock(self) -> Clock {
        match self {
            Self::CrsCsv | Self::Mt5 => Clock::UTC,
            Self::Histdata => histdata::CLOCK,
        }
    }

    /// The format whose first line this could be.
    fn of(line: &[u8]) -> Option<Self> {
        if mt5::is_header(line) {
            Some(Self::Mt5)
        } else if crs_csv::Columns::of(line).is_some() {
            Some(Self::CrsCsv)
        } else {
            histdata::fits(line).then_some(Self::Histdata)
        }
    }
}

/// How a file is to be read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// None: found by what is in it.
    pub format: Option<Format>,
    /// The instrument of a file that does not name one; of a file that names
    /// several, the only one that is taken.
    pub symbol: Option<Symbol>,
    /// None: the format's own.
    pub clock: Option<Clock>,
}

/// One quote of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    at: UtcMicros,
    symbol: Symbol,
    bid: Price,
    ask: Price,
}

/// Why a line is not taken; each is counted for itself.
type Cause = &'static str;

/// What a format reads from a line: a quote, or nothing where a sound line
/// has none.
trait Reader {
    fn read(&mut self, line: &[u8]) -> Result<Option<Row>, Cause>;
}

/// Why a file was not imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file can't be read.
    #[error("{name}: {source}; see that it is there and can be read")]
    Io {
        /// The file.
        name: Text,
        /// The system's word.
        source: io::Error,
    },
    /// No format fits.
    #[error("{name}: {cause}; {next}")]
    Unknown {
        /// The file.
        name: Text,
        /// What it is instead.
        cause: Text,
        /// What to do.
        next: &'static str,
    },
    /// Neither file nor name says which instrument.
    #[error("{name}: {format} does not say which instrument it is; name it: --symbol EURUSD")]
    NoSymbol {
        /// The file.
        name: Text,
        /// Its format.
        format: &'static str,
    },
    /// A format, and no quote in it.
    #[error("{name}: no sound line of {format} in it{faults}")]
    Empty {
        /// The file.
        name: Text,
        /// Its format.
        format: &'static str,
        /// Why its lines were not taken.
        faults: Faults,
    },
    /// The records can't be kept.
    #[error("{0}")]
    Sink(#[from] RecordingError),
}

/// Where records go.
pub type Sink<'a> = dyn FnMut(Stamped) -> Result<(), RecordingError> + 'a;

/// Reads ticks from `file`, called `name`, and gives `sink` the records of a
/// session.
///
/// # Errors
/// [`ImportError`]; what `sink` got before is a session that ends early.
pub fn import(
    file: &mut dyn BufRead,
    name: &str,
    options: &Options,
    sink: &mut Sink<'_>,
) -> Result<Report, ImportError> {
    let shown = Text::new(name);
    let failed = |source| ImportError::Io { name: Text::new(name), source };
    let mut lines = Lines::new(file);
    let (format, first) = find(&mut lines, &shown, options.format)?;
    let clock = options.clock.unwrap_or_else(|| format.clock());
    let named = options.symbol.or_else(|| match format {
        Format::CrsCsv => None,
        Format::Mt5 => mt5::symbol(name),
        Format::Histdata => histdata::symbol(name),
    });
    let known = || {
        named.ok_or_else(|| ImportError::NoSymbol { name: shown.clone(), format: format.word() })
    };
    let mut reader: Box<dyn Reader> = match format {
        Format::CrsCsv => Box::new(crs_csv::CrsCsv::new(clock, options.symbol)),
        Format::Mt5 => Box::new(mt5::Mt5::new(clock, known()?)),
        Format::Histdata => Box::new(histdata::Histdata::new(clock, known()?)),
    };
    let mut work =
        Work { weaver: Weaver::new(&shown, sink), faults: Faults::new(shown.clone()), held: None };
    if let Some((number, line)) = first {
        work.line(number, reader.read(&line))?;
    }
    while let Some(line) = lines.next().map_err(failed)? {
        match line {
            Line::Whole([]) => {}
            Line::Whole(bytes) => {
                let read = reader.read(bytes);
                work.line(lines.number(), read)?;
            }
            Line::TooLong => work.faults.add(lines.number(), "the line is too long"),
        }
    }
    work.end(format, clock, lines.number())
}

/// The format, and the line that told it.
type Found = (Format, Option<(u64, Vec<u8>)>);

fn find(lines: &mut Lines<'_>, name: &Text, wanted: Option<Format>) -> Result<Found, ImportError> {
    let failed = |source| ImportError::Io { name: name.clone(), source };
    let unknown = |cause: &str, next| {
        Err(ImportError::Unknown { name: name.clone(), cause: Text::new(cause), next })
    };
    while let Some(line) = lines.next().map_err(failed)? {
        let line = match line {
            Line::Whole([]) => continue,
            Line::Whole(line) => line.to_vec(),
            Line::TooLong => break,
        };
        let number = lines.number();
        if let Some((cause, next)) = lines::stranger(&line).filter(|_| number == 1) {
            return unknown(cause, next);
        }
        if let Some(format) = wanted.or_else(|| Format::of(&line)) {
            return Ok((format, Some((number, line))));
        }
        if number >= HEAD {
            break;
        }
    }
    if lines.number() == 0 {
        return unknown("the file is empty", "name a file of ticks");
    }
    unknown(
        "none of the formats that are known (crs-csv, mt5, histdata)",
        "see crs record import --help, or say which with --format",
    )
}

/// What has been read so far.
struct Work<'a, 'b> {
    weaver: Weaver<'a, 'b>,
    faults: Faults,
    /// A quote far ahead of the one before, until the next one bears it out.
    held: Option<(u64, Row)>,
}

impl Work<'_, '_> {
    fn line(&mut self, number: u64, read: Result<Option<Row>, Cause>) -> Result<(), ImportError> {
        match read {
            Ok(Some(row)) => {
                if let Some((line, held)) = self.held.take() {
                    if held.at.0.saturating_sub(row.at.0) > FAR {
                        self.faults.add(line, "more than a day ahead of the line after it");
                    } else {
                        self.weaver.tick(line, held.at, held.symbol, held.bid, held.ask)?;
                    }
                }
                let last = self.weaver.last();
                if last.is_none_or(|last| row.at.0.saturating_sub(last.0) > FAR) {
                    self.held = Some((number, row));
                } else {
                    self.weaver.tick(number, row.at, row.symbol, row.bid, row.ask)?;
                }
            }
            Ok(None) => {}
            Err(cause) => self.faults.add(number, cause),
        }
        Ok(())
    }

    fn end(mut self, format: Format, clock: Clock, lines: u64) -> Result<Report, ImportError> {
        if let Some((line, held)) = self.held.take() {
            self.weaver.tick(line, held.at, held.symbol, held.bid, held.ask)?;
        }
        if self.weaver.last().is_none() {
            let name = self.faults.name().clone();
            let (format, faults) = (format.word(), self.faults);
            return Err(ImportError::Empty { name, format, faults });
        }
        let woven = self.weaver.end(&self.faults)?;
        Ok(Report { format, clock, lines, woven, faults: self.faults })
    }
}

/// A price of a file.
fn price(text: &[u8]) -> Result<Price, Cause> {
    match fixed::parse_scaled(text, Price::SCALE) {
        Ok(raw) if raw > 0 => Ok(Price::from_raw(raw)),
        Ok(_) => Err("a price that is not above zero"),
        Err(_) => Err("no price where one belongs"),
    }
}

/// Bid and ask, if they can be quotes.
fn sides(bid: Price, ask: Price) -> Result<(Price, Price), Cause> {
    if bid > ask { Err("the bid is above the ask") } else { Ok((bid, ask)) }
}
