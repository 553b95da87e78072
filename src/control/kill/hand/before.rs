//! What was open before the key, from what the polls had read by then. A
//! kill never waits for a read of its own: the gateway would answer that
//! first.

use super::crew::Crew;
use super::work::Work;
use crate::audit::Act;
use crate::domain::Text;
use crate::event::Read;

impl<C: Crew> Work<C> {
    /// On record, beside the kill: the last read of each gateway and its age.
    pub(super) fn record_before(&mut self) {
        let Some(kill) = &self.kill else { return };
        let intent = &kill.intent;
        for (index, target) in (0_u16..).zip(&intent.targets) {
            let (open, read, unknown) = match self.known.get(&index) {
                None => (Vec::new(), None, Some(Text::new("nobody was reading the positions"))),
                Some(known) => match &known.read {
                    Read::Good(open) => (open.clone(), Some(known.asked), None),
                    Read::Fault(why) => (Vec::new(), Some(known.asked), Some(why.clone())),
                },
            };
            let age = read.map(|asked| intent.pressed.since(asked).as_millis());
            self.crew.record(Act::Positions {
                engage_id: intent.engage_id,
                gateway: target.name.clone(),
                open,
                before: true,
                asked: read,
                age_ms: age.and_then(|ms| u64::try_from(ms).ok()),
                unknown,
            });
        }
    }
}
