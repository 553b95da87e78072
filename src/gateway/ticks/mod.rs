//! Where quotes come from, and the thread that paces and publishes them.
//!
//! What belongs here: sources (simulator, file) and their rhythm. What does
//! not: what a quote does to an order (see `engine`).

pub mod csv;
pub mod pump;
pub mod sim;

use super::market::Quote;
use super::options::TickSource;
use crate::domain::{Symbol, Text, UtcMicros};
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// One quote of a source, and when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// After the source began, at the pace that was asked for.
    pub after: Duration,
    /// Instrument.
    pub symbol: Symbol,
    /// Both prices.
    pub quote: Quote,
    /// The time in the file, for a file.
    pub source_time: Option<UtcMicros>,
}

/// Why a source can't go on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SourceError {
    /// A row that is no quote.
    #[error("{}:{line}: {cause}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        cause: Text,
    },
    /// The file can't be read.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: Text,
    },
    /// The simulator does not know where to start.
    #[error("the simulator has no starting price for {0}; it knows {1}")]
    NoStart(Symbol, Text),
}

/// Quotes in the order they are due.
pub trait Source: Send {
    /// The next one; none when there are no more.
    ///
    /// # Errors
    /// [`SourceError`] for a row that is no quote.
    fn next(&mut self) -> Result<Option<Due>, SourceError>;
}

/// A source and the instruments it quotes, with the decimals of each.
pub struct OpenSource {
    /// The quotes.
    pub source: Box<dyn Source>,
    /// What it will quote.
    pub symbols: Vec<(Symbol, u32)>,
}

/// Opens what was asked for. A file is read once in full, so that a bad row
/// is found now and not in the middle of a night.
///
/// # Errors
/// [`SourceError`].
pub fn open(ticks: &TickSource) -> Result<OpenSource, SourceError> {
    match ticks {
        TickSource::Simulator(options) => {
            let sim = sim::Simulator::new(options)?;
            Ok(OpenSource { symbols: sim.symbols(), source: Box::new(sim) })
        }
        TickSource::Csv(options) => {
            let symbols = csv::survey(&options.path)?;
            let source = Box::new(csv::CsvTicks::open(options)?);
            Ok(OpenSource { source, symbols })
        }
    }
}
