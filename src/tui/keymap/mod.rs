//! Which key means which verb.
//!
//! What belongs here: keymap files, their checks, and the walk from keys to
//! an [`Action`]. What does not: what an action does.
//!
//! A keymap can't name the chords of KILL and BLOCK (see [`fixed`]) and can't
//! lose the way out, the help, or a verb that acts on the account: such a
//! file is refused with the line, and the bundled keymap stands in. Hints and
//! help are read from the same rows that the keys run through.

pub mod file;
pub mod fixed;
pub mod key;
pub mod trie;

pub use key::Key;

use super::fault::{FileFault, Source};
use super::shelf::{Sheet, Shelf};
use crate::control::Action;
use crate::domain::{Stamp, Text};
use file::Row;
use std::path::Path;
use std::time::Duration;
use trie::{Found, Trie};

/// The bundled keymaps by name.
const EMBEDDED: &[(&str, &str)] = &[
    ("default", include_str!("../../../keymaps/default.toml")),
    ("vim", include_str!("../../../keymaps/vim.toml")),
    ("emacs", include_str!("../../../keymaps/emacs.toml")),
];

/// The shelf of keymaps; `own` is the user's configuration directory.
#[must_use]
pub const fn shelf(own: Option<&Path>) -> Shelf<'_> {
    Shelf { noun: "keymap", kind: "keymaps", bundled: EMBEDDED, own }
}

/// A sequence that was begun is forgotten after this.
pub const SEQUENCE_TIMEOUT: Duration = Duration::from_secs(2);
/// A sequence that was begun and not continued shows what may follow.
pub const SEQUENCE_HINT: Duration = Duration::from_millis(200);

/// One row per context: variant, name of its table, what it is.
macro_rules! contexts {
    ($( $variant:ident = $name:literal, $doc:literal; )+) => {
        /// Where keys are looked up: in the pane that has them, then in
        /// `global`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Context {
            /// Everywhere.
            #[default]
            Global,
            $( #[doc = $doc] $variant, )+
        }

        impl Context {
            /// Every context.
            pub const ALL: &'static [Self] = &[Self::Global, $(Self::$variant),+];

            /// The name of its table in keymap files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::Global => "global",
                    $(Self::$variant => $name),+
                }
            }
        }
    };
}

contexts! {
    Positions = "positions", "The positions pane.";
    Ticks = "ticks", "The ticks pane.";
    Chart = "chart", "The chart pane.";
    Gateway = "gateway", "The gateway pane.";
    Kill = "kill", "The switch and the kill that runs.";
    Proof = "proof", "The proof of flat.";
    Obey = "obey", "Who obeys the latch.";
    Mesh = "mesh", "The mesh pane.";
    Decisions = "decisions", "The decisions pane.";
    Lag = "lag", "The lag pane.";
    Processes = "processes", "The processes pane.";
    Log = "log", "The log pane.";
    Alarms = "alarms", "The alarms pane.";
    Help = "help", "The help overlay.";
    Replay = "replay", "A recording, or the past of this session: before the pane's own keys.";
}

impl Context {
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.name() == name)
    }
}

/// A keymap, checked.
#[derive(Clone, Debug)]
pub struct Keymap {
    name: Text,
    rows: Vec<Row>,
    /// One trie for each of [`Context::ALL`], with the global rows merged in.
    tries: Vec<Trie>,
}

impl Keymap {
    /// Reads a keymap from its text, which may inherit a bundled one; `file`
    /// is only for faults.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, FileFault> {
        Self::read(Source { file, text }, file, shelf(None))
    }

    fn read(source: Source<'_>, name: &str, shelf: Shelf<'_>) -> Result<Self, FileFault> {
        let parsed = file::parse(source, shelf, &[name.to_owned()])?;
        Ok(Self { name: parsed.name, rows: parsed.rows, tries: parsed.tries })
    }

    /// The keymap called `name`, the user's before the bundled one.
    ///
    /// # Errors
    /// A sentence: there is none, or the first fault of its file.
    pub fn find(name: &str, shelf: Shelf<'_>) -> Result<Self, Text> {
        let Sheet { file, text, bundled } = shelf.find(name)?;
        let bases = if bundled { shelf.bundled_only() } else { shelf };
        Self::read(Source { file: &file, text: &text }, name, bases)
            .map_err(|fault| Text::new(&fault.to_string()))
    }

    /// A bundled keymap; none when there is none of that name.
    #[must_use]
    pub fn embedded(name: &str) -> Option<Self> {
        Self::find(name, shelf(None)).ok()
    }

    /// Names of the bundled keymaps.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// The keymap called `name`: the user's file `keymaps/NAME.toml` under
    /// `config_dir`, else the bundled one. Never fails: what can't be used is
    /// told in the second part and a bundled keymap stands in.
    #[must_use]
    pub fn load(name: &str, config_dir: &Path) -> (Self, Option<Text>) {
        match Self::find(name, shelf(Some(config_dir))) {
            Ok(keymap) => (keymap, None),
            Err(why) => {
                let keymap = Self::embedded(name).unwrap_or_default();
                let note = format!("{why}; the bundled keymap {} stands in", keymap.name);
                (keymap, Some(Text::new(&note)))
            }
        }
    }

    /// The keymap's name.
    #[must_use]
    pub const fn name(&self) -> &Text {
        &self.name
    }

    /// Every row, in the order of the file: for help.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The keys that run `action` in `context`, for hints: `x x`. Those of
    /// the context come before the global ones.
    #[must_use]
    pub fn keys_for(&self, action: Action, context: Context) -> Option<&str> {
        if let Some(chord) = fixed::shown(action) {
            return Some(chord);
        }
        let of = |wanted: Context| {
            self.rows
                .iter()
                .filter(move |r| r.context == wanted && r.action == action)
                .find(move |r| self.look(None, context, &r.keys) == Found::Run(action))
        };
        of(context).or_else(|| of(Context::Global)).map(|r| r.shown.as_str())
    }

    /// What may follow the keys that are shown as `begun` in `context`: the
    /// rest of the keys, as shown, and the row.
    #[must_use]
    pub fn following(&self, context: Context, begun: &str) -> Vec<(&str, &Row)> {
        let mut found: Vec<(&str, &Row)> = Vec::new();
        for row in &self.rows {
            let here = row.context == context || row.context == Context::Global;
            let rest = row.shown.strip_prefix(begun).and_then(|rest| rest.strip_prefix(' '));
            let runs = self.look(None, context, &row.keys) == Found::Run(row.action);
            if let Some(rest) = rest.filter(|_| here && runs)
                && found.iter().all(|(known, _)| *known != rest)
            {
                found.push((rest, row));
            }
        }
        found
    }

    /// What `keys` lead to: by the rows of `over`, then those of `context`.
    fn look(&self, over: Option<Context>, context: Context, keys: &[Key]) -> Found {
        let below = (context == Context::Replay).then_some(Context::Global);
        let places = over.into_iter().chain([context]).chain(below);
        let mut found = places.map(|place| self.trie(place).find(keys));
        found.find(|found| *found != Found::Nothing).unwrap_or(Found::Nothing)
    }

    fn trie(&self, context: Context) -> &Trie {
        const EMPTY: &Trie = &Trie::new();
        let place = Context::ALL.iter().position(|c| *c == context);
        place.and_then(|i| self.tries.get(i)).unwrap_or(EMPTY)
    }
}

impl Default for Keymap {
    /// The bundled default; nothing but the fixed chords if even that one
    /// were broken, which a test rules out.
    fn default() -> Self {
        Self::embedded("default").unwrap_or_else(|| Self {
            name: Text::new("none"),
            rows: Vec::new(),
            tries: Vec::new(),
        })
    }
}

/// What a key led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fed {
    /// The keys so far run this.
    Run(Action),
    /// A sequence has begun; shown as `g …`.
    Pending,
    /// Nothing.
    Unbound,
}

/// The keys of a sequence that was begun.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    keys: Vec<Key>,
    since: Stamp,
}

impl Sequence {
    /// Feeds one key press. A key that doesn't continue what was begun starts
    /// anew.
    pub fn feed(&mut self, keymap: &Keymap, context: Context, key: Key, at: Stamp) -> Fed {
        self.feed_over(keymap, None, context, key, at)
    }

    /// The same, with the rows of `over` before those of `context`.
    pub fn feed_over(
        &mut self,
        keymap: &Keymap,
        over: Option<Context>,
        context: Context,
        key: Key,
        at: Stamp,
    ) -> Fed {
        if at.since(self.since) > SEQUENCE_TIMEOUT {
            self.keys.clear();
        }
        self.keys.push(key);
        let mut found = keymap.look(over, context, &self.keys);
        if found == Found::Nothing && self.keys.len() > 1 {
            self.keys = vec![key];
            found = keymap.look(over, context, &self.keys);
        }
        match found {
            Found::Run(action) => {
                self.keys.clear();
                Fed::Run(action)
            }
            Found::Prefix => {
                self.since = at;
                Fed::Pending
            }
            Found::Nothing => {
                self.keys.clear();
                Fed::Unbound
            }
        }
    }

    /// What was begun waits for the next key long enough to show which there
    /// are.
    #[must_use]
    pub fn waits(&self, now: Stamp) -> bool {
        !self.keys.is_empty() && now.since(self.since) >= SEQUENCE_HINT
    }

    /// How long until it does, while it does not.
    #[must_use]
    pub fn hint_in(&self, now: Stamp) -> Option<Duration> {
        let begun = !self.keys.is_empty() && !self.waits(now);
        begun.then(|| SEQUENCE_HINT.saturating_sub(now.since(self.since)))
    }

    /// Forgets what was begun too long ago; true when there was such a thing.
    pub fn forget(&mut self, now: Stamp) -> bool {
        let over = !self.keys.is_empty() && now.since(self.since) > SEQUENCE_TIMEOUT;
        if over {
            self.keys.clear();
        }
        over
    }

    /// Forgets what was begun.
    pub fn clear(&mut self) {
        self.keys.clear();
    }

    /// What was begun, as `g`, empty when nothing was.
    #[must_use]
    pub fn shown(&self) -> String {
        key::show_all(&self.keys)
    }
}

#[cfg(test)]
mod tests;
