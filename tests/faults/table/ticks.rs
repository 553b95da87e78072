//! Ticks that are none, or none to believe. Real sockets; what is seen is the
//! screen of the console and the words of `crs ticks`.

use super::desk::{Desk, LONG, age, counted, is_bid};
use super::{Came, Row};
use crate::common::sandbox::Sandbox;
use crate::common::wait::until;
use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub const ROWS: &[Row] = &[
    Row {
        number: 18,
        fault: "bad JSON and UTF-8, depth, duplicate keys, odd multipart",
        outcome: "each counted under its cause and dropped, the good one kept",
        timed: "the next good tick to the screen",
        bound: None,
        alone: false,
        run: malformed,
    },
    Row {
        number: 19,
        fault: "NaN, Infinity, 0 and below, crossed, 1e999, prices as text",
        outcome: "refused and counted, the last good price stays and ages",
        timed: "the next good tick to the screen",
        bound: None,
        alone: false,
        run: no_prices,
    },
    Row {
        number: 20,
        fault: "ticks twice, out of order, from the future",
        outcome: "no price younger, no lag made up, and the next one shown",
        timed: "the next good tick to the screen",
        bound: None,
        alone: false,
        run: odd_times,
    },
];

type Frames = Vec<Vec<u8>>;

/// A publisher on a thread that owns its socket: a PUB that knows when it is
/// heard, and then loses nothing.
pub struct Publisher {
    pub port: u16,
    send: Option<mpsc::Sender<Frames>>,
    heard: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Publisher {
    pub fn start() -> Self {
        let socket = zmq::Context::new().socket(zmq::XPUB).unwrap();
        socket.set_linger(0).unwrap();
        socket.set_xpub_verbose(true).unwrap();
        socket.bind("tcp://127.0.0.1:*").unwrap();
        let at = socket.get_last_endpoint().unwrap().unwrap();
        let (send, all) = mpsc::channel::<Frames>();
        let (tell, heard) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            loop {
                if socket.recv_bytes(zmq::DONTWAIT).is_ok() {
                    let _ = tell.send(());
                }
                match all.recv_timeout(Duration::from_millis(5)) {
                    Ok(frames) => socket.send_multipart(frames, 0).unwrap(),
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                    Err(mpsc::RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        let port = at.rsplit(':').next().unwrap().parse().unwrap();
        Self { port, send: Some(send), heard, thread: Some(thread) }
    }

    /// Waits for a subscriber.
    fn subscribed(&self) {
        self.heard.recv_timeout(LONG).expect("a subscriber");
    }

    pub fn put(&self, frames: Frames) {
        self.send.as_ref().unwrap().send(frames).unwrap();
    }

    fn say(&self, text: &str) {
        self.put(vec![text.as_bytes().to_vec()]);
    }

    /// Publishes a sound tick over and over until it is shown: a line that
    /// was just made may not carry the first.
    pub fn until_shown(&self, desk: &Desk, bid: &str, second: u64) -> Duration {
        let since = Instant::now();
        let shown = until(LONG, || {
            self.say(&sound(bid, &format!("{second}.5")));
            is_bid(&desk.console.text(), bid).then_some(())
        });
        assert!(shown.is_some(), "never {bid}:\n{}", desk.console.text());
        since.elapsed()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        drop(self.send.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

fn quote(bid: &str, ask: &str, second: &str) -> String {
    format!(r#"{{"symbol":"EURUSD","bid":{bid},"ask":{ask},"timestamp":{second}}}"#)
}

/// Its ask is one pip above.
fn sound(bid: &str, second: &str) -> String {
    quote(bid, &format!("{:.5}", bid.parse::<f64>().unwrap() + 0.0001), second)
}

/// A message's frames, and the word that it is counted under.
type Case = (Frames, &'static str);

fn one(text: impl Into<Vec<u8>>, cause: &'static str) -> Case {
    (vec![text.into()], cause)
}

fn bad_messages() -> Vec<Case> {
    let frames = |all: &[&[u8]], cause| (all.iter().map(|f| f.to_vec()).collect(), cause);
    let good = br#"{"symbol":"EURUSD","bid":1.1,"ask":1.2}"#;
    let deep = |n| format!(r#"{{"symbol":"EURUSD","bid":1.1,"ask":1.2,"x":{}"#, "[".repeat(n));
    vec![
        one("{\"symbol\":\"EURUSD\",\"bid\":1.1,", "bad json"),
        one("{".repeat(2_000), "bad json"),
        one(&b"{\"symbol\":\"EUR\xff\",\"bid\":1.1,\"ask\":1.2}"[..], "bad utf-8"),
        one(deep(2_000), "too deep"),
        one(r#"{"symbol":"EURUSD","bid":1.1,"bid":1.0,"ask":1.2}"#, "duplicate key"),
        one(r#"{"symbol":"EURUSD","bid":1.1,"ask":1.2,"x":1,"x":1}"#, "duplicate key"),
        one(format!(r#"{{"symbol":"EURUSD","x":"{}"}}"#, "x".repeat(70_000)), "too long"),
        frames(&[b"EURUSD", good, b"third"], "odd frames"),
        frames(&[b"EURUSD", good, b"", b"", b""], "odd frames"),
        frames(&[b"GBPUSD", good], "symbol differs"),
        one("EURUSD", "not a tick"),
        one("", "not a tick"),
    ]
}

fn bad_prices() -> Vec<Case> {
    let quote = |bid: &str, ask: &str, cause| one(quote(bid, ask, "1000.6"), cause);
    vec![
        quote("NaN", "1.1", "not a number"),
        quote("1.1", "Infinity", "not a number"),
        quote("-Infinity", "1.1", "not a number"),
        quote("\"1.1\"", "1.2", "not a number"),
        quote("1e999", "1.2", "out of range"),
        quote("0", "1.2", "not positive"),
        quote("-1.1", "1.2", "not positive"),
        quote("0", "0", "not positive"),
        quote("1.2", "1.1", "crossed"),
        quote("null", "1.2", "no quote"),
    ]
}

fn malformed(_seed: u64) -> Came {
    refused(&bad_messages())
}

fn no_prices(_seed: u64) -> Came {
    refused(&bad_prices())
}

/// Each message is refused and counted, and the last good price ages.
fn refused(cases: &[Case]) -> Came {
    let publisher = Publisher::start();
    let mut desk = Desk::hearing(publisher.port, "");
    publisher.until_shown(&desk, "1.08512", 1_000);
    let all = u64::try_from(cases.len()).unwrap();
    let mut rounds = 0;
    let aged = until(LONG, || {
        for (frames, _) in cases {
            publisher.put(frames.clone());
        }
        rounds += 1;
        age(&desk.console.text()).filter(|s| *s >= 4)
    });
    let text = desk.console.text();
    assert!(aged.is_some(), "kept young by what is refused:\n{text}");
    assert!(is_bid(&text, "1.08512"), "{text}");
    assert!(text.contains("rebuilt   never"), "the same connection goes on:\n{text}");
    assert!(counted(&text, "refused").is_some_and(|n| n > 0), "{text}");
    let took = publisher.until_shown(&desk, "1.08520", 1_020);
    desk.leaves();
    by_cause(cases);
    Came::Held { took, cases: all }
}

/// `crs ticks` over nothing but these: exactly so many of each cause.
fn by_cause(cases: &[Case]) {
    let publisher = Publisher::start();
    let home = Sandbox::new();
    let port = publisher.port.to_string();
    let told = std::thread::scope(|scope| {
        let verb =
            scope.spawn(|| home.run(&["--data-port", &port, "ticks", "--timeout", "2"], LONG));
        publisher.subscribed();
        for (frames, _) in cases {
            publisher.put(frames.clone());
        }
        verb.join().unwrap()
    });
    assert_eq!((told.code, told.stdout.as_str()), (Some(2), ""), "{told:#?}");
    let mut expected = BTreeMap::new();
    for (_, cause) in cases {
        *expected.entry(*cause).or_insert(0) += 1;
    }
    let words: Vec<_> = expected.iter().map(|(cause, n)| format!("{cause}: {n}")).collect();
    let words = format!("what comes is no quote ({})", words.join(", "));
    assert!(told.stderr.contains(&words), "{words} is not in {}", told.stderr);
}

fn odd_times(_seed: u64) -> Came {
    let publisher = Publisher::start();
    let mut desk = Desk::hearing(publisher.port, "");
    publisher.until_shown(&desk, "1.08510", 1_000);
    publisher.until_shown(&desk, "1.08512", 1_001);
    // The same again, older by 300 ms and by 50 s.
    let old = ["1001.5", "1001.2", "951.5"];
    let mut next = 0;
    let aged = until(LONG, || {
        let bid = if next % 3 == 0 { "1.08512" } else { "1.07000" };
        publisher.say(&sound(bid, old[next % 3]));
        next += 1;
        age(&desk.console.text()).filter(|s| *s >= 4)
    });
    let text = desk.console.text();
    assert!(aged.is_some(), "kept young by what is old:\n{text}");
    assert!(is_bid(&text, "1.08512"), "{text}");
    // A day ahead: shown, and it spoils neither the lag nor what comes next.
    publisher.until_shown(&desk, "1.08514", 1_001 + 86_400);
    let took = publisher.until_shown(&desk, "1.08520", 1_012);
    let text = desk.console.text();
    let lag =
        text.lines().next().unwrap().split("lag").nth(1).unwrap_or_default().replace("p99", "");
    let lag = lag.split_whitespace().next().unwrap_or_default();
    let hours = |l: &str| l.ends_with('h') || l.ends_with('d') || l.ends_with('m');
    assert!(!hours(lag), "a lag that was made up: {lag:?}\n{text}");
    desk.leaves();
    Came::Held { took, cases: 4 }
}
