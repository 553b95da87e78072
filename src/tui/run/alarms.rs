//! What the operator does about alarms: on record like any other act, and
//! confirmed in words by what State made of it.

use super::Round;
use crate::control::Action;
use crate::domain::{AlarmAct, Text};
use crate::event::Event;
use crate::state::Alarm;

/// How long the key silences an alarm.
const SILENCE_MS: u64 = 600_000;

impl Round {
    /// Acknowledges or silences the selected alarm; `ms` is a silence of that
    /// length.
    pub(super) fn take_on(&mut self, action: Action, ms: Option<u64>) {
        let silence = action == Action::Silence;
        let Some(key) = self.screen.selected_alarm(&self.state) else {
            let done = if silence { "silenced" } else { "acknowledged" };
            return self.say(format!("nothing {done}: {}", self.why_none()));
        };
        let Some(alarm) = self.alarm(&key) else { return };
        let (silent, open) = (alarm.is_silent(self.state.now), alarm.is_open());
        if !silence && !open {
            let words = format!("already acknowledged: {}", alarm.text);
            return self.confirm(&words);
        }
        let act = match (silence, ms) {
            (false, _) => AlarmAct::Acknowledge(Some(key.clone())),
            (true, None) if silent => AlarmAct::Silence(Some(key.clone()), 0),
            (true, _) => AlarmAct::Silence(Some(key.clone()), ms.unwrap_or(SILENCE_MS)),
        };
        // The next one in its order of now: what is taken on moves down.
        if !silence {
            self.screen.act(action, &self.state);
        }
        self.sender.send(Event::Alarm(act));
        self.urgent();
        let Some(alarm) = self.alarm(&key) else { return };
        let done = match alarm.silent_until.filter(|_| alarm.is_silent(self.state.now)) {
            _ if !silence => String::from("acknowledged"),
            Some(until) => format!("silenced until {} UTC", until.utc.hm()),
            None => String::from("no longer silenced"),
        };
        let words = format!("{done}: {}", alarm.text);
        self.confirm(&words);
    }

    pub(super) fn acknowledge_all(&mut self) {
        let (_, open) = self.state.alarms.open();
        if open == 0 {
            let why =
                if self.state.alarms.list.is_empty() { "there is no alarm" } else { "all are" };
            return self.say(format!("nothing acknowledged: {why}"));
        }
        self.sender.send(Event::Alarm(AlarmAct::Acknowledge(None)));
        self.urgent();
        let (_, left) = self.state.alarms.open();
        let many = if open == 1 { "" } else { "s" };
        self.confirm(&format!("{} alarm{many} acknowledged", open.saturating_sub(left)));
    }

    fn alarm(&self, key: &Text) -> Option<&Alarm> {
        self.state.alarms.list.iter().find(|alarm| alarm.key == *key)
    }

    fn why_none(&self) -> &'static str {
        if self.state.alarms.list.is_empty() {
            "there is no alarm"
        } else {
            "select one in :alarms"
        }
    }
}
