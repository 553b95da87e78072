//! Row 15: far more ticks than anybody reads. The publisher of the benches, as
//! a process of its own: this test program, started again.

use super::desk::{self, Desk};
use super::{Came, Row};
use crate::common::console::{Console, SOON};
use crate::common::sandbox::{Sandbox, end};
use crate::common::wait::until;
use crate::number;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[path = "../../../benches/publisher/mod.rs"]
#[allow(dead_code, reason = "the benches use the other part")]
mod publisher;

pub const ROWS: &[Row] = &[Row {
    number: 15,
    fault: "100,000 ticks/s (60 s in the long form)",
    outcome: "memory bounded, keys answered, each tick heard or counted as missed, drops shown",
    timed: "key to frame, p99",
    bound: Some(Duration::from_millis(100)),
    alone: true,
    run: flood,
}];

const RATE: u64 = 100_000;
/// MiB that no flood may take: libzmq's and our own queues are bounded.
const MOST: u64 = 256;
/// MiB that the second half may take beyond the first.
const GROWTH: u64 = 48;
const CHILD: [&str; 5] =
    ["table::flood::publishes", "--exact", "--ignored", "--nocapture", "--test-threads=1"];
const SECONDS: &str = "CRS_FLOOD_SECONDS";

/// Publishes to the first who subscribes, for so long, and one tick more when
/// all is sent: a hole at the end would not show.
#[test]
#[ignore = "the publisher of row 15"]
fn publishes() {
    let Some(seconds) = std::env::var(SECONDS).ok().and_then(|s| s.parse().ok()) else { return };
    let socket = zmq::Context::new().socket(zmq::XPUB).unwrap();
    socket.set_linger(0).unwrap();
    socket.set_sndhwm(1_000_000).unwrap();
    socket.bind("tcp://127.0.0.1:*").unwrap();
    let at = socket.get_last_endpoint().unwrap().unwrap();
    say("port", at.rsplit(':').next().unwrap());
    socket.recv_bytes(0).unwrap();
    let stop = Instant::now() + Duration::from_secs(seconds);
    let sent = publisher::publish(&socket, RATE, || Instant::now() < stop);
    sleep(Duration::from_millis(500));
    socket.send(&publisher::tick(sent + 1), 0).unwrap();
    say("sent", &(sent + 1).to_string());
    sleep(Duration::from_mins(2));
}

/// Past the capture of the test runner, and on a line of its own.
fn say(word: &str, what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{word} {what}").unwrap();
}

/// The process that publishes; ends with this value.
struct Publishing {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Publishing {
    fn start(seconds: u64) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(CHILD).env(SECONDS, seconds.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn hear(&mut self, word: &str) -> u64 {
        let mut words = self.lines.by_ref().map_while(Result::ok);
        let said = words.find_map(|l| l.strip_prefix(word)?.trim().parse().ok());
        said.unwrap_or_else(|| panic!("the publisher ended without its {word}"))
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn flood(_seed: u64) -> Came {
    let seconds = if number("CRS_FAULT_TIMES", 1) == 1 { 5 } else { 60 };
    let mut publishing = Publishing::start(seconds);
    let data = u16::try_from(publishing.hear("port ")).unwrap();
    let home = Sandbox::new();
    desk::configure(&home, crate::common::sandbox::free_port(), data, "");
    let mut desk = Desk::in_home(home);
    desk.console.see("EURUSD");
    let stop = Instant::now() + Duration::from_secs(seconds);
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    while Instant::now() < stop || !times.len().is_multiple_of(2) {
        // Not in step with the frames.
        sleep(Duration::from_millis(41 + u64::try_from(times.len()).unwrap() * 7_919 % 37));
        times.push(press(&mut desk.console, times.len().is_multiple_of(2)));
        memory.push(desk.resident());
    }
    let sent = publishing.hear("sent ");
    let seen = |t: &str| Some((heard(t)?, desk::counted(t, "missed")?));
    let all =
        until(SOON, || seen(&desk.console.text()).filter(|(heard, missed)| heard + missed == sent));
    let text = desk.console.text();
    assert!(all.is_some(), "of {sent} sent, these are told: {:?}\n{text}", seen(&text));
    assert!(desk::counted(&text, "dropped").is_some_and(|n| n < sent), "{text}");
    assert!(sent > RATE * seconds / 4, "no flood: {sent} ticks");
    let (first, second) = memory.split_at(memory.len() / 2);
    let (before, after) = (first.iter().max().unwrap(), second.iter().max().unwrap());
    assert!(after.max(before) < &MOST && *after < before + GROWTH, "{before} then {after} MiB");
    desk.leaves();
    times.sort_unstable();
    Came::held(times[(times.len() * 99).div_ceil(100) - 1])
}

/// From the key to the frame that shows what it did.
fn press(console: &mut Console, opens: bool) -> Duration {
    let began = Instant::now();
    console.keys("?");
    // Nothing but the help lists this.
    while console.text().contains("Give the keys to the pane before.") != opens {
        assert!(began.elapsed() < SOON, "no frame:\n{}", console.text());
        sleep(Duration::from_micros(300));
    }
    began.elapsed()
}

/// Messages that the feed has read: the number before its word.
fn heard(text: &str) -> Option<u64> {
    let line = text.lines().find(|l| l.contains("last tick"))?;
    let before = line.split(" heard").next()?.split_whitespace().last()?;
    before.replace(',', "").parse().ok()
}
