//! Events feeds: our own paper gateway, and everything that is no telemetry.

use crate::fake::{endpoint, eventually, free_port};
use crate::feeds::{LONG, publisher};
use crate::wild::{Wild, announce, greet};
use crs::domain::{AuditHead, Decision, Evidence, LinkState, Side, Stamp, Text, UtcMicros};
use crs::event::Stamped;
use crs::event::{
    Event, EventsReport, EvidenceReport, GatewayStatusReport, RawPort, Receiver, channel_pair,
};
use crs::feeds::DecisionFeed;
use crs::feeds::events::{self, EventsHandle};
use crs::gateway::{Gateway, GatewayOptions, SimOptions};
use crs::state::State;
use crs::wire::telemetry::TraderDecision;
use crs::wire::{LatchEvidence, Telemetry};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A feed under test and what it has told so far.
struct Feed {
    handle: Option<EventsHandle>,
    receiver: Receiver,
    report: EventsReport,
    evidence: Vec<Evidence>,
    status: Vec<GatewayStatusReport>,
    decisions: Vec<Decision>,
    heads: crossbeam_channel::Receiver<AuditHead>,
}

impl Feed {
    fn start(port: u16) -> Self {
        let (sender, receiver) = channel_pair();
        let (tell, heads) = crossbeam_channel::unbounded();
        let tap = Arc::new(move |head| drop(tell.send(head)));
        let handle = events::start(&zmq::Context::new(), 2, &endpoint(port), sender, tap).unwrap();
        let (evidence, status) = (Vec::new(), Vec::new());
        let report = EventsReport::default();
        let decisions = Vec::new();
        Self { handle: Some(handle), receiver, report, evidence, status, decisions, heads }
    }

    fn listen(&mut self) -> &Self {
        for event in self.receiver.urgent.try_iter() {
            match event {
                Event::Events(report) => self.report = *report,
                Event::Evidence(report) => {
                    let EvidenceReport { feed, evidence } = *report;
                    assert_eq!(feed, Some(2));
                    self.evidence.push(evidence);
                }
                Event::GatewayStatus(report) => self.status.push(*report),
                Event::Decision(decision) => self.decisions.push(*decision),
                Event::Raw(raw) => assert_eq!((raw.peer, raw.port), (2, RawPort::Events)),
                other => panic!("{other:?}"),
            }
        }
        self
    }

    fn until(&mut self, what: impl Fn(&Self) -> bool) {
        let came = eventually(LONG, || what(self.listen()));
        assert!(came, "{:?} {:?} {:?}", self.report, self.evidence.last(), self.status.last());
    }

    fn stop(&mut self) {
        let start = Instant::now();
        assert!(self.handle.take().unwrap().stop());
        assert!(start.elapsed() < Duration::from_secs(2));
        self.listen();
    }
}

fn said(consumer: &str) -> Vec<u8> {
    Telemetry::LatchEvidence(LatchEvidence {
        v: 1,
        consumer: Text::new(consumer),
        host: Text::new("inf"),
        engaged: Some(true),
        time_us: UtcMicros(7),
        ..LatchEvidence::default()
    })
    .encode()
    .unwrap()
}

const TOPIC: &[u8] = b"latch.evidence";

#[test]
fn the_paper_gateway_tells_what_it_sees_at_once_and_every_second() {
    let dir = tempfile::tempdir().unwrap();
    let latch = dir.path().join("latch.lock");
    let mut options = GatewayOptions::embedded(SimOptions::default(), dir.path().join("gateway"));
    options.latch = Some(latch.clone());
    let gateway = Gateway::start(&options).unwrap();
    let mut feed = Feed::start(gateway.addresses().events.port());
    feed.until(|f| f.evidence.len() >= 2 && !f.status.is_empty());
    let first = feed.evidence.last().unwrap().clone();
    assert_eq!((first.consumer.as_str(), first.engaged), ("gateway", Some(false)));
    assert_eq!((first.file, first.path.as_str()), (None, latch.to_str().unwrap()));
    assert!(!feed.status.last().unwrap().killed);
    let sight = crs::breaker::sight(&latch);
    assert!(sight.dir.is_some() && first.dir == sight.dir);
    std::fs::write(&latch, "").unwrap();
    let start = Instant::now();
    feed.until(|f| f.evidence.last().unwrap().engaged == Some(true));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let sight = crs::breaker::sight(&latch);
    assert!(sight.file.is_some() && feed.evidence.last().unwrap().file == sight.file);
    assert_eq!((feed.report.link, feed.report.refused.len()), (LinkState::Up, 0));
    feed.stop();
    gateway.stop();
}

#[test]
fn what_is_no_telemetry_is_counted_by_cause_and_the_sound_goes_on() {
    let (socket, port) = publisher(&zmq::Context::new(), "*");
    let mut feed = Feed::start(port);
    let heard = eventually(LONG, || {
        socket.send_multipart([TOPIC, &said("engine")], 0).unwrap();
        !feed.listen().evidence.is_empty()
    });
    assert!(heard, "{:?}", feed.report);
    let deep = vec![0x91; 40_000];
    let text = rmp_serde::to_vec_named(
        &[("v", 1)].into_iter().collect::<std::collections::BTreeMap<_, _>>(),
    );
    let newer = rmp_serde::to_vec_named(
        &[("v", 2)].into_iter().collect::<std::collections::BTreeMap<_, _>>(),
    );
    let (missing, newer, sound) = (text.unwrap(), newer.unwrap(), said(""));
    let messages: [&[&[u8]]; 10] = [
        &[b"prices", b"\x80"],
        &[b"\x1b[2J", b"\x80"],
        &[TOPIC],
        &[TOPIC, b"\x80", b"\x80"],
        &[TOPIC, b"{\"v\":1}"],
        &[TOPIC, b""],
        &[TOPIC, &deep],
        &[TOPIC, &missing],
        &[b"gateway.status", &newer],
        &[TOPIC, &sound],
    ];
    for frames in messages {
        socket.send_multipart(frames.iter().copied(), 0).unwrap();
    }
    socket.send_multipart([TOPIC, &said("last\u{1b}[2J")], 0).unwrap();
    feed.until(|f| f.evidence.last().is_some_and(|e| e.consumer.as_str() == "last·[2J"));
    feed.until(|f| f.report.refused.values().sum::<u64>() == 10);
    let counted = |word| feed.report.refused.get(&Text::new(word)).copied();
    for (word, n) in [
        ("unknown topic", 2),
        ("odd frames", 2),
        ("bad body", 4),
        ("other version", 1),
        ("nameless", 1),
    ] {
        assert_eq!(counted(word), Some(n), "{word}: {:?}", feed.report.refused);
    }
    assert_eq!((feed.report.link, feed.report.rebuilds), (LinkState::Up, 0));
    feed.stop();
}

#[test]
fn a_giant_costs_a_rebuild_and_no_more() {
    let wild = Wild::start(|_, stream| {
        greet(stream);
        announce(stream, 1 << 30);
    });
    let mut feed = Feed::start(wild.port);
    feed.until(|f| f.report.rebuilds >= 2);
    assert_eq!(feed.report.rebuilt_for.as_str(), "protocol error");
    feed.stop();
}

#[test]
fn a_flood_becomes_a_few_words() {
    let (socket, port) = publisher(&zmq::Context::new(), "*");
    let mut feed = Feed::start(port);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        for n in 0..40 {
            socket.send_multipart([TOPIC, &said(&format!("c{n}"))], 0).unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    feed.until(|f| f.report.refused.contains_key(&Text::new("too many consumers")));
    feed.stop();
    // Sixteen names, ten times a second.
    let most = usize::try_from(start.elapsed().as_millis()).unwrap() / 100 * 16 + 32;
    assert!(feed.evidence.len() <= most, "{} of {}", feed.evidence.len(), feed.report.received);
}

#[test]
fn an_endpoint_that_is_not_there_ends_at_once_and_one_that_goes_is_down() {
    let mut none = Feed::start(free_port());
    none.until(|f| f.report.feed == 2);
    assert_eq!(none.report.link, LinkState::Connecting);
    none.stop();
    let ctx = zmq::Context::new();
    let (socket, port) = publisher(&ctx, "*");
    let mut feed = Feed::start(port);
    feed.until(|f| f.report.link == LinkState::Up);
    drop((socket, ctx));
    feed.until(|f| f.report.link == LinkState::Down);
    feed.stop();
}

#[test]
fn audit_heads_go_to_their_keeper_and_not_into_the_session() {
    let (socket, port) = publisher(&zmq::Context::new(), "*");
    let mut feed = Feed::start(port);
    let told = |chain: &str, n| {
        let head = AuditHead { chain: Text::new(chain), n, ..AuditHead::default() };
        Telemetry::AuditHead(head.in_words().into()).encode().unwrap()
    };
    let mut n = 0;
    let came = eventually(LONG, || {
        n += 1;
        for chain in ["one", "two", "t\u{1b}[2J wo"] {
            socket.send_multipart([&b"audit.head"[..], &told(chain, n)], 0).unwrap();
        }
        // Sees that nothing but reports comes as an event.
        feed.listen();
        feed.heads.len() >= 3
    });
    assert!(came, "{:?}", feed.report);
    feed.stop();
    let chains: std::collections::BTreeSet<_> =
        feed.heads.try_iter().map(|head| head.chain.to_string()).collect();
    assert_eq!(chains.into_iter().collect::<Vec<_>>(), ["one", "t_[2J_wo", "two"]);
    assert_eq!(feed.report.refused.len(), 0, "{:?}", feed.report);
}

fn decided(decision: &Decision) -> Vec<u8> {
    Telemetry::Decision(Box::new(TraderDecision::from(decision))).encode().unwrap()
}

/// What a peer can send is bounded before it reaches the lane of kills, and
/// what was dropped is counted.
#[test]
fn a_flood_of_decisions_is_bounded_and_counted() {
    let (socket, port) = publisher(&zmq::Context::new(), "*");
    let mut feed = Feed::start(port);
    let action = Text::new("NO_ORDER");
    let body = decided(&Decision { action, ..Decision::default() });
    let topic: &[u8] = b"trader.decision";
    assert!(eventually(LONG, || {
        socket.send_multipart([topic, &body], 0).unwrap();
        !feed.listen().decisions.is_empty()
    }));
    let before = feed.decisions.len();
    let start = Instant::now();
    let mut sent = 0;
    while sent < 100_000 && start.elapsed() < Duration::from_secs(5) {
        socket.send_multipart([topic, &body], 0).unwrap();
        sent += 1;
    }
    let lost = |f: &Feed| f.report.refused.get(&Text::new("too many decisions")).copied();
    feed.until(|f| {
        let all = u64::try_from(f.decisions.len()).unwrap() + lost(f).unwrap_or(0);
        f.report.received > 1_000 && all == f.report.received
    });
    feed.stop();
    let handed = u64::try_from(feed.decisions.len() - before).unwrap();
    let windows = u64::try_from(start.elapsed().as_millis() / 100).unwrap() + 2;
    println!(
        "{sent} sent, {} heard, {handed} handed on, {} not kept, in {:?}",
        feed.report.received,
        lost(&feed).unwrap_or(0),
        start.elapsed()
    );
    assert!(handed <= 200 * windows, "{handed} in {windows} windows");
    assert!(lost(&feed).is_some_and(|lost| lost > 0), "{:?}", feed.report);
}

/// An engine writes its log and publishes at the same time: one decision each.
#[test]
fn an_engines_log_and_its_telemetry_give_each_decision_once() {
    const MANY: u64 = 120;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("engine.log");
    std::fs::write(&path, "").unwrap();
    let (socket, port) = publisher(&zmq::Context::new(), "*");
    let (sender, receiver) = channel_pair();
    let log = DecisionFeed::start(vec![path.clone()], sender.clone()).unwrap();
    let ctx = zmq::Context::new();
    let feed = events::start(&ctx, 0, &endpoint(port), sender, Arc::new(|_| {})).unwrap();
    let one = |n: u64| {
        let at = UtcMicros(1_768_399_018_271_512 + i64::try_from(n).unwrap() * 10_000);
        Decision {
            at: Some(at),
            symbol: Text::new("EURUSD"),
            side: Some(Side::Buy),
            action: Text::new("ORDER_GENERATED"),
            number: Some(n),
            order: Text::new(&format!("ORD_{n:06}")),
            lag_us: Some(1_950),
            live: Some(false),
            ..Decision::default()
        }
    };
    let line = |d: &Decision| {
        format!(
            "{{\"timestamp\":\"{}\",\"tick_id\":{},\"symbol\":\"EURUSD\",\
             \"action\":\"ORDER_GENERATED\",\"signal\":\"BUY\",\
             \"order\":{{\"order_id\":\"{}\",\"action\":\"BUY\"}},\"lag_ms\":1.95}}\n",
            d.at.unwrap().naive_iso(),
            d.number.unwrap(),
            d.order
        )
    };
    let mut state = State::default();
    let (mut at, mut copies) = (Stamp::default(), 0);
    let mut hear = |state: &mut State| {
        for event in receiver.urgent.try_iter() {
            copies += u64::from(matches!(event, Event::Decision(_)));
            at = at.plus(Duration::from_millis(1));
            state.apply(&Stamped { seq: state.seq + 1, at, event }).unwrap();
        }
        copies
    };
    // The link stands once the first is heard, by this way.
    assert!(eventually(LONG, || {
        socket.send_multipart([&b"trader.decision"[..], &decided(&one(0))], 0).unwrap();
        hear(&mut state) > 0
    }));
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    for n in 1..MANY {
        std::io::Write::write_all(&mut file, line(&one(n)).as_bytes()).unwrap();
        socket.send_multipart([&b"trader.decision"[..], &decided(&one(n))], 0).unwrap();
    }
    assert!(eventually(LONG, || hear(&mut state) > 2 * (MANY - 1)), "{}", state.decisions.len());
    let orders: Vec<&str> =
        state.decisions.iter().map(|row| row.value.decision.order.as_str()).collect();
    let unique: std::collections::BTreeSet<_> = orders.iter().collect();
    assert_eq!((orders.len(), unique.len()), (120, 120), "{orders:?}");
    assert_eq!(state.lag.engine.count, MANY, "each was measured once");
    // Whichever came first, what only telemetry tells is known.
    assert!(state.decisions.iter().all(|row| row.value.decision.live == Some(false)));
    assert!(feed.stop());
    drop(log);
}
