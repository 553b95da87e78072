//! What stands on the screen once the console is open: never more than is
//! known. Rows of the fault list: 1, 2, 10, 21.

use crate::common::console::SOON;
use crate::common::peer::Peer;
use crate::common::sandbox::{Signal, signal};
use crate::desk::{At, home};
use crate::place::Place;

#[test]
fn a_gateway_that_is_absent_is_named_and_nothing_is_made_up() {
    let home = home();
    let console = At::nobody().console(&home, 120, 40);
    let text = console.wait_for("the cause, and that nothing is known", SOON, |t| {
        t.contains("can't be reached") && t.contains("no answer") && t.contains("positions unknown")
    });
    assert!(text.contains("LIVE?"), "an unknown mode counts as live:\n{text}");
    assert!(!text.contains("no open position"), "unknown is not flat:\n{text}");
}

#[test]
fn the_smallest_screen_keeps_mode_breaker_and_the_kill_chord() {
    let place = Place::new("");
    let _gateway = place.gateway(&["--symbols", "EURUSD,USDJPY"]);
    let console = place.console(120, 40);
    let ticket = place.buy();
    console.wait_for("quotes and the position", SOON, |t| {
        t.contains("EURUSD") && t.contains("USDJPY") && t.contains(&ticket) && t.contains("1 open")
    });
    console.resize(80, 24);
    console.wait_for("80×24", SOON, |t| t.contains("PAPER") && t.contains(&ticket));
    console.resize(40, 12);
    console.wait_for("40×12", SOON, |t| {
        let first = t.lines().next().unwrap_or_default();
        let words: Vec<&str> = first.split_whitespace().collect();
        matches!(words[..], ["PAPER", _, "SAFE", ..]) && t.contains("Ctrl-K")
    });
}

#[test]
fn a_gateway_that_stops_answering_ages_and_a_returning_one_recovers() {
    let home = home();
    let Some(peer) = Peer::start(&["--positions", "1"]) else { return };
    let console = At::peer(&peer).console(&home, 120, 40);
    console.wait_for("a live feed", SOON, |t| t.contains("live") && t.contains("1000001"));
    signal(peer.pid(), Signal::STOP);
    console.wait_for("its age or its silence", SOON, |t| {
        t.contains("no answer") || t.contains("down") || t.contains("STALE")
    });
    signal(peer.pid(), Signal::CONT);
    console.wait_for("the live feed again", SOON, |t| {
        t.contains("● live") && t.contains("● v1.0") && !t.contains("STALE")
    });
}

#[test]
fn an_account_of_real_money_says_live() {
    let home = home();
    let Some(peer) = Peer::start(&["--trade-mode", "2"]) else { return };
    let console = At::peer(&peer).console(&home, 80, 24);
    console.wait_for("LIVE", SOON, |t| {
        t.lines().next().is_some_and(|l| l.trim_start().starts_with("LIVE "))
    });
}

#[test]
fn a_blind_gateway_is_not_shown_as_flat() {
    let home = home();
    let Some(peer) = Peer::start(&["--positions", "1", "--behaviour", "blind"]) else { return };
    let console = At::peer(&peer).console(&home, 120, 40);
    let text = console.see("can't be read: not proven");
    assert!(text.contains("LIVE?") && !text.contains("no open position"), "{text}");
}
