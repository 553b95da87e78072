//! A seeded storm of input into a real console: keys, chords, pastes, reports
//! of mouse, focus and key, escape garbage, resizes, pauses. A kill is
//! accidental when no chord was followed, alone and 150 ms to 5 s later, by
//! its confirming key alone; the storm never does that. What else needs a
//! confirming key counts too: a close, a block, an arming.

use crate::common::console::{Console, SOON};
use crate::lanes;
use crate::number;
use crate::scene::{Random, Scene};
use std::fmt::Write as _;
use std::thread::sleep;
use std::time::Duration;

/// A key that stands down, thrice: garbage before it may swallow one.
const DOWN: &str = "nnn";

/// Keys that leave and that confirm are not among them.
const KEYS: &str =
    "abcdefghijklmnoprstuvwxzABCDEFGHIJKLMNOPQRSTUVWXZ0123456789 .,;:-_?!/\\'\"\t\r\x08";

/// What comes whole from a terminal, and what no terminal should send.
const REPORTS: [&str; 26] = [
    "\x1b[A",
    "\x1b[B",
    "\x1bOC",
    "\x1b[15~",
    "\x1b[3~",
    "\x1b[1;5D",
    "\x1by",
    "\x1bk",
    "\x1bY",
    "\x1b[121;1:2u",
    "\x1b[121;1:3u",
    "\x1b[107;5:2u",
    "\x1b[107;5:3u",
    "\x1b[116;5:2u",
    "\x1b[<0;9;9M",
    "\x1b[<64;9;9M",
    "\x1b[<0;9;9m",
    "\x1b[M \x22\x22",
    "\x1b[I",
    "\x1b[O",
    "\x1b[?1;2c",
    "\x1b[13;40R",
    "\x1b[999~",
    "\x1b[y",
    "\u{e9}\u{65e5}",
    "\x1b[1;1:3y",
];

/// Bursts that hold chord and confirmation, each in one write. None begins
/// with a confirmation: after a pause that would be a key.
const BURSTS: [&str; 7] =
    ["\x0by", "\x0byy", "\x14y", "j\x0by\x0by", "\x0b\x14y", "rm -rf\x0by\n", "\x0bY\x14Y\x0by"];

struct Storm {
    random: Random,
    counts: [u64; 7],
}

const KINDS: [&str; 7] =
    ["keys", "chords", "bursts", "pastes", "reports and garbage", "confirmations", "resizes"];

impl Storm {
    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let n = self.random.below(u64::try_from(all.len()).unwrap());
        all[usize::try_from(n).unwrap()]
    }

    fn key(&mut self) -> char {
        let n = self.random.below(u64::try_from(KEYS.chars().count()).unwrap());
        KEYS.chars().nth(usize::try_from(n).unwrap()).unwrap()
    }

    /// One input.
    fn blow(&mut self, console: &mut Console) {
        let kind = match self.random.below(100) {
            0..35 => 0,
            35..47 => 1,
            47..57 => 2,
            57..67 => 3,
            67..87 => 4,
            87..99 => 5,
            _ => 6,
        };
        self.counts[kind] += 1;
        match kind {
            0 => console.keys(&self.key().to_string()),
            1 => console.keys(self.pick(&["\x0b", "\x0b", "\x14"])),
            2 => console.keys(self.pick(&BURSTS)),
            3 => {
                let text = self.pick(&BURSTS);
                console.keys(&format!("\x1b[200~{text}y{text}\x1b[201~"));
            }
            4 => console.keys(self.pick(&REPORTS)),
            // Over a guard that was stood down.
            5 => console.keys(&format!("{DOWN}y")),
            _ => {
                let mut side = |most| 1 + u16::try_from(self.random.below(most)).unwrap();
                console.resize(side(200), side(60));
            }
        }
        match self.random.below(200) {
            0 => sleep(self.random.ms(160, 700)),
            1..40 => sleep(self.random.ms(0, 4)),
            _ => {}
        }
    }
}

#[test]
fn no_input_kills_by_accident() {
    let inputs = number("CRS_INPUTS", 2_000);
    let seed = number("CRS_FAULT_SEED", 1);
    let mut scene = Scene::with(&["honest"]);
    let mut console = Console::crs(&scene.home, &["console"], 120, 40);
    console.wait_for("two positions", SOON * 3, |t| t.contains("2 open"));
    let mut storm = Storm { random: Random::new(seed), counts: [0; 7] };
    let mut accidents = 0;
    for n in 0..inputs {
        storm.blow(&mut console);
        if n % 500 == 499 || n + 1 == inputs {
            accidents += u64::from(scene.home.latch().exists());
            assert_eq!(accidents, 0, "a kill by accident at input {n}, seed {seed}");
            assert!(console.exit(Duration::ZERO).is_none(), "it ended at input {n}, seed {seed}");
        }
    }
    console.keys(DOWN);
    console.resize(120, 40);
    console.wait_for("no guard", SOON, |t| !t.contains("GUARD"));
    sleep(Duration::from_millis(500));
    assert_eq!(scene.status()["kill"], serde_json::json!([]));
    for action in ["KILL_SWITCH", "CLOSE_POSITION", "OPEN_ORDER"] {
        assert_eq!(scene.peers[0].count(action), 0, "{action} by accident, seed {seed}");
    }
    // It was listening all the while.
    console.keys("\x0b");
    // As an operator does it: the second key once the guard is seen to be open.
    console.wait_for("the guard", SOON, |t| t.contains("GUARD"));
    sleep(Duration::from_millis(200));
    console.keys("y");
    scene.verified();
    let kinds = KINDS.iter().zip(storm.counts).fold(String::new(), |mut text, (kind, n)| {
        let _ = write!(text, ", {n} {kind}");
        text
    });
    let told = format!("Accidental kills: {accidents} of {inputs} inputs (seed {seed}{kinds})\n");
    eprintln!("{told}");
    lanes::keep("inputs.md", &told);
}
