//! Row 41: a panic in any thread of a console. The program has no way to be
//! made to panic from outside, so the console that falls over is this test
//! program, started again: the real loop, screen, kill thread, feed and polls,
//! overheard by somebody who panics on the thread that the file `fall` names.

use super::desk::{self, LONG, kill, latched, untouched};
use super::ticks::Publisher;
use super::words::inert;
use super::{Came, Row, sizes};
use crate::common::console::Console;
use crate::common::wait::until;
use crate::scene::{Scene, exit};
use clap::Parser;
use crs::breaker::Gate;
use crs::cli::{Cli, Context, wiring};
use crs::config::Flags;
use crs::control::kill::Hand;
use crs::control::{Action, Desk, Proposal, Remote, RemoteVerb, Trigger};
use crs::domain::{Intent, Stamp, Text, Ticket};
use crs::event::{SessionInfo, Tap, channel_pair};
use crs::feeds::{LatchFeed, Sequencer, polls, ticks};
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
use sizes::Size;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const ROWS: &[Row] = &[Row {
    number: 41,
    fault: "panic while drawing, in a feed, in the polls, in input and kill thread, and in a \
            writer that hangs, before and during a kill; a writer that hangs and goes on; in \
            each thread of the agent, at a kill; its words are hostile",
    outcome: "terminal restored, clean words, latch intact, a running kill completes, is \
              shown once the writer goes on, `crs kill` works; the agent ends, and another completes its kill",
    timed: "panic to the restored terminal",
    bound: None,
    alone: false,
    run: panics,
}];

const CHILD: [&str; 5] =
    ["table::panics::console", "--exact", "--ignored", "--nocapture", "--test-threads=1"];
const FALL: &str = "fall";
/// While this file is there, the writer hangs at the first frame.
const HOLD: &str = "hold";

fn fall(thread: &str) {
    let named = !thread.is_empty() && fs::read_to_string(FALL).is_ok_and(|named| named == thread);
    assert!(!named, "{thread} \u{1b}]52;c;aGk=\u{7}\u{9b}31m\u{202e}fell over");
}

/// Names the thread that is to fall over: at once, since a file that is seen
/// empty between its making and its writing names every thread without a name.
fn name(home: &Path, thread: &str) {
    let whole = home.join("fall.new");
    fs::write(&whole, thread).unwrap();
    fs::rename(whole, home.join(FALL)).unwrap();
}

/// The kill thread, and an input thread that falls over once it has fired.
struct Fragile(Hand);

impl Trigger for Fragile {
    fn fire(&self, intent: Intent, pressed: Stamp) {
        self.0.fire(intent, pressed);
        fall("input");
    }
}

impl Remote for Fragile {
    fn remote(&self, _: RemoteVerb) {}
    fn denies_remote(&self, _: RemoteVerb) -> Option<Text> {
        None
    }
}

impl Desk for Fragile {
    fn close(&self, _: u16, _: Ticket) {}
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
    fn selected_position(&self, state: &State) -> Option<(u16, Ticket)> {
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
    let latch = LatchFeed::start(Arc::clone(&gate), sender.clone()).unwrap();
    let _watcher = wiring::watch(&settings, "console", Arc::clone(&gate), latch.teller());
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
        mission: None,
        fps: 10,
        line: crs::config::LineChoice::Auto,
        calls: crs::tui::run::Calls::default(),
        mouse: false,
        past: crs::tui::run::Past::default(),
        notes: Vec::new(),
        way_back: crs::tui::view::WayBack::default(),
        on_start: None,
        on_first_frame: Some(Box::new(|_| {
            while Path::new(HOLD).exists() {
                fall("writer");
                std::thread::sleep(Duration::from_millis(5));
            }
        })),
    });
    assert!(ended.is_ok());
}

/// A scene with an agent, and the console that will fall over.
fn fragile(publisher: &Publisher, (columns, rows): Size, hangs: bool) -> (Scene, Console) {
    let mut scene = Scene::with(&["honest"]);
    desk::configure(&scene.home, scene.port, publisher.port, "");
    fs::write(scene.home.path().join("child"), "").unwrap();
    if hangs {
        fs::write(scene.home.path().join(HOLD), "").unwrap();
    }
    scene.agent();
    let exe = std::env::current_exe().unwrap();
    let console = Console::start(&scene.home, &exe, &CHILD, columns, rows);
    if hangs {
        // All that it will show is its first frame.
        console.wait_for("a first frame", LONG, |t| t.contains("Ctrl-K KILL"));
        let asked = || (scene.peers[0].count("GET_POSITIONS") > 0).then_some(());
        assert!(until(LONG, asked).is_some(), "it asks for no positions");
    } else {
        console.wait_for("two positions", LONG, |t| t.contains("2 open"));
    }
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

const FALLS: [(&str, bool); 8] = [
    ("draw", false),
    ("ticks-0", false),
    ("draw", true),
    ("polls-0", true),
    ("kill-hand", true),
    ("input", true),
    ("writer", false),
    ("writer", true),
];

/// Each at one size, or at as many as `sizes::some` has.
fn panics(seed: u64) -> Came {
    let (mut worst, mut cases, mut sizes) = (Duration::ZERO, 0, BTreeSet::new());
    for (n, (thread, during)) in (0_u64..).zip(FALLS) {
        for size in sizes::some(seed + n) {
            worst = worst.max(falls(thread, during, size));
            cases += 1;
            sizes.insert(size);
        }
    }
    for size in sizes::some(seed) {
        comes_back(size);
        cases += 1;
    }
    let threads = ["core", "kill-0", "latch", "audit", "client-out"];
    threads.into_iter().for_each(agent_falls);
    cases += u64::try_from(threads.len()).unwrap();
    Came::At { took: worst, cases, sizes }
}

/// A kill that nobody sees while the writer hangs, and sees once it goes on.
fn comes_back(size: Size) {
    let (mut scene, mut console) = fragile(&Publisher::start(), size, true);
    latched(&scene, kill(&mut console));
    scene.verified();
    assert!(!console.text().contains("ENGAGED"), "the writer was to hang");
    fs::remove_file(scene.home.path().join(HOLD)).unwrap();
    console.see("VERIFIED flat");
    console.keys("q");
    let left = console.exit(LONG);
    assert!(left.is_some_and(|s| s.success()), "{}", console.text());
}

fn falls(thread: &str, during: bool, size: Size) -> Duration {
    let publisher = Publisher::start();
    let (mut scene, mut console) = fragile(&publisher, size, thread == "writer");
    let latch = scene.home.latch();
    // The kill's own threads fall over the kill, the others in its midst.
    let own = thread == "kill-hand" || thread == "input";
    if during && !own {
        latched(&scene, kill(&mut console));
        if thread == "writer" {
            scene.verified();
            assert!(!console.text().contains("ENGAGED"), "the writer was to hang");
        }
    }
    let before = first_words(&latch);
    let since = Instant::now();
    name(scene.home.path(), thread);
    if own {
        kill(&mut console);
    }
    // A feed speaks when something came.
    publisher.put(vec![b"{}".to_vec()]);
    let took = fallen(&mut console, thread, since);
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
    took
}

const AGENT: [&str; 5] =
    ["table::panics::agent", "--exact", "--ignored", "--nocapture", "--test-threads=1"];
const ARGS: &str = "agent-args";

/// Hears what the threads of the agent say of themselves.
struct Overheard;

impl tracing::Subscriber for Overheard {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::Id {
        tracing::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::Id, _: &tracing::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        fall(std::thread::current().name().unwrap_or_default());
    }
    fn enter(&self, _: &tracing::Id) {}
    fn exit(&self, _: &tracing::Id) {}
}

#[test]
#[ignore = "the agent of row 41"]
fn agent() {
    let Ok(args) = fs::read_to_string(ARGS) else { return };
    tracing::subscriber::set_global_default(Overheard).unwrap();
    let cli = Cli::try_parse_from(std::iter::once("crs").chain(args.lines())).unwrap();
    let core = move || {
        let mut ctx = Context::new(cli.global.flags());
        assert!(cli.verb.unwrap().run(&mut ctx).is_ok());
    };
    std::thread::Builder::new().name("core".to_owned()).spawn(core).unwrap().join().unwrap();
}

/// It gives up the election at once, the one who decided stands in, and an
/// agent that lives completes the kill.
fn agent_falls(thread: &str) {
    let mut scene = Scene::with(&["honest"]);
    fs::write(scene.home.path().join(ARGS), scene.agent_args().join("\n")).unwrap();
    let exe = std::env::current_exe().unwrap();
    let mut agent = Console::start(&scene.home, &exe, &AGENT, 120, 40);
    let served = until(LONG, || scene.status()["agent_pid"].as_u64());
    assert!(served.is_some(), "{thread}: no agent: {}", agent.text());
    name(scene.home.path(), thread);
    let mut command = scene.command();
    let ended = agent.exit(LONG);
    assert!(ended.is_some_and(|s| !s.success()), "{thread}: lives on:\n{}", agent.text());
    assert_eq!(exit(&mut command), Some(0), "{thread}");
    scene.verified();
    let next =
        until(LONG, || scene.status()["agent_pid"].as_u64().filter(|pid| Some(*pid) != served));
    assert!(next.is_some(), "{thread}: no other agent");
    let log = scene.run(&["audit", "show"]).stdout;
    let told = format!("internal fault of the agent in thread {thread} ");
    assert!(log.contains(&told), "{thread}: {log}");
}
