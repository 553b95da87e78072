//! Machines, services, health checks and the order of the start.

use super::{Found, Machine, file_of};
use crate::config::Problem;
use crate::domain::Text;
use crate::mission::spec::Platform;
use serde_json::{Map, Value};

/// One service, on its way to `[process.NAME]`.
#[derive(Debug, Default)]
pub struct Service {
    /// Its name here.
    pub name: String,
    /// Its machine, by the file's name.
    pub machine: String,
    /// For people, empty: none.
    pub display_name: String,
    /// Program and arguments.
    pub cmd: Vec<String>,
    /// Whether one runs already.
    pub check: Vec<String>,
    /// Working directory.
    pub cwd: Option<String>,
    /// URL that says it is ready.
    pub http: Option<String>,
    /// Program that says it is ready.
    pub exec: Vec<String>,
    /// What must be there first.
    pub depends: Vec<(String, &'static str)>,
}

/// Who depends on whom, as documented.
const DEPENDS: [(&str, &str); 5] = [
    ("BabysitterService", "Redis"),
    ("TelemetryService", "Redis"),
    ("GUIBackend", "Redis"),
    ("Main", "TelemetryService"),
    ("OCRProcess", "TelemetryService"),
];

/// Machines and what runs on them.
pub fn machines(
    root: &Map<String, Value>,
    here: Option<&str>,
    found: &mut Found,
) -> Result<(), Vec<Problem>> {
    let Some(all) = found.table("machines", root.get("machines")) else { return Ok(()) };
    found.own = own(all, here)?;
    match &found.own {
        Some(own) => found.note(format!("{own} is this machine, where the daemon runs")),
        None => found.note("no machine of it is this one: all are reached over SSH"),
    }
    for (raw, value) in all {
        let at = format!("machines.{}", Text::limited(raw, 60));
        let Some(machine) = found.table(&at, Some(value)) else { continue };
        found.rest(&at, machine, &["ip", "role", "platform", "services"]);
        if let Some(role) = found.text(&at, machine, "role") {
            found.note(format!("{at}.role {} is not carried over", Text::limited(&role, 40)));
        }
        let ip = found.text(&at, machine, "ip");
        let platform = platform(&at, raw, machine, found);
        if found.own.as_ref() == Some(raw) {
            if let Some(ip) = ip {
                found.note(format!("{at}.ip {} is not carried over", Text::limited(&ip, 40)));
            }
        } else {
            let name = found.name(raw, "machine");
            let usual = name.to_ascii_lowercase();
            let ssh = ip.filter(|ip| is_ssh(ip)).unwrap_or_else(|| {
                found.note(format!("{at} has no ip for ssh: \"{usual}\" is asked for"));
                usual
            });
            found.machines.push(Machine { raw: raw.clone(), name, ssh, platform });
        }
        services(&at, raw, machine.get("services"), found);
    }
    depend(found);
    Ok(())
}

fn is_ssh(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | ':');
    !text.is_empty() && !text.starts_with('-') && text.chars().all(fits)
}

/// The daemon's own machine: the one that is named, else the hub.
fn own(all: &Map<String, Value>, here: Option<&str>) -> Result<Option<String>, Vec<Problem>> {
    if let Some(here) = here {
        if all.contains_key(here) {
            return Ok(Some(here.to_owned()));
        }
        let names: Vec<&str> = all.keys().map(String::as_str).collect();
        let cause = format!("no machine is called \"{}\"", Text::limited(here, 60));
        let next = format!("name one of {} with --here", names.join(", "));
        return Err(vec![Problem::new(file_of("--here"), cause, next)]);
    }
    let hub = |value: &Value| {
        value.get("role").and_then(Value::as_str).is_some_and(|role| role.contains("HUB"))
    };
    let named = all.keys().find(|name| *name == "TELEMETRY");
    Ok(all.iter().find(|(_, value)| hub(value)).map(|(name, _)| name).or(named).cloned())
}

fn platform(at: &str, raw: &str, machine: &Map<String, Value>, found: &mut Found) -> Platform {
    match found.text(at, machine, "platform").map(|p| p.to_ascii_lowercase()).as_deref() {
        Some("windows") => Platform::Windows,
        Some("linux") => Platform::Linux,
        Some(other) => {
            let other = Text::limited(other, 40);
            found.note(format!("{at}.platform {other} is unknown: it is taken for linux"));
            Platform::Linux
        }
        None if raw == "BEAST" => {
            found.note(format!("{at} has no platform: it is windows, as documented"));
            Platform::Windows
        }
        None => Platform::Linux,
    }
}

/// A list of names, or a map of names to what is known of each.
fn services(at: &str, machine: &str, value: Option<&Value>, found: &mut Found) {
    match value {
        None => found.note(format!("{at} has no services")),
        Some(Value::Array(names)) => {
            for name in names {
                match name.as_str() {
                    Some(name) => service(at, machine, name, &Map::new(), found),
                    None => found.note(format!("{at}.services holds what is no name")),
                }
            }
        }
        Some(Value::Object(map)) => {
            for (name, value) in map {
                let at = format!("{at}.services.{}", Text::limited(name, 60));
                if let Some(map) = found.table(&at, Some(value)) {
                    service(&at, machine, name, map, found);
                }
            }
        }
        Some(_) => found.note(format!("{at}.services is neither a list nor an object")),
    }
}

fn service(at: &str, machine: &str, raw: &str, map: &Map<String, Value>, found: &mut Found) {
    let name = found.name(raw, "service");
    if found.services.iter().any(|known| known.name == name) {
        found.note(format!("{at}: {name} is there already, this one is not carried over"));
        return;
    }
    let known = ["display_name", "command", "check_command", "cwd", "local", "health_check"];
    found.rest(at, map, &known);
    let mut service = Service { name, machine: machine.to_owned(), ..Service::default() };
    service.display_name = found.text(at, map, "display_name").unwrap_or_default();
    service.cmd = argv(at, "command", map.get("command"), found).unwrap_or_default();
    service.check = argv(at, "check_command", map.get("check_command"), found).unwrap_or_default();
    service.cwd = found.text(at, map, "cwd").filter(|cwd| !cwd.is_empty());
    if let Some(cwd) = service.cwd.take_if(|cwd| !is_absolute(cwd)) {
        let cwd = Text::limited(&cwd, 60);
        found.note(format!("{at}.cwd {cwd} is not absolute and is not carried over"));
    }
    match map.get("local") {
        None | Some(Value::Bool(true)) => {}
        Some(other) => found.note(format!("{at}.local {other} is not carried over")),
    }
    if service.cmd.is_empty() {
        let guess = if service.name == "Redis" { "redis-server" } else { service.name.as_str() };
        service.cmd = vec![guess.to_owned()];
        found.note(format!(
            "{} has no command: \"{guess}\" is a guess, write its own",
            service.name
        ));
    }
    if let Some(check) = map.get("health_check") {
        probe(&format!("{at}.health_check"), check, &mut service, found);
    }
    if service.exec.is_empty() && service.http.is_none() && !service.check.is_empty() {
        service.exec.clone_from(&service.check);
        found.note(format!("{} is ready when its check_command ends with 0", service.name));
    }
    found.services.push(service);
}

fn is_absolute(path: &str) -> bool {
    let mut first = path.chars();
    path.starts_with('/')
        || matches!(
            (first.next(), first.next(), first.next()),
            (Some('A'..='Z' | 'a'..='z'), Some(':'), Some('/' | '\\'))
        )
}

/// Program and arguments, of a list or of a line.
fn argv(at: &str, key: &str, value: Option<&Value>, found: &mut Found) -> Option<Vec<String>> {
    let words: Option<Vec<String>> = match value? {
        Value::Array(words) => words.iter().map(|w| w.as_str().map(str::to_owned)).collect(),
        Value::String(line) => {
            found.note(format!(
                "{at}.{key} is one line: it is cut at its blanks, no shell reads it"
            ));
            Some(line.split_whitespace().map(str::to_owned).collect())
        }
        _ => None,
    };
    let sound = |words: &Vec<String>| {
        words.first().is_some_and(|word| !word.is_empty())
            && !words.iter().any(|w| w.contains('\0'))
    };
    let words = words.filter(sound);
    if words.is_none() {
        found.note(format!("{at}.{key} names no program and is not carried over"));
    }
    words
}

/// What says that a service is ready.
fn probe(at: &str, value: &Value, service: &mut Service, found: &mut Found) {
    match value {
        Value::String(text) if text.starts_with("http://") || text.starts_with("https://") => {
            service.http = Some(text.clone());
        }
        Value::String(text) if text.starts_with("HTTP ") => {
            let text = Text::limited(text, 60);
            found.note(format!("{at} \"{text}\" names no address: write a ready probe with http"));
        }
        Value::String(text) if text.trim().contains(' ') => {
            service.exec = text.split_whitespace().map(str::to_owned).collect();
        }
        Value::String(text) if text == "shared_memory_heartbeat" => {
            found.note(format!("{at} names no shared memory: write a ready probe with shm"));
        }
        Value::Array(_) => service.exec = argv(at, "", Some(value), found).unwrap_or_default(),
        Value::Object(map) => {
            found.rest(at, map, &["url", "command"]);
            service.http = found.text(at, map, "url");
            service.exec = argv(at, "command", map.get("command"), found).unwrap_or_default();
        }
        _ => found.note(format!("{at} is no check that is known, and is not carried over")),
    }
}

/// `health_checks`: NAME → a check, for services that have none of their own.
pub fn health(value: Option<&Value>, found: &mut Found) {
    let Some(map) = found.table("health_checks", value) else { return };
    for (name, check) in map {
        let at = format!("health_checks.{}", Text::limited(name, 60));
        let place = found.services.iter().position(|service| service.name == *name);
        let Some(mut service) = place.map(|place| found.services.swap_remove(place)) else {
            found.note(format!("{at} is of no service and is not carried over"));
            continue;
        };
        if service.http.is_none() && service.exec.is_empty() {
            probe(&at, check, &mut service, found);
        } else {
            found.note(format!("{at} is not carried over: {name} has a check"));
        }
        found.services.push(service);
    }
}

/// The documented dependencies, between services that are there.
fn depend(found: &mut Found) {
    let names: Vec<String> = found.services.iter().map(|service| service.name.clone()).collect();
    for service in &mut found.services {
        for (_, on) in DEPENDS.iter().filter(|(who, _)| *who == service.name) {
            if names.iter().any(|name| name == on) {
                service.depends.push(((*on).to_owned(), "ready"));
            }
        }
    }
}

/// `startup_sequence`: the order of those that the document does not know, and
/// waits, which readiness takes the place of.
pub fn sequence(value: Option<&Value>, found: &mut Found) {
    let Some(groups) = found.table("startup_sequence", value) else { return };
    let mut before: Vec<String> = Vec::new();
    for (group, steps) in groups {
        let at = format!("startup_sequence.{}", Text::limited(group, 60));
        let Some(steps) = steps.as_array() else {
            found.note(format!("{at} is no list and is not carried over"));
            continue;
        };
        for step in steps {
            let Some(map) = found.table(&at, Some(step)) else { continue };
            found.rest(&at, map, &["machine", "service", "wait"]);
            let Some(name) = found.text(&at, map, "service") else { continue };
            let Some(place) = found.services.iter().position(|s| s.name == name) else {
                let name = Text::limited(&name, 60);
                found.note(format!("{at}: {name} is no service of any machine"));
                continue;
            };
            step_of(&at, place, map, &before, found);
            before.push(name);
        }
    }
}

fn step_of(at: &str, place: usize, map: &Map<String, Value>, before: &[String], found: &mut Found) {
    let documented = |name: &str| name == "Redis" || DEPENDS.iter().any(|(who, _)| *who == name);
    let Some(service) = found.services.get_mut(place) else { return };
    let (name, machine) = (service.name.clone(), service.machine.clone());
    let first = !before.contains(&name);
    if let Some(last) = before.last().filter(|_| first && !documented(&name)) {
        service.depends.push((last.clone(), "started"));
        let note = format!("{name} is started after {last}, as in {at}");
        found.note(note);
    }
    if map.get("machine").is_some_and(|given| given.as_str() != Some(&machine)) {
        found.note(format!("{at}: {name} is on {machine}, the other is not carried over"));
    }
    if let Some(wait) = map.get("wait") {
        let wait = Text::limited(&wait.to_string(), 20);
        let probed =
            found.services.get(place).is_some_and(|s| s.http.is_some() || !s.exec.is_empty());
        found.note(if probed {
            format!("{at}: {name} is not waited for {wait} s, but until it is ready")
        } else {
            format!("{at}: {name} is not waited for {wait} s: give it a ready probe")
        });
    }
}
