//! The gateway's process on its own machine, by keys and by the command line.

use super::Round;
use crate::control::{Action, RemoteVerb};
use crate::domain::Text;
use crate::event::{GuardedVerb, Level};

/// Lines of its log that are shown when nobody says how many.
pub(super) const LINES: u16 = 20;
/// Most of them: they pass through the Log pane.
const MOST: u16 = 200;

impl Round {
    /// Asks for it, or says why not.
    pub(super) fn remote(&mut self, verb: RemoteVerb) {
        if self.may(verb) {
            self.desk.remote(verb);
        }
    }

    /// `:remote-logs COUNT`.
    ///
    /// # Errors
    /// What was told is no such count.
    pub(super) fn remote_logs(&mut self, told: &str) -> Result<(), Text> {
        let count = told.parse().ok().filter(|count| (1..=MOST).contains(count));
        let count = count.ok_or_else(|| {
            let told = Text::limited(told, 40);
            Text::new(&format!("remote-logs takes a number of lines, 1 to {MOST}, not \"{told}\""))
        })?;
        self.remote(RemoteVerb::Logs(count));
        Ok(())
    }

    /// The guard of what acts there, unless it would be refused already: nobody
    /// shall confirm what can't be done.
    pub(super) fn remote_guard(&mut self, action: Action) -> Option<GuardedVerb> {
        let (verb, guarded) = match action {
            Action::RemoteStart => (RemoteVerb::Start, GuardedVerb::RemoteStart),
            Action::RemoteStop => (RemoteVerb::Stop, GuardedVerb::RemoteStop),
            Action::RemoteRestart => (RemoteVerb::Restart, GuardedVerb::RemoteRestart),
            _ => return None,
        };
        self.may(verb).then_some(guarded)
    }

    fn may(&mut self, verb: RemoteVerb) -> bool {
        let Some(why) = self.desk.denies_remote(verb) else { return true };
        let words = format!("gateway {}: {why}", verb.word());
        self.screen.say(&Text::new(&words));
        self.sender.log(Level::Warn, "remote", words);
        false
    }
}
