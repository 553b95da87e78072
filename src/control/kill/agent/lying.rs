//! What lies at the latch's path and at its stand-in's: looked at, and put
//! away, without waiting for a disk that hangs.

use super::core::Core;
use super::crew::Crew;
use crate::audit::{ForeignAt, ForeignLatch};
use crate::breaker::file::{self, Probe};
use crate::control::kill::log::LIMIT;
use crate::domain::{EngageId, Text};
use std::path::Path;
use std::time::Duration;

/// A move and the sync of its directory take no longer, or are told as failed.
const MOVE: Duration = Duration::from_secs(2);

/// What was moved, if anything was.
pub(super) type Moved = Result<Option<ForeignLatch>, Text>;

/// Both looks.
#[derive(Clone, Debug)]
pub(super) struct Lying {
    pub latch: Probe,
    pub stand_in: Probe,
}

impl<C: Crew> Core<C> {
    /// Looks now. What is not answered within half a second is doubt.
    pub(super) fn lying(&mut self) -> Lying {
        let paths = [self.config.home.latch.clone(), self.config.home.fallback()];
        let doubt =
            |path: &Path| Probe::Doubt(Text::new(&format!("{}: no answer", path.display())));
        let [latch, stand_in] = paths.clone();
        let seen = self.look.run(LIMIT, move || Lying {
            latch: file::probe(&latch),
            stand_in: file::probe(&stand_in),
        });
        let [latch, stand_in] = paths;
        seen.unwrap_or_else(|| Lying { latch: doubt(&latch), stand_in: doubt(&stand_in) })
    }

    /// Moves latch and stand-in aside, if they are still those of these
    /// decisions, or these files of nobody's.
    pub(super) fn put_away(
        &mut self,
        ids: &[EngageId],
        foreign: Option<ForeignLatch>,
        stand_in: Option<ForeignLatch>,
    ) -> Result<Text, Text> {
        let (ids, latch) = (ids.to_vec(), self.config.home.latch.clone());
        let fallback = self.config.home.fallback();
        let moved = self.moving.run(MOVE, move || {
            // One that can't be moved is no reason to leave the other.
            let moved = put_latch_away(&latch, &ids, foreign);
            let other = put_stand_in_away(&fallback, &ids, stand_in);
            moved.and_then(|moved| other.map(|()| moved))
        });
        let silent = "reset is on record, but the disk does not answer: look at `crs status`";
        // A look from before may still call it foreign, where the log was too
        // slow to tell whose it is.
        let moved = moved.unwrap_or_else(|| Err(Text::new(silent)))?;
        let path = self.config.home.latch.clone();
        self.put_aside = moved.map(|file| ForeignAt { path, file });
        Ok(Text::new("reset on record; the switch is DISARMED until `crs arm`"))
    }
}

fn put_stand_in_away(path: &Path, ids: &[EngageId], was: Option<ForeignLatch>) -> Result<(), Text> {
    match file::probe(path) {
        Probe::Present { body, file: seen, .. }
            if was == Some(seen) || body.engage_id.is_some_and(|id| ids.contains(&id)) =>
        {
            let suffix = body.engage_id.map_or_else(|| "ext".to_owned(), |id| id.to_string());
            move_aside(path, &suffix)
        }
        Probe::Present { .. } => Err(Text::new("a new decision engaged meanwhile: still ENGAGED")),
        Probe::Absent | Probe::Doubt(_) => Ok(()),
    }
}

fn put_latch_away(path: &Path, ids: &[EngageId], foreign: Option<ForeignLatch>) -> Moved {
    match file::probe(path) {
        Probe::Absent => Ok(None),
        Probe::Present { body, file: seen, .. } => {
            let named = body.engage_id.is_some_and(|id| ids.contains(&id));
            if !named && foreign != Some(seen) {
                return Err(Text::new("a new decision engaged meanwhile: still ENGAGED"));
            }
            let suffix =
                body.engage_id.map_or_else(|| format!("ext-{}", seen.ino), |id| id.to_string());
            move_aside(path, &suffix).map(|()| Some(seen))
        }
        Probe::Doubt(why) => Err(Text::new(&format!("reset is on record, but {why}"))),
    }
}

/// A move that is not known to be durable is one: if it is undone by a crash,
/// the file stands again, and engages.
pub(super) fn move_aside(path: &Path, suffix: &str) -> Result<(), Text> {
    match file::archive(path, suffix) {
        Err(e) if file::probe(path) != Probe::Absent => {
            Err(Text::new(&format!("reset is on record, but {e}: move the file by hand")))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}
