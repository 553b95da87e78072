//! A console in a real terminal, pointed at a feed or beside a gateway.

use crate::common::console::{Console, SOON};
use crate::common::sandbox::{Sandbox, free_port};
use crate::scene::Scene;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Ctrl-K, as a terminal sends it.
pub const CHORD: &str = "\x0b";
/// What no kill may take longer than on a loaded machine.
pub const LONG: Duration = Duration::from_mins(1);

/// A home with a console in it.
pub struct Desk {
    /// Ends with this value what was started in it.
    _home: Sandbox,
    pub console: Console,
}

impl Desk {
    /// A console that hears ticks at `data`, and whose gateway is nobody.
    /// `more` is further configuration.
    pub fn hearing(data: u16, more: &str) -> Self {
        let home = Sandbox::new();
        configure(&home, free_port(), data, more);
        let desk = Self::in_home(home);
        desk.console.see("q leave");
        desk
    }

    /// A console in this home, of which nothing was seen yet.
    pub fn in_home(home: Sandbox) -> Self {
        let console = Console::crs(&home, &["console"], 120, 40);
        Self { _home: home, console }
    }

    /// Waits until the bid is shown; how long that took from `since`.
    pub fn shows(&self, bid: &str, since: Instant) -> Duration {
        self.console.wait_for(bid, LONG, |t| is_bid(t, bid));
        since.elapsed()
    }

    /// The console has no fault to tell, and leaves when it is asked to.
    pub fn leaves(&mut self) {
        let text = self.console.text();
        assert!(!text.contains("internal fault") && !text.contains("panicked"), "{text}");
        self.console.keys("q");
        assert_eq!(self.console.exit(SOON).map(|s| s.exit_code()), Some(0));
    }

    /// Memory in RAM, MiB.
    pub fn resident(&self) -> u64 {
        resident(self.console.pid())
    }
}

pub fn configure(home: &Sandbox, cmd: u16, data: u16, more: &str) {
    let dir = home.path().join("home/.config/crs");
    fs::create_dir_all(&dir).unwrap();
    let gateway = format!("host = \"127.0.0.1\"\ncmd_port = {cmd}\ndata_port = {data}");
    let kill = "[kill]\nproof_interval_ms = 30\nenforce_interval_ms = 200";
    fs::write(dir.join("config.toml"), format!("[[gateway]]\n{gateway}\n{kill}\n{more}\n"))
        .unwrap();
}

/// The quote's row of a screen: bid, ask, spread and age.
pub fn row(text: &str) -> Option<Vec<String>> {
    let line = text.lines().find(|l| l.contains("EURUSD"))?;
    let words = line.split_whitespace().skip_while(|w| *w != "EURUSD");
    let row: Vec<String> = words.skip(1).take(4).map(str::to_owned).collect();
    (row.len() == 4).then_some(row)
}

/// Whether this is the bid that is shown, in however many decimals.
pub fn is_bid(text: &str, bid: &str) -> bool {
    let value = |text: &str| text.parse::<f64>().ok().map(f64::to_bits);
    row(text).is_some_and(|r| value(&r[0]).is_some_and(|shown| Some(shown) == value(bid)))
}

/// The quote's age in whole seconds, when it is shown in seconds.
pub fn age(text: &str) -> Option<u64> {
    row(text)?[3].strip_suffix('s')?.split('.').next()?.parse().ok()
}

/// A number of the screen, grouped in threes, that follows `word`.
pub fn counted(text: &str, word: &str) -> Option<u64> {
    let rest = text.split(word).nth(1)?.trim_start();
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == ',').collect();
    digits.replace(',', "").parse().ok()
}

pub fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
}

/// A scene with a gateway that holds two positions, and a console beside it
/// that has met both gateway and agent.
pub fn beside(columns: u16, rows: u16) -> (Scene, Console) {
    let scene = Scene::with(&["honest"]);
    let console = console(&scene, columns, rows);
    (scene, console)
}

/// A console of this scene, once it may be relied upon.
pub fn console(scene: &Scene, columns: u16, rows: u16) -> Console {
    let console = Console::crs(&scene.home, &["console"], columns, rows);
    console.wait_for("two positions", LONG, |t| t.contains("2 open"));
    console
}

/// Longer than the guard's 150 ms, far shorter than its 5 s.
pub fn think() {
    sleep(Duration::from_millis(400));
}

/// Chord, thought, second key; the moment of the second key.
pub fn kill(console: &mut Console) -> Instant {
    console.keys(CHORD);
    think();
    let at = Instant::now();
    console.keys("y");
    at
}

/// Waits for the latch without a pause; how long it took from `since`.
pub fn latched(scene: &Scene, since: Instant) -> Duration {
    while fs::symlink_metadata(scene.home.latch()).is_err() {
        assert!(since.elapsed() < LONG, "no latch");
        std::thread::yield_now();
    }
    since.elapsed()
}

/// Nothing was stopped: no latch, no decision on record, nothing sent.
pub fn untouched(scene: &Scene) {
    assert!(fs::symlink_metadata(scene.home.latch()).is_err(), "a latch");
    let status = scene.status();
    assert_eq!(status["is_engaged"], false, "{status:#}");
    assert_eq!(status["kill"], serde_json::json!([]), "{status:#}");
    let sent: usize = scene.peers.iter().map(|p| p.count("KILL_SWITCH")).sum();
    assert_eq!(sent, 0, "KILL_SWITCH was sent");
    assert_eq!(scene.peers.last().unwrap().positions(), Some(2));
}
