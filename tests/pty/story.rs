//! A day as an operator has it: trade, kill, leave; then the recording of it
//! is played, exported and verified.

use crate::common::console::{Console, SOON};
use crate::place::{Place, kill, recorded_quotes};
use crs::journal::ring;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Quotes of the project's own making, where no real ones lie beside it.
const MADE: &str = "tests/fixtures/ticks/eurusd.csv";

#[test]
fn a_session_with_a_kill_is_recorded_played_exported_and_verified() {
    let place = Place::new("");
    let quotes = recorded_quotes()
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(MADE))
        .display()
        .to_string();
    let _gateway = place.gateway(&["--ticks", &quotes, "--speed", "60"]);
    let mut live = place.console(120, 40);
    live.wait_for("a quote", SOON, |t| {
        t.lines().any(|line| line.contains("EURUSD") && line.contains("1.12"))
    });
    let ticket = place.buy();
    live.see(&ticket);
    kill(&mut live);
    live.see("VERIFIED flat");
    place.is_stopped();
    let id = place.status()["kill"][0]["engage_id"].as_str().map(str::to_owned);
    // A moment that was recorded after it, too.
    std::thread::sleep(Duration::from_secs(2));
    live.keys("q");
    assert_eq!(live.exit(SOON).map(|s| s.exit_code()), Some(0));

    let dir = place.home.path().join("home/.local/state/crs/recordings");
    let files = ring::files(&dir).unwrap();
    assert_eq!(files.len(), 1, "{files:?}");
    let file = files[0].1.to_str().unwrap().to_owned();
    played(&place, &file, &ticket, id.as_deref());
    exported(&place, &file);

    let verified = place.run(&["record", "verify", &file, "--json"]);
    assert_eq!(verified.code, Some(0), "{verified:#?}");
    let replayed = place.run(&["replay", &file, "--verify", "--json"]);
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    let (one, other) = (verified.json(), replayed.json());
    assert_eq!(one["sound"], true, "{one:#}");
    assert_eq!((&one["digest"], &one["records"]), (&other["digest"], &other["records"]));
}

/// The kill is found by its mark and seen as it was, then the rest is played.
fn played(place: &Place, file: &str, ticket: &str, id: Option<&str>) {
    let mut past = Console::crs(&place.home, &["replay", file, "--paused"], 200, 60);
    past.see("#1/");
    past.keys("K");
    let screen = past.see(id.map_or("KILL", |id| id));
    assert!(screen.contains("REPLAY"), "{screen}");
    // Decided, not proven yet: the position stands.
    past.wait_for("the kill as it began", SOON, |t| {
        t.contains("0.0s since the key") && t.contains(ticket) && !t.contains("VERIFIED flat")
    });
    past.keys("=5\r");
    past.see("5x");
    past.keys(" ");
    let screen = past.see("VERIFIED flat");
    assert!(screen.contains("REPLAY") && screen.contains("pending orders: not verifiable"));
    past.keys("J");
    past.wait_for("back at the kill", SOON, |t| !t.contains("VERIFIED flat"));
    past.keys("q");
    assert_eq!(past.exit(SOON).map(|s| s.exit_code()), Some(0));
}

/// A table with a line for each quote that the recording says it has.
fn exported(place: &Place, file: &str) {
    let info = place.run(&["record", "info", file, "--json"]).json();
    assert_eq!(info["marks"]["kill"], 1, "{info:#}");
    let out = place.home.path().join("ticks.csv");
    let done = place.run(&["record", "export", file, "--out", out.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    let table = fs::read_to_string(out).unwrap();
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let head = rows.headers().unwrap().clone();
    let symbol = head.iter().position(|name| name == "symbol").unwrap();
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    assert_eq!(Some(rows.len() as u64), info["ticks"].as_u64());
    assert!(!rows.is_empty() && rows.iter().all(|row| &row[symbol] == "EURUSD"), "{head:?}");
}
