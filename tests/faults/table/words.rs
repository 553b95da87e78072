//! Row 45: words that would steer a terminal, in every field that a peer or a
//! file fills.

use super::desk::{LONG, kill, think};
use super::{Came, Row, sizes};
use crate::common::console::Console;
use crate::common::peer::Peer;
use crate::common::sandbox::Sandbox;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

pub const ROWS: &[Row] = &[Row {
    number: 45,
    fault: "ESC, OSC 52, C1, bidi, stacked marks and wide text in what gateway, feed, decision \
            logs, latch and operator say",
    outcome: "inert on the screen and in its bytes, in every output, in every file kept; \
              the screen's frames stand",
    timed: "all of it, from the peer's start",
    bound: None,
    alone: false,
    run: hostile,
}];

const NASTY: &str = "\u{1b}]52;c;aGk=\u{7}\u{1b}[2J\u{9b}31m\u{202e}EVIL\u{2066}e\u{301}\u{301}\u{301}\u{301}\u{301}日本円\u{5d0}";
/// Escapes that a JSON reader would turn back into such characters.
const HIDDEN: [&str; 7] = ["\\u001b", "\\u0007", "\\u009b", "\\u202e", "\\u2066", "\\u0000", "\\b"];

/// Fails when something in `text` steers a terminal, but for what the console
/// itself says to it: CSI sequences of a closed list.
pub fn inert(what: &str, text: &str) {
    let mut rest = text.chars().peekable();
    let mut marks = 0;
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            let mut sequence = String::new();
            for next in rest.by_ref() {
                sequence.push(next);
                if next.is_ascii_alphabetic() || !matches!(next, '[' | '?' | ';' | '0'..='9') {
                    break;
                }
            }
            let known = sequence.starts_with('[')
                && sequence.ends_with(['m', 'H', 'h', 'l', 'K', 'J'])
                && what == "the terminal";
            assert!(known, "{what}: ESC {sequence:?}");
            continue;
        }
        let steers = c.is_control() && !matches!(c, '\n' | '\r')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!steers, "{what}: {c:?} in {text:?}");
        marks = if matches!(c, '\u{300}'..='\u{36f}') { marks + 1 } else { 0 };
        assert!(marks < 4, "{what}: stacked marks");
    }
}

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

/// A home whose decision logs are as hostile as its gateway.
fn home(peer: &Peer) -> (Sandbox, tempfile::TempDir) {
    let (home, outside) = (Sandbox::new(), tempfile::tempdir().unwrap());
    let log = outside.path().join("decisions.jsonl");
    let said = serde_json::json!({"timestamp": "2026-01-14T13:56:58", "symbol": NASTY,
        "action": NASTY, "signal": NASTY, "reason": NASTY, "confidence": 0.5});
    fs::write(&log, format!("{said}\n{NASTY}\n")).unwrap();
    let text = format!(
        "decision_logs = [{:?}]\n[[gateway]]\nhost = \"127.0.0.1\"\ncmd_port = {}\n\
         data_port = {}\n[kill]\nproof_interval_ms = 30\nenforce_interval_ms = 200\n",
        log.display().to_string(),
        peer.cmd_port,
        peer.data_port
    );
    let dir = home.path().join("home/.config/crs");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("config.toml"), text).unwrap();
    (home, outside)
}

fn hostile(seed: u64) -> Came {
    let began = Instant::now();
    let one = sizes::turn(seed, 0);
    let came = sizes::each(&sizes::ALL, |size| (Duration::ZERO, told(size, size == one)));
    let Came::At { cases, sizes, .. } = came else { return came };
    Came::At { took: began.elapsed(), cases, sizes }
}

/// On a screen of this size, and where `outputs` in every other output; how many
/// cases these are.
fn told((columns, rows): sizes::Size, outputs: bool) -> u64 {
    let args = ["--positions", "2", "--behaviour", "hostile-text", "--behaviour", "close-fails"];
    let more = ["--behaviour", "kill-lies", "--bad-ticks", "--shape", "all"];
    let peer = Peer::start(&[&args[..], &more].concat()).expect("python with pyzmq");
    let (home, _outside) = home(&peer);
    let mut console = Console::crs(&home, &["console"], columns, rows);
    // The narrowest table has room for the first letters of a symbol only.
    let words = |t: &str| t.contains("·]52") || columns < 80 && t.contains("EURUSD…");
    console.wait_for("its words", LONG, |t| t.contains("2 open") && words(t));
    if columns < 80 {
        // Where one pane fills the screen the first brings the log.
        console.keys("L");
        console.see(" Log: events ");
    }
    console.keys("L");
    console.see(" Log: diagnostics ");
    kill(&mut console);
    console.wait_for("survivors", LONG, |t| t.contains("ENGAGED") && t.contains("PARTIAL"));
    think();
    stands(&console.text());
    console.keys("q");
    assert!(console.exit(LONG).is_some());
    inert("the terminal", &String::from_utf8(console.written()).unwrap());
    foreign(&peer, (columns, rows));
    if !outputs {
        return 2;
    }
    let reason = ["kill", "--reason", NASTY, "--yes", "--timeout", "2"];
    let order = ["order", "EURUSD", "buy", "0.01", "--yes", "--timeout", "2"];
    let close = ["close", "1000001", "--yes", "--timeout", "2"];
    let (audit, json) = (["audit", "show"], ["status", "--json"]);
    let verbs: [&[&str]; 11] = [
        &["audit", "verify"],
        &reason,
        &order,
        &close,
        &["positions"],
        &["account"],
        &["heartbeat"],
        &["status"],
        &json,
        &audit,
        &["brief"],
    ];
    for verb in verbs {
        let said = home.run(verb, LONG);
        assert!(!(said.stdout.is_empty() && said.stderr.is_empty()), "{verb:?}");
        inert(&format!("{verb:?}"), &(said.stdout + &said.stderr));
    }
    kept(&home);
    2 + u64::try_from(verbs.len()).unwrap()
}

/// No wide or stacked word has moved a frame: what begins at the left edge
/// ends at the right one.
fn stands(text: &str) {
    let framed = text.lines().filter(|l| l.starts_with(['│', '╭', '╰']));
    let broken: Vec<_> = framed.filter(|l| !l.ends_with(['│', '╮', '╯'])).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

fn kept(home: &Sandbox) {
    let mut kept = Vec::new();
    files(home.path(), &mut kept);
    assert!(kept.iter().any(|(_, text)| text.contains("]52;c;aGk=")), "the words are on record");
    // A recording is no text: what came, byte for byte, compressed.
    for (path, text) in
        kept.iter().filter(|(path, _)| Path::new(path).extension().is_none_or(|e| e != "mcap"))
    {
        inert(path, text);
        let hidden: Vec<_> = HIDDEN.iter().filter(|h| text.contains(**h)).collect();
        assert!(hidden.is_empty(), "{path}: {hidden:?} in {text}");
    }
}

/// A latch that somebody else made, with such a reason.
fn foreign(peer: &Peer, (columns, rows): sizes::Size) {
    let (home, _outside) = home(peer);
    let body = serde_json::json!({"timestamp": NASTY, "reason": NASTY, "metadata": {"who": NASTY}});
    fs::write(home.latch(), body.to_string()).unwrap();
    let console = Console::crs(&home, &["console"], columns, rows);
    console.wait_for("its reason", Duration::from_mins(1), |t| {
        t.contains("ENGAGED") && t.contains("·]52")
    });
    stands(&console.text());
    inert("the terminal", &String::from_utf8(console.written()).unwrap());
    let said = home.run(&["status"], LONG);
    inert("status", &(said.stdout + &said.stderr));
}
