//! What an operator does about alarms: acknowledging and silencing.

use super::Alarm;
use crate::domain::AlarmAct;
use crate::event::Level;
use crate::state::State;
use std::time::Duration;

/// No silence is longer: who is silenced for good is forgotten.
pub const LONGEST_SILENCE: Duration = Duration::from_hours(8);

impl State {
    pub(in crate::state) fn on_alarm_act(&mut self, act: &AlarmAct) {
        let now = self.now;
        let (AlarmAct::Acknowledge(key) | AlarmAct::Silence(key, _)) = act;
        let meant = |alarm: &&mut Alarm| key.as_ref().is_none_or(|key| alarm.key == *key);
        let mut touched = 0_usize;
        for alarm in self.alarms.list.iter_mut().filter(meant) {
            match act {
                AlarmAct::Acknowledge(_) if alarm.is_open() => alarm.acknowledged = Some(now),
                AlarmAct::Acknowledge(_) => continue,
                AlarmAct::Silence(_, ms) => {
                    alarm.silent_until = Some(now.plus(silence(*ms))).filter(|_| *ms > 0);
                }
            }
            touched += 1;
        }
        let what = key.as_ref().map_or_else(
            || format!("{touched} alarm{}", if touched == 1 { "" } else { "s" }),
            |key| format!("alarm \"{key}\""),
        );
        let text = match act {
            AlarmAct::Acknowledge(_) => format!("{what} acknowledged"),
            AlarmAct::Silence(_, 0) => format!("{what} no longer silenced"),
            AlarmAct::Silence(_, ms) => {
                format!("{what} silenced until {} UTC", now.plus(silence(*ms)).utc.hm())
            }
        };
        if touched > 0 {
            self.say(Level::Info, "operator", &text);
        }
    }
}

/// How long a silence of `ms` really is.
fn silence(ms: u64) -> Duration {
    Duration::from_millis(ms).min(LONGEST_SILENCE)
}
