//! How a console opens and what it leaves behind: the demo, and a
//! configuration that can't be right.

use crate::common::console::{Console, SOON};
use crate::common::sandbox::Sandbox;
use crate::common::wait::until;
use crate::place::{Place, kill};
use std::fs;

#[test]
fn the_demo_kills_and_leaves_nothing_behind() {
    let home = Sandbox::new();
    let mut console = Console::crs(&home, &["demo"], 120, 40);
    console.wait_for("demo", SOON, |t| {
        t.contains("SIM") && t.contains("SAFE") && t.contains("EURUSD") && t.contains("v1.0")
    });
    assert_eq!(fs::read_dir(home.path().join("tmp")).unwrap().count(), 1, "its scratch directory");
    kill(&mut console);
    console.see("VERIFIED flat");
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0), "{}", console.text());
    assert_eq!(fs::read_dir(home.path().join("tmp")).unwrap().count(), 0);
    let alone = until(SOON, || home.processes().is_empty().then_some(()));
    assert!(alone.is_some(), "still running: {:?}", home.processes());
    assert!(!home.latch().exists(), "the latch of the real thing was not touched");
}

#[test]
fn an_unknown_key_is_named_by_line_and_column_and_opens_nothing() {
    let place = Place::new("[kill]\nprof_interval_ms = 200\n");
    let refused = place.run(&["console"]);
    assert_eq!(refused.code, Some(78), "{refused:#?}");
    let config = place.home.path().join("home/.config/crs/config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let line = 1 + text.lines().position(|l| l.starts_with("prof_interval_ms")).unwrap();
    let told = format!("{}:{line}:1", config.display());
    assert!(refused.stderr.contains(&told), "no {told} in {}", refused.stderr);
    assert!(refused.stderr.contains("prof_interval_ms"), "{}", refused.stderr);
    assert_eq!(place.home.processes(), Vec::<u32>::new());

    // The same in a terminal, where the words must outlive the screen.
    let mut console = Console::crs(&place.home, &["console"], 120, 40);
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(78));
    console.see(&format!("config.toml:{line}:1"));
    assert!(!console.written().windows(8).any(|w| w == b"\x1b[?1049h"), "no screen was opened");
}
