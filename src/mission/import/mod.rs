//! From the documented JSON (`mission_control_distributed`) to `mission.toml`.
//!
//! What it says is carried over, what it leaves open (dependencies, process
//! sets of the documented modes) is taken from the document, and whatever can't
//! be carried over is said, one line each. The result passes the reader, or
//! there is none.

mod modes;
mod services;
#[cfg(test)]
mod tests;
mod write;

use super::file;
use super::spec::Platform;
use crate::config::Problem;
use crate::config::section::Document;
use crate::domain::Text;
use serde_json::{Map, Value};

/// Key around everything.
const ROOT: &str = "mission_control_distributed";

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// `mission.toml`.
    pub toml: String,
    /// What could not be carried over, or was taken from elsewhere.
    pub notes: Vec<Text>,
}

/// A machine that is not the daemon's own.
#[derive(Debug)]
struct Machine {
    /// Its name in the file.
    raw: String,
    name: String,
    ssh: String,
    platform: Platform,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    /// The daemon's own machine, by its name in the file.
    own: Option<String>,
    machines: Vec<Machine>,
    services: Vec<services::Service>,
    notes: Vec<Text>,
}

impl Found {
    fn note(&mut self, text: impl AsRef<str>) {
        self.notes.push(Text::new(text.as_ref()));
    }

    /// Names every key that nobody took.
    fn rest(&mut self, at: &str, map: &Map<String, Value>, known: &[&str]) {
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let key = Text::limited(key, 60);
            self.note(format!("{at}.{key} is not carried over"));
        }
    }

    /// A string under `key`; anything else is said.
    fn text(&mut self, at: &str, map: &Map<String, Value>, key: &str) -> Option<String> {
        match map.get(key)? {
            Value::String(text) if !text.contains('\0') => Some(text.clone()),
            _ => {
                self.note(format!("{at}.{key} is no text and is not carried over"));
                None
            }
        }
    }

    fn table<'v>(&mut self, at: &str, value: Option<&'v Value>) -> Option<&'v Map<String, Value>> {
        let value = value?;
        if value.as_object().is_none() {
            self.note(format!("{at} is no object and is not carried over"));
        }
        value.as_object()
    }

    /// A name that `mission.toml` takes.
    fn name(&mut self, raw: &str, what: &str) -> String {
        if file::words::is_name(raw) {
            return raw.to_owned();
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let kept: String = raw.chars().map(|c| if fits(c) { c } else { '_' }).take(60).collect();
        let name = if file::words::is_name(&kept) { kept } else { format!("x{kept}") };
        self.note(format!("{what} \"{}\" is called {name} here", Text::limited(raw, 60)));
        name
    }
}

/// Reads `bytes` of the file called `shown`. `here` is the machine that the
/// daemon runs on; without it, the hub.
///
/// # Errors
/// The file is no JSON of this kind, with the place, or what it says makes no
/// sound mission.
pub fn import(shown: &str, bytes: &[u8], here: Option<&str>) -> Result<Imported, Vec<Problem>> {
    let whole = |cause: &str, next: &str| vec![Problem::new(file_of(shown), cause, next)];
    let text = std::str::from_utf8(bytes).map_err(|_| whole("is not UTF-8", "save it as UTF-8"))?;
    let value: Value = serde_json::from_str(text).map_err(|e| {
        let lines: usize =
            text.split('\n').take(e.line().saturating_sub(1)).map(|l| l.len() + 1).sum();
        let at = Document::new(shown, text).place(lines + e.column().saturating_sub(1));
        vec![Problem::new(at, format!("not valid JSON: {e}"), "correct the syntax of this line")]
    })?;
    let root = value.get(ROOT).unwrap_or(&value);
    let next = format!("name a file with \"{ROOT}\": {{\"machines\": …}}");
    let Some(root) = root.as_object().filter(|root| root.contains_key("machines")) else {
        return Err(whole("there are no machines in it", &next));
    };
    let mut found = Found::default();
    if let Some(all) = value.as_object().filter(|all| all.contains_key(ROOT)) {
        found.rest("the file", all, &[ROOT]);
    }
    let known =
        ["architecture", "machines", "mode_configurations", "startup_sequence", "health_checks"];
    found.rest(ROOT, root, &known);
    if let Some(kind) = root.get("architecture") {
        let kind = Text::limited(kind.as_str().unwrap_or("…"), 40);
        found.note(format!("architecture {kind} is not carried over: [host.NAME] says it"));
    }
    services::machines(root, here, &mut found)?;
    services::health(root.get("health_checks"), &mut found);
    services::sequence(root.get("startup_sequence"), &mut found);
    if found.services.is_empty() {
        return Err(whole("no machine in it has a service", &next));
    }
    let modes = modes::modes(root.get("mode_configurations"), &mut found);
    let toml = write::toml(shown, &found, &modes);
    match file::parse("imported", &toml) {
        Ok(_) => Ok(Imported { toml, notes: found.notes }),
        Err(problems) => {
            let told = |problem: Problem| {
                let cause = format!("what it says makes no sound mission: {}", problem.cause);
                Problem::new(file_of(shown), cause, problem.next.as_str())
            };
            Err(problems.into_iter().map(told).collect())
        }
    }
}

fn file_of(shown: &str) -> crate::config::Origin {
    crate::config::file::whole(shown)
}
