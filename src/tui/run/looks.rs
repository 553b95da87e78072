//! What the loop makes of changed files, and of names that were chosen.

use super::Round;
use crate::domain::{Stamp, Text};
use crate::event::Level;
use crate::host::clock;
use crate::tui::looks::{Cause, Told};
use std::time::Duration;

/// How long a line for the operator stays in place of the hints.
const TELL: Duration = Duration::from_secs(8);

impl Round {
    /// A guard waits for its second key: what a key means must not change now.
    pub(super) fn is_armed(&self) -> bool {
        self.guard.armed().is_some() || self.state.guard_open().is_some()
    }

    /// Takes what the thread of the looks has told, but under no open guard.
    pub(super) fn restyle(&mut self) {
        while !self.is_armed() {
            let Ok(told) = self.looks.told().try_recv() else { return };
            self.pace.hurry();
            match told {
                Told::Theme(theme, cause) => {
                    self.say(format!("theme {}{}", theme.name(), again(cause)));
                    self.theme = *theme;
                    // Attributes that a terminal keeps wrong are put right too.
                    self.writer.repaint();
                }
                Told::Keymap(keymap, cause) => {
                    self.say(format!("keymap {}{}", keymap.name(), again(cause)));
                    self.keymap = *keymap;
                    // Half a sequence of the old one means nothing.
                    self.sequence.clear();
                }
                Told::Fault(why) => {
                    self.sender.log(Level::Warn, "console", &why);
                    self.notice = Some((why, clock::now()));
                }
                Told::Note(why) => self.sender.log(Level::Warn, "console", &why),
                Told::Names(names) => self.names = names,
            }
        }
    }

    /// One line in place of the hints, and in the log.
    pub(super) fn say(&mut self, what: impl AsRef<str>) {
        let what = Text::new(what.as_ref());
        self.sender.log(Level::Info, "console", &what);
        self.confirm(what.as_str());
    }

    /// One line in place of the hints, of what is on record already.
    pub(super) fn confirm(&mut self, what: &str) {
        self.notice = Some((Text::new(what), clock::now()));
        self.pace.hurry();
    }

    /// Forgets a line that was there long enough.
    pub(super) fn fade(&mut self, now: Stamp) {
        if self.notice.as_ref().is_some_and(|(_, since)| now.since(*since) > TELL) {
            self.notice = None;
            self.pace.touch();
        }
    }
}

const fn again(cause: Cause) -> &'static str {
    match cause {
        Cause::Changed => " was read again",
        Cause::Chosen => "",
    }
}
