//! A mode's settings: one whole document for each mode, rendered from the
//! base and nothing else, so that no mode leaves anything to the next one.

mod pen;
mod write;

#[cfg(test)]
mod tests;

pub use pen::{Pen, Ticket};
pub use write::{read, replace};

use super::hands::Vars;
use super::spec::{Mission, ModeSpec, Name, Value};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// File of the document, below the daemon's directory.
pub const FILE: &str = "settings.json";
/// Key of the document that says which mode it is; no setting has this name.
pub const RESERVED: &str = "mode";

/// The documented flags at their base: all false, paper trading on, and the
/// documented limits of risk.
#[must_use]
pub fn documented() -> BTreeMap<String, Value> {
    let flags = [
        "enable_intellisense_logging",
        "ENABLE_IPC_DATA_DUMP",
        "enable_trading_signals",
        "disable_broker",
        "disable_price_fetching_service",
        "development_mode",
        "disable_paper_trading",
        "emergency_mode_active",
        "replay_mode",
    ];
    let risk = [("risk_max_position_size", 10_000), ("risk_max_notional_per_trade", 25_000)];
    let flags = flags.into_iter().map(|key| (key.to_owned(), Value::Flag(false)));
    flags.chain(risk.map(|(key, n)| (key.to_owned(), Value::Number(n)))).collect()
}

/// What every mode of `mission` begins from: the documented base, and over it
/// what the file's `[settings]` say.
#[must_use]
pub fn base(mission: &Mission) -> BTreeMap<String, Value> {
    let mut base = documented();
    base.extend(mission.base.iter().map(|(key, value)| (key.clone(), value.clone())));
    base
}

/// The settings of one mode, complete.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Document {
    /// Which mode.
    pub mode: Name,
    /// Every setting.
    #[serde(flatten)]
    pub flags: BTreeMap<String, Value>,
}

/// One setting that another mode has otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which.
    pub key: String,
    /// What it is now; none: it is not set.
    pub from: Option<Value>,
    /// What it becomes; none: it is gone.
    pub to: Option<Value>,
}

impl Document {
    /// The document of a mode: the same one whatever was in force before.
    #[must_use]
    pub fn of(mission: &Mission, mode: &ModeSpec) -> Self {
        let mut flags = base(mission);
        flags.extend(mode.settings.iter().map(|(key, value)| (key.clone(), value.clone())));
        Self { mode: mode.name.clone(), flags }
    }

    fn is(&self, key: &str) -> bool {
        self.flags.get(key) == Some(&Value::Flag(true))
    }

    /// It trades real money: signals and broker are on, paper trading is off.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.is("enable_trading_signals")
            && self.is("disable_paper_trading")
            && !self.is("disable_broker")
    }

    /// It is an emergency's.
    #[must_use]
    pub fn is_emergency(&self) -> bool {
        self.is("emergency_mode_active")
    }

    /// What differs between the document in force and this one.
    #[must_use]
    pub fn changes(&self, from: Option<&Self>) -> Vec<Change> {
        let none = BTreeMap::new();
        let from = from.map_or(&none, |document| &document.flags);
        let keys: std::collections::BTreeSet<&String> =
            from.keys().chain(self.flags.keys()).collect();
        let change = |key: &String| Change {
            key: key.clone(),
            from: from.get(key).cloned(),
            to: self.flags.get(key).cloned(),
        };
        keys.into_iter().map(change).filter(|change| change.from != change.to).collect()
    }

    /// The document's bytes: the same settings are the same bytes.
    ///
    /// # Errors
    /// Never for settings that were read from a file; the words of the JSON
    /// writer else.
    pub fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Puts the document in the place of the one in force, whole: a crash
    /// leaves the old or the new one. `ticket` is one for [`FILE`].
    ///
    /// # Errors
    /// The system's word, or that the order does not hold any more.
    pub fn write(&self, ticket: &Ticket) -> io::Result<()> {
        ticket.land(Some(&self.bytes()?))
    }

    /// What a start of a process gets to know of it.
    #[must_use]
    pub fn vars(&self, dir: &Path) -> Vars {
        let flags = self.flags.iter().map(|(key, value)| (key.clone(), value.to_string()));
        let settings = Some(dir.join(FILE));
        Vars { settings, flags: flags.collect(), mode: self.mode.clone() }
    }

    /// A path of the mission file with `{dir}` and `{mode:KEY}` filled in.
    #[must_use]
    pub fn place(&self, path: &str, dir: &Path) -> PathBuf {
        let mut out = path.to_owned();
        for (word, name) in marks(path) {
            match (word, self.flags.get(name)) {
                ("dir", _) => out = out.replace("{dir}", &dir.to_string_lossy()),
                ("mode", Some(value)) => {
                    out = out.replace(&format!("{{mode:{name}}}"), &value.to_string());
                }
                _ => {}
            }
        }
        PathBuf::from(out)
    }

    /// `text` with each `{KEY}` in the setting's value.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for key in keys_of(text) {
            if let Some(value) = self.flags.get(key) {
                out = out.replace(&format!("{{{key}}}"), &value.to_string());
            }
        }
        out
    }
}

/// The names between `{` and `}`.
pub fn keys_of(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(key, _)| key)
}

/// What `{word}` and `{word:name}` in a command stand for: the word, and the
/// name behind it (empty without). Other braces are the program's own.
pub fn marks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    keys_of(text).filter_map(|mark| {
        let (word, name) = mark.split_once(':').unwrap_or((mark, ""));
        let alone = matches!(word, "settings" | "crs" | "dir") && !mark.contains(':');
        let named = matches!(word, "env" | "mode") && !name.is_empty();
        (alone || named).then_some((word, name))
    })
}
