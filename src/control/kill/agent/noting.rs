//! Whether the kill is confirmed, in the latch's own metadata: for whoever
//! reads the file and knows of no `crs status`.

use super::core::Core;
use super::crew::Crew;
use crate::breaker::word::LatchWord;
use crate::domain::{EngageId, GatewayPhase, Intent};
use crate::host::clock;

/// Between two tries at a word that could not be written, in nanoseconds.
const AGAIN: u64 = 5_000_000_000;

/// What the latch was last asked to say.
#[derive(Debug, Default)]
pub struct Noted {
    said: Option<(Vec<EngageId>, LatchWord)>,
    stands: bool,
    again_at: u64,
}

impl<C: Crew> Core<C> {
    /// Has the latch say how far the kills in force are, when that changed or
    /// could not be written. A latch is made with UNCONFIRMED in it.
    pub(super) fn note_word(&mut self) {
        let kills = || self.active.values().filter(|intent| intent.intent == Intent::Kill);
        let ids: Vec<EngageId> = kills().map(|intent| intent.engage_id).collect();
        if ids.is_empty() {
            return;
        }
        let of = |phase| match phase {
            GatewayPhase::Verified => LatchWord::Verified,
            GatewayPhase::Partial => LatchWord::Partial,
            _ => LatchWord::Unconfirmed,
        };
        // A proof of an earlier decision is none of a later one.
        let standing = |target: &crate::domain::GatewayAddr| {
            let running = self.running.get(&target.cmd.to_string());
            let progress = self.progress.get(&target.name);
            progress.filter(|p| running == Some(&p.engage_id)).map(|p| of(p.phase))
        };
        let aimed = kills().all(|intent| !intent.targets.is_empty());
        let least = kills()
            .flat_map(|intent| &intent.targets)
            .map(|target| standing(target).unwrap_or(LatchWord::Unconfirmed))
            .min();
        let word = least.filter(|_| aimed).unwrap_or(LatchWord::Unconfirmed);
        let wanted = (ids, word);
        let now = clock::mono_ns();
        let same = self.noted.said.as_ref() == Some(&wanted);
        if same && (self.noted.stands || now < self.noted.again_at) {
            return;
        }
        if self.crew.note(wanted.0.clone(), word) {
            self.noted = Noted { said: Some(wanted), stands: false, again_at: now + AGAIN };
        }
    }

    /// The word was written, or not.
    pub fn noted(&mut self, word: LatchWord, stands: bool) {
        if self.noted.said.as_ref().is_some_and(|(_, said)| *said == word) {
            self.noted.stands = stands;
        }
    }

    /// A latch that was made anew says UNCONFIRMED.
    pub(super) fn note_anew(&mut self) {
        self.noted = Noted::default();
    }
}
