//! `mode_configurations`, and the documented modes that are not among them.

use super::Found;
use crate::domain::Text;
use crate::mission::modes::{Document, RESERVED, documented};
use crate::mission::spec::Value;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// One mode, on its way to `[mode.NAME]`.
#[derive(Debug, Default)]
pub struct Mode {
    /// Its name.
    pub name: String,
    /// In a few words.
    pub description: String,
    /// What runs in it.
    pub processes: Vec<String>,
    /// Its flags over the base.
    pub settings: BTreeMap<String, Value>,
}

impl Mode {
    fn document(&self) -> Document {
        let mut flags = documented();
        flags.extend(self.settings.clone());
        Document { mode: self.name.clone(), flags }
    }

    /// It trades real money.
    pub fn is_live(&self) -> bool {
        self.document().is_live()
    }

    /// It is an emergency's.
    pub fn is_emergency(&self) -> bool {
        self.document().is_emergency()
    }
}

/// All modes, and what `[settings]` must hold for them.
#[derive(Debug, Default)]
pub struct Modes {
    /// Keys that are no documented flags, with the value of modes without them.
    pub base: BTreeMap<String, Value>,
    /// The modes.
    pub modes: Vec<Mode>,
}

/// The documented modes: what is said of each, the flags that are on, and what
/// does not run.
const DOCUMENTED: [(&str, &str, &[&str]); 6] = [
    ("LIVE", "Production trading", &[IL, DD, TS, "disable_paper_trading"]),
    ("TANK_SEALED", "Isolated testing", &["disable_broker", PF, TS, "development_mode"]),
    (
        "TANK_BROADCASTING",
        "Testing with telemetry",
        &[IL, DD, TS, "disable_broker", "development_mode"],
    ),
    (
        "REPLAY",
        "Recorded data",
        &[IL, DD, TS, "disable_broker", PF, "development_mode", "replay_mode"],
    ),
    ("PAPER", "Paper trading", &[IL, DD, TS]),
    (
        "SAFE_MODE",
        "Emergency",
        &[IL, DD, "disable_broker", "development_mode", "emergency_mode_active"],
    ),
];
const IL: &str = "enable_intellisense_logging";
const DD: &str = "ENABLE_IPC_DATA_DUMP";
const TS: &str = "enable_trading_signals";
const PF: &str = "disable_price_fetching_service";

/// Reads them.
pub fn modes(value: Option<&Json>, found: &mut Found) -> Modes {
    let mut all = Modes::default();
    if let Some(map) = found.table("mode_configurations", value) {
        for (raw, value) in map {
            let at = format!("mode_configurations.{}", Text::limited(raw, 60));
            let Some(map) = found.table(&at, Some(value)) else { continue };
            let name = found.name(raw, "mode");
            if all.modes.iter().any(|mode| mode.name == name) {
                found.note(format!("{at}: {name} is there already, this one is not carried over"));
                continue;
            }
            let mode = mode(&at, name, map, &mut all.base, found);
            all.modes.push(mode);
        }
    }
    for (name, description, flags) in DOCUMENTED {
        if all.modes.iter().any(|mode| mode.name == name) {
            continue;
        }
        found.note(format!("mode {name} is not in the file: it is added as documented"));
        let settings = flags.iter().map(|flag| ((*flag).to_owned(), Value::Flag(true)));
        all.modes.push(Mode {
            name: name.to_owned(),
            description: description.to_owned(),
            processes: runs_in(name, found),
            settings: settings.collect(),
        });
    }
    all
}

/// What runs in a documented mode: all, but for two.
fn runs_in(mode: &str, found: &Found) -> Vec<String> {
    let all = found.services.iter().map(|service| service.name.clone());
    match mode {
        "TANK_SEALED" => all.filter(|name| ["Redis", "Main"].contains(&name.as_str())).collect(),
        "SAFE_MODE" => {
            let on = ["Redis", "TelemetryService", "OCRProcess"];
            all.filter(|name| on.contains(&name.as_str())).collect()
        }
        _ => all.collect(),
    }
}

fn mode(
    at: &str,
    name: String,
    map: &Map<String, Json>,
    base: &mut BTreeMap<String, Value>,
    found: &mut Found,
) -> Mode {
    let mut mode = Mode { name, ..Mode::default() };
    mode.description = found.text(at, map, "description").unwrap_or_default();
    let mut listed = false;
    for (key, value) in map {
        if key == "services" || key.ends_with("_services") {
            listed = true;
            services(&format!("{at}.{}", Text::limited(key, 60)), value, &mut mode, found);
        } else if !["description", "config_updates"].contains(&key.as_str()) {
            let key = Text::limited(key, 60);
            found.note(format!("{at}.{key} is not carried over"));
        }
    }
    if !listed {
        mode.processes = runs_in(&mode.name, found);
        found.note(format!("{at} names no services: {} run in it", mode.processes.len()));
    }
    let updates = found.table(&format!("{at}.config_updates"), map.get("config_updates"));
    for (key, value) in updates.into_iter().flatten() {
        let at = format!("{at}.config_updates.{}", Text::limited(key, 64));
        if let Some(value) = setting(&at, key, value, base, found) {
            mode.settings.insert(key.clone(), value);
        }
    }
    if mode.is_live() && mode.is_emergency() {
        mode.settings.insert(String::from("disable_broker"), Value::Flag(true));
        found.note(format!("{at} is an emergency's and would trade: disable_broker is set"));
    }
    if mode.is_live() {
        found.note(format!(
            "{at} trades real money: a clear kill switch, an armed account and a typed \
             confirmation are required"
        ));
    }
    if mode.is_emergency() {
        found.note(format!("{at} is an emergency's: it engages the breaker"));
    }
    mode
}

fn services(at: &str, value: &Json, mode: &mut Mode, found: &mut Found) {
    let Some(names) = value.as_array() else {
        found.note(format!("{at} is no list and is not carried over"));
        return;
    };
    for name in names {
        let known =
            found.services.iter().any(|service| Some(service.name.as_str()) == name.as_str());
        match name.as_str() {
            Some(name) if known && !mode.processes.iter().any(|p| p == name) => {
                mode.processes.push(name.to_owned());
            }
            Some(name) => {
                let name = Text::limited(name, 60);
                found
                    .note(format!("{at}: {name} is no service, or twice, and is not carried over"));
            }
            None => found.note(format!("{at} holds what is no name")),
        }
    }
}

/// One flag, in the kind that it has elsewhere.
fn setting(
    at: &str,
    key: &str,
    value: &Json,
    base: &mut BTreeMap<String, Value>,
    found: &mut Found,
) -> Option<Value> {
    let fits = (1..=64).contains(&key.len())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && key != RESERVED;
    let value = match value {
        _ if !fits => None,
        Json::Bool(on) => Some(Value::Flag(*on)),
        Json::Number(n) => n.as_i64().map(Value::Number),
        Json::String(text) => Some(Value::Text(text.clone())),
        _ => None,
    };
    let Some(value) = value else {
        found.note(format!("{at} is no setting that can be carried over"));
        return None;
    };
    let documented = documented();
    if let Some(usual) = documented.get(key).or_else(|| base.get(key)) {
        if usual.same_kind(&value) {
            return Some(value);
        }
        found.note(format!(
            "{at} is {}, elsewhere {}: not carried over",
            value.kind(),
            usual.kind()
        ));
        return None;
    }
    let usual = match &value {
        Value::Flag(_) => Value::Flag(false),
        Value::Number(_) => Value::Number(0),
        Value::Text(_) => Value::Text(String::new()),
    };
    found.note(format!("{at} is no documented flag: modes without it get \"{usual}\""));
    base.insert(key.to_owned(), usual);
    Some(value)
}
