//! A poor line: dropped, pasted into, resized. Rows of the fault list: 14, 37,
//! 38, 40, 43, 44.

use crate::common::console::{Console, SOON};
use crate::common::peer::Peer;
use crate::common::sandbox::{Signal, binary, signal};
use crate::common::wait::until;
use crate::desk::{At, CHORD, home, kill, think};
use std::path::Path;
use std::time::{Duration, Instant};

/// The documents say one second; a machine under load is given three.
const EXIT: Duration = Duration::from_secs(3);

#[test]
fn a_line_that_drops_ends_the_console_and_not_the_kill() {
    let home = home();
    let Some(peer) = Peer::start(&["--positions", "2", "--behaviour", "slow", "--delay", "0.5"])
    else {
        return;
    };
    let at = At::peer(&peer);
    let mut console = at.console(&home, 80, 24);
    console.see("ready, pid");
    kill(&mut console);
    assert!(until(SOON, || home.latch().exists().then_some(())).is_some());
    let begin = Instant::now();
    console.hang_up();
    assert!(console.exit(SOON).is_some());
    assert!(begin.elapsed() < EXIT, "{:?}", begin.elapsed());
    at.becomes(&home, "VERIFIED");
    assert_eq!(peer.positions(), Some(0));
}

#[test]
fn a_line_that_drops_under_an_open_guard_kills_nothing() {
    let home = home();
    let Some(peer) = Peer::start(&["--positions", "1"]) else { return };
    let mut console = At::peer(&peer).console(&home, 80, 24);
    console.see("1 open");
    console.keys(CHORD);
    console.see("KILL GUARD");
    console.hang_up();
    assert!(console.exit(SOON).is_some());
    think();
    assert!(!home.latch().exists());
    assert_eq!(peer.count("KILL_SWITCH"), 0);
}

#[test]
fn leaving_with_the_gateway_down_is_quick() {
    let home = home();
    let mut console = At::nobody().console(&home, 80, 24);
    console.see("q leave");
    let begin = Instant::now();
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0));
    assert!(begin.elapsed() < EXIT, "{:?}", begin.elapsed());
    assert!(!home.latch().exists());
}

#[test]
fn leaving_with_a_frozen_gateway_and_a_running_kill_is_quick_too() {
    let home = home();
    let Some(peer) = Peer::start(&["--positions", "1"]) else { return };
    let at = At::peer(&peer);
    let mut console = at.console(&home, 80, 24);
    console.see("1 open");
    signal(peer.pid(), Signal::STOP);
    kill(&mut console);
    console.see("UNCONFIRMED");
    let begin = Instant::now();
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0));
    assert!(begin.elapsed() < EXIT, "{:?}", begin.elapsed());
    signal(peer.pid(), Signal::CONT);
    at.becomes(&home, "VERIFIED");
}

/// As under `nohup`: no signal tells of the loss, only the terminal itself.
#[test]
fn a_terminal_that_goes_ends_a_console_that_hears_no_hang_up() {
    let home = home();
    // The session's leader is not the console: it lives on without one.
    let script = format!("trap '' HUP; setsid '{}' console; echo $? >ended", binary().display());
    let args = ["-c", script.as_str()];
    let mut console = Console::start(&home, Path::new("/bin/sh"), &args, 80, 24);
    console.see("q leave");
    let begin = Instant::now();
    console.hang_up();
    let ended = home.path().join("ended");
    assert!(until(SOON, || ended.exists().then_some(())).is_some(), "it is still there");
    assert!(begin.elapsed() < EXIT, "{:?}", begin.elapsed());
    assert!(!home.latch().exists());
}

#[test]
fn what_is_pasted_or_stuck_kills_nothing() {
    let home = home();
    let Some(peer) = Peer::start(&["--positions", "1"]) else { return };
    let mut console = At::peer(&peer).console(&home, 120, 40);
    console.see("1 open");
    console.keys("\x1b[200~\x0by\x0by\x1b[201~");
    think();
    console.keys("\x0by\x0byyyy\x0byy");
    think();
    console.keys(&CHORD.repeat(1_000));
    think();
    // Mouse clicks, a release and a repeat of the chord as kitty reports them.
    console.keys("\x1b[<0;10;10M\x1b[<0;10;10m\x1b[107;5:3u\x1b[107;5:2u");
    console.keys("n");
    think();
    console.wait_for("no guard", SOON, |t| !t.contains("KILL GUARD"));
    assert!(!home.latch().exists());
    assert_eq!(peer.count("KILL_SWITCH"), 0);
}

#[test]
fn every_size_takes_the_kill_keys() {
    let home = home();
    let Some(peer) = Peer::start(&["--positions", "1"]) else { return };
    let at = At::peer(&peer);
    let mut console = at.console(&home, 120, 40);
    console.see("1 open");
    for n in 0..200_u16 {
        console.resize(1 + n * 7 % 160, 1 + n * 5 % 50);
    }
    console.resize(1, 1);
    think();
    kill(&mut console);
    at.becomes(&home, "VERIFIED");
    console.resize(80, 24);
    console.see("VERIFIED flat");
}
