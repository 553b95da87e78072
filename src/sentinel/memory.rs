//! What a restart must not forget: the number of the cycle, and every order
//! with its bar, written before it is sent.
//!
//! One `SQLite` file, synced at each write. A file that is damaged is set
//! aside, never mended: what it knew of the current bars is gone, so those
//! bars are held, and no order is made on them.

use crate::domain::{Lots, Side, Symbol, Text, Ticket, UtcMicros};
use crate::host::clock;
use open::{Expected, GONE, Opening, VERSION, aside, left_damaged, opened, sql};
use rusqlite::{Connection, OptionalExtension, params};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

mod left;
mod open;

pub use left::Left;

/// Name of the file in the sentinel's directory.
pub const FILE: &str = "memory.sqlite";
/// Orders kept.
const MAX_ORDERS: i64 = 10_000;
/// Fate of an order that is on its way.
const SENT: &str = "sent";
/// That of one that nobody can tell.
const UNKNOWN: &str = "unknown";
/// That of one that a dry run made.
const DRY: &str = "dry";

/// Why the file can't be used.
#[derive(Debug, Error)]
pub enum MemoryFault {
    /// `SQLite` says no.
    #[error("state file {path}: {cause}")]
    Sql {
        /// The file.
        path: Text,
        /// Its words.
        cause: rusqlite::Error,
    },
    /// It could not be set aside.
    #[error("damaged state file {path} can't be set aside: {cause}; move it away by hand")]
    Aside {
        /// The file.
        path: Text,
        /// The system's words.
        cause: io::Error,
    },
    /// A newer program wrote it.
    #[error(
        "state file {path} has version {found}, this program knows {VERSION}; \
         use the newer program, or another --state-dir"
    )]
    Newer {
        /// The file.
        path: Text,
        /// Its version.
        found: i64,
    },
}

/// Whether an order may be made on a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Free,
    /// One was made; its identity and fate.
    Used(Text),
    /// What was made on it is not known any more.
    Held,
}

/// An order before it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Intent<'a> {
    /// Its identity.
    pub id: &'a str,
    /// Instrument, as EODHD names it.
    pub symbol: Symbol,
    /// Direction.
    pub side: Side,
    /// Volume.
    pub lots: Lots,
    /// The bar that it is made on, seconds UTC.
    pub bar: i64,
}

/// The open file.
#[derive(Debug)]
pub struct Memory {
    db: Connection,
    path: PathBuf,
    set_aside: Option<Text>,
}

impl Memory {
    /// Opens or makes the file in `dir`, which is there and private.
    ///
    /// # Errors
    /// [`MemoryFault`]; a damaged file is none, see [`Memory::set_aside`].
    pub fn open(dir: &Path) -> Result<Self, MemoryFault> {
        let path = dir.join(FILE);
        let expected = if path.symlink_metadata().is_ok() {
            Expected::There
        } else if left_damaged(dir) {
            // The last start came no further than this.
            Expected::AfterDamage
        } else {
            Expected::New
        };
        let (db, set_aside) = match opened(&path, expected) {
            Ok(db) => (db, (expected == Expected::AfterDamage).then(|| Text::new(GONE))),
            Err(Opening::Fault(fault)) => return Err(fault),
            Err(Opening::Damaged(why)) => {
                let to = aside(&path)?;
                let db = opened(&path, Expected::AfterDamage).map_err(|e| match e {
                    Opening::Fault(fault) => fault,
                    Opening::Damaged(cause) => {
                        sql(&path, rusqlite::Error::InvalidParameterName(cause))
                    }
                })?;
                let words = format!("{why}; set aside as {}", to.display());
                (db, Some(Text::new(&words)))
            }
        };
        Ok(Self { db, path, set_aside })
    }

    /// Why a damaged file was set aside at this start, and where to.
    #[must_use]
    pub const fn set_aside(&self) -> Option<&Text> {
        self.set_aside.as_ref()
    }

    /// Counts a new cycle; its number, from 1, over all runs.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]
    pub fn begin_cycle(&mut self) -> Result<u64, MemoryFault> {
        self.count("cycle")
    }

    /// Whether an order may be made for `symbol` and `side` on `bar`. After a
    /// damage the first bar that a symbol is seen with is held.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]
    pub fn standing(
        &mut self,
        (symbol, side): (Symbol, Side),
        bar: i64,
        live: bool,
    ) -> Result<Standing, MemoryFault> {
        if self.fact("set_aside")?.is_some() {
            let held = self.hold(symbol, bar)?;
            if held >= bar {
                return Ok(Standing::Held);
            }
        }
        let query = "SELECT id, fate FROM orders WHERE symbol = ?1 AND side = ?2 AND bar >= ?3 \
                     AND live = ?4 AND fate NOT IN ('denied', 'held', 'not sent') LIMIT 1";
        let row = self
            .db
            .query_row(query, params![symbol.as_str(), side.word(), bar, live], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .optional()
            .map_err(|e| sql(&self.path, e))?;
        Ok(row.map_or(Standing::Free, |(id, fate)| {
            Standing::Used(Text::new(&format!("{id} ({fate})")))
        }))
    }

    /// Writes down that an order is about to be sent.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]; then it must not be sent.
    pub fn intend(&mut self, intent: &Intent<'_>) -> Result<(), MemoryFault> {
        self.insert(intent, true, SENT)
    }

    /// Makes an order of a dry run; its identity, `ORD_000004`.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]
    pub fn make_dry(
        &mut self,
        symbol: Symbol,
        side: Side,
        lots: Lots,
        bar: i64,
    ) -> Result<Text, MemoryFault> {
        let number = self.count("dry")?.saturating_sub(1);
        let id = format!("ORD_{number:06}");
        self.insert(&Intent { id: &id, symbol, side, lots, bar }, false, DRY)?;
        Ok(Text::new(&id))
    }

    /// Writes down what became of an order.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]; the next start takes it for unknown, then.
    pub fn settle(
        &mut self,
        id: &str,
        fate: &str,
        ticket: Option<Ticket>,
        why: &Text,
    ) -> Result<(), MemoryFault> {
        let ticket = ticket.and_then(|t| i64::try_from(t.0).ok());
        let change = "UPDATE orders SET fate = ?2, ticket = ?3, why = ?4 WHERE id = ?1";
        self.db
            .execute(change, params![id, fate, ticket, why.as_str()])
            .map(drop)
            .map_err(|e| sql(&self.path, e))
    }

    fn insert(&mut self, intent: &Intent<'_>, live: bool, fate: &str) -> Result<(), MemoryFault> {
        let insert = "INSERT INTO orders (id, symbol, side, lots, bar, live, at, fate, why, told) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '', NOT ?6)";
        let prune = "DELETE FROM orders WHERE rowid <= (SELECT max(rowid) FROM orders) - ?1";
        let run = || {
            let done = self.db.unchecked_transaction()?;
            let (symbol, side, UtcMicros(at)) =
                (intent.symbol.as_str(), intent.side.word(), clock::utc());
            let lots = intent.lots.raw();
            done.execute(
                insert,
                params![intent.id, symbol, side, lots, intent.bar, live, at, fate],
            )?;
            done.execute(prune, params![MAX_ORDERS])?;
            done.commit()
        };
        run().map_err(|e| sql(&self.path, e))
    }

    /// The bar that `symbol` is held at: `bar`, when it is seen first.
    fn hold(&self, symbol: Symbol, bar: i64) -> Result<i64, MemoryFault> {
        let run = || {
            let insert = "INSERT OR IGNORE INTO held (symbol, bar) VALUES (?1, ?2)";
            self.db.execute(insert, params![symbol.as_str(), bar])?;
            let select = "SELECT bar FROM held WHERE symbol = ?1";
            self.db.query_row(select, params![symbol.as_str()], |row| row.get(0))
        };
        run().map_err(|e| sql(&self.path, e))
    }

    fn count(&self, name: &str) -> Result<u64, MemoryFault> {
        let change = "INSERT INTO facts (name, value) VALUES (?1, 1) \
                      ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value";
        let number: i64 = self
            .db
            .query_row(change, params![name], |row| row.get(0))
            .map_err(|e| sql(&self.path, e))?;
        Ok(u64::try_from(number).unwrap_or(0))
    }

    fn fact(&self, name: &str) -> Result<Option<i64>, MemoryFault> {
        let select = "SELECT value FROM facts WHERE name = ?1";
        let found = self.db.query_row(select, params![name], |row| row.get(0)).optional();
        found.map_err(|e| sql(&self.path, e))
    }
}

#[cfg(test)]
mod tests;
