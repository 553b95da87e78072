//! Opening the state file: as it is, anew, from an older version, or in the
//! place of one that was damaged.

use super::{FILE, MemoryFault};
use crate::domain::Text;
use crate::host::clock;
use rusqlite::{Connection, ErrorCode};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Shape of the file.
pub(super) const VERSION: i64 = 2;
/// What follows its name when it is set aside.
const DAMAGED: &str = ".damaged-";

const SCHEMA: &str = "
    CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
    CREATE TABLE held (symbol TEXT PRIMARY KEY, bar INTEGER NOT NULL) STRICT;
    CREATE TABLE orders (
        id TEXT PRIMARY KEY, symbol TEXT NOT NULL, side TEXT NOT NULL, lots INTEGER NOT NULL,
        bar INTEGER NOT NULL, live INTEGER NOT NULL, at INTEGER NOT NULL,
        fate TEXT NOT NULL, ticket INTEGER, why TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 1
    ) STRICT;
    CREATE INDEX orders_of ON orders (symbol, side, live, bar);
    CREATE INDEX orders_untold ON orders (told) WHERE told = 0;
";
/// From version 1, which had told of every order but those on their way.
const FROM_1: &str = "
    ALTER TABLE orders ADD COLUMN told INTEGER NOT NULL DEFAULT 1;
    CREATE INDEX orders_untold ON orders (told) WHERE told = 0;
    UPDATE orders SET told = 0 WHERE fate = 'sent';
";
/// Its bars are held: in one step with the file, or a crash between the two
/// would leave one that knows nothing and holds nothing.
const AFTER_DAMAGE: &str = "INSERT INTO facts (name, value) VALUES ('set_aside', 1);";
/// What a start finds where one before it ended halfway.
pub(super) const GONE: &str = "the state file is gone, and a damaged one lies beside its place";

/// Why opening failed.
pub(super) enum Opening {
    Damaged(String),
    Fault(MemoryFault),
}

/// What must be where the file belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// It.
    There,
    /// Nothing, as before the first start.
    New,
    /// Nothing, since it was damaged.
    AfterDamage,
}

pub(super) fn opened(path: &Path, expected: Expected) -> Result<Connection, Opening> {
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
    } else if found == 1 {
        set(&format!("BEGIN; {FROM_1} PRAGMA user_version = {VERSION}; COMMIT;"))
            .map_err(without_a_table)?;
    }
    let check: Result<String, _> = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    let check = check.map_err(judge)?;
    if check != "ok" {
        return Err(Opening::Damaged(check));
    }
    let whole = "SELECT (SELECT count(*) FROM facts) + (SELECT count(*) FROM held) \
                 + (SELECT count(*) FROM orders WHERE ticket IS NOT why AND told IS NOT fate)";
    // A table or a column that is missing can only have been taken away.
    db.query_row(whole, [], |row| row.get::<_, i64>(0))
        .map_err(|e| Opening::Damaged(e.to_string()))?;
    Ok(db)
}

/// What an older file lacks can only have been taken away.
fn without_a_table(opening: Opening) -> Opening {
    match opening {
        Opening::Fault(MemoryFault::Sql { cause, .. })
            if cause.sqlite_error_code() == Some(ErrorCode::Unknown) =>
        {
            Opening::Damaged(cause.to_string())
        }
        other => other,
    }
}

/// Whether a file that was set aside lies in `dir`; yes where nobody can tell.
pub(super) fn left_damaged(dir: &Path) -> bool {
    let start = format!("{FILE}{DAMAGED}");
    fs::read_dir(dir).map_or(true, |mut all| {
        all.any(|e| e.map_or(true, |e| e.file_name().to_string_lossy().starts_with(&start)))
    })
}

/// Moves the file and its companions out of the way.
pub(super) fn aside(path: &Path) -> Result<PathBuf, MemoryFault> {
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

pub(super) fn sql(path: &Path, cause: rusqlite::Error) -> MemoryFault {
    MemoryFault::Sql { path: shown(path), cause }
}

fn shown(path: &Path) -> Text {
    Text::new(&path.to_string_lossy())
}
