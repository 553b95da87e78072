//! What no single part of the file can tell: names of others, cycles, ports
//! that clash, and what a mode of its kind must demand.

use super::{mode, process, words};
use crate::config::{Origin, Problem};
use crate::domain::Text;
use crate::mission::modes::{Document, marks};
use crate::mission::spec::{Mission, ModeSpec, Name, Process, Require};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that has a name in the file, sound or not.
pub struct Names {
    /// Machines.
    pub hosts: BTreeSet<Name>,
    /// Processes.
    pub processes: BTreeSet<Name>,
}

/// Checks the parts against each other, and puts them into the mission.
pub fn check(
    mission: &mut Mission,
    all: &Names,
    processes: Vec<process::Placed>,
    modes: Vec<mode::Placed>,
    out: &mut Vec<Problem>,
) {
    let (names, hosts) = (&all.processes, &all.hosts);
    for placed in &processes {
        if let (Some(host), Some(at)) = (&placed.process.host, &placed.host) {
            known("host", "[host.NAME]", host, at, hosts, out);
        }
        for ((name, _), at) in placed.process.depends.iter().zip(&placed.depends) {
            known("process", "[process.NAME]", name, at, names, out);
        }
        holes(mission, placed, out);
    }
    for placed in &modes {
        for (name, at) in &placed.names {
            known("process", "[process.NAME]", name, at, names, out);
        }
        for (name, at) in &placed.hosts {
            known("host", "[host.NAME]", name, at, hosts, out);
        }
        demands(mission, &placed.mode, out);
        let wants = placed.mode.require.iter().filter_map(|require| match require {
            Require::File(path) => Some(path),
            _ => None,
        });
        let at = placed.mode.at.clone().unwrap_or_default();
        wanted(mission, wants, &at, out);
    }
    cycles(&processes, out);
    mission.processes = processes.into_iter().map(|placed| placed.process).collect();
    for placed in modes {
        ports(mission, &placed.mode, out);
        mission.modes.push(placed.mode);
    }
}

fn known(
    what: &str,
    table: &str,
    name: &str,
    at: &Origin,
    all: &BTreeSet<Name>,
    out: &mut Vec<Problem>,
) {
    if !all.contains(name) {
        let hint = words::meant(name, all.iter().map(String::as_str));
        let cause = format!("no {what} is called \"{}\"{hint}", Text::limited(name, 60));
        out.push(Problem::new(
            at.clone(),
            cause,
            format!("write it as {table}, or correct the name"),
        ));
    }
}

/// What stands between braces in commands and variables.
fn holes(mission: &Mission, placed: &process::Placed, out: &mut Vec<Problem>) {
    let base = crate::mission::modes::base(mission);
    let Process { cmd, check, env, secrets, files, .. } = &placed.process;
    wanted(mission, files.iter(), &placed.process.at, out);
    for (text, seen) in cmd
        .iter()
        .chain(check)
        .map(|word| (word, true))
        .chain(env.values().map(|value| (value, false)))
    {
        for (word, name) in marks(text) {
            let shown = Text::limited(name, 60);
            if word == "mode" && !base.contains_key(name) {
                let hint = words::meant(name, base.keys().map(String::as_str));
                let cause = format!("{{mode:{shown}}} is no setting of a mode{hint}");
                let next = "name one of [settings], or write it there";
                out.push(Problem::new(placed.cmd.clone(), cause, next));
            }
            if word == "env" && seen && secrets.contains_key(name) {
                let cause =
                    format!("{{env:{shown}}} is a secret, and commands are seen by everybody");
                let next = "let the process read it from its environment";
                out.push(Problem::new(placed.cmd.clone(), cause, next));
            }
        }
    }
}

/// Files that must be there: nothing but what a plan can fill in.
fn wanted<'a>(
    mission: &Mission,
    files: impl Iterator<Item = &'a String>,
    at: &Origin,
    out: &mut Vec<Problem>,
) {
    let base = crate::mission::modes::base(mission);
    for file in files {
        let shown = Text::limited(file, 80);
        if file.is_empty() || file.contains('\0') {
            let cause = format!("\"{shown}\" in files is no path");
            out.push(Problem::new(at.clone(), cause, "name a file, or take it out"));
        }
        for (word, name) in marks(file) {
            let fits = word == "dir" || (word == "mode" && base.contains_key(name));
            if !fits {
                let hint = words::meant(name, base.keys().map(String::as_str));
                let cause = format!("\"{shown}\" in files can't be filled in{hint}");
                let next = "use {dir} and {mode:KEY}, KEY being one of [settings]";
                out.push(Problem::new(at.clone(), cause, next));
            }
        }
    }
}

/// What a mode must demand, whoever wrote it.
fn demands(mission: &Mission, mode: &ModeSpec, out: &mut Vec<Problem>) {
    let document = Document::of(mission, mode);
    let at = || mode.at.clone().unwrap_or_default();
    if document.is_live() {
        let why = "it trades real money by its settings";
        for (require, key) in [
            (Require::KillSwitchClear, "kill_switch_clear = true"),
            (Require::LiveArmed, "live_armed = true"),
        ] {
            if !mode.require.contains(&require) {
                let cause = format!("mode {} does not require {key}, and {why}", mode.name);
                let next = format!("add {key} to require, or set disable_broker = true");
                out.push(Problem::new(at(), cause, next));
            }
        }
        if mode.confirm.is_empty() {
            let cause = format!("mode {} has nothing typed, and {why}", mode.name);
            let next = "add: confirm = \"LIVE {risk_max_position_size} \
                {risk_max_notional_per_trade}\"";
            out.push(Problem::new(at(), cause, next));
        }
        if mode.engage {
            let cause = format!("mode {} engages the breaker, and {why}", mode.name);
            out.push(Problem::new(at(), cause, "leave engage out, or set disable_broker = true"));
        }
    }
    if document.is_emergency() && !mode.engage {
        let cause =
            format!("mode {} is an emergency's, and does not engage the breaker", mode.name);
        out.push(Problem::new(at(), cause, "add: engage = true"));
    }
}

/// Two processes of one mode that would listen at one port of one machine.
fn ports(mission: &Mission, mode: &ModeSpec, out: &mut Vec<Problem>) {
    let mut taken: BTreeMap<(Option<&Name>, u16), &str> = BTreeMap::new();
    if let Some(listen) = &mission.daemon.listen {
        taken.insert((None, listen.port()), "the daemon");
    }
    let all: BTreeMap<&str, &Process> =
        mission.processes.iter().map(|process| (process.name.as_str(), process)).collect();
    for process in mode.processes.iter().chain(&mode.keeps).filter_map(|n| all.get(n.as_str())) {
        for port in &process.ports {
            let Some(first) = taken.insert((process.host.as_ref(), *port), &process.name) else {
                continue;
            };
            let host = process.host.as_ref().map_or("this machine", |host| host);
            let cause = format!(
                "{first} and {} of mode {} both listen at port {port} of {host}",
                process.name, mode.name
            );
            let next = "give one of them another port, or take it out of the mode";
            out.push(Problem::new(process.at.clone(), cause, next));
        }
    }
}

/// Names every process of a circle, once for each circle that is found.
fn cycles(processes: &[process::Placed], out: &mut Vec<Problem>) {
    let index: BTreeMap<&str, usize> =
        processes.iter().enumerate().map(|(n, p)| (p.process.name.as_str(), n)).collect();
    let needs = |n: usize| -> Vec<(usize, usize)> {
        let depends = processes.get(n).map(|p| p.process.depends.as_slice()).unwrap_or_default();
        let found = depends.iter().enumerate();
        found.filter_map(|(at, (name, _))| Some((*index.get(name.as_str())?, at))).collect()
    };
    // Without recursion: a file may chain thousands.
    let mut state = vec![0_u8; processes.len()];
    for start in 0..processes.len() {
        if state.get(start) != Some(&0) {
            continue;
        }
        let mut path: Vec<(usize, Vec<(usize, usize)>)> = vec![(start, needs(start))];
        set(&mut state, start, 1);
        while let Some((node, rest)) = path.last_mut() {
            let node = *node;
            let Some((next, at)) = rest.pop() else {
                set(&mut state, node, 2);
                path.pop();
                continue;
            };
            match state.get(next) {
                Some(0) => {
                    set(&mut state, next, 1);
                    path.push((next, needs(next)));
                }
                Some(1) => {
                    let from = path.iter().position(|(n, _)| *n == next).unwrap_or_default();
                    let circle: Vec<usize> = path.iter().skip(from).map(|(n, _)| *n).collect();
                    out.extend(circle_of(processes, &circle, node, at));
                }
                _ => {}
            }
        }
    }
}

fn set(state: &mut [u8], at: usize, value: u8) {
    if let Some(slot) = state.get_mut(at) {
        *slot = value;
    }
}

fn circle_of(
    processes: &[process::Placed],
    circle: &[usize],
    node: usize,
    at: usize,
) -> Option<Problem> {
    let name = |n: &usize| processes.get(*n).map(|placed| placed.process.name.as_str());
    let mut names: Vec<&str> = circle.iter().filter_map(name).collect();
    names.extend(names.first().copied());
    let place = processes.get(node)?.depends.get(at)?.clone();
    let cause = format!("processes wait for each other: {}", names.join(" → "));
    Some(Problem::new(place, cause, "take one of these out of depends"))
}
