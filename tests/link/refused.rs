//! Everything on the tick port that is no usable quote, sent by a real
//! publisher: refused, counted by its cause, and nothing else changes.

use crate::fake::eventually;
use crate::feeds::{Feed, LONG, publish_until_heard, publisher};
use crate::wild::Wild;
use crs::domain::Text;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A message's frames, and the word it is counted under.
type Case = (Vec<Vec<u8>>, &'static str);

fn one(text: impl Into<Vec<u8>>, cause: &'static str) -> Case {
    (vec![text.into()], cause)
}

fn quote(bid: &str, ask: &str, cause: &'static str) -> Case {
    one(format!(r#"{{"symbol":"EURUSD","bid":{bid},"ask":{ask},"timestamp":1.5}}"#), cause)
}

fn bad_messages() -> Vec<Case> {
    let frames = |all: &[&[u8]], cause| (all.iter().map(|f| f.to_vec()).collect(), cause);
    let good = br#"{"symbol":"EURUSD","bid":1.1,"ask":1.2}"#;
    vec![
        one("{\"symbol\":\"EURUSD\",\"bid\":1.1,", "bad json"),
        one("{".repeat(2_000), "bad json"),
        one(&b"{\"symbol\":\"EUR\xff\",\"bid\":1.1,\"ask\":1.2}"[..], "bad utf-8"),
        one(
            format!(r#"{{"symbol":"EURUSD","bid":1.1,"ask":1.2,"x":{}"#, "[".repeat(2_000)),
            "too deep",
        ),
        one(r#"{"symbol":"EURUSD","bid":1.1,"bid":1.0,"ask":1.2}"#, "duplicate key"),
        one(r#"{"symbol":"EURUSD","bid":1.1,"ask":1.2,"x":1,"x":1}"#, "duplicate key"),
        one(format!(r#"{{"symbol":"EURUSD","x":"{}"}}"#, "x".repeat(70_000)), "too long"),
        frames(&[b"EURUSD", good, b"third"], "odd frames"),
        frames(&[b"EURUSD", good, b"", b"", b""], "odd frames"),
        frames(&[b"GBPUSD", good], "symbol differs"),
        one("EURUSD", "not a tick"),
        quote("NaN", "1.1", "not a number"),
        quote("1.1", "Infinity", "not a number"),
        quote("-Infinity", "1.1", "not a number"),
        quote("\"1.1\"", "1.2", "not a number"),
        quote("1e999", "1.2", "out of range"),
        quote("0", "1.2", "not positive"),
        quote("-1.1", "1.2", "not positive"),
        quote("1.2", "1.1", "crossed"),
        quote("null", "1.2", "no quote"),
    ]
}

#[test]
fn every_bad_message_is_dropped_and_counted_by_its_cause() {
    let (socket, port) = publisher(&zmq::Context::new(), "*");
    let mut feed = Feed::start(port, Duration::ZERO);
    publish_until_heard(&mut feed, &socket);
    // What was published before the subscription settled may still come.
    std::thread::sleep(Duration::from_millis(100));
    let good = feed.listen().ticks.len();
    let all = bad_messages();
    for (frames, _) in &all {
        socket.send_multipart(frames, 0).unwrap();
    }
    let refused = |f: &Feed| f.report.refused.values().sum::<u64>();
    let wanted = u64::try_from(all.len()).unwrap();
    feed.until(|f| refused(f) >= wanted);
    for (_, cause) in &all {
        let expected = all.iter().filter(|(_, c)| c == cause).count();
        let counted = feed.report.refused.get(&Text::new(cause)).copied().unwrap_or(0);
        assert_eq!(counted, u64::try_from(expected).unwrap(), "{cause}: {:?}", feed.report.refused);
    }
    assert_eq!(feed.ticks.len(), good, "not one of them became a tick");
    publish_until_heard(&mut feed, &socket);
    assert_eq!(feed.report.rebuilds, 0, "the same connection goes on");
    feed.stop();
}

#[test]
fn a_port_of_nothing_but_garbage_is_tried_with_backoff() {
    let tries = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&tries);
    // Shaped like a greeting, so that the handshake fails and is given up.
    let wild = Wild::start(move |_, stream| {
        seen.fetch_add(1, Ordering::Relaxed);
        let mut greeting = [0x5a; 64];
        (greeting[0], greeting[9]) = (0xff, 0x7f);
        let _ = std::io::Write::write_all(stream, &greeting);
    });
    let start = Instant::now();
    let mut feed = Feed::start(wild.port, Duration::ZERO);
    feed.until(|f| f.report.rebuilds >= 6);
    // 0.25 s, doubled thrice: a quarter, a half, one, then two seconds.
    let least = Duration::from_millis(250 + 500 + 1_000 + 2_000);
    assert!(start.elapsed() > least, "{:?}", start.elapsed());
    assert!(eventually(LONG, || tries.load(Ordering::Relaxed) >= 6), "each of them tried it");
    assert!(feed.ticks.is_empty());
    feed.stop();
}
