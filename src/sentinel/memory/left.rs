//! Live orders that somebody has still to hear of: what became of them was not
//! told, or is not known.

use super::open::sql;
use super::{Memory, MemoryFault, SENT, UNKNOWN};
use crate::domain::{Side, Text, Ticket, UtcMicros};
use rusqlite::params;

/// Fate of one without an answer that left a position.
const FOUND: &str = "found";
/// That of one that left none.
const NONE: &str = "left none";

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its identity on the wire.
    pub id: Text,
    /// Instrument, as EODHD names it.
    pub symbol: Text,
    /// Direction; none where the file has another word.
    pub side: Option<Side>,
    /// When it was made.
    pub at: UtcMicros,
    /// What became of it, as it is remembered.
    pub fate: Text,
    /// Number at the broker, where one is known.
    pub ticket: Option<Ticket>,
    /// In words.
    pub why: Text,
}

impl Memory {
    /// Orders whose end was not told, and that are not on their way.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]
    pub fn untold(&mut self) -> Result<Vec<Left>, MemoryFault> {
        self.left("told = 0 AND fate <> 'sent'")
    }

    /// The same at a start, when none can be on its way any more.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]
    pub fn left_behind(&mut self) -> Result<Vec<Left>, MemoryFault> {
        self.left("told = 0")
    }

    /// Orders whose answer never came, until a look at the positions tells.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]
    pub fn doubtful(&mut self) -> Result<Vec<Left>, MemoryFault> {
        self.left("live = 1 AND fate IN ('sent', 'unknown')")
    }

    /// All of them have been told; a start that ends before that leaves them to
    /// the next.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]
    pub fn told_all(&mut self) -> Result<(), MemoryFault> {
        let why = "the program ended before an answer came";
        let run = || {
            let done = self.db.unchecked_transaction()?;
            let change = "UPDATE orders SET fate = ?2, why = ?3 WHERE fate = ?1";
            done.execute(change, params![SENT, UNKNOWN, why])?;
            done.execute("UPDATE orders SET told = 1 WHERE told = 0", [])?;
            done.commit()
        };
        run().map_err(|e| sql(&self.path, e))
    }

    /// This one has been told.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]; it is told again, then.
    pub fn told(&mut self, id: &str) -> Result<(), MemoryFault> {
        let done = self.db.execute("UPDATE orders SET told = 1 WHERE id = ?1", params![id]);
        done.map(drop).map_err(|e| sql(&self.path, e))
    }

    /// What a look at the positions told of one without an answer: the position
    /// that it left, or none.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]; it stays in doubt, then.
    pub fn cleared(&mut self, id: &str, ticket: Option<Ticket>) -> Result<(), MemoryFault> {
        let number = ticket.and_then(|t| i64::try_from(t.0).ok());
        let fate = if ticket.is_some() { FOUND } else { NONE };
        let change = "UPDATE orders SET fate = ?2, ticket = ?3 \
                      WHERE id = ?1 AND fate IN ('sent', 'unknown')";
        let done = self.db.execute(change, params![id, fate, number]);
        done.map(drop).map_err(|e| sql(&self.path, e))
    }

    fn left(&self, which: &str) -> Result<Vec<Left>, MemoryFault> {
        let run = || {
            let select = format!(
                "SELECT id, symbol, side, at, fate, ticket, why FROM orders WHERE {which} \
                 ORDER BY rowid"
            );
            let mut query = self.db.prepare(&select)?;
            let rows = query.query_map([], |row| {
                let (id, symbol, side): (String, String, String) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                let (fate, why): (String, String) = (row.get(4)?, row.get(6)?);
                let ticket: Option<i64> = row.get(5)?;
                Ok(Left {
                    id: Text::new(&id),
                    symbol: Text::limited(&symbol, 32),
                    side: [Side::Buy, Side::Sell].into_iter().find(|s| s.word() == side),
                    at: UtcMicros(row.get(3)?),
                    fate: Text::limited(&fate, 32),
                    ticket: ticket.and_then(|t| u64::try_from(t).ok()).map(Ticket),
                    why: Text::new(&why),
                })
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        run().map_err(|e| sql(&self.path, e))
    }
}
