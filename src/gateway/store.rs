//! The gateway's memory on disk: one JSON file, replaced whole.
//!
//! What belongs here: what survives a restart, and writing it so that a crash
//! leaves either the old or the new file. What does not: deciding when.
//! Prices, lots and money are the scaled integers of `domain::fixed`.

use super::GatewayError;
use super::book::Book;
use super::currency::Currency;
use super::engine::KillRecord;
use super::market::Quote;
use super::memory::SavedMemory;
use crate::domain::{Money, Symbol, Text, UtcMicros};
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Version of the file.
pub const VERSION: u32 = 1;
/// The memory.
const MEMORY: &str = "gateway.json";
/// Held by the gateway that runs with this directory.
const LOCK: &str = "gateway.lock";

/// What survives a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// [`VERSION`].
    pub v: u32,
    /// Account currency.
    pub currency: Currency,
    /// Deposit and closed profit.
    pub balance: Money,
    /// Positions and pending orders.
    pub book: Book,
    /// The kill in force.
    pub killed: Option<KillRecord>,
    /// KILL_SWITCH requests that acted, ever.
    pub kills: u64,
    /// The last way back.
    pub last_reset: Option<Reset>,
    /// Instruments and their last quotes.
    pub listed: Vec<Listed>,
    /// First answers.
    pub memory: SavedMemory,
}

/// An instrument and its last quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Name.
    pub symbol: Symbol,
    /// Decimals of its prices.
    pub digits: u32,
    /// Last quote heard.
    pub quote: Option<Quote>,
}

/// A reset that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// The kill it ended.
    pub kill_id: Text,
    /// Why.
    pub reason: Text,
    /// Who, as user and host.
    pub by: Text,
    /// When, UTC.
    pub at: UtcMicros,
    /// Identity of the request, so that its sender knows it was done.
    pub id: u64,
}

/// The directory, locked.
pub struct Store {
    dir: PathBuf,
    written: Mutex<u64>,
    _lock: File,
}

impl Store {
    /// Makes the directory (private to this user) and locks it.
    pub fn open(dir: &Path) -> Result<Self, GatewayError> {
        let fault = |e| GatewayError::state_dir(dir, e);
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(fault)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(dir.join(LOCK))
            .map_err(fault)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir: dir.to_owned(), written: Mutex::new(0), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(GatewayError::InUse(dir.to_owned())),
            Err(TryLockError::Error(e)) => Err(fault(e)),
        }
    }

    /// What was left, none on the first start.
    pub fn load(&self) -> Result<Option<Saved>, GatewayError> {
        load(&self.dir)
    }

    /// Replaces the file, and returns when file and directory are synced. A
    /// snapshot older than the one on disk is left alone.
    pub fn save(&self, generation: u64, saved: &Saved) -> Result<(), Text> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if generation <= *written {
            return Ok(());
        }
        let text = serde_json::to_vec(saved).map_err(|e| Text::new(&e.to_string()))?;
        replace(&self.dir, MEMORY, &text).map_err(|e| Text::new(&e.to_string()))?;
        *written = generation;
        Ok(())
    }

    /// Generation on disk.
    pub fn written(&self) -> u64 {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// An error about the file.
    pub fn bad(&self, cause: &str) -> GatewayError {
        GatewayError::Memory { path: self.dir.join(MEMORY), cause: Text::new(cause) }
    }
}

/// Reads the memory of a gateway that may be running: the file is only ever
/// replaced whole.
pub fn load(dir: &Path) -> Result<Option<Saved>, GatewayError> {
    let path = dir.join(MEMORY);
    let bad = |cause: String| GatewayError::Memory { path: path.clone(), cause: Text::new(&cause) };
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(bad(e.to_string())),
    };
    let saved: Saved = serde_json::from_slice(&text).map_err(|e| bad(e.to_string()))?;
    if saved.v != VERSION {
        return Err(bad(format!("version {}, this program reads {VERSION}", saved.v)));
    }
    Ok(Some(saved))
}

/// Writes `text` to `dir/name` so that a crash leaves the old file or the
/// new one; file and directory are synced when it returns.
pub fn replace(dir: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let fresh = dir.join(format!("{name}.new"));
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&fresh, dir.join(name))?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(balance: i64) -> Saved {
        Saved {
            v: VERSION,
            currency: Currency::USD,
            balance: Money::from_raw(balance),
            book: Book::default(),
            killed: None,
            kills: 0,
            last_reset: None,
            listed: Vec::new(),
            memory: SavedMemory::default(),
        }
    }

    #[test]
    fn an_older_snapshot_never_replaces_a_younger_one() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("deep/er")).unwrap();
        assert_eq!(store.load().unwrap(), None);
        store.save(2, &saved(20)).unwrap();
        store.save(1, &saved(10)).unwrap();
        assert_eq!(store.load().unwrap(), Some(saved(20)));
        store.save(3, &saved(30)).unwrap();
        assert_eq!((store.load().unwrap(), store.written()), (Some(saved(30)), 3));
    }

    #[test]
    fn two_gateways_never_share_a_memory() {
        let dir = tempfile::tempdir().unwrap();
        let first = Store::open(dir.path()).unwrap();
        assert!(matches!(Store::open(dir.path()), Err(GatewayError::InUse(_))));
        drop(first);
        assert!(Store::open(dir.path()).is_ok());
    }

    #[test]
    fn a_memory_that_cant_be_read_is_no_fresh_start() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["", "{}", "{\"v\":1", "[]"] {
            std::fs::write(dir.path().join(MEMORY), text).unwrap();
            assert!(matches!(load(dir.path()), Err(GatewayError::Memory { .. })), "{text}");
        }
        let newer = Saved { v: 2, ..saved(1) };
        std::fs::write(dir.path().join(MEMORY), serde_json::to_vec(&newer).unwrap()).unwrap();
        assert!(load(dir.path()).unwrap_err().to_string().contains("version 2"));
    }

    #[test]
    fn a_full_disk_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.save(1, &saved(10)).unwrap();
        // A directory in the place of the fresh file stops the write, for
        // root too.
        std::fs::create_dir(dir.path().join("gateway.json.new")).unwrap();
        assert!(store.save(2, &saved(20)).is_err());
        assert_eq!((store.load().unwrap(), store.written()), (Some(saved(10)), 1));
        std::fs::remove_dir(dir.path().join("gateway.json.new")).unwrap();
        store.save(2, &saved(20)).unwrap();
        assert_eq!(store.load().unwrap(), Some(saved(20)));
    }
}
