//! Following the chains of a log, reading only what grew.

use super::Ledger;
use crate::audit::record::{Act, Head, Record, line_sha};
use crate::audit::verify::{self, next_record};
use crate::host::world;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Follows the chains of a directory. Whoever looks often keeps one: a look
/// costs a list of names, and what was appended since the last.
#[derive(Debug)]
pub struct LedgerReader {
    dir: PathBuf,
    chains: BTreeMap<PathBuf, Heard>,
    ledger: Ledger,
}

impl LedgerReader {
    /// For the chains in `dir`, which may not exist yet.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), chains: BTreeMap::new(), ledger: Ledger::default() }
    }

    /// Reads what was appended since the last call. A chain that is broken
    /// is believed up to the break; a file that is not what it was is read
    /// anew, for what was engaged stays engaged.
    ///
    /// # Errors
    /// The system's, when the directory exists and can't be read: then the
    /// log can't say that the switch is safe.
    pub fn refresh(&mut self) -> Result<&Ledger> {
        let files = match world::here(|world| world.list(&self.dir)) {
            Ok(files) => files,
            // Before the first record there is none; one that was there and
            // went says nothing.
            Err(e) if e.kind() == ErrorKind::NotFound && self.chains.is_empty() => {
                return Ok(&self.ledger);
            }
            Err(e) => return Err(e),
        };
        for (path, len) in files.into_iter().filter(|(path, _)| verify::is_chain(path)) {
            let chain = self.chains.entry(path.clone()).or_default();
            if chain.len != len {
                chain.follow(&path, &mut self.ledger)?;
                chain.len = len;
            }
        }
        Ok(&self.ledger)
    }

    /// The fold as of the last refresh.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

/// One chain, as far as it was heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The file's length at the last look.
    len: u64,
    /// Where the line begins that comes next.
    next: u64,
    /// The last whole line: where it begins, and its hash.
    last: Option<(u64, String)>,
    /// Head of the last line that followed the one before.
    head: Option<Head>,
    /// What frees, and waits for the line that says that it is on disk.
    unsynced: Option<Record>,
    /// What follows is not believed any more.
    broken: bool,
}

impl Heard {
    /// Hears what came after the last whole line, if that is there still.
    fn follow(&mut self, path: &Path, ledger: &mut Ledger) -> Result<()> {
        if let Some((begin, sha)) = &self.last {
            let bytes = world::here(|world| world.read_from(path, *begin))?;
            let end = usize::try_from(self.next.saturating_sub(*begin)).unwrap_or(usize::MAX);
            let line = end.checked_sub(1).and_then(|end| bytes.get(..end));
            if line.is_some_and(|line| line_sha(line) == *sha) {
                self.hear(bytes.get(end..).unwrap_or_default(), ledger);
                return Ok(());
            }
        }
        let bytes = world::here(|world| world.read_from(path, 0))?;
        *self = Self::default();
        self.hear(&bytes, ledger);
        Ok(())
    }

    /// Hears what follows. A line that has no end yet engages at once and
    /// is heard again when it has one.
    pub fn hear(&mut self, bytes: &[u8], ledger: &mut Ledger) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            self.line(line, ledger);
            let sha = line_sha(line);
            if !self.broken {
                let n = self.head.as_ref().map_or(0, |head| head.n.saturating_add(1));
                self.head = Some(Head { n, sha: sha.clone() });
            }
            self.last = Some((self.next, sha));
            self.next += u64::try_from(end).unwrap_or(u64::MAX).saturating_add(1);
        }
        if let Ok(record) = serde_json::from_slice(rest) {
            ledger.hear_broken(&record);
        }
    }

    fn line(&mut self, line: &[u8], ledger: &mut Ledger) {
        let before = self.unsynced.take();
        if !self.broken
            && let Ok(record) = next_record(0, line, self.head.as_ref())
        {
            if let Some(freeing) = before.filter(|_| record.act == Act::Synced) {
                ledger.hear(&freeing);
            }
            if record.act.frees() {
                // Not known to be on disk: it says what a record behind a
                // break says.
                ledger.hear_broken(&record);
                self.unsynced = Some(record);
            } else {
                ledger.hear(&record);
            }
            return;
        }
        self.broken = true;
        if let Ok(record) = serde_json::from_slice(line) {
            ledger.hear_broken(&record);
        }
    }
}

#[cfg(test)]
mod tests;
