//! Rows 43 and 44: the kill keys where nobody pressed them. After each, a
//! deliberate kill shows that the console was listening.

use super::desk::{CHORD, LONG, beside, console, kill, latched, untouched};
use super::{Came, Row, sizes};
use crate::common::console::{Console, SOON};
use crate::common::sandbox::{Signal, signal};
use crate::common::wait::until;
use crate::scene::{Random, Scene};
use std::thread::sleep;
use std::time::Duration;

pub const ROWS: &[Row] = &[
    Row {
        number: 43,
        fault: "pastes that hold the kill keys: bracketed and not, whole, split at every byte, \
                torn by a stalled console",
        outcome: "no kill; a deliberate one works",
        timed: "second key to visible latch, afterwards",
        bound: Some(Duration::from_millis(5)),
        alone: false,
        run: pasted,
    },
    Row {
        number: 44,
        fault: "each key stuck: 1,000 repeats",
        outcome: "no kill; a deliberate one works",
        timed: "second key to visible latch, afterwards",
        bound: Some(Duration::from_millis(5)),
        alone: false,
        run: stuck,
    },
];

/// Longer than the guard's first 150 ms: what comes after it may fire.
const GAP: Duration = Duration::from_millis(200);
/// In brackets, as a terminal wraps what is pasted.
const BRACKETED: &str = "\x1b[200~ab\x0by\x0by\x1b[201~";

/// Stands a guard down, and lets the console take in what came before.
fn settle(console: &mut Console) {
    console.keys("n");
    console.wait_for("no guard", SOON, |t| !t.contains("KILL GUARD"));
}

/// The same after more input than is read at once: what is pressed now is
/// answered, so all before it was taken in.
fn catch_up(console: &mut Console) {
    settle(console);
    for shown in [true, false] {
        let answered = until(LONG, || {
            console.keys("?");
            let help = || console.text().contains("─ Keys ─");
            until(Duration::from_secs(2), || (help() == shown).then_some(()))
        });
        assert!(answered.is_some(), "deaf:\n{}", console.text());
    }
}

/// A deliberate kill at last, and how soon its latch was seen.
fn deliberate(scene: &mut Scene, console: &mut Console) -> Duration {
    untouched(scene);
    sleep(Duration::from_millis(300));
    let took = latched(scene, kill(console));
    scene.verified();
    took
}

fn pasted(seed: u64) -> Came {
    sizes::each(&sizes::ALL, |size| pasted_at(size, seed))
}

fn pasted_at((columns, rows): sizes::Size, seed: u64) -> (Duration, u64) {
    let mut random = Random::new(seed + u64::from(columns));
    let (mut scene, mut console) = beside(columns, rows);
    let mut cases = 0;
    let mut paste = |scene: &Scene, console: &mut Console, parts: &[&str], gap| {
        for part in parts {
            console.keys(part);
            sleep(gap);
        }
        settle(console);
        cases += 1;
        assert!(!scene.home.latch().exists(), "{parts:?}, {gap:?} apart, killed");
    };
    for whole in [BRACKETED, "\x0by", "\x0by\x0byyyy\x0byy", "ab\x0by\ncd\x0by\n", "y\x0by\x0b"] {
        paste(&scene, &mut console, &[whole], GAP);
    }
    // A slow line: two pieces, then three, the first of them a lone escape.
    for first in 1..BRACKETED.len() {
        paste(&scene, &mut console, &[&BRACKETED[..first], &BRACKETED[first..]], GAP);
    }
    for second in 2..BRACKETED.len() {
        let parts = [&BRACKETED[..1], &BRACKETED[1..second], &BRACKETED[second..]];
        paste(&scene, &mut console, &parts, GAP);
    }
    // Without brackets a piece that ends in the chord and one that begins
    // with the second key are two keys; they come too soon after each other.
    for ms in [1, 5] {
        paste(&scene, &mut console, &["ab\x0b", "yyy"], Duration::from_millis(ms));
    }
    // A console that stands still in the middle of a paste, for longer than
    // the guard's first 150 ms.
    for _ in 0..6 {
        torn(&mut console, &mut random);
        cases += 1;
        assert!(!scene.home.latch().exists(), "killed by a paste into a console that stalled");
    }
    (deliberate(&mut scene, &mut console), cases)
}

fn torn(console: &mut Console, random: &mut Random) {
    let pid = console.pid();
    console.keys(&"\x0by".repeat(1_500));
    for _ in 0..3 {
        sleep(Duration::from_micros(random.below(4_000)));
        signal(pid, Signal::STOP);
        sleep(GAP);
        signal(pid, Signal::CONT);
    }
    catch_up(console);
}

/// Keys that are more than a byte: arrows, F5, Delete, Alt-y, é, and what a
/// terminal that tells them apart says of y and of both chords held or let go.
const LONGER: [&str; 14] = [
    "\x1b[A",
    "\x1b[B",
    "\x1bOC",
    "\x1b[15~",
    "\x1b[3~",
    "\x1by",
    "\x1bk",
    "é",
    "\x1b[121;1:2u",
    "\x1b[121;1:3u",
    "\x1b[107;5:2u",
    "\x1b[107;5:3u",
    "\x1b[116;5:2u",
    "\x1b[<0;9;9M",
];

fn stuck(_seed: u64) -> Came {
    sizes::each(&sizes::ALL, stuck_at)
}

fn stuck_at((columns, rows): sizes::Size) -> (Duration, u64) {
    let (mut scene, mut open) = beside(columns, rows);
    let bytes: Vec<String> = (0..0x80_u8).map(|b| char::from(b).to_string()).collect();
    let keys = bytes.iter().map(String::as_str).chain(LONGER).chain(["\x0by", "\x14y", "ky"]);
    let mut cases = 0;
    for key in keys {
        open.keys(&key.repeat(1_000));
        cases += 1;
        // Both that leave do so, though not at the first: keys for a screen
        // that is far behind are lost.
        if ["q", "\x03"].contains(&key) {
            let left = until(LONG, || {
                open.exit(Duration::from_millis(500)).or_else(|| {
                    open.keys("\x1b");
                    std::thread::sleep(Duration::from_millis(80));
                    open.keys(key);
                    None
                })
            });
            assert_eq!(left.map(|s| s.exit_code()), Some(0), "{key:?}");
            open = console(&scene, columns, rows);
        } else {
            open.keys("n");
            // A text field that it opened would keep what follows.
            open.keys("\x1b");
            std::thread::sleep(Duration::from_millis(80));
        }
    }
    catch_up(&mut open);
    // As slow as fingers and longer than the guard's 5 s.
    for _ in 0..1_000 {
        open.keys(CHORD);
        sleep(Duration::from_millis(6));
    }
    settle(&mut open);
    (deliberate(&mut scene, &mut open), cases)
}
