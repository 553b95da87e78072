//! The further latches: each engages like the latch itself, is somebody
//! else's to make and to keep, and may lie on a disk that hangs.

use super::Youth;
use super::remembered::OWED;
use crate::audit::{Act, Foreign, ForeignAt, ForeignLatch, Ledger};
use crate::breaker::file::{Probe, probe};
use crate::breaker::strangers::{Stranger, reason_of};
use crate::domain::{LatchPhase, LatchSeen, Text};
use crate::host::world;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What one of them is given to answer. Later it is doubt, until it does.
const ANSWER: Duration = Duration::from_millis(400);

/// All of them, over the looks of one process.
pub(super) struct Further(Vec<One>);

/// What a look at all of them came to.
#[derive(Default)]
pub(super) struct Found {
    /// What holds the switch, as it is shown.
    pub holds: Option<LatchSeen>,
    /// Every foreign file that no reset covers, as far as it can be told apart.
    pub strangers: Vec<Stranger>,
    /// What this process has to put on record.
    pub owed: Vec<Act>,
    /// What can't be told.
    pub doubt: Option<Text>,
    /// It can't be told yet: one did not answer in time.
    pub slow: bool,
}

impl Further {
    pub fn new(paths: &[PathBuf]) -> Self {
        Self(paths.iter().map(|path| One::new(path)).collect())
    }

    /// Looks at each; `main` is what lies at the latch, `log_read` whether
    /// `ledger` is what the log says now.
    pub fn look(&mut self, ledger: &Ledger, main: Option<ForeignLatch>, log_read: bool) -> Found {
        let mut found = Found::default();
        for one in &mut self.0 {
            one.look(ledger, main, log_read, &mut found);
        }
        found
    }
}

/// One of them.
struct One {
    path: PathBuf,
    /// A look that has not come back.
    out: Arc<AtomicBool>,
    youth: Youth,
    /// What was last seen there: it stays in force when it goes, even where no
    /// log could be written.
    last: Option<(Stranger, LatchSeen)>,
    /// Looks in a row that found nothing.
    absent: u32,
}

/// Ends when the look does, or when nobody could be sent to look.
struct Out(Arc<AtomicBool>);

impl Drop for Out {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl One {
    fn new(path: &Path) -> Self {
        let (out, youth) = (Arc::default(), Youth::default());
        Self { path: path.to_owned(), out, youth, last: None, absent: 0 }
    }

    /// A look by somebody who may hang; one at a time. `None`: no answer.
    fn ask(&self) -> Option<Probe> {
        if self.out.swap(true, Ordering::AcqRel) {
            return None;
        }
        let (path, out) = (self.path.clone(), Out(Arc::clone(&self.out)));
        world::within(ANSWER, move || {
            let seen = probe(&path);
            drop(out);
            seen
        })
    }

    fn look(
        &mut self,
        ledger: &Ledger,
        main: Option<ForeignLatch>,
        log_read: bool,
        found: &mut Found,
    ) {
        let seen = self.ask();
        let young = self.youth.look(seen.as_ref());
        let absent = matches!(seen, Some(Probe::Absent));
        self.absent = if absent { self.absent.saturating_add(1) } else { 0 };
        match seen {
            // The latch itself under a second name.
            Some(Probe::Present { file, .. })
                if main.is_some_and(|main| (main.dev, main.ino) == (file.dev, file.ino)) => {}
            Some(Probe::Present { file, body, form }) => {
                let at = ForeignAt { path: self.path.clone(), file };
                let reason = reason_of(&body.reason, form);
                let recorded = self.on_record(ledger).any(|foreign| foreign.file == file);
                let stranger = Stranger { at, reason, gone: false, recorded };
                let shown = LatchSeen {
                    phase: LatchPhase::EngagedExternal,
                    reason: stranger.words(),
                    by: body.operator,
                    since: body.timestamp,
                    ..LatchSeen::default()
                };
                found.holds.get_or_insert_with(|| shown.clone());
                // Whoever makes it may still be writing: one file, one record.
                if !young {
                    found.strangers.push(stranger.clone());
                }
                self.last = Some((stranger, shown));
                return;
            }
            Some(Probe::Doubt(why)) => {
                found.doubt.get_or_insert(why);
            }
            None => {
                let why = format!("further latch {}: no answer (400 ms)", self.path.display());
                found.slow |= found.doubt.is_none();
                found.doubt.get_or_insert(Text::new(&why));
            }
            Some(Probe::Absent) => {}
        }
        self.last.take_if(|(stranger, _)| ledger.foreign_was_reset(&stranger.at.file));
        if let Some((_, shown)) = &self.last {
            found.holds.get_or_insert_with(|| shown.clone());
        }
        // A reset is on record before it moves the file, and a look reads the
        // log first: only a second one in a row knows that there was none.
        if log_read && self.absent >= 2 {
            self.gone(ledger, found);
        }
    }

    /// What lay here, is on record and was never reset.
    fn on_record<'a>(&self, ledger: &'a Ledger) -> impl Iterator<Item = Foreign<'a>> {
        let here = |foreign: &Foreign<'_>| foreign.path == Some(self.path.as_path());
        ledger.foreign().filter(here)
    }

    /// Everything that lay here, went, and was never reset.
    fn gone(&self, ledger: &Ledger, found: &mut Found) {
        let mut gone: Vec<Stranger> = self
            .on_record(ledger)
            .map(|foreign| Stranger {
                at: ForeignAt { path: self.path.clone(), file: foreign.file },
                reason: foreign.reason.clone(),
                gone: true,
                recorded: true,
            })
            .collect();
        if let Some((last, _)) = &self.last
            && gone.iter().all(|stranger| stranger.at != last.at)
        {
            gone.push(Stranger { gone: true, recorded: false, ..last.clone() });
            if self.absent % OWED.1 == OWED.0 {
                let (file, path) = (last.at.file, Some(self.path.clone()));
                found.owed.push(Act::External { file, path, reason: last.reason.clone() });
            }
        }
        found.strangers.extend(gone);
    }
}

#[cfg(test)]
mod tests;
