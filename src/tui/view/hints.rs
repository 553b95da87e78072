//! Keys and cards as data: what a view shows of the keymap and the settings.
//!
//! Filled by the run loop from the keymap's reverse map, so that no hint can
//! name a key that does something else.

use crate::domain::Text;
use crate::tui::ui::Pane;

/// Keys and what they do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// As shown: `Ctrl-K`, `g g`.
    pub keys: Text,
    /// In a word or a line.
    pub what: Text,
}

impl Hint {
    /// Both parts.
    #[must_use]
    pub fn new(keys: &str, what: &str) -> Self {
        Self { keys: Text::new(keys), what: Text::new(what) }
    }
}

/// A part of the help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HelpSection {
    /// Where these keys work.
    pub title: Text,
    /// The keys.
    pub rows: Vec<Hint>,
}

/// The commands that lead back after a kill, as typed in a shell, in this order;
/// all empty where there is nothing to lead back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WayBack {
    /// Resets the latch.
    pub reset: Text,
    /// Lets the gateway forget the kill.
    pub gateway: Text,
    /// Lets orders pass again.
    pub arm: Text,
}

impl WayBack {
    /// The steps; of the gateway's only where `memory` is known to be there.
    #[must_use]
    pub fn steps(&self, memory: bool) -> Vec<&str> {
        let all = [Some(&self.reset), Some(&self.gateway).filter(|_| memory), Some(&self.arm)];
        all.into_iter().flatten().map(Text::as_str).filter(|step| !step.is_empty()).collect()
    }
}

/// Everything a view may say about keys, and the out-of-band card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The chord of KILL.
    pub kill: Text,
    /// The chord of BLOCK.
    pub block: Text,
    /// The key that confirms a guard.
    pub confirm: Text,
    /// The key that turns the log's page; empty when it has none.
    pub log_page: Text,
    /// The key that shows the proof of flat; empty when it has none.
    pub proof: Text,
    /// The keys that go to a pane; those without one are missing.
    pub panes: Vec<(Pane, Text)>,
    /// For the status line, in the order of their use; those that don't fit
    /// are left out from the end.
    pub live: Vec<Hint>,
    /// What may follow the keys of a sequence that waits; empty when none does.
    pub following: Vec<Hint>,
    /// For the help.
    pub help: Vec<HelpSection>,
    /// The command line's verbs, for the help.
    pub commands: Vec<Hint>,
    /// What a human does when no wire works: label and words.
    pub card: Vec<(Text, Text)>,
    /// What leads back after a kill.
    pub way_back: WayBack,
}

impl Hints {
    /// The key that goes to `pane`, empty when it has none.
    #[must_use]
    pub fn pane(&self, pane: Pane) -> &str {
        self.panes.iter().find(|(p, _)| *p == pane).map_or("", |(_, key)| key.as_str())
    }
}
