//! A feed's line: frames too large, garbage, silence. Ticks themselves stand
//! in `flood` and `ticks`.

use super::desk::{Desk, LONG, age, row};
use super::{Came, Row};
use crate::common::wait::until;
use crate::proxy::Proxy;
use crate::scene::Random;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[path = "../../link/wild.rs"]
#[allow(dead_code, reason = "the tests of `link` use the other part")]
mod wild;

use super::ticks::Publisher;
use wild::{Wild, announce, frame, greet};

pub const ROWS: &[Row] = &[
    Row {
        number: 16,
        fault: "a frame of 1 GiB on the tick port",
        outcome: "feed built anew, memory as before, ticks go on",
        timed: "frame to the next tick on the screen",
        bound: Some(Duration::from_secs(3)),
        alone: false,
        run: gibibyte,
    },
    Row {
        number: 17,
        fault: "garbage bytes, garbage greetings on the tick port",
        outcome: "no panic, built anew with backoff, heard once it speaks",
        timed: "good greeting to its tick on the screen",
        bound: None,
        alone: false,
        run: garbage,
    },
    Row {
        number: 21,
        fault: "silence: of the market, of a half-open line, of a publisher that ended",
        outcome: "age always shown, STALE by its own rhythm, dead told from closed, \
                  rebuilt after a configured silence only",
        timed: "loss of the line to FEED DEAD",
        bound: Some(Duration::from_secs(3)),
        alone: false,
        run: silence,
    },
];

fn tick(bid: &str, second: u64) -> Vec<u8> {
    format!(r#"{{"symbol":"EURUSD","bid":{bid},"ask":1.20011,"timestamp":{second}.5}}"#).into()
}

fn gibibyte(_seed: u64) -> Came {
    let (seen, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None)));
    let (is_seen, when) = (Arc::clone(&seen), Arc::clone(&sent));
    let wild = Wild::start(move |_, stream| {
        greet(stream);
        if when.lock().unwrap().is_some() {
            frame(stream, &tick("1.20001", 1_002));
            return;
        }
        frame(stream, &tick("1.10001", 1_001));
        if until(LONG, || is_seen.load(Ordering::SeqCst).then_some(())).is_some() {
            *when.lock().unwrap() = Some(Instant::now());
            announce(stream, 1 << 30);
            // As much of it as is taken.
            let piece = vec![b'x'; 1 << 20];
            let _ = (0..1 << 10).try_for_each(|_| stream.write_all(&piece));
        }
    });
    let mut desk = Desk::hearing(wild.port, "");
    desk.shows("1.10001", Instant::now());
    let before = desk.resident();
    seen.store(true, Ordering::SeqCst);
    desk.shows("1.20001", Instant::now());
    let took = sent.lock().unwrap().unwrap().elapsed();
    desk.console.see("once: protocol error");
    let after = desk.resident();
    assert!(after < before + 64, "{before} then {after} MiB");
    desk.leaves();
    Came::held(took)
}

/// What is no peer, one connection after another.
fn babble(which: usize, random: &mut Random, stream: &mut TcpStream) {
    let mut noise = |n: usize| -> Vec<u8> {
        (0..n).map(|_| u8::try_from(random.below(256)).unwrap()).collect()
    };
    let shaped = |rest: u8| {
        let mut greeting = [rest; 64];
        (greeting[0], greeting[9]) = (0xff, 0x7f);
        greeting.to_vec()
    };
    let bytes = match which {
        0 => shaped(0x5a),
        1 => shaped(0xff),
        2 => noise(4_096),
        3 => b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        4 => b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        5 => vec![0; 65_536],
        // A peer at first: garbage where frames belong.
        6 => {
            greet(stream);
            vec![0xff; 4_096]
        }
        _ => {
            greet(stream);
            noise(65_536)
        }
    };
    let _ = stream.write_all(&bytes);
    if which != 4 {
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }
}

fn garbage(seed: u64) -> Came {
    const KINDS: usize = 8;
    let greeted = Arc::new(Mutex::new((Vec::new(), None)));
    let told = Arc::clone(&greeted);
    let random = Mutex::new(Random::new(seed));
    let wild = Wild::start(move |before, stream| {
        told.lock().unwrap().0.push(Instant::now());
        if before < KINDS {
            babble(before, &mut random.lock().unwrap(), stream);
            return;
        }
        greet(stream);
        told.lock().unwrap().1 = Some(Instant::now());
        frame(stream, &tick("1.20001", 1_001));
    });
    let mut desk = Desk::hearing(wild.port, "");
    desk.shows("1.20001", Instant::now());
    let (tries, good) = greeted.lock().unwrap().clone();
    let took = good.unwrap().elapsed();
    // Never in a circle: pauses that grow, whoever makes the new try.
    let all = tries[KINDS] - tries[0];
    assert!(all >= Duration::from_secs(1), "{KINDS} tries within {all:?}: no backoff");
    desk.leaves();
    Came::held(took)
}

fn silence(_seed: u64) -> Came {
    let publisher = Publisher::start();
    let proxy = Proxy::to(publisher.port);
    let mut desk = Desk::hearing(proxy.port, "");
    // A rhythm of several a second: stale after 3 s, not before.
    for n in 0..12 {
        publisher.until_shown(&desk, &format!("1.1{n:03}1"), 1_000 + n);
        sleep(Duration::from_millis(250));
    }
    // The name of the chosen row has a colour of its own; its price has not.
    let fresh = desk.console.colour("1.10111");
    let text = desk.console.wait_for("quiet, with its age", LONG, |t| {
        t.contains("quiet") && age(t).is_some_and(|s| s >= 3)
    });
    assert!(!text.contains("✗ DEAD") && !text.contains("the link is down"), "{text}");
    assert!(text.contains("rebuilt   never"), "a standing link is no evidence:\n{text}");
    let stale = desk.console.colour("1.10111");
    assert_ne!(stale, fresh, "stale, and looks as ever");
    publisher.until_shown(&desk, "1.20000", 1_100);
    desk.console.see("● live");
    assert_eq!(desk.console.colour("1.20000"), fresh);
    // Half-open: the far end looks alive and says nothing.
    let at = Instant::now();
    proxy.silence(true);
    let half = dead(&desk, at);
    proxy.silence(false);
    proxy.cut();
    publisher.until_shown(&desk, "1.30000", 1_200);
    desk.console.see("● live");
    // Ended, with nobody in its place.
    let at = Instant::now();
    drop((publisher, proxy));
    let ended = dead(&desk, at);
    desk.console.wait_for("an age that goes on", LONG, |t| age(t).is_some_and(|s| s >= 4));
    desk.leaves();
    strict();
    Came::Held { took: half.max(ended), cases: 4 }
}

fn dead(desk: &Desk, since: Instant) -> Duration {
    let text = desk.console.wait_for("a dead feed", LONG, |t| t.contains("✗ DEAD"));
    let took = since.elapsed();
    assert!(text.contains("the link is down") && row(&text).is_some(), "{text}");
    assert!(!text.contains("market closed"), "{text}");
    took
}

/// With a configured silence, a feed over a standing link is built anew.
fn strict() {
    let publisher = Publisher::start();
    let mut desk = Desk::hearing(publisher.port, "[feed]\nrebuild_after_silence_ms = 400");
    publisher.until_shown(&desk, "1.10000", 1_000);
    desk.console.see("times: silence");
    publisher.until_shown(&desk, "1.20000", 1_100);
    desk.leaves();
}
