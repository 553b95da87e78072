//! A gateway whose every word holds escapes, OSC 52, C1 and bidi controls and
//! stacked marks: inert in what is printed and in every file that is kept.

use crate::place::{LIMIT, Place};
use std::fs;
use std::path::Path;

/// Characters that steer a terminal or reorder what a reader sees.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n') || ('\u{202a}'..='\u{2069}').contains(&c)
}

/// Escapes that a JSON reader would turn back into such characters.
const HIDDEN: [&str; 7] = ["\\u001b", "\\u0007", "\\u009b", "\\u202e", "\\u2066", "\\u0000", "\\b"];

/// Every file of the home, with its text.
fn files(dir: &Path, all: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            files(&path, all);
        } else if kind.is_file() {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            all.push((path.display().to_string(), text));
        }
    }
}

#[test]
fn hostile_words_are_inert_in_every_output_and_in_every_file_kept() {
    let lies = ["--behaviour", "close-fails", "--behaviour", "kill-lies"];
    let args = ["--positions", "1", "--behaviour", "hostile-text"];
    let Some(place) = Place::new(&[&args[..], &lies].concat()) else { return };
    let reason = "\u{1b}]0;x\u{7}\u{9b}31m\u{202e}lleh";
    let kill = ["kill", "--reason", reason, "--yes", "--timeout", "6"];
    let order = ["order", "EURUSD", "buy", "0.01", "--yes", "--timeout", "2"];
    let close = ["close", "1000001", "--yes", "--timeout", "2"];
    for verb in [
        &order[..],
        &close,
        &kill,
        &["positions"],
        &["account"],
        &["heartbeat"],
        &["status"],
        &["status", "--json"],
        &["audit", "show"],
    ] {
        let outcome = place.logged(verb);
        let said = outcome.stdout + &outcome.stderr;
        assert!(!said.contains(steers), "{verb:?}: {said:?}");
        assert!(!said.contains(&"\u{301}".repeat(4)), "{verb:?}: {said:?}");
        assert!(!said.is_empty(), "{verb:?}");
    }
    let mut kept = Vec::new();
    files(place.home.path(), &mut kept);
    let told = |words: &str| kept.iter().any(|(_, text)| text.contains(words));
    assert!(told("]52;c;aGk="), "the words themselves are on record");
    assert!(told("1000001") && kept.len() >= 3, "{} files", kept.len());
    for (path, text) in &kept {
        assert!(!text.contains(steers), "{path}: {text:?}");
        let hidden: Vec<_> = HIDDEN.iter().filter(|h| text.contains(**h)).collect();
        assert!(hidden.is_empty(), "{path}: {hidden:?} in {text}");
    }
    assert_eq!(place.home.run(&["audit", "verify"], LIMIT).code, Some(0));
}
