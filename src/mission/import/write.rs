//! The text of `mission.toml`.

use super::modes::{Mode, Modes};
use super::services::Service;
use super::{Found, Platform};
use crate::domain::Text;
use crate::mission::spec::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

fn settings(out: &mut String, table: &str, values: &BTreeMap<String, Value>) {
    if values.is_empty() {
        return;
    }
    line(out, &format!("\n[{table}]"));
    for (key, value) in values {
        let value = match value {
            Value::Text(text) => quoted(text),
            other => other.to_string(),
        };
        line(out, &format!("{key} = {value}"));
    }
}

fn line(out: &mut String, text: &str) {
    // A string takes whatever is written to it.
    let _ = writeln!(out, "{text}");
}

/// The whole file.
pub fn toml(shown: &str, found: &Found, modes: &Modes) -> String {
    let mut out = String::new();
    line(&mut out, &format!("# Imported from {} by `crs mission import`.", Text::new(shown)));
    for note in &found.notes {
        line(&mut out, &format!("# {note}"));
    }
    settings(&mut out, "settings", &modes.base);
    for machine in &found.machines {
        line(&mut out, &format!("\n[host.{}]", quoted(&machine.name)));
        line(&mut out, &format!("ssh = {}", quoted(&machine.ssh)));
        let platform = match machine.platform {
            Platform::Linux => "linux",
            Platform::Windows => "windows",
        };
        line(&mut out, &format!("platform = \"{platform}\""));
    }
    for service in &found.services {
        process(&mut out, found, service);
    }
    for mode in &modes.modes {
        mode_of(&mut out, mode);
    }
    out
}

fn process(out: &mut String, found: &Found, service: &Service) {
    line(out, &format!("\n[process.{}]", quoted(&service.name)));
    if !service.display_name.is_empty() {
        line(out, &format!("display_name = {}", quoted(&service.display_name)));
    }
    if let Some(host) = host(found, service) {
        line(out, &format!("host = {}", quoted(&host)));
    }
    line(out, &format!("cmd = {}", list(&service.cmd)));
    if !service.check.is_empty() {
        line(out, &format!("check = {}", list(&service.check)));
    }
    if let Some(cwd) = &service.cwd {
        line(out, &format!("cwd = {}", quoted(cwd)));
    }
    if !service.depends.is_empty() {
        let all = service.depends.iter().map(|(on, how)| format!("{} = \"{how}\"", quoted(on)));
        line(out, &format!("depends = {{ {} }}", all.collect::<Vec<_>>().join(", ")));
    }
    let mut ready = Vec::new();
    ready.extend(service.http.as_ref().map(|url| format!("{{ http = {} }}", quoted(url))));
    if !service.exec.is_empty() {
        ready.push(format!("{{ exec = {} }}", list(&service.exec)));
    }
    if !ready.is_empty() {
        line(out, &format!("ready = [{}]", ready.join(", ")));
    }
}

/// The name of its machine here; none: the daemon's own.
fn host(found: &Found, service: &Service) -> Option<String> {
    if found.own.as_ref() == Some(&service.machine) {
        return None;
    }
    found.machines.iter().find(|m| m.raw == service.machine).map(|machine| machine.name.clone())
}

fn mode_of(out: &mut String, mode: &Mode) {
    let name = quoted(&mode.name);
    line(out, &format!("\n[mode.{name}]"));
    if !mode.description.is_empty() {
        line(out, &format!("description = {}", quoted(&mode.description)));
    }
    line(out, &format!("processes = {}", list(&mode.processes)));
    if mode.is_live() {
        let risk = "{risk_max_position_size} {risk_max_notional_per_trade}";
        line(out, &format!("confirm = \"{} {risk}\"", mode.name));
        line(out, "require = { kill_switch_clear = true, live_armed = true }");
    }
    if mode.is_emergency() {
        line(out, "engage = true");
    }
    settings(out, &format!("mode.{name}.settings"), &mode.settings);
}
