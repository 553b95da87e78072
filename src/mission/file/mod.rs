//! Reading `mission.toml`: every key that it may hold, and all that is wrong
//! with it in one go, each mistake with its line and column.
//!
//! A file is taken whole or not at all. What does not belong here: acting on
//! it, and what only the machine can tell (`commands` warns of programs that
//! are not found, and refuses nothing).

pub mod commands;
mod daemon;
mod links;
mod mode;
mod probe;
mod process;
mod rule;
#[cfg(test)]
mod tests;
pub mod words;

use super::modes;
use super::spec::Mission;
use crate::config::section::{Document, Plain, Section};
use crate::config::{Origin, Problem, file};
use crate::domain::Text;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The file that runs this system itself, in PAPER on loopback ports.
pub const EMBEDDED: &str = include_str!("../../../profiles/mission.toml");
/// How it is called where a place in it is named.
pub const EMBEDDED_NAME: &str = "profiles/mission.toml";
/// The shape of the file, for editors and other programs: JSON Schema 2020-12.
pub const SCHEMA: &str = include_str!("../../../profiles/mission.schema.json");
/// A file larger than this is a mistake.
const MAX_BYTES: u64 = 1_048_576;

/// The mission of this file; of the embedded one without.
///
/// # Errors
/// All that is wrong with it, in order of place.
pub fn load(path: Option<&Path>) -> Result<Mission, Vec<Problem>> {
    let Some(path) = path else { return parse(EMBEDDED_NAME, EMBEDDED) };
    let text = text_of(path).map_err(|problem| vec![problem])?;
    let mut mission = parse(&path.to_string_lossy(), &text)?;
    mission.path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Ok(mission)
}

/// The mission that `text` says; `name` is how its places are called.
///
/// # Errors
/// All that is wrong with it, in order of place.
pub fn parse(name: &str, text: &str) -> Result<Mission, Vec<Problem>> {
    let doc = Document::new(name, text);
    let (table, broken) = DeTable::parse_recoverable(text);
    let mut out = Vec::new();
    let mut root = Section::root(&doc, &table);
    let mut mission =
        Mission { path: PathBuf::new(), sha: sha(text.as_bytes()), ..Mission::default() };
    if let Some(section) = root.section("daemon", &mut out) {
        mission.daemon = daemon::daemon(section, &mut out);
    }
    let hosts = root.section("host", &mut out);
    let hosts = hosts.map(|section| daemon::hosts(section, &mut out)).unwrap_or_default();
    mission.hosts = hosts.0;
    let settings = root.section("settings", &mut out);
    let processes = root.section("process", &mut out);
    let modes = root.section("mode", &mut out);
    let rules = root.sections("rule", &mut out);
    root.finish(&mut out);
    if let Some(section) = settings {
        mission.base = base(section, &mut out);
    }
    let processes = processes.map(|section| process::processes(section, &mut out));
    let processes = processes.unwrap_or_default();
    let modes = modes.map(|section| mode::modes(section, &modes::base(&mission), &mut out));
    let modes = modes.unwrap_or_default();
    mission.rules = rule::rules(rules, &mut out);
    let names = links::Names { hosts: hosts.1, processes: processes.1 };
    links::check(&mut mission, &names, processes.0, modes, &mut out);
    if !broken.is_empty() {
        // What is missing or unknown beside a mistake of syntax mostly follows
        // from it: an unclosed table swallows what comes behind.
        out.clear();
        for error in broken {
            file::not_toml(&doc, &error, &mut out);
        }
    }
    if out.is_empty() && mission.processes.is_empty() {
        let next = "write at least one [process.NAME] with cmd = [\"program\"]";
        out.push(Problem::new(file::whole(name), "there is no process in it", next));
    }
    out.sort();
    out.dedup();
    if out.is_empty() { Ok(mission) } else { Err(out) }
}

/// `[settings]`: what every mode's document begins with.
fn base(
    mut section: Section<'_, '_>,
    out: &mut Vec<Problem>,
) -> std::collections::BTreeMap<String, super::spec::Value> {
    let documented = modes::documented();
    let mut base = std::collections::BTreeMap::new();
    for key in section.keys() {
        let Some(value) = section.plain(key.value, out) else { continue };
        let value_of = value_of(value.value);
        if !mode::is_flag(&key, out) {
            continue;
        }
        if let Some(usual) = documented.get(key.value)
            && !usual.same_kind(&value_of)
        {
            let cause = format!("settings.{} is {}", key.value, value_of.kind());
            let next = format!("write {}, as the documented {usual}", usual.kind());
            out.push(Problem::new(value.origin, cause, next));
            continue;
        }
        base.insert(key.value.to_owned(), value_of);
    }
    section.finish(out);
    base
}

fn value_of(plain: Plain<'_>) -> super::spec::Value {
    match plain {
        Plain::Flag(on) => super::spec::Value::Flag(on),
        Plain::Number(n) => super::spec::Value::Number(n),
        Plain::Text(text) => super::spec::Value::Text(text.to_owned()),
    }
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        // A string takes whatever is written to it.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn text_of(path: &Path) -> Result<String, Problem> {
    let shown = path.to_string_lossy();
    let whole = |cause: String, next: &str| Problem::new(file::whole(&shown), cause, next);
    let unreadable = |e: std::io::Error| {
        whole(format!("can't be read: {e}"), "check path and permissions of the mission file")
    };
    // A pipe would hang, a device might never end.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(whole(String::from("is not a file"), "name a TOML file"));
    }
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path).map_err(unreadable)?;
    opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|n| n > MAX_BYTES) {
        return Err(whole(String::from("is larger than 1 MiB"), "name a TOML file"));
    }
    String::from_utf8(bytes).map_err(|e| {
        let good = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
        let good = String::from_utf8_lossy(good);
        let at: Origin = Document::new(&shown, &good).place(good.len());
        Problem::new(at, "is not UTF-8", "save it as UTF-8")
    })
}

/// A short text for people.
fn label(text: Option<crate::config::origin::Sourced<&str>>, longest: usize) -> Option<Text> {
    text.map(|text| Text::limited(text.value, longest))
}
