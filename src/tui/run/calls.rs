//! An alarm calls for the operator: by the terminal's bell, by a notification
//! of the terminal's, by a program. The screen shows it in any case.

use crate::config::AlarmSettings;
use crate::domain::{Stamp, Text};
use crate::state::{Alarm, State};
use crate::tui::writer::Writer;
use std::time::Duration;

/// Between two bells or notifications: one call is heard, ten are a noise.
const QUIET: Duration = Duration::from_secs(2);
/// Characters of a notification.
const WORDS: usize = 160;

/// Told of every alarm that calls; runs on the console loop and must not wait.
pub type OnAlarm = Box<dyn Fn(&Alarm, &State) + Send>;

/// How alarms call, and what has called already.
#[derive(Default)]
pub struct Calls {
    rules: AlarmSettings,
    on_alarm: Option<OnAlarm>,
    /// Number of the newest alarm that was looked at.
    seen: u64,
    called: Stamp,
}

impl Calls {
    /// As the settings say.
    #[must_use]
    pub fn new(rules: AlarmSettings, on_alarm: Option<OnAlarm>) -> Self {
        Self { rules, on_alarm, ..Self::default() }
    }

    /// Calls for what was raised since the last look.
    pub(super) fn look(&mut self, state: &State, writer: &Writer) {
        if state.alarms.raised == self.seen {
            return;
        }
        let news: Vec<&Alarm> =
            state.alarms.since(self.seen).filter(|alarm| alarm.calls(state.now)).collect();
        self.seen = state.alarms.raised;
        if let Some(tell) = &self.on_alarm {
            for alarm in &news {
                tell(alarm, state);
            }
        }
        if self.called.mono_ns != 0 && state.now.since(self.called) < QUIET {
            return;
        }
        let bytes = self.bytes(&news);
        if !bytes.is_empty() {
            self.called = state.now;
            writer.aside(&bytes);
        }
    }

    /// A bell and a notification of the gravest.
    fn bytes(&self, news: &[&Alarm]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Some(gravest) = news.iter().max_by_key(|alarm| (alarm.severity, alarm.number)) else {
            return bytes;
        };
        if self.rules.notify.has(gravest.severity) {
            let words = Text::limited(&format!("crs: {}", gravest.text), WORDS);
            bytes.extend_from_slice(format!("\x1b]9;{words}\x1b\\").as_bytes());
        }
        if self.rules.bell.has(gravest.severity) {
            bytes.push(0x07);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::config::Calls::{All, Critical, Off};
    use crate::domain::Severity;
    use std::sync::{Arc, Mutex};

    fn alarm(number: u64, severity: Severity, text: &str) -> Alarm {
        Alarm { number, severity, text: Text::new(text), ..Alarm::default() }
    }

    #[test]
    fn bell_and_notification_are_settings_and_carry_nothing_that_steers() {
        let bytes = |bell, notify, severity| {
            let rules = AlarmSettings { bell, notify, ..AlarmSettings::default() };
            let alarm = alarm(1, severity, "a\u{1b}]0;x\u{7}b");
            String::from_utf8(Calls::new(rules, None).bytes(&[&alarm])).unwrap()
        };
        assert_eq!(bytes(Off, Off, Severity::Critical), "");
        assert_eq!(bytes(All, Off, Severity::Warning), "\u{7}");
        assert_eq!(bytes(Critical, Critical, Severity::Warning), "");
        let said = bytes(Critical, All, Severity::Critical);
        assert_eq!(said, "\u{1b}]9;crs: a·]0;x·b\u{1b}\\\u{7}");
    }

    #[test]
    fn each_alarm_is_told_once_and_bells_keep_their_distance() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let on_alarm: OnAlarm = Box::new(move |a, _| heard.lock().unwrap().push(a.number));
        let rules = AlarmSettings { bell: config::Calls::All, ..AlarmSettings::default() };
        let mut calls = Calls::new(rules, Some(on_alarm));
        let writer = Writer::start(std::io::sink(), None, |_| {}).unwrap();
        let mut state = State::default();
        state.now.mono_ns = 1_000_000_000;
        for number in 1..=3 {
            state.alarms.list.push(alarm(number, Severity::Warning, "w"));
            state.alarms.raised = number;
            calls.look(&state, &writer);
            calls.look(&state, &writer);
        }
        assert_eq!(*told.lock().unwrap(), [1, 2, 3]);
        assert!(writer.close(Duration::from_secs(5)));
        assert!(writer.stats().bytes <= 1, "{:?}", writer.stats());
    }
}
