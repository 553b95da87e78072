//! The audit log as a thread reads it that must not hang with its disk.

use crate::audit::{Ledger, LedgerReader};
use crate::domain::{EngageId, Text};
use crate::host::{Errand, world};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A log that does not answer within this time says nothing.
pub(super) const LIMIT: Duration = Duration::from_millis(500);

/// One reader, which reads only what is new, on a thread of its own.
#[derive(Debug)]
pub(super) struct Log {
    dir: PathBuf,
    /// `None` while it is out.
    reader: Option<LedgerReader>,
    errand: Errand<(LedgerReader, Look)>,
}

/// How a look into the log went.
#[derive(Debug)]
struct Look {
    outcome: std::io::Result<()>,
    /// The log's own directory is there.
    there: bool,
    /// So is the one that it would be in.
    home: bool,
}

/// What the log says now.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub ledger: &'a Ledger,
    /// Its directory is there: one that is not knows of nothing.
    pub there: bool,
}

impl Log {
    /// For the chains in `dir`, which may not exist yet.
    pub fn new(dir: &Path) -> Self {
        let reader = Some(LedgerReader::new(dir));
        Self { dir: dir.to_owned(), reader, errand: Errand::default() }
    }

    /// Reads what is new; waits at most [`LIMIT`].
    ///
    /// # Errors
    /// In words, when it can't be read or does not answer.
    pub fn read(&mut self) -> Result<Said<'_>, Text> {
        let (reader, look) = self.look()?;
        look.outcome.map_err(|e| Text::new(&e.to_string()))?;
        Ok(Said { ledger: reader.ledger(), there: look.there })
    }

    /// Whether an audited reset names this decision; `None` where no log can
    /// be read in time, or where there is no directory that it would be in.
    pub fn was_reset(&mut self, id: EngageId) -> Option<bool> {
        // What was reset stays reset.
        if self.reader.as_ref().is_some_and(|reader| reader.ledger().was_reset(id)) {
            return Some(true);
        }
        let (reader, look) = self.look().ok()?;
        (look.outcome.is_ok() && look.home).then(|| reader.ledger().was_reset(id))
    }

    fn look(&mut self) -> Result<(&LedgerReader, Look), Text> {
        if let Some((reader, _)) = self.errand.back() {
            self.reader = Some(reader);
        }
        let silent = || Text::new("no answer (500 ms)");
        if self.errand.is_out() {
            return Err(silent());
        }
        // One that found no thread to go with is lost.
        let dir = self.dir.clone();
        let mut reader = self.reader.take().unwrap_or_else(|| LedgerReader::new(&dir));
        let back = self.errand.run(LIMIT, move || {
            let is_there = |dir: &Path| world::here(|world| world.dir(dir)).is_some();
            let home = dir.parent().is_some_and(is_there);
            let outcome = reader.refresh().map(drop);
            (reader, Look { outcome, there: is_there(&dir), home })
        });
        let (reader, look) = back.ok_or_else(silent)?;
        Ok((self.reader.insert(reader), look))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Act, Chain};
    use crate::host::{Identity, ids};

    #[test]
    fn only_a_log_that_can_be_read_says_that_nothing_was_reset() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("home/audit");
        let (id, mut log) = (ids::engage_id(), Log::new(&at));
        assert_eq!(log.was_reset(id), None);
        std::fs::create_dir(at.parent().unwrap()).unwrap();
        assert_eq!(log.was_reset(id), Some(false));
        assert!(!log.read().unwrap().there);
        let reset = Act::Reset {
            ids: vec![id],
            foreign: Vec::new(),
            token: ids::engage_id(),
            reason: Text::new("over"),
            overridden: false,
        };
        Chain::new(&at, Identity::here(), "test").append(reset).unwrap();
        assert!(log.read().unwrap().there);
        assert_eq!(log.was_reset(id), Some(true));
        std::fs::remove_dir_all(&at).unwrap();
        assert_eq!((log.was_reset(id), log.was_reset(ids::engage_id())), (Some(true), None));
        assert!(log.read().is_err(), "it had been there");
    }
}
