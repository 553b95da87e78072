//! Terminals that say less than the truth of themselves, or more: none of it
//! costs the screen its words or a kill its keys.

use crate::common::console::{Console, SOON};
use crate::common::sandbox::{Sandbox, binary};
use crate::common::wait::until;
use crate::desk::think;
use crate::place::{Place, QUICK, kill, kill_blind};
use std::path::Path;

/// The console behind a shell that sets the terminal up first.
fn behind(home: &Sandbox, set_up: &str, columns: u16, rows: u16) -> Console {
    let script = format!("{set_up}; exec '{}' console", binary().display());
    Console::start(home, Path::new("/bin/sh"), &["-c", &script], columns, rows)
}

/// The bytes of colours of 24 bits, as a terminal hears them.
fn has_true_colour(console: &Console) -> bool {
    console.written().windows(5).any(|w| w == b"8;2;1" || w == b"8;2;2")
}

#[test]
fn a_terminal_that_lies_about_itself_still_shows_and_kills() {
    for set_up in [
        "export TERM=dumb COLORTERM=truecolor",
        "export TERM=vt100 COLORTERM=truecolor",
        "export TERM=no-such-terminal COLORTERM=yes",
        "export TERM=",
        "unset TERM",
        "unset TERM LANG COLORTERM; export NO_COLOR=1",
    ] {
        let place = Place::new(QUICK);
        let _gateway = place.gateway(&[]);
        let mut console = behind(&place.home, set_up, 80, 24);
        let told = console.wait_for(set_up, SOON, |t| {
            t.contains("PAPER") && t.contains("SAFE") && t.contains("Ctrl-K KILL")
        });
        assert!(!told.contains('\u{fffd}'), "{set_up}: {told}");
        kill(&mut console);
        console.wait_for(set_up, SOON, |t| t.contains("VERIFIED"));
        place.is_stopped();
        console.keys("q");
        assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0), "{set_up}");
        assert!(!console.is_full_screen() && console.is_cooked(), "{set_up}");
        let colours = has_true_colour(&console);
        assert!(!colours || set_up.contains("COLORTERM=truecolor"), "{set_up}");
    }
}

/// Marks of a synchronized update are nothing to a terminal that knows none,
/// and no frame depends on them.
#[test]
fn frames_stand_without_synchronized_updates() {
    let home = Sandbox::new();
    let mut console = Console::crs(&home, &["console"], 80, 24);
    let shown = console.wait_for("a screen", SOON, |t| t.contains("Ctrl-K KILL"));
    let mut plain = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
    let bytes = console.written();
    let text =
        String::from_utf8_lossy(&bytes).replace("\x1b[?2026h", "").replace("\x1b[?2026l", "");
    plain.process(text.as_bytes());
    let plain = plain.screen().contents();
    for line in [0, 23] {
        let row = |t: &str| t.lines().nth(line).map(|l| l.chars().take(24).collect::<String>());
        assert_eq!(row(&plain), row(&shown), "row {line}");
    }
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0));
}

#[test]
fn a_terminal_without_a_size_is_taken_for_80_by_24() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&[]);
    let mut console = behind(&place.home, "stty rows 0 columns 0", 80, 24);
    console.wait_for("a whole screen", SOON, |t| {
        t.contains("PAPER") && t.contains("SAFE") && t.lines().count() == 24
    });
    kill(&mut console);
    console.see("VERIFIED");
    place.is_stopped();
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0));
}

#[test]
fn a_size_that_is_lost_or_changes_between_two_looks_costs_nothing() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&[]);
    let mut console = place.console(120, 40);
    console.forget_size();
    think();
    // Whatever it shows is whole: nothing is drawn for one cell.
    console.keys("?");
    console.see("Leave; agent and latch stay");
    console.keys("?");
    for n in 0..60_u16 {
        if n % 3 == 0 {
            console.forget_size();
        }
        console.resize(40 + n * 7 % 100, 12 + n * 5 % 40);
    }
    console.forget_size();
    kill_blind(&mut console);
    let latch = || place.home.latch().exists().then_some(());
    assert!(until(SOON, latch).is_some(), "no latch");
    place.is_stopped();
    console.resize(80, 24);
    console.see("VERIFIED");
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0));
}
