//! Finds the places in a recording that are worth going to.

use crate::domain::{EngageId, Intent, Mark, MarkKind, Text};
use crate::event::{Event, Stamped};
use crate::state::State;

/// Finds marks while records are folded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marker {
    /// Alarms raised up to the last record.
    alarms: u64,
    /// The decision to stop that was known then.
    engaged: Option<EngageId>,
}

impl Marker {
    /// One that has seen everything up to `state`.
    #[must_use]
    pub fn after(state: &State) -> Self {
        let engaged = state.engagement.as_ref().map(|engagement| engagement.id);
        Self { alarms: state.alarms.raised, engaged }
    }

    /// What `record` is worth, once `state` has heard it. Where one record is
    /// two things, the graver one.
    pub fn look(&mut self, record: &Stamped, state: &State) -> Option<Mark> {
        let before = std::mem::replace(self, Self::after(state));
        let (kind, text) = match &record.event {
            Event::Kill(progress) if before.engaged != self.engaged => {
                let kind = match progress.intent {
                    Intent::Kill => MarkKind::Kill,
                    Intent::Block => MarkKind::Block,
                };
                (kind, Text::new(&format!("{} {}", kind.word(), progress.engage_id)))
            }
            Event::Bookmark(mark) => (MarkKind::Bookmark, mark.text.clone()),
            _ if before.alarms < self.alarms => {
                let newest = state.alarms.list.iter().max_by_key(|alarm| alarm.number)?;
                (MarkKind::Alarm, newest.text.clone())
            }
            Event::Decision(decision) => {
                let side = decision.side?;
                let text = format!("{} {} {}", decision.symbol, side.word(), decision.action);
                (MarkKind::Decision, Text::new(&text))
            }
            _ => return None,
        };
        Some(Mark { seq: record.seq, at: record.at.utc, kind, text })
    }
}
