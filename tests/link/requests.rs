//! The request line: whose answer is whose, and what outlives what.

use crate::fake::{Fake, Say, answer, endpoint, eventually, free_port, honest, success};
use crate::wild::{Wild, greet_as};
use crs::domain::Endpoint;
use crs::event::LinkState;
use crs::link::{CallError, Line, Options, Req, open_req, peer};
use crs::wire::{Action, Reply};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);
const MAX: u64 = 1_048_576;

#[test]
fn a_dead_peer_costs_its_timeout_and_no_more() {
    let ctx = zmq::Context::new();
    let mut req = Req::connect(&ctx, &endpoint(free_port()), MAX).unwrap();
    let start = Instant::now();
    let result = req.call(&peer::request(Action::Heartbeat), SHORT);
    assert_eq!(result, Err(CallError::NotConnected));
    assert!(start.elapsed() >= SHORT && start.elapsed() < Duration::from_secs(5));
    assert_eq!(req.link_state(), LinkState::Connecting);
    let start = Instant::now();
    drop((req, ctx));
    assert!(start.elapsed() < Duration::from_secs(1), "ending must not wait for the peer");
}

#[test]
fn an_answer_to_another_request_is_skipped_and_the_wait_goes_on() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|r| {
        let alive = json!({"status": "alive", "service": "fake"});
        vec![
            Say::Now(answer("somebody-elses", &alive)),
            Say::Bare(vec![b"noise".to_vec()]),
            Say::Later(Duration::from_millis(50), success(r, &alive)),
        ]
    });
    let mut req = Req::connect(&ctx, &fake.at, MAX).unwrap();
    let request = peer::request(Action::Heartbeat);
    let body = req.call(&request, LONG).unwrap();
    assert_eq!(Reply::decode(&body).unwrap().heartbeat(&request.req_id).unwrap().as_str(), "fake");
    assert_eq!(req.strays(), 2);
}

#[test]
fn an_answer_without_its_own_id_is_no_answer() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|_| vec![Say::Now(answer("unknown", &json!({"status": "alive"})))]);
    let mut req = Req::connect(&ctx, &fake.at, MAX).unwrap();
    assert!(eventually(LONG, || req.link_state() == LinkState::Up));
    let result = req.call(&peer::request(Action::Heartbeat), SHORT);
    assert_eq!((result, req.strays()), (Err(CallError::Timeout), 1));
}

#[test]
fn a_late_answer_is_never_matched_to_another_request() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|r| match r["action"].as_str() {
        // The late one is a fill that a heartbeat must not be taken for, nor
        // the other way round.
        Some("CLOSE_POSITION") => vec![Say::Later(Duration::from_millis(600), honest(r))],
        _ => vec![Say::Later(Duration::from_millis(900), honest(r))],
    });
    let mut req = Req::connect(&ctx, &fake.at, MAX).unwrap();
    assert!(eventually(LONG, || req.link_state() == LinkState::Up));
    let close = peer::request(Action::ClosePosition(crs::domain::Ticket(7)));
    assert_eq!(req.call(&close, SHORT), Err(CallError::Timeout));
    let beat = peer::request(Action::Heartbeat);
    let body = req.call(&beat, LONG).unwrap();
    let reply = Reply::decode(&body).unwrap();
    assert!(reply.heartbeat(&beat.req_id).is_ok());
    assert_eq!(req.strays(), 1, "the late answer was dropped and counted");
}

#[test]
fn a_late_answer_that_nobody_can_read_is_not_the_next_ones() {
    let mut first = true;
    let fake = Fake::start(move |r| {
        if std::mem::take(&mut first) {
            return vec![Say::Later(Duration::from_millis(600), b"OK_ACK".to_vec())];
        }
        vec![Say::Later(Duration::from_millis(900), honest(r))]
    });
    let mut req = Req::connect(&zmq::Context::new(), &fake.at, MAX).unwrap();
    assert!(eventually(LONG, || req.link_state() == LinkState::Up));
    let timeout = req.call(&peer::request(Action::Heartbeat), SHORT);
    assert_eq!(timeout, Err(CallError::Timeout));
    let beat = peer::request(Action::Heartbeat);
    let body = req.call(&beat, LONG).unwrap();
    assert!(Reply::decode(&body).unwrap().heartbeat(&beat.req_id).is_ok());
    assert_eq!(req.strays(), 1);
}

#[test]
fn a_link_that_breaks_ends_the_wait_at_once() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|_| Vec::new());
    let mut req = Req::connect(&ctx, &fake.at, MAX).unwrap();
    assert!(eventually(LONG, || req.link_state() == LinkState::Up));
    let killer = std::thread::spawn(move || {
        std::thread::sleep(SHORT);
        drop(fake);
    });
    let start = Instant::now();
    let result = req.call(&peer::request(Action::Heartbeat), Duration::from_mins(1));
    assert_eq!(result, Err(CallError::LinkDown));
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(req.link_state(), LinkState::Down);
    killer.join().unwrap();
}

#[test]
fn a_half_open_link_ends_the_wait_too() {
    // Greets, takes the request, and never again moves: not even a PONG.
    let wild = Wild::start(|_, stream| greet_as(stream, b"REP"));
    let mut req = Req::connect(&zmq::Context::new(), &endpoint(wild.port), MAX).unwrap();
    assert!(eventually(LONG, || req.link_state() == LinkState::Up));
    let start = Instant::now();
    let result = req.call(&peer::request(Action::Heartbeat), Duration::from_mins(1));
    assert_eq!(result, Err(CallError::LinkDown));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn ipv6_is_spoken_where_the_host_has_it() {
    if TcpListener::bind("[::1]:0").is_err() {
        println!("SKIPPED: this host has no IPv6 loopback");
        return;
    }
    let socket = zmq::Context::new().socket(zmq::REP).unwrap();
    socket.set_ipv6(true).unwrap();
    socket.bind("tcp://[::1]:*").unwrap();
    let at: Endpoint = socket.get_last_endpoint().unwrap().unwrap().parse().unwrap();
    assert!(at.is_ipv6());
    let mut req = Req::connect(&zmq::Context::new(), &at, MAX).unwrap();
    let server = std::thread::spawn(move || {
        let request = socket.recv_bytes(0).unwrap();
        socket.send(honest(&serde_json::from_slice(&request).unwrap()), 0).unwrap();
        socket
    });
    assert!(req.call(&peer::request(Action::Heartbeat), LONG).is_ok());
    drop(server.join());
}

#[test]
fn lines_that_come_and_go_while_their_peers_die_hang_nobody() {
    let ctx = zmq::Context::new();
    let start = Instant::now();
    for _ in 0..100 {
        // Gone at any moment of the line's life: just greeted, or not yet.
        let wild = Wild::start(|_, stream| {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        });
        let lines: Vec<Line> = (0..4)
            .map(|_| open_req(&ctx, &endpoint(wild.port), &Options::default()).unwrap())
            .collect();
        let _ = lines.first().map(|line| line.monitor().socket().poll(zmq::POLLIN, 1));
        drop(lines);
        drop(wild);
    }
    drop(ctx);
    assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
}

/// Accepts connections and lets `act` ruin each of them.
fn ruin(
    port: u16,
    connections: usize,
    act: impl Fn(&mut std::net::TcpStream) + Send + 'static,
) -> std::thread::JoinHandle<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            act(&mut stream.unwrap());
        }
    })
}

#[test]
fn a_peer_that_greets_with_garbage_does_not_silence_the_line_for_good() {
    let ctx = zmq::Context::new();
    let port = free_port();
    // A greeting of the right length, signature included, that is no ZMTP.
    let rogue = ruin(port, 1, |s| {
        let mut greeting = [0x5a_u8; 64];
        greeting[0] = 0xff;
        greeting[9] = 0x7f;
        let _ = s.write_all(&greeting);
        let _ = s.read(&mut [0; 64]);
        std::thread::sleep(Duration::from_millis(100));
    });
    let mut req = Req::connect(&ctx, &endpoint(port), MAX).unwrap();
    let first = req.call(&peer::request(Action::Heartbeat), Duration::from_secs(1));
    assert_eq!(first, Err(CallError::NotConnected));
    rogue.join().unwrap();
    let _fake = Fake::start_at(port, |r| vec![Say::Now(honest(r))]);
    assert!(req.call(&peer::request(Action::Heartbeat), LONG).is_ok());
}

#[test]
fn a_frame_beyond_the_limit_does_not_silence_the_line_for_good() {
    let ctx = zmq::Context::new();
    let mut big = true;
    let fake = Fake::start(move |r| {
        let huge = std::mem::take(&mut big);
        vec![Say::Now(if huge { vec![b'x'; 4_096] } else { honest(r) })]
    });
    let mut req = Req::connect(&ctx, &fake.at, 1_024).unwrap();
    assert!(eventually(LONG, || req.link_state() == LinkState::Up));
    let first = req.call(&peer::request(Action::Heartbeat), LONG);
    assert_eq!(first, Err(CallError::LinkDown));
    assert!(req.call(&peer::request(Action::Heartbeat), LONG).is_ok());
}
