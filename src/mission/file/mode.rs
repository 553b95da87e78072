//! `[mode.NAME]`.

use super::{label, process, value_of, words};
use crate::config::origin::Sourced;
use crate::config::section::Section;
use crate::config::{Origin, Problem};
use crate::domain::Text;
use crate::mission::modes::RESERVED;
use crate::mission::spec::{ModeSpec, Name, Require, Restart, Value};
use std::collections::BTreeMap;

/// Longest text that an operator is asked to type.
const CONFIRM_CHARS: usize = 200;

/// A mode, and where its names of others were written.
pub struct Placed {
    /// The mode; its names are not proven yet.
    pub mode: ModeSpec,
    /// Where each of `processes`, then of `keeps`, then of `restart` is named.
    pub names: Vec<(Name, Origin)>,
    /// Where each machine of `require` is named.
    pub hosts: Vec<(Name, Origin)>,
}

/// All of them, in the order of the file.
pub fn modes(
    mut all: Section<'_, '_>,
    base: &BTreeMap<String, Value>,
    out: &mut Vec<Problem>,
) -> Vec<Placed> {
    let mut found = Vec::new();
    for key in all.keys() {
        let Some(section) = all.section(key.value, out) else { continue };
        let name = words::name(&key, "mode", out).unwrap_or_default();
        found.push(mode(name, section, base, out));
    }
    all.finish(out);
    found
}

fn mode(
    name: Name,
    mut section: Section<'_, '_>,
    base: &BTreeMap<String, Value>,
    out: &mut Vec<Problem>,
) -> Placed {
    let at = section.place();
    let mut names = Vec::new();
    let description = label(section.text("description", out), 200).unwrap_or_default();
    let processes = listed(&mut section, "processes", &mut names, out);
    let keeps = listed(&mut section, "keeps", &mut names, out);
    for twice in keeps.iter().filter(|name| processes.contains(name)) {
        let cause = format!("mode {name} runs {twice}, and keeps it");
        out.push(Problem::new(at.clone(), cause, "name it in processes or in keeps, not in both"));
    }
    let settings = section.section("settings", out).map(|s| settings(s, base, out));
    let mut hosts = Vec::new();
    let require = section.section("require", out).map(|s| require(s, &mut hosts, out));
    let confirm = section.text("confirm", out).and_then(|text| confirm(&text, base, out));
    let engage = section.switch("engage", out).is_some_and(|on| on.value);
    let restart = section.section("restart_override", out);
    let restart = restart.map(|s| overrides(s, &mut names, out)).unwrap_or_default();
    section.finish(out);
    let mode = ModeSpec {
        name,
        description,
        processes,
        keeps,
        settings: settings.unwrap_or_default(),
        require: require.unwrap_or_default(),
        confirm: confirm.unwrap_or_default(),
        engage,
        restart,
        at: Some(at),
    };
    Placed { mode, names, hosts }
}

fn listed<'a>(
    section: &mut Section<'a, '_>,
    key: &'a str,
    names: &mut Vec<(Name, Origin)>,
    out: &mut Vec<Problem>,
) -> Vec<Name> {
    let mut found: Vec<Name> = Vec::new();
    for text in section.texts(key, out).map(|list| list.value).unwrap_or_default() {
        let name = text.value.to_owned();
        if found.contains(&name) {
            let cause =
                format!("{} names \"{}\" twice", section.full(key), Text::limited(&name, 60));
            out.push(Problem::new(text.origin, cause, "name it once"));
            continue;
        }
        names.push((name.clone(), text.origin));
        found.push(name);
    }
    found
}

/// Whether this can be the name of a flag.
pub fn is_flag(key: &Sourced<&str>, out: &mut Vec<Problem>) -> bool {
    let sound = (1..=64).contains(&key.value.len())
        && key.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && key.value != RESERVED;
    if !sound {
        let cause = format!("\"{}\" is no name of a setting", Text::limited(key.value, 60));
        let next = format!("use letters, digits and _, and not \"{RESERVED}\"");
        out.push(Problem::new(key.origin.clone(), cause, next));
    }
    sound
}

/// The flags of a mode: only what the base has, in the base's kind, so that
/// every mode's document has the same keys and none is left behind.
fn settings(
    mut section: Section<'_, '_>,
    base: &BTreeMap<String, Value>,
    out: &mut Vec<Problem>,
) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for key in section.keys() {
        let Some(plain) = section.plain(key.value, out) else { continue };
        let value = value_of(plain.value);
        match base.get(key.value) {
            None => {
                let hint = words::meant(key.value, base.keys().map(String::as_str));
                let cause = format!("unknown setting \"{}\"{hint}", Text::limited(key.value, 60));
                let next = "write it into [settings] too, with the value that other modes have";
                out.push(Problem::new(key.origin, cause, next));
            }
            Some(usual) if !usual.same_kind(&value) => {
                let cause = format!("{} is {}", section.full(key.value), value.kind());
                let next = format!("write {}: its base is {usual}", usual.kind());
                out.push(Problem::new(plain.origin, cause, next));
            }
            Some(_) => {
                found.insert(key.value.to_owned(), value);
            }
        }
    }
    found
}

fn require(
    mut section: Section<'_, '_>,
    hosts: &mut Vec<(Name, Origin)>,
    out: &mut Vec<Problem>,
) -> Vec<Require> {
    let mut found = Vec::new();
    for (key, what) in
        [("kill_switch_clear", Require::KillSwitchClear), ("live_armed", Require::LiveArmed)]
    {
        if section.switch(key, out).is_some_and(|on| on.value) {
            found.push(what);
        }
    }
    let credentials = section.paths("credentials", out).map(|list| list.value);
    found.extend(credentials.unwrap_or_default().into_iter().map(Require::Credentials));
    let files = process::texts(section.texts("files", out));
    found.extend(files.into_iter().map(Require::File));
    for name in listed(&mut section, "reachable", hosts, out) {
        found.push(Require::Reachable(name));
    }
    found.extend(words::size(&mut section, "disk_free", out).map(Require::DiskFree));
    found.extend(words::size(&mut section, "memory_free", out).map(Require::MemoryFree));
    section.finish(out);
    found
}

/// What is typed: `{KEY}` must be a setting.
fn confirm(
    text: &Sourced<&str>,
    base: &BTreeMap<String, Value>,
    out: &mut Vec<Problem>,
) -> Option<String> {
    let shown = Text::limited(text.value, CONFIRM_CHARS);
    if shown.as_str() != text.value || text.value.trim() != text.value {
        let next = format!("use at most {CONFIRM_CHARS} characters that can be read and typed");
        out.push(Problem::new(text.origin.clone(), "nobody can type this confirm", next));
        return None;
    }
    for key in crate::mission::modes::keys_of(text.value) {
        if !base.contains_key(key) {
            let hint = words::meant(key, base.keys().map(String::as_str));
            let cause = format!("unknown setting \"{}\"{hint}", Text::limited(key, 60));
            out.push(Problem::new(text.origin.clone(), cause, "name a setting between { and }"));
        }
    }
    Some(text.value.to_owned())
}

fn overrides(
    mut section: Section<'_, '_>,
    names: &mut Vec<(Name, Origin)>,
    out: &mut Vec<Problem>,
) -> BTreeMap<Name, Restart> {
    let mut found = BTreeMap::new();
    for key in section.keys() {
        let Some(table) = section.section(key.value, out) else { continue };
        names.push((key.value.to_owned(), key.origin));
        found.insert(key.value.to_owned(), process::restart_of(table, out));
    }
    found
}
