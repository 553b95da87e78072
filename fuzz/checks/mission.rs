//! `mission.toml`: refused with a place for every mistake, or sound.

use super::clean::clean;
use super::files::within;
use crs::config::Origin;
use crs::mission::file::{parse, words};
use crs::mission::import::import;
use crs::mission::modes::Document;
use std::collections::BTreeSet;

/// A mission file.
pub fn mission(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mission = match parse("x.toml", text) {
        Ok(mission) => mission,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused for nothing");
            for problem in problems {
                clean(problem.cause.as_str());
                clean(problem.next.as_str());
                match &problem.at {
                    Origin::File { line: 0, .. } => {}
                    Origin::File { line, column, .. } => within(text, *line, *column),
                    other => panic!("{other}: {problem}"),
                }
            }
            return false;
        }
    };
    let names: BTreeSet<&str> = mission.processes.iter().map(|p| p.name.as_str()).collect();
    assert!(!names.is_empty() && names.len() == mission.processes.len());
    for process in &mission.processes {
        assert!(words::is_name(&process.name), "{:?}", process.name);
        clean(process.display_name.as_str());
        assert!(process.cmd.first().is_some_and(|program| !program.is_empty()));
        assert!(process.cmd.iter().all(|word| !word.contains('\0')));
        assert!(process.depends.iter().all(|(name, _)| names.contains(name.as_str())));
        assert!(process.host.as_ref().is_none_or(|host| mission.host(host).is_some()));
        assert!(process.restart.first <= process.restart.cap);
    }
    // What is taken has an order to start in.
    let mut started: BTreeSet<&str> = BTreeSet::new();
    while started.len() < names.len() {
        let next = mission.processes.iter().filter(|p| !started.contains(p.name.as_str()));
        let next: Vec<&str> = next
            .filter(|p| p.depends.iter().all(|(name, _)| started.contains(name.as_str())))
            .map(|p| p.name.as_str())
            .collect();
        assert!(!next.is_empty(), "a circle was taken");
        started.extend(next);
    }
    let first = mission.modes.first().map(|mode| Document::of(&mission, mode));
    for mode in &mission.modes {
        let document = Document::of(&mission, mode);
        assert!(mode.processes.iter().chain(&mode.keeps).all(|n| names.contains(n.as_str())));
        assert!(!document.is_live() || !mode.confirm.is_empty());
        assert!(!document.is_emergency() || mode.engage);
        let keys = first.as_ref().map(|first| first.flags.len());
        assert_eq!(keys, Some(document.flags.len()), "a mode has settings that another has not");
        clean(&document.fill(&mode.confirm));
    }
    true
}

/// The documented JSON: refused, or a mission file that is taken.
pub fn json(data: &[u8]) -> bool {
    match import("x.json", data, None) {
        Ok(imported) => {
            for note in &imported.notes {
                clean(note.as_str());
            }
            assert!(mission(imported.toml.as_bytes()), "{}", imported.toml);
            true
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused for nothing");
            for problem in problems {
                clean(problem.cause.as_str());
                clean(problem.next.as_str());
                if let Origin::File { line: line @ 1.., column, .. } = &problem.at {
                    let text = std::str::from_utf8(data).unwrap_or_default();
                    within(text, *line, *column);
                }
            }
            false
        }
    }
}
