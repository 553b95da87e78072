//! What a restart must not forget: the number of the cycle, and every order
//! with its bar, written before it is sent.
//!
//! One `SQLite` file, synced at each write. A file that is damaged is set
//! aside, never mended: what it knew of the current bars is gone, so those
//! bars are held, and no order is made on them.

use crate::domain::{Lots, Side, Symbol, Text, Ticket, UtcMicros};
use crate::host::clock;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// Shape of the file.
const VERSION: i64 = 1;
/// Name of the file in the sentinel's directory.
pub const FILE: &str = "memory.sqlite";
/// What follows it in the name of one that was set aside.
const DAMAGED: &str = ".damaged-";
/// Orders kept.
const MAX_ORDERS: i64 = 10_000;
/// Fate of an order that is on its way.
const SENT: &str = "sent";
/// That of one that nobody can tell.
const UNKNOWN: &str = "unknown";
/// That of one that a dry run made.
const DRY: &str = "dry";

const SCHEMA: &str = "
    CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
    CREATE TABLE held (symbol TEXT PRIMARY KEY, bar INTEGER NOT NULL) STRICT;
    CREATE TABLE orders (
        id TEXT PRIMARY KEY, symbol TEXT NOT NULL, side TEXT NOT NULL, lots INTEGER NOT NULL,
        bar INTEGER NOT NULL, live INTEGER NOT NULL, at INTEGER NOT NULL,
        fate TEXT NOT NULL, ticket INTEGER, why TEXT NOT NULL
    ) STRICT;
    CREATE INDEX orders_of ON orders (symbol, side, live, bar);
";
/// Its bars are held: in one step with the file, or a crash between the two
/// would leave one that knows nothing and holds nothing.
const AFTER_DAMAGE: &str = "INSERT INTO facts (name, value) VALUES ('set_aside', 1);";
/// What a start finds where one before it ended halfway.
const GONE: &str = "the state file is gone, and a damaged one lies beside its place";

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

/// An order that was on its way when the program ended, or whose answer never
/// came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Its identity on the wire.
    pub id: Text,
    /// Instrument, as EODHD names it.
    pub symbol: Text,
    /// Direction; none where the file has another word.
    pub side: Option<Side>,
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
    unknown: Vec<Unknown>,
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
        let mut memory = Self { db, path, set_aside, unknown: Vec::new() };
        memory.unknown = memory.find_unknown()?;
        Ok(memory)
    }

    /// Why a damaged file was set aside at this start, and where to.
    #[must_use]
    pub const fn set_aside(&self) -> Option<&Text> {
        self.set_aside.as_ref()
    }

    /// Orders that were on their way when the last run ended; unknown now.
    #[must_use]
    pub fn unknown(&self) -> &[Unknown] {
        &self.unknown
    }

    /// They have been told; a start that ends before that leaves them to the
    /// next.
    ///
    /// # Errors
    /// [`MemoryFault::Sql`]
    pub fn told_unknown(&mut self) -> Result<(), MemoryFault> {
        let why = "the program ended before an answer came";
        let change = "UPDATE orders SET fate = ?2, why = ?3 WHERE fate = ?1";
        self.db
            .execute(change, params![SENT, UNKNOWN, why])
            .map(drop)
            .map_err(|e| sql(&self.path, e))
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
        let insert = "INSERT INTO orders (id, symbol, side, lots, bar, live, at, fate, why) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '')";
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

    /// What the last run left behind.
    fn find_unknown(&self) -> Result<Vec<Unknown>, MemoryFault> {
        let run = || {
            let select = "SELECT id, symbol, side FROM orders WHERE fate = ?1";
            let mut query = self.db.prepare(select)?;
            let rows = query.query_map(params![SENT], |row| {
                let (id, symbol, side): (String, String, String) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                let side = [Side::Buy, Side::Sell].into_iter().find(|s| s.word() == side);
                Ok(Unknown { id: Text::new(&id), symbol: Text::limited(&symbol, 32), side })
            })?;
            rows.collect::<Result<Vec<_>, _>>()
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

/// Why opening failed.
enum Opening {
    Damaged(String),
    Fault(MemoryFault),
}

/// What must be where the file belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// It.
    There,
    /// Nothing, as before the first start.
    New,
    /// Nothing, since it was damaged.
    AfterDamage,
}

fn opened(path: &Path, expected: Expected) -> Result<Connection, Opening> {
    let judge = |e: rusqlite::Error| match e.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Opening::Damaged(e.to_string())
        }
        _ => Opening::Fault(sql(path, e)),
    };
    let db = Connection::open(path).map_err(judge)?;
    db.busy_timeout(Duration::from_secs(2)).map_err(judge)?;
    let pragma = |name: &str| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0));
    let found: i64 = pragma("user_version").map_err(judge)?;
    if found > VERSION {
        let path = shown(path);
        return Err(Opening::Fault(MemoryFault::Newer { path, found }));
    }
    if found == 0 && expected == Expected::There {
        return Err(Opening::Damaged(String::from("it is no state file of a sentinel")));
    }
    let set = |text: &str| db.execute_batch(text).map_err(judge);
    set("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    if found == 0 {
        let held = if expected == Expected::AfterDamage { AFTER_DAMAGE } else { "" };
        set(&format!("BEGIN; {SCHEMA} {held} PRAGMA user_version = {VERSION}; COMMIT;"))?;
    }
    let check: Result<String, _> = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    let check = check.map_err(judge)?;
    if check != "ok" {
        return Err(Opening::Damaged(check));
    }
    let whole = "SELECT (SELECT count(*) FROM facts) + (SELECT count(*) FROM held) \
                 + (SELECT count(*) FROM orders WHERE ticket IS NOT why AND id IS NOT fate)";
    // A table or a column that is missing can only have been taken away.
    db.query_row(whole, [], |row| row.get::<_, i64>(0))
        .map_err(|e| Opening::Damaged(e.to_string()))?;
    Ok(db)
}

/// Whether a file that was set aside lies in `dir`; yes where nobody can tell.
fn left_damaged(dir: &Path) -> bool {
    let start = format!("{FILE}{DAMAGED}");
    fs::read_dir(dir).map_or(true, |mut all| {
        all.any(|e| e.map_or(true, |e| e.file_name().to_string_lossy().starts_with(&start)))
    })
}

/// Moves the file and its companions out of the way.
fn aside(path: &Path) -> Result<PathBuf, MemoryFault> {
    let stamp: String = clock::utc().iso().chars().filter(char::is_ascii_alphanumeric).collect();
    let to = path.with_file_name(format!("{FILE}{DAMAGED}{stamp}"));
    let failed = |cause| MemoryFault::Aside { path: shown(path), cause };
    fs::rename(path, &to).map_err(failed)?;
    for ending in ["-wal", "-shm"] {
        let with = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        match fs::rename(with(path), with(&to)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(e)),
            _ => {}
        }
    }
    Ok(to)
}

fn sql(path: &Path, cause: rusqlite::Error) -> MemoryFault {
    MemoryFault::Sql { path: shown(path), cause }
}

fn shown(path: &Path) -> Text {
    Text::new(&path.to_string_lossy())
}

#[cfg(test)]
mod tests;
