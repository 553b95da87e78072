//! What is published: ticks of both sources, and telemetry.

use crate::common::data;
use crate::peer::{Peer, float, options, subscribe};
use crs::domain::TickShape;
use crs::gateway::{CsvOptions, Gateway, SimOptions, TickSource};
use crs::wire::Telemetry;
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn tick(socket: &zmq::Socket) -> Value {
    let frames = socket.recv_multipart(0).unwrap();
    assert_eq!(frames.len(), 1, "one frame");
    serde_json::from_slice(&frames[0]).unwrap()
}

#[test]
fn simulated_ticks_are_numbered_fresh_and_say_what_they_are() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let mut options = options(dir.path());
    options.ticks =
        TickSource::Simulator(SimOptions { seed: 1, rate_hz: 500, ..SimOptions::default() });
    let gateway = Gateway::start(&options).unwrap();
    let socket = subscribe(&context, &gateway.addresses().data);
    let ticks: Vec<Value> = (0..300).map(|_| tick(&socket)).collect();
    for pair in ticks.windows(2) {
        assert_eq!(pair[0]["seq"].as_u64().unwrap() + 1, pair[1]["seq"].as_u64().unwrap());
        assert!(float(&pair[0]["timestamp"]) <= float(&pair[1]["timestamp"]));
    }
    let last = ticks.last().unwrap();
    assert!(float(&last["bid"]) > 0.0 && float(&last["ask"]) > float(&last["bid"]));
    assert!((now() - float(&last["timestamp"])).abs() < 10.0, "published now: {last}");
    assert_eq!(last["source"], "crs-paper-sim");
    let read = crs::wire::ticks::decode(&[last.to_string().as_bytes()]).unwrap();
    assert_eq!((read.shape, read.seq), (TickShape::T7, last["seq"].as_u64()));
    assert!(gateway.counts().ticks_published >= 300);
}

#[test]
fn a_real_file_at_speed_comes_out_row_for_row() {
    let Some(path) = data::file("eurusd-2020-ticks.csv") else { return };
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let mut options = options(dir.path());
    // Six hours in six seconds, most of them empty.
    options.ticks = TickSource::Csv(CsvOptions { path: path.clone(), speed: 3_600, repeat: false });
    let gateway = Gateway::start(&options).unwrap();
    let socket = subscribe(&context, &gateway.addresses().data);
    let text = std::fs::read_to_string(&path).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let mut last = 0;
    let began = Instant::now();
    while last < rows.len() && began.elapsed() < Duration::from_mins(1) {
        let heard = tick(&socket);
        let seq = usize::try_from(heard["seq"].as_u64().unwrap()).unwrap();
        assert!(last == 0 || seq == last + 1, "row {last} is followed by {seq}");
        last = seq;
        let row = &rows[seq - 1];
        let read = |text: &str| text.parse::<f64>().unwrap();
        assert_eq!(heard["symbol"], row[1]);
        assert_eq!((float(&heard["bid"]), float(&heard["ask"])), (read(row[2]), read(row[3])));
        assert!((1.577_916e9..1.577_966e9).contains(&float(&heard["source_time"])), "{heard}");
        assert!((now() - float(&heard["timestamp"])).abs() < 10.0, "{heard}");
        assert_eq!(heard["source"], "crs-paper");
    }
    assert_eq!(last, rows.len(), "the last row came");
    let peer = Peer::new(&context, &gateway);
    assert_eq!(peer.ask("GET_ACCOUNT_INFO", &json!({}))["server_name"], "crs-paper");
    let opened = peer.open("SELL", "EURUSD", 0.1, 0.0);
    let last_bid: f64 = rows.last().unwrap()[2].parse().unwrap();
    assert_eq!(opened["price"], json!(last_bid), "the last quote stands");
}

#[test]
fn yen_quotes_of_a_real_file_make_dollars() {
    let Some(path) = data::file("usdjpy-2013-ticks.csv") else { return };
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let mut options = options(dir.path());
    options.ticks = TickSource::Csv(CsvOptions { path, speed: 1_000_000, repeat: false });
    let gateway = Gateway::start(&options).unwrap();
    let peer = Peer::new(&context, &gateway);
    let began = Instant::now();
    while gateway.counts().ticks_published < 1_000 {
        assert!(began.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(10));
    }
    peer.open("BUY", "USDJPY", 1.0, 0.0);
    let row = &peer.positions()[0];
    let (open, current) = (float(&row["open_price"]), float(&row["current_price"]));
    let yen = (current - open) * 100_000.0;
    // A loss is bought back at the bid, which is where a long is closed.
    assert!(yen < 0.0 && (float(&row["profit"]) - yen / current).abs() < 0.006, "{row}");
    let account = peer.ask("GET_ACCOUNT_INFO", &json!({}));
    assert_eq!(account["used_margin"], json!(1_000.0));
}

#[test]
fn a_bad_row_is_refused_at_the_start_by_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("quotes.csv");
    let text = "timestamp,symbol,bid,ask\n2020-01-01T00:00:00Z,EURUSD,1.1,1.2\n2020-01-01T00:00:01Z,EURUSD,1.1,\n";
    std::fs::write(&path, text).unwrap();
    let mut options = options(&dir.path().join("state"));
    options.ticks = TickSource::Csv(CsvOptions { path, speed: 1, repeat: false });
    let words = Gateway::start(&options).err().unwrap().to_string();
    assert!(words.ends_with("quotes.csv:3: ask \"\": not a number"), "{words}");
}

#[test]
fn telemetry_tells_the_kill_and_the_latch_every_second() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let latch = dir.path().join("latch.lock");
    let mut options = options(&dir.path().join("state"));
    options.latch = Some(latch.clone());
    let gateway = Gateway::start(&options).unwrap();
    let peer = Peer::new(&context, &gateway);
    let socket = subscribe(&context, &gateway.addresses().events);
    let (mut statuses, mut looks) = (Vec::new(), Vec::new());
    let hear = |statuses: &mut Vec<_>, looks: &mut Vec<_>| {
        let frames = socket.recv_multipart(0).unwrap();
        assert_eq!(frames.len(), 2);
        match Telemetry::decode(&frames[0], &frames[1]).unwrap() {
            Telemetry::GatewayStatus(status) => statuses.push(status),
            Telemetry::LatchEvidence(look) => looks.push(look),
            other => panic!("it tells no such thing: {other:?}"),
        }
    };
    peer.open("BUY", "EURUSD", 0.1, 0.0);
    while statuses.is_empty() || looks.is_empty() {
        hear(&mut statuses, &mut looks);
    }
    let (status, look) = (statuses.pop().unwrap(), looks.pop().unwrap());
    assert!(!status.killed && status.kill_id.is_empty());
    assert_eq!((status.orders_accepted, status.positions), (1, 1));
    assert_eq!((look.engaged, look.ino, look.last_blocked), (Some(false), None, None));
    assert_eq!(look.latch_path.as_str(), latch.to_string_lossy());

    std::fs::write(&latch, "{}").unwrap();
    peer.ask_as("k-1", "KILL_SWITCH", &json!({}));
    let began = Instant::now();
    let done = |s: &Vec<crs::wire::GatewayStatus>, l: &Vec<crs::wire::LatchEvidence>| {
        s.last().is_some_and(|s| s.killed) && l.last().is_some_and(|l| l.engaged == Some(true))
    };
    while !done(&statuses, &looks) && began.elapsed() < Duration::from_secs(10) {
        hear(&mut statuses, &mut looks);
    }
    let (status, look) = (statuses.pop().unwrap(), looks.pop().unwrap());
    assert_eq!((status.kill_id.as_str(), status.positions, status.pending), ("k-1", 0, 0));
    let stat = std::fs::metadata(&latch).unwrap();
    assert_eq!((look.dev, look.ino), (Some(stat.dev()), Some(stat.ino())));
}
