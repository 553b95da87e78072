//! What the control API needs of the daemon's other parts, beside the crew
//! and the hub: each is a trait, so that the API knows none of them.

use super::order::{Answer, By, Order, Refusal};
use super::spec::{Name, Value};
use crate::domain::Text;
use crate::domain::UtcMicros;
use crate::domain::mission::{ConsoleLine, LineLevel, MissionAlert};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is refused, and why.
pub type Refused = (Refusal, Text);

/// Who takes orders.
pub trait Orders: Send + Sync {
    /// Does it, or says why not. May take as long as a requirement's check.
    fn order(&self, order: &Order, by: &By) -> Answer;
}

/// Who knows the modes.
pub trait Modes: Send + Sync {
    /// All of them, in the order of the configuration.
    fn modes(&self) -> Vec<ModeRecord>;

    /// What a launch into this one would do now. May take as long as a
    /// requirement's check.
    ///
    /// # Errors
    /// No such mode.
    fn plan(&self, mode: &str) -> Result<PlanRecord, Refused>;
}

/// A mode, as the API shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeRecord {
    /// Its name.
    pub name: Text,
    /// In a few words.
    pub description: Text,
    /// What runs in it.
    pub processes: Vec<Text>,
    /// The whole settings document.
    pub settings: BTreeMap<Name, Value>,
    /// What the operator has to type, filled in; empty: nothing.
    pub confirm: Text,
    /// It trades real money, by its own settings.
    pub live: bool,
    /// The breaker is engaged before anything else.
    pub engage: bool,
}

/// What a launch would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// Into this mode.
    pub mode: Text,
    /// What the operator has to type, empty: nothing.
    pub confirm: Text,
    /// Its steps, a line each, in their order.
    pub steps: Vec<Text>,
    /// Requirements that do not hold now; a launch would be refused.
    pub refused: Vec<Text>,
}

/// Who keeps lines at hand.
pub trait Lines: Send + Sync {
    /// Those at hand that are wanted, the oldest first; of more than `most`
    /// the oldest, so that the number of the last one leads on.
    fn lines(&self, wanted: &LineQuery) -> Vec<ConsoleLine>;

    /// Number of the newest line of all, 0: none was ever read.
    fn newest(&self) -> u64;

    /// Number of the oldest line that is still at hand.
    fn oldest(&self) -> u64;

    /// The place before this line, or before the oldest one at hand, for
    /// [`Lines::older`]; none where nothing older is kept.
    fn place(&self, _line: Option<&ConsoleLine>) -> Option<Place> {
        None
    }

    /// Lines before a place, from where they are kept for longer. May take as
    /// long as a disk; a look that is too long is given up, and that said.
    fn older(&self, _wanted: &OlderQuery) -> Older {
        Older::default()
    }
}

/// A place among the lines that are kept: `1768399018271512.3` stands behind
/// all lines but those that came later than this (microseconds of UTC) and the
/// last three of this very moment. Without a number it is before the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The moment.
    pub at: UtcMicros,
    /// How many lines of it are behind the place.
    pub newer: u64,
}

impl Place {
    /// Behind all lines.
    pub const END: Self = Self { at: UtcMicros(i64::MAX), newer: 0 };
}

impl Default for Place {
    fn default() -> Self {
        Self::END
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.at.0, self.newer)
    }
}

impl std::str::FromStr for Place {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (at, newer) = text.split_once('.').unwrap_or((text, ""));
        let newer = if newer.is_empty() { u64::MAX } else { newer.parse()? };
        Ok(Self { at: UtcMicros(at.parse()?), newer })
    }
}

/// Which older lines are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OlderQuery {
    /// Of these processes; empty: of all, and the daemon's own.
    pub processes: Vec<Name>,
    /// At least so loud.
    pub level: LineLevel,
    /// Containing this, empty: whatever.
    pub contains: String,
    /// Before this.
    pub before: Place,
    /// At most so many, the newest of them.
    pub most: usize,
}

/// Older lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Older {
    /// The oldest first; they have no numbers (0).
    pub lines: Vec<ConsoleLine>,
    /// Where to go on; none: that were all.
    pub older: Option<Place>,
    /// What could not be read, in words.
    pub notes: Vec<Text>,
}

/// Which lines are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineQuery {
    /// Of this process; none: of all.
    pub process: Option<Name>,
    /// At least so loud.
    pub level: LineLevel,
    /// Containing this, empty: whatever.
    pub contains: String,
    /// Numbered above this.
    pub after: u64,
    /// At most so many.
    pub most: usize,
}

/// Who keeps alerts.
pub trait Alerts: Send + Sync {
    /// All at hand, the oldest first.
    fn alerts(&self) -> Vec<MissionAlert>;

    /// Somebody has seen it.
    ///
    /// # Errors
    /// No such alert.
    fn acknowledge(&self, alert: u64, by: &By) -> Result<(), Refused>;

    /// Carries out one of its proposed actions; what was done.
    ///
    /// # Errors
    /// No such alert, no such action, or a confirmation that is missing.
    fn act(&self, alert: u64, action: &str, confirm: &str, by: &By) -> Result<Text, Refused>;
}

/// Who finds what was left behind.
pub trait Zombies: Send + Sync {
    /// Looks now.
    fn find(&self) -> Vec<ZombieRecord>;

    /// Ends or removes one. What is found there now must still be what was
    /// shown under this id.
    ///
    /// # Errors
    /// It is gone or another one, must not be touched, or the confirmation is
    /// not what the record asks for.
    fn end(&self, id: &str, confirm: &str, by: &By) -> Result<Text, Refused>;
}

/// Something that was left behind, or holds what a process of ours needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZombieRecord {
    /// Names it until it changes.
    pub id: Text,
    /// `port`, `orphan`, `shm`, `lock`.
    pub kind: Text,
    /// What it is, in words.
    pub what: Text,
    /// Whose it was by our records, empty: nobody's that we know.
    pub process: Text,
    /// Process id, where it is one.
    pub pid: Option<u32>,
    /// What would be done about it, empty: it must not be touched.
    pub action: Text,
    /// What the operator has to type for that, empty: nothing.
    pub confirm: Text,
}

/// Who keeps the audit.
pub trait Annals: Send + Sync {
    /// The newest entries, at most `last`, the newest last.
    ///
    /// # Errors
    /// Why they can't be read.
    fn last(&self, last: usize) -> Result<Vec<AuditEntry>, Text>;
}

/// An entry of the audit of mission control.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Number in its chain.
    pub n: u64,
    /// The chain.
    pub chain: Text,
    /// When.
    pub at: UtcMicros,
    /// `ORDER`, `ASKED` (for words to be typed), `ANSWER`, `CONFIG`, `PROCESS`, `LAUNCH`, `ALERT`, `DAEMON`.
    pub kind: Text,
    /// Who, empty: the daemon by itself.
    pub by: Text,
    /// What.
    pub what: Text,
    /// What came of it.
    pub outcome: Text,
}

impl AuditEntry {
    /// In one line.
    #[must_use]
    pub fn line(&self) -> Text {
        let by = if self.by.is_empty() { "mission" } else { self.by.as_str() };
        let came =
            if self.outcome.is_empty() { String::new() } else { format!(": {}", self.outcome) };
        Text::new(&format!("{}  {:<8} {by}  {}{came}", self.at.iso(), self.kind, self.what))
    }
}

/// Figures for `/metrics` that the API does not know itself.
pub trait Gauges: Send + Sync {
    /// All of them, as they stand now.
    fn gauges(&self) -> Vec<Gauge>;
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// Its name after `mission_`, with its unit: `host_disk_read_bytes`.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Labels.
    pub labels: Vec<(&'static str, String)>,
    /// The figure.
    pub value: f64,
}
