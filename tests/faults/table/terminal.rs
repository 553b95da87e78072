//! The terminal: gone, blocked, of any size. The line to it stands in `ssh`,
//! keys in `keys`, what it is told in `words`.

use super::desk::{CHORD, LONG, beside, kill, latched, think, untouched};
use super::{Came, Row, sizes};
use crate::common::console::{Console, SOON};
use crate::common::sandbox::binary;
use crate::common::wait::until;
use crate::scene::{Random, Scene};
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub const ROWS: &[Row] = &[
    Row {
        number: 38,
        fault: "terminal gone with SIGHUP ignored; guard open, kill running, output blocked",
        outcome: "console ends with 129; no kill without the second key, a running one completes",
        timed: "hang-up to the console's end",
        bound: Some(Duration::from_secs(1)),
        alone: false,
        run: gone,
    },
    Row {
        number: 39,
        fault: "terminal blocked by Ctrl-S, and by a line that takes nothing",
        outcome: "kill unaffected, VERIFIED meanwhile; frames coalesced, the newest shown at once",
        timed: "second key to visible latch",
        bound: Some(Duration::from_millis(5)),
        alone: false,
        run: blocked,
    },
    Row {
        number: 40,
        fault: "1,000 resizes from each size, then 1×1; and 1,000 resizes, then 100×30",
        outcome: "no panic, the kill keys work, VERIFIED shown",
        timed: "second key to visible latch",
        bound: Some(Duration::from_millis(5)),
        alone: false,
        run: resized,
    },
];

/// A console that ignores SIGHUP, as under `nohup`; with `apart` in a session
/// of its own, so that none even comes.
fn deaf(scene: &Scene, apart: bool) -> Console {
    let run = if apart { "setsid " } else { "" };
    let script = format!("trap '' HUP; {run}'{}' console; echo $? >ended", binary().display());
    let args = ["-c", script.as_str()];
    let console = Console::start(&scene.home, Path::new("/bin/sh"), &args, 80, 24);
    console.wait_for("two positions", LONG, |t| t.contains("2 open"));
    console
}

/// How long the console lives after its terminal; its status must be 129.
fn outlives(scene: &Scene, mut console: Console) -> Duration {
    let ended = scene.home.path().join("ended");
    let began = Instant::now();
    console.hang_up();
    let read = || fs::read_to_string(&ended).ok().filter(|text| !text.is_empty());
    let status = until(LONG, read).expect("the console is still there");
    assert_eq!(status.trim(), "129");
    began.elapsed()
}

fn gone(_seed: u64) -> Came {
    let mut worst = Duration::ZERO;
    for apart in [false, true] {
        let scene = Scene::with(&["honest"]);
        let mut console = deaf(&scene, apart);
        console.keys(CHORD);
        console.see("KILL GUARD");
        worst = worst.max(outlives(&scene, console));
        untouched(&scene);

        let mut scene = scene;
        let mut console = deaf(&scene, apart);
        if apart {
            console.stop_output();
        }
        latched(&scene, kill(&mut console));
        worst = worst.max(outlives(&scene, console));
        scene.verified();
    }
    Came::Held { took: worst, cases: 4 }
}

/// Frames that have reached the terminal: each begins so.
fn frames(console: &Console) -> usize {
    console.written().windows(8).filter(|w| *w == b"\x1b[?2026h").count()
}

/// Asks for thirty whole frames.
fn redraw(console: &mut Console) {
    for _ in 0..30 {
        console.keys("\x0c");
        sleep(Duration::from_millis(50));
    }
}

fn blocked(_seed: u64) -> Came {
    sizes::each(&sizes::ALL, blocked_at)
}

fn blocked_at((columns, rows): sizes::Size) -> (Duration, u64) {
    let took = [true, false].map(|stopped| {
        let (mut scene, mut console) = beside(columns, rows);
        let before = frames(&console);
        redraw(&mut console);
        let free = frames(&console) - before;
        if stopped {
            console.stop_output();
        } else {
            console.stall(true);
        }
        let before = frames(&console);
        redraw(&mut console);
        let took = latched(&scene, kill(&mut console));
        scene.verified();
        assert!(!console.text().contains("ENGAGED"), "the terminal was to be blocked");
        redraw(&mut console);
        if stopped {
            console.resume_output();
        } else {
            console.stall(false);
        }
        console.see("VERIFIED flat");
        let held = frames(&console) - before;
        assert!(held * 2 < free, "{free} frames when free, {held} of twice as many when blocked");
        took
    });
    (took[0].max(took[1]), 2)
}

fn resized(seed: u64) -> Came {
    sizes::each(&sizes::ALL, |size| resized_from(size, seed))
}

fn resized_from(home: sizes::Size, seed: u64) -> (Duration, u64) {
    let mut random = Random::new(seed + u64::from(home.0));
    let mut side = |most| 1 + u16::try_from(random.below(most)).unwrap();
    let took = [(1, 1), (100, 30)].map(|(columns, rows)| {
        let (mut scene, mut console) = beside(home.0, home.1);
        for n in 0..1_000 {
            console.resize(side(200), side(60));
            if n % 4 == 0 {
                sleep(Duration::from_millis(1));
            }
        }
        console.resize(columns, rows);
        think();
        let took = latched(&scene, kill(&mut console));
        scene.verified();
        console.resize(home.0, home.1);
        console.see("VERIFIED flat");
        console.keys("q");
        assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0));
        took
    });
    (took[0].max(took[1]), 2)
}
