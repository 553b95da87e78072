//! Alarms on record: each text at most once a minute, with how often it came.
//!
//! What belongs here: which alarm becomes a line of the audit log. What does
//! not: an alarm of the audit log itself, which must never ask that log for
//! another line.

use crate::audit::Act;
use crate::domain::Text;
use std::collections::BTreeMap;

/// The same text is on record at most this often, in nanoseconds.
const AGAIN: u64 = 60_000_000_000;
/// Different texts within that time; what comes beyond is only counted.
const TEXTS: usize = 32;

/// What was told lately.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    told: BTreeMap<Text, Told>,
    /// Alarms that found no room, since the last line about them.
    beyond: u64,
}

#[derive(Debug)]
struct Told {
    /// When it was last on record (monotonic ns).
    at: u64,
    /// How often it came since.
    unsaid: u64,
}

impl Alarms {
    /// Hears one; what it leaves on record now.
    pub fn raise(&mut self, now: u64, text: &Text) -> Option<Act> {
        if let Some(told) = self.told.get_mut(text) {
            told.unsaid += 1;
            return None;
        }
        if self.told.len() >= TEXTS {
            self.beyond += 1;
            return None;
        }
        self.told.insert(text.clone(), Told { at: now, unsaid: 0 });
        Some(Act::Alarm { text: text.clone(), count: 1 })
    }

    /// What came again within the minute that is over.
    pub fn due(&mut self, now: u64) -> Vec<Act> {
        let mut acts = Vec::new();
        self.told.retain(|text, told| {
            if now.saturating_sub(told.at) < AGAIN {
                return true;
            }
            if told.unsaid == 0 {
                return false;
            }
            acts.push(Act::Alarm { text: text.clone(), count: told.unsaid });
            *told = Told { at: now, unsaid: 0 };
            true
        });
        if self.beyond > 0 && self.told.len() < TEXTS {
            let text = Text::new("further alarms, more than fit on record");
            acts.push(Act::Alarm { text, count: std::mem::take(&mut self.beyond) });
        }
        acts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(acts: &[Act]) -> Vec<(String, u64)> {
        acts.iter()
            .map(|act| match act {
                Act::Alarm { text, count } => (text.to_string(), *count),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn the_same_text_is_on_record_once_a_minute_with_its_count() {
        let mut alarms = Alarms::default();
        let text = Text::new("latch tampered");
        assert!(alarms.raise(0, &text).is_some());
        for second in 1..60 {
            let now = second * 1_000_000_000;
            assert_eq!((alarms.raise(now, &text), alarms.due(now).len()), (None, 0));
        }
        assert_eq!(said(&alarms.due(AGAIN)), [(text.to_string(), 59)]);
        assert_eq!(alarms.due(2 * AGAIN), []);
        assert!(alarms.raise(2 * AGAIN, &text).is_some(), "a minute of silence is news again");
    }

    #[test]
    fn ever_new_texts_are_counted_and_not_kept() {
        let mut alarms = Alarms::default();
        let raised = (0..1_000).filter(|n| alarms.raise(0, &Text::new(&format!("{n}"))).is_some());
        assert_eq!(raised.count(), TEXTS);
        assert_eq!(alarms.due(AGAIN - 1), []);
        let words = "further alarms, more than fit on record".to_owned();
        assert_eq!(said(&alarms.due(AGAIN)), [(words, 1_000 - 32)]);
        assert_eq!(alarms.due(2 * AGAIN), []);
    }
}
