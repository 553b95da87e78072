//! Latches of another's making: on record, told, obeyed, and put away with
//! their reset. One at a further latch's path is never made anew when it
//! goes: it is somebody else's to make.

use super::core::Core;
use super::crew::Crew;
use super::lying::move_aside;
use crate::audit::{Act, ForeignAt};
use crate::breaker::{Probe, Verdict, probe_soon};
use crate::domain::{EngageId, Text};
use crate::host::world;
use std::time::Duration;

/// A disk that does not answer holds up a reset no longer.
const MOVED: Duration = Duration::from_secs(2);

impl<C: Crew> Core<C> {
    /// What the watch found of them.
    pub(super) fn meet_strangers(&mut self, verdict: &Verdict) {
        // Ours although the log does not say so: its disk may be slow or full.
        let ours = verdict.seen.engage_id.is_some_and(|id| self.active.contains_key(&id));
        if let Some(file) = verdict.foreign.filter(|_| !ours) {
            let path = self.config.home.latch.clone();
            let (id, known) = (verdict.seen.engage_id, verdict.foreign_recorded);
            self.meet(ForeignAt { path, file }, known, id, &verdict.seen.reason);
        }
        for stranger in &verdict.further {
            // One that went and is on record is no news.
            if !(stranger.recorded && stranger.gone) {
                self.meet(stranger.at.clone(), stranger.recorded, None, &stranger.reason);
            }
            if stranger.gone && self.gone_told.insert(stranger.at.clone()) {
                let path = stranger.at.path.display();
                self.alarm(&format!(
                    "further latch {path} was removed without a reset: still ENGAGED until \
                     `crs reset`"
                ));
            }
        }
    }

    /// On record by its file, told by its decision: a latch of another state
    /// directory changes its time with every word that its own agent puts into
    /// it, and is no news for that. Nor is one that is `known`, on record since
    /// an earlier agent: it is told again, and flattened for only if it was not.
    fn meet(&mut self, at: ForeignAt, known: bool, id: Option<EngageId>, reason: &Text) {
        if self
            .put_aside
            .as_ref()
            .is_some_and(|aside| aside.path == at.path && at.file.became(&aside.file))
            || !self.foreign_told.insert(at.clone())
        {
            return;
        }
        let further = (at.path != self.config.home.latch).then_some(at.path);
        let which = further.as_ref().map_or_else(
            || String::from("the latch"),
            |path| format!("further latch {}", path.display()),
        );
        if !known {
            let (file, reason) = (at.file, reason.clone());
            self.crew.record(Act::External { file, path: further, reason });
        }
        if !id.is_none_or(|id| self.strangers.insert(id)) {
            return;
        }
        let flattened = self.flattened_for(reason).filter(|_| known);
        if let Some(id) = flattened {
            self.alarm(&format!("{which} was engaged from outside: decision {id} flattens for it"));
        } else if self.config.kill.flatten_on_external {
            self.alarm(&format!("{which} was engaged from outside: flattening, as configured"));
            self.flatten_for(reason);
        } else {
            let words = "was engaged from outside: orders blocked, positions stand";
            self.alarm(&format!("{which} {words}"));
        }
    }

    /// The further latches that a reset names go with it.
    pub(super) fn put_further_away(&self, named: &[ForeignAt]) -> Result<(), Text> {
        let mut outcome = Ok(());
        for path in &self.config.extra {
            let done = match probe_soon(path) {
                Probe::Present { file, .. } => {
                    let at = ForeignAt { path: path.clone(), file };
                    if named.contains(&at) { move_soon(at) } else { Err(touched(&at)) }
                }
                Probe::Absent => Ok(()),
                Probe::Doubt(why) => Err(Text::new(&format!("reset is on record, but {why}"))),
            };
            outcome = outcome.and(done);
        }
        outcome
    }
}

fn move_soon(at: ForeignAt) -> Result<(), Text> {
    let silent =
        format!("reset is on record, but {} does not answer: move it by hand", at.path.display());
    world::within(MOVED, move || move_aside(&at.path, &format!("ext-{}", at.file.ino)))
        .unwrap_or_else(|| Err(Text::new(&silent)))
}

/// What lies there is not what the operator saw.
pub(super) fn touched(at: &ForeignAt) -> Text {
    let path = at.path.display();
    Text::new(&format!("{path} was touched meanwhile: still ENGAGED, look at `crs status`"))
}
