//! Tick feeds: every shape, every kind of silence, and the way back.

use crate::fake::{endpoint, eventually, free_port};
use crate::wild::{Wild, announce, frame, greet};
use TickShape::{T1, T2, T3, T4, T5, T6, T7};
use crs::domain::{GatewayAddr, LinkState, Text, Tick, TickShape};
use crs::event::{Event, FeedReport, Receiver, channel_pair};
use crs::feeds::ticks::{self, FeedHandle, Limits};
use std::time::{Duration, Instant};

pub const LONG: Duration = Duration::from_secs(20);
const TICK: &[u8] = br#"{"symbol":"EURUSD","bid":1.1,"ask":1.2,"timestamp":1.5}"#;

/// A feed under test and what it has told so far.
pub struct Feed {
    handle: Option<FeedHandle>,
    receiver: Receiver,
    pub report: FeedReport,
    pub ticks: Vec<Tick>,
}

impl Feed {
    pub fn start(port: u16, silence: Duration) -> Self {
        let (sender, receiver) = channel_pair();
        let gateway =
            GatewayAddr { name: Text::new("main"), cmd: endpoint(1), data: endpoint(port) };
        let limits = Limits { max_message: 1_048_576, silence };
        let handle = ticks::start(&zmq::Context::new(), 2, &gateway, limits, sender).unwrap();
        let report = FeedReport::default();
        Self { handle: Some(handle), receiver, report, ticks: Vec::new() }
    }

    pub fn listen(&mut self) -> &Self {
        for event in self.receiver.urgent.try_iter() {
            if let Event::Feed(report) = event {
                self.report = *report;
            }
        }
        for batch in self.receiver.data.try_iter() {
            assert_eq!(batch.feed, 2);
            self.ticks.extend(batch.ticks.iter().map(|h| h.tick));
        }
        self
    }

    pub fn until(&mut self, what: impl Fn(&Self) -> bool) {
        let came = eventually(LONG, || what(self.listen()));
        assert!(came, "{:?} after {} ticks", self.report, self.ticks.len());
    }

    pub fn stop(&mut self) {
        let start = Instant::now();
        assert!(self.handle.take().unwrap().stop());
        assert!(start.elapsed() < Duration::from_secs(2));
        self.listen();
    }
}

pub fn publisher(ctx: &zmq::Context, port: &str) -> (zmq::Socket, u16) {
    let socket = ctx.socket(zmq::PUB).unwrap();
    socket.set_linger(0).unwrap();
    socket.bind(&format!("tcp://127.0.0.1:{port}")).unwrap();
    let at: crs::domain::Endpoint = socket.get_last_endpoint().unwrap().unwrap().parse().unwrap();
    (socket, at.port())
}

/// Publishes until the feed has heard it: a subscription takes its time.
pub fn publish_until_heard(feed: &mut Feed, socket: &zmq::Socket) {
    let before = feed.listen().ticks.len();
    let heard = eventually(LONG, || {
        socket.send(TICK, 0).unwrap();
        feed.listen().ticks.len() > before
    });
    assert!(heard, "{:?}", feed.report);
}

#[test]
fn every_shape_arrives_in_order_and_every_refusal_is_counted() {
    let (socket, port) = publisher(&zmq::Context::new(), "*");
    let mut feed = Feed::start(port, Duration::ZERO);
    publish_until_heard(&mut feed, &socket);
    std::thread::sleep(Duration::from_millis(50));
    let warm = feed.listen().ticks.len();
    let messages: [&[&[u8]]; 13] = [
        &[br#"{"type":"TICK","symbol":"A","bid":1,"ask":2,"time":1767115660775,"seq":1}"#],
        &[br#"{"type":"TICK","symbol":"A","bid":1,"ask":2}"#],
        &[b"A", br#"{"symbol":"A","price":null,"bid":1,"ask":2,"timestamp":1.5,"source":"x"}"#],
        &[b"tick.A", br#"{"symbol":"A","bid":1,"ask":2,"volume":1,"timestamp":1.5}"#],
        &[br#"A {"type":"tick","symbol":"A","timestamp":"2026-01-14T13:56:58","bid":1,"ask":2}"#],
        &[br#"{"symbol":"A","bid":1,"ask":2,"spread":1,"timestamp":1.5,"type":"tick"}"#],
        &[b"A", b"{}", b"x", b"y"],
        &[b"A", br#"{"bid":null,"ask":2}"#],
        &[br#"{"symbol":"A","bid":NaN,"ask":2}"#],
        &[br#"{"symbol":"A","bid":2,"ask":1}"#],
        &[b"\xff\xfe"],
        &[b""],
        &[br#"{"symbol":"A","bid":1,"ask":2,"timestamp":1.5,"seq":5}"#],
    ];
    for frames in messages {
        socket.send_multipart(frames.iter().copied(), 0).unwrap();
    }
    feed.until(|f| f.ticks.len() == warm + 7 && f.report.missed == 3);
    let shapes: Vec<TickShape> = feed.ticks[warm..].iter().map(|t| t.shape).collect();
    assert_eq!(shapes, [T1, T2, T3, T4, T5, T6, T7]);
    let counted = |word| feed.report.refused.get(&Text::new(word)).copied();
    for word in ["odd frames", "no quote", "not a number", "crossed", "bad utf-8", "not a tick"] {
        assert_eq!(counted(word), Some(1), "{word}");
    }
    let messages = u64::try_from(warm + 13).unwrap();
    assert_eq!((feed.report.received, feed.report.link), (messages, LinkState::Up));
    assert_eq!((feed.report.rebuilds, feed.report.dropped), (0, 0));
    feed.stop();
}

#[test]
fn a_frame_that_announces_a_gibibyte_costs_a_rebuild_and_no_more() {
    let wild = Wild::start(|before, stream| {
        greet(stream);
        frame(stream, TICK);
        if before == 0 {
            announce(stream, 1 << 30);
        }
    });
    let mut feed = Feed::start(wild.port, Duration::ZERO);
    feed.until(|f| f.ticks.len() >= 2);
    feed.until(|f| f.report.rebuilds >= 1);
    assert_eq!(feed.report.rebuilt_for.as_str(), "protocol error");
    feed.stop();
}

#[test]
fn garbage_greetings_are_outlived() {
    let wild = Wild::start(|before, stream| match before {
        0 => {
            let _ = std::io::Write::write_all(stream, &[0x5a; 200]);
        }
        1 => {
            let mut greeting = [0x5a; 64];
            (greeting[0], greeting[9]) = (0xff, 0x7f);
            let _ = std::io::Write::write_all(stream, &greeting);
        }
        2 => {
            let _ = std::io::Write::write_all(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
        _ => {
            greet(stream);
            frame(stream, TICK);
        }
    });
    let mut feed = Feed::start(wild.port, Duration::ZERO);
    feed.until(|f| !f.ticks.is_empty());
    feed.stop();
}

#[test]
fn a_half_open_link_is_shown_as_down() {
    // Greets, publishes once and never again moves: not even a PONG.
    let wild = Wild::start(|before, stream| {
        if before == 0 {
            greet(stream);
            frame(stream, TICK);
        }
    });
    let mut feed = Feed::start(wild.port, Duration::ZERO);
    feed.until(|f| f.report.link == LinkState::Up);
    let start = Instant::now();
    feed.until(|f| f.report.link == LinkState::Down);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(feed.ticks.len(), 1);
    feed.stop();
}

#[test]
fn a_publisher_that_restarts_is_heard_again() {
    let ctx = zmq::Context::new();
    let (first, port) = publisher(&ctx, "*");
    let mut feed = Feed::start(port, Duration::ZERO);
    publish_until_heard(&mut feed, &first);
    drop((first, ctx));
    feed.until(|f| f.report.link == LinkState::Down);
    let (second, _) = publisher(&zmq::Context::new(), &port.to_string());
    publish_until_heard(&mut feed, &second);
    feed.until(|f| f.report.link == LinkState::Up);
    assert_eq!(feed.report.rebuilds, 0, "libzmq comes back by itself");
    feed.stop();
}

#[test]
fn only_a_configured_silence_is_a_reason_to_rebuild() {
    let (_mute, port) = publisher(&zmq::Context::new(), "*");
    let (mut patient, mut strict) =
        (Feed::start(port, Duration::ZERO), Feed::start(port, Duration::from_millis(200)));
    strict.until(|f| f.report.rebuilds >= 2);
    assert_eq!(strict.report.rebuilt_for.as_str(), "silence");
    patient.until(|f| f.report.link == LinkState::Up);
    assert_eq!(patient.report.rebuilds, 0);
    strict.stop();
    patient.stop();
}

#[test]
fn a_feed_without_a_publisher_ends_at_once() {
    let mut feed = Feed::start(free_port(), Duration::ZERO);
    feed.until(|f| f.report.feed == 2);
    assert_eq!(feed.report.link, LinkState::Connecting);
    feed.stop();
}
