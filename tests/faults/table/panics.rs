//! Row 41: a panic in any thread of a console. The program has no way to be
//! made to panic from outside, so the console that falls over is this test
//! program, started again: the real loop, screen, kill thread, feed and polls,
//! overheard by somebody who panics on the thread that the file `fall` names.

use super::desk::{self, LONG, kill, latched, untouched};
use super::ticks::Publisher;
use super::words::inert;
use super::{Came, Row};
use crate::common::console::Console;
use crate::common::wait::until;
use crate::scene::{Scene, exit};
use crs::breaker::Gate;
use crs::cli::{Context, wiring};
use crs::config::Flags;
use crs::control::kill::Hand;
use crs::control::{Action, Desk, Proposal, Trigger};
use crs::domain::{Intent, Stamp, Text, Ticket};
use crs::event::{SessionInfo, Tap, channel_pair};
use crs::feeds::{Sequencer, polls, ticks};
use crs::host::SystemClock;
use crs::state::State;
use crs::tui::cockpit::Cockpit;
use crs::tui::keymap::{self, Keymap};
use crs::tui::looks::Looks;
use crs::tui::theme::{Charset, Depth, Theme};
use crs::tui::{Frame, Screen, run};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const ROWS: &[Row] = &[Row {
    number: 41,
    fault: "panic while drawing, in a feed, in the polls, in input and kill thread, before and \
            during a kill; its words are hostile",
    outcome: "terminal restored, clean words, latch intact, a running kill completes, \
              `crs kill` works",
    timed: "panic to the restored terminal",
    bound: None,
    alone: false,
    run: panics,
}];

const CHILD: [&str; 5] =
    ["table::panics::console", "--exact", "--ignored", "--nocapture", "--test-threads=1"];
const FALL: &str = "fall";

fn fall(thread: &str) {
    let named = fs::read_to_string(FALL).is_ok_and(|named| named == thread);
    assert!(!named, "{thread} \u{1b}]52;c;aGk=\u{7}\u{9b}31m\u{202e}fell over");
}

/// The kill thread, and an input thread that falls over once it has fired.
struct Fragile(Hand);

impl Trigger for Fragile {
    fn fire(&self, intent: Intent, pressed: Stamp) {
        self.0.fire(intent, pressed);
        fall("input");
    }
}

impl Desk for Fragile {
    fn close(&self, _: Ticket) {}
    fn arm(&self) {}
    fn probe_again(&self) {}
    fn stand_down(&self) {}
    fn order(&self, _: Proposal) {}
    fn denies_orders(&self) -> Option<Text> {
        None
    }
}

struct Glass(Cockpit);

impl Screen for Glass {
    fn draw(&mut self, frame: Frame<'_>, area: Rect, buf: &mut Buffer) {
        self.0.draw(frame, area, buf);
        fall("draw");
    }
    fn act(&mut self, action: Action, state: &State) {
        self.0.act(action, state);
    }
    fn context(&self) -> keymap::Context {
        self.0.context()
    }
    fn selected_position(&self, state: &State) -> Option<Ticket> {
        self.0.selected_position(state)
    }

    fn selected_alarm(&self, _: &crs::state::State) -> Option<crs::domain::Text> {
        None
    }
}

#[test]
#[ignore = "the console of row 41"]
fn console() {
    if !Path::new("child").exists() {
        return;
    }
    let settings = Context::new(Flags::default()).strict().ok().unwrap().settings;
    let (plain, receiver) = channel_pair();
    let tap: Tap = Arc::new(|_| fall(std::thread::current().name().unwrap_or_default()));
    let sender = plain.tapped(tap);
    let gate = Arc::new(Gate::default());
    let _watcher = wiring::watch(&settings, "console", Arc::clone(&gate), |_| {});
    let hand = wiring::hand(&settings, "console", true, gate, sender.clone()).ok().unwrap();
    let hand = Arc::new(Fragile(hand));
    let (zmq, gateway) = (zmq::Context::new(), &settings.gateways[0]);
    let limits = wiring::limits(&settings);
    let _feed = ticks::start(&zmq, 0, gateway, limits, sender.clone()).unwrap();
    let _polls = polls::start(&zmq, 0, gateway, wiring::rhythm(&settings), sender).unwrap();
    let info = SessionInfo { gateways: settings.gateways.clone(), ..SessionInfo::default() };
    let ended = run(crs::tui::Console {
        sequencer: Sequencer::new(receiver, Box::new(SystemClock), info),
        sender: plain,
        screen: Box::new(Glass(Cockpit::new(settings.card.clone()))),
        theme: Theme::embedded("dark", Depth::Ansi256, Charset::Unicode).unwrap(),
        keymap: Keymap::default(),
        looks: Looks::default(),
        trigger: hand.clone(),
        desk: hand,
        fps: 10,
        line: crs::config::LineChoice::Auto,
        calls: crs::tui::run::Calls::default(),
        mouse: false,
        notes: Vec::new(),
        on_start: None,
        on_first_frame: None,
    });
    assert!(ended.is_ok());
}

/// A scene with an agent, and the console that will fall over.
fn fragile(publisher: &Publisher) -> (Scene, Console) {
    let mut scene = Scene::with(&["honest"]);
    desk::configure(&scene.home, scene.port, publisher.port, "");
    fs::write(scene.home.path().join("child"), "").unwrap();
    scene.agent();
    let exe = std::env::current_exe().unwrap();
    let console = Console::start(&scene.home, &exe, &CHILD, 120, 40);
    console.wait_for("two positions", LONG, |t| t.contains("2 open"));
    (scene, console)
}

/// It fell, and left a terminal to work in and words to read.
fn fallen(console: &mut Console, thread: &str, since: Instant) -> Duration {
    let restored = || (!console.is_full_screen() && console.is_cooked()).then(|| since.elapsed());
    let took =
        until(LONG, restored).unwrap_or_else(|| panic!("{thread}: the terminal is still taken"));
    assert!(console.exit(LONG).is_some_and(|s| !s.success()));
    console.see("internal fault in thread");
    console.see("`crs kill` works from any shell.");
    let told = console.text().replace('\n', "");
    assert!(told.contains(&format!("{thread} ·]52;c;aGk=")), "{told}");
    inert("the terminal", &String::from_utf8(console.written()).unwrap());
    took
}

/// What of a latch never changes: its file, its decision, its reason.
fn first_words(latch: &Path) -> Option<(u64, Value, Value)> {
    let body: Value = serde_json::from_slice(&fs::read(latch).ok()?).ok()?;
    let inode = fs::metadata(latch).ok()?.ino();
    Some((inode, body["metadata"]["engage_id"].clone(), body["reason"].clone()))
}

fn panics(_seed: u64) -> Came {
    let (mut worst, mut cases) = (Duration::ZERO, 0);
    for (thread, during) in [
        ("draw", false),
        ("ticks-0", false),
        ("draw", true),
        ("polls-0", true),
        ("kill-hand", true),
        ("input", true),
    ] {
        let publisher = Publisher::start();
        let (mut scene, mut console) = fragile(&publisher);
        let (path, latch) = (scene.home.path().join(FALL), scene.home.latch());
        // The kill's own threads fall over the kill, the others in its midst.
        let own = thread == "kill-hand" || thread == "input";
        if during && !own {
            latched(&scene, kill(&mut console));
        }
        let before = first_words(&latch);
        let since = Instant::now();
        fs::write(&path, thread).unwrap();
        if own {
            kill(&mut console);
        }
        // A feed speaks when something came.
        publisher.put(vec![b"{}".to_vec()]);
        worst = worst.max(fallen(&mut console, thread, since));
        if during && !own {
            scene.verified();
            // The first look may have met it before its words.
            let after = first_words(&latch).unwrap();
            assert!(before.is_none_or(|b| b == after), "another latch");
        } else if own && scene.taken() {
            scene.verified();
        } else {
            untouched(&scene);
            let mut command = scene.command();
            assert_eq!(exit(&mut command), Some(0));
            scene.verified();
        }
        cases += 1;
    }
    Came::Held { took: worst, cases }
}
