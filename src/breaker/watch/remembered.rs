//! What was last seen at the latch's path, and what a process that saw it owes
//! the log.

use crate::audit::{Act, ForeignLatch, Ledger};
use crate::domain::{EngageId, LatchSeen};

/// One that went, and that nobody put on record, is put there by whoever saw
/// it: after so many looks in a row that found nothing, and again after so
/// many more. Else its memory would hold what no reset can name.
pub(super) const OWED: (u32, u32) = (10, 100);

/// A latch that was seen.
#[derive(Clone)]
pub(super) struct Remembered {
    pub file: ForeignLatch,
    pub id: Option<EngageId>,
    pub seen: LatchSeen,
    /// Without words yet at this moment: it may be any decision's.
    pub wordless_at: Option<u64>,
}

impl Remembered {
    /// A reset covers it.
    pub fn is_over(&self, ledger: &Ledger) -> bool {
        let since = |at: u64| ledger.last_reset_at().is_some_and(|reset| reset >= at);
        ledger.seen_file_was_reset(&self.file)
            || self.id.is_some_and(|id| ledger.was_reset(id))
            || self.wordless_at.is_some_and(since)
    }

    /// What is to be put on record of it after that many looks that found
    /// nothing.
    pub fn owed(&self, ledger: &Ledger, absent: u32) -> Option<Act> {
        let due = absent % OWED.1 == OWED.0;
        // The record of a decision may take its time: a latch that names one
        // is a stranger's only if none has come for long.
        let early = self.id.is_some() && absent < OWED.1;
        let decided = self.id.is_some_and(|id| ledger.is_known(id));
        // As it was being written it may have been any decision's, and goes
        // with that one's reset.
        let any = self.wordless_at.is_some() && ledger.engaged().next().is_some();
        if !due || early || decided || any || self.is_over(ledger) || self.is_on_record(ledger) {
            return None;
        }
        Some(Act::External { file: self.file, path: None, reason: self.seen.reason.clone() })
    }

    /// As it was seen, or with a word that was put into it since: one file,
    /// one record.
    fn is_on_record(&self, ledger: &Ledger) -> bool {
        ledger.foreign_at_the_latch().any(|foreign| self.file.became(&foreign.file))
    }
}
