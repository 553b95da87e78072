//! The kill as an operator does it: chord, second key, VERIFIED on the
//! screen, whatever becomes of console, gateway and terminal meanwhile.
//!
//! Rows of the fault list: 1, 2, 4, 31, 39, 42. The guard's own rules (paste,
//! stuck key, dropped line) stand in `tests/keys`.

use crate::common::console::{Console, SOON};
use crate::common::sandbox::Signal;
use crate::common::wait::until;
use crate::place::{Place, QUICK, kill, kill_blind, open_guard, recorded_quotes};
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

/// How the screen says that flat was proven.
const PROVEN: &str = "VERIFIED flat";
/// Retries come up to 5 s apart, and the machine may be slow.
const PATIENCE: Duration = Duration::from_secs(40);

/// A line past the capture of the test runner.
fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A console beside a gateway that holds a position, shown on the screen.
fn trading(place: &Place, columns: u16, rows: u16) -> Console {
    let console = place.console(columns, rows);
    let ticket = place.buy();
    console.see(&ticket);
    console
}

#[test]
fn two_keys_stop_everything_with_the_shipped_settings() {
    let place = Place::new("");
    let quotes = recorded_quotes().map(|path| path.display().to_string());
    let (_gateway, price) = if let Some(quotes) = &quotes {
        (place.gateway(&["--ticks", quotes, "--speed", "60"]), "1.12")
    } else {
        note("no recorded quotes beside the project: the simulator stands in");
        (place.gateway(&[]), "1.")
    };
    let mut console = place.console(120, 40);
    console.wait_for("quote", SOON, |text| {
        text.lines().any(|line| line.contains("EURUSD") && line.contains(price))
    });
    let ticket = place.buy();
    console.see(&ticket);
    kill(&mut console);
    let screen = console.see(PROVEN);
    assert!(screen.contains("pending orders: not verifiable"), "{screen}");
    place.is_stopped();
    // What the console's polls knew before the key is on record.
    let log = place.run(&["audit", "show"]).stdout;
    let before = log.lines().find(|line| line.contains("before the kill, read"));
    assert!(before.is_some_and(|line| line.contains(&ticket)), "{log}");
}

/// No sleep between two looks: the console dies within microseconds of the
/// latch's first appearance, before it could say another word.
#[test]
fn a_console_killed_once_the_latch_stands_ends_verified() {
    for _ in 0..3 {
        let place = Place::new(QUICK);
        let _gateway = place.gateway(&[]);
        let mut console = trading(&place, 120, 40);
        let latch = place.home.latch();
        kill(&mut console);
        let end = Instant::now() + SOON;
        // On a busy machine the second key is read too early or too late.
        let mut anew = Instant::now() + Duration::from_secs(8);
        while fs::symlink_metadata(&latch).is_err() {
            assert!(Instant::now() < end, "no latch:\n{}", console.text());
            if Instant::now() > anew {
                kill(&mut console);
                anew = Instant::now() + Duration::from_secs(8);
            }
        }
        console.signal(Signal::KILL);
        assert!(console.exit(SOON).is_some());
        place.status_says("VERIFIED", PATIENCE);
        place.is_stopped();
    }
}

/// No wait at all: the second key may die with the console, unread. Then
/// nothing was stopped, and nothing says that it was. There is no third way.
#[test]
fn a_console_killed_with_its_second_key_killed_all_or_nothing() {
    let rounds = [0, 2, 5, 10, 20].map(Duration::from_millis);
    let accepted = std::thread::scope(|scope| {
        let rounds = rounds.map(|pause| scope.spawn(move || killed_after(pause)));
        rounds.into_iter().map(|r| r.join().unwrap()).filter(|a| *a).count()
    });
    note(&format!("kill -9 after the second key: {accepted} of {} accepted", rounds.len()));
}

/// Whether the kill was accepted before the console died.
fn killed_after(pause: Duration) -> bool {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&[]);
    let mut console = trading(&place, 120, 40);
    open_guard(&mut console);
    console.keys("y");
    std::thread::sleep(pause);
    console.signal(Signal::KILL);
    assert!(console.exit(SOON).is_some());
    // What the dead console began is at the agent or on disk by now.
    std::thread::sleep(Duration::from_secs(1));
    let accepted = place.home.latch().exists();
    if accepted {
        place.status_says("VERIFIED", PATIENCE);
        place.is_stopped();
    } else {
        let status = place.status();
        assert_eq!(status["is_engaged"], false, "{status:#}");
        assert_eq!(status["kill"], serde_json::json!([]), "{status:#}");
    }
    accepted
}

#[test]
fn a_stopped_console_holds_up_nothing_and_shows_the_end_when_it_wakes() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&[]);
    let mut console = trading(&place, 120, 40);
    kill(&mut console);
    assert!(until(SOON, || place.home.latch().exists().then_some(())).is_some());
    console.signal(Signal::STOP);
    let before = console.text();
    place.status_says("VERIFIED", PATIENCE);
    place.is_stopped();
    assert!(!before.contains(PROVEN), "stopped too late to prove anything:\n{before}");
    console.signal(Signal::CONT);
    console.see(PROVEN);
}

#[test]
fn without_a_gateway_it_opens_and_a_kill_is_unconfirmed_until_one_comes() {
    let place = Place::new(QUICK);
    let mut console = Console::crs(&place.home, &["console"], 120, 40);
    console.see("no answer");
    console.see("no tick yet from main");
    let gateway = place.gateway(&[]);
    console.wait_for("gateway", SOON, |t| t.contains("v1.0") && t.contains("EURUSD"));
    let ticket = place.buy();
    console.see(&ticket);
    drop(gateway);
    kill(&mut console);
    let screen = console.see("UNCONFIRMED");
    assert!(!screen.contains(PROVEN), "{screen}");
    place.status_says("UNCONFIRMED", SOON);
    assert!(place.home.latch().exists());
    let _again = place.gateway(&[]);
    console.wait_for(PROVEN, PATIENCE, |t| t.contains(PROVEN));
    place.is_stopped();
}

#[test]
fn a_frozen_gateway_is_unconfirmed_until_it_thaws() {
    let place = Place::new(QUICK);
    let gateway = place.gateway(&[]);
    let mut console = trading(&place, 120, 40);
    gateway.signal(Signal::STOP);
    kill(&mut console);
    let screen = console.see("UNCONFIRMED");
    assert!(!screen.contains(PROVEN), "{screen}");
    place.status_says("UNCONFIRMED", SOON);
    gateway.signal(Signal::CONT);
    console.wait_for(PROVEN, PATIENCE, |t| t.contains(PROVEN));
    place.is_stopped();
}

#[test]
fn a_small_screen_shows_the_proof_too() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&[]);
    let mut console = trading(&place, 80, 24);
    kill(&mut console);
    console.see(PROVEN);
    place.is_stopped();
}

#[test]
fn a_blocked_terminal_does_not_hold_up_the_proof() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&[]);
    let mut console = trading(&place, 120, 40);
    console.stop_output();
    let before = console.text();
    kill_blind(&mut console);
    place.status_says("VERIFIED", PATIENCE);
    place.is_stopped();
    assert_eq!(console.text(), before, "the terminal was to be blocked");
    console.resume_output();
    console.see(PROVEN);
}

/// The same sum as the console's panel has, where the operator typed the kill.
#[test]
fn a_kill_that_is_typed_tells_what_it_booked() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&[]);
    place.buy();
    let args = ["kill", "--reason", "test"];
    let mut console = Console::crs(&place.home, &args, 120, 40);
    console.see("Type KILL to go on");
    // A balance takes a moment; a kill never waits for one.
    std::thread::sleep(Duration::from_secs(3));
    console.keys("KILL\r");
    let said = console.see("VERIFIED flat");
    let line = said.lines().find(|line| line.starts_with("main balance 10,000.00 to "));
    assert!(line.is_some_and(|line| line.contains(", booked ")), "{said}");
}
